"""Rules of an audit: each looks at the data and yields what it finds.

First duplicates and patients, then the images one by one and their number, then cheap models that
should learn nothing.
"""

import re
from collections import Counter

import numpy as np
from scipy.stats import binomtest

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.auditing._audit_data import Finding
from skmedimg.evaluation.auditing._checks import (
    a_test_set,
    check_mute,
    no_details,
    no_labels,
    no_patients_known,
    no_pixels,
    no_sites,
    no_test_set,
    one_class,
    patients_known,
    run_checks,
)
from skmedimg.evaluation.auditing._difference_rules import places, sites_apart
from skmedimg.evaluation.auditing._hashes import clusters, members
from skmedimg.evaluation.auditing._label_rules import no_predictions, suspicious_labels
from skmedimg.evaluation.auditing._probes import (
    follow_by_chance,
    permuted_accuracy,
    probe_shortcuts,
)
from skmedimg.evaluation.auditing._quality_rules import blurred, exposure, odd_images

# Images compared with each other for permuted labels: more take minutes and change the score by
# less than its spread over the permutations.
_MOST_NEIGHBORS = 4000


def find_problems(data, probes=True, mute=()):
    """Return the findings of all rules on AuditData, and a Check of each rule."""
    return run_checks(_RULES, data, probes, check_mute(mute, CODES))


def _patients_on_both_sides(data):
    """Yield a finding where a patient is in the training and in the test set."""
    if data.tested is not None and data.groups is not None:
        rows, shared = _across(data.groups, data.tested)
        if shared:
            yield Finding(
                "patients-both-sides",
                "error",
                f"{counted(shared, 'patient', ('is', 'are'))} on both sides of the split",
                "The test score rewards recognizing the patient. Split by patient: "
                "GroupKFold or GroupShuffleSplit with groups=.",
                rows,
                value=shared,
            )


def _duplicates_on_both_sides(data):
    """Yield a finding where an image of the test set has a duplicate in the training set."""
    if data.tested is None:
        return
    rows, shared = _across(data.duplicate_cluster, data.tested)
    if shared:
        yield Finding(
            "duplicates-both-sides",
            "error",
            f"Duplicates of {counted(shared, 'image')} are on both sides of the split",
            "The model has seen these test images in training. Split by Audit.groups().",
            rows,
            _clusters_of(data.duplicate_cluster, rows),
            shared,
        )


def _duplicates_with_two_labels(data):
    """Yield a finding where duplicates have different labels."""
    if data.y is None:
        return
    odd = [rows for rows in members(data.duplicate_cluster) if len(np.unique(data.y[rows])) > 1]
    if odd:
        yield Finding(
            "conflicting-labels",
            "error",
            f"{counted(odd, 'image', ('has', 'have'))} duplicates with different labels",
            "At least one label of each is wrong. Look at them with plot() and correct the labels.",
            np.concatenate(odd),
            tuple(odd),
            len(odd),
        )


def _identical(data):
    """Yield a finding where files or images are identical."""
    sets = _sets(data.identical)
    if sets:
        rows = np.concatenate(sets)
        kind = "files" if data.facts.paths is not None else "images"
        yield Finding(
            "identical",
            "warning",
            f"{counted(sets, 'group')} of identical {kind}: {len(rows)} images, of which "
            f"{len(rows) - len(sets)} are surplus",
            "A random split trains on duplicates of its test images. Remove the surplus, or "
            "pass groups=audit.groups().",
            rows,
            tuple(sets),
            len(sets),
        )


def _near_duplicates(data):
    """Yield a finding where images are nearly identical."""
    if len(data.near):
        low, high = data.distances.min(), data.distances.max()
        bits = f"{low} to {high}" if low < high else f"{low}"
        rows = np.unique(data.near)
        yield Finding(
            "near-duplicates",
            "warning",
            f"{counted(data.near, 'pair')} of near-duplicate images",
            f"Their hashes differ in {bits} of 64 bits (unrelated images: about 32): the same "
            "image saved again, resized, or with other brightness. Pass groups=audit.groups().",
            rows,
            tuple(data.near),
            len(data.near),
        )


def _altered_copies(data):
    """Yield a finding where images are changed copies of others."""
    if len(data.altered):
        counts = Counter(data.alterations).most_common(4)
        listed = ", ".join(f"{count} {how}" for how, count in counts)
        yield Finding(
            "altered-copies",
            "warning",
            f"{counted(data.altered, 'pair')} of images that are changed copies ({listed})",
            "After turning, shifting and scaling, their fine detail agrees: the same image was "
            "augmented or edited. Remove the copies, or pass groups=audit.groups().",
            np.unique(data.altered),
            tuple(data.altered),
            len(data.altered),
        )


def _duplicates_of_two_patients(data):
    """Yield a finding where duplicates belong to different patients."""
    if data.groups is None:
        return
    odd = [
        rows for rows in members(data.duplicate_cluster) if len(np.unique(data.groups[rows])) > 1
    ]
    if odd:
        yield Finding(
            "duplicates-of-two-patients",
            "warning",
            f"{counted(odd, 'image', ('belongs', 'belong'))} to more than one patient",
            "The patient ids are wrong, or one patient has two. groups=audit.groups() merges them.",
            np.concatenate(odd),
            tuple(odd),
            len(odd),
        )


def _no_patients(data):
    """Yield a note where no patients were given."""
    if data.groups is None:
        yield Finding(
            "no-patients",
            "note",
            "No patient ids were given",
            "If a patient has several images, a random split puts some on both sides. Pass "
            "groups= (load_image_folder reads them from file names).",
        )


def _across(keys, tested):
    """Return the samples whose key is on both sides, and how many such keys there are."""
    shared = np.intersect1d(keys[tested], keys[~tested])
    return np.flatnonzero(np.isin(keys, shared)), len(shared)


def _clusters_of(labels, rows):
    """Return the samples of each label as a tuple of arrays."""
    return tuple(rows[labels[rows] == label] for label in np.unique(labels[rows]))


def _sets(pairs):
    """Return the sets of samples that pairs connect."""
    rows = np.unique(pairs)
    if not len(rows):
        return []
    return [rows[each] for each in members(clusters(len(rows), np.searchsorted(rows, pairs)))]


def _unreadable(data):
    """Yield a finding where files cannot be read."""
    if data.facts.errors:
        rows = np.array(sorted(data.facts.errors), dtype=np.intp)
        yield Finding(
            "unreadable",
            "error",
            f"{counted(rows, 'image')} cannot be read",
            f"The first says: {data.facts.errors[rows[0]]} Repair or remove them.",
            rows,
            value=len(rows),
        )


def _constant(data):
    """Yield a finding where all pixels of an image are equal."""
    spread = data.facts.columns["spread"]
    rows = np.flatnonzero(data.facts.readable & (spread == 0))
    if len(rows) and data.facts.pixels:
        yield Finding(
            "constant",
            "warning",
            f"{counted(rows, 'image', ('has', 'have'))} the same value everywhere",
            "An empty image carries a label and teaches nothing. Remove them.",
            rows,
            value=len(rows),
        )


def _few(data):
    """Yield a finding where fewer than 100 images are scored."""
    n = len(data.facts) if data.tested is None else int(data.tested.sum())
    if 0 < n < 100:
        # Wilson's interval keeps its level for few samples and shares near 1.
        low, high = binomtest(round(0.9 * n), n).proportion_ci(method="wilson")
        what = "images" if data.tested is None else "test images"
        yield Finding(
            "few-images",
            "warning",
            f"There are only {n} {what}",
            f"An accuracy of 90 % on {n} images only says: between {low:.0%} and {high:.0%}.",
            value=n,
        )


def _imbalance(data):
    """Yield a finding where one class has at least 1.5 times the images of another."""
    if data.y is None or len(data.y) == 0:
        return
    labels, counts = np.unique(data.y, return_counts=True)
    ratio, share = counts.max() / counts.min(), counts.max() / counts.sum()
    if ratio >= 1.5 and len(labels) > 1:
        # A class of fewer than 30 images is rare whatever the
        # ratio: its recall moves by 3 points or more per image.
        severity = "warning" if ratio >= 10 or counts.min() < 30 else "note"
        yield Finding(
            "imbalance",
            severity,
            f"The largest class has {ratio:.1f} times the images of the smallest "
            f"({counts.max()} and {counts.min()})",
            f"Predicting {labels[counts.argmax()]!s} for every image has an accuracy of "
            f"{share:.1%}: read balanced accuracy, and consider class_weight='balanced'.",
            value=float(ratio),
        )


def _modes(data):
    """Yield a note where color modes or bit depths differ."""
    columns, read = data.facts.columns, data.facts.readable
    for name, words in (("mode", "color modes"), ("bits", "bit depths")):
        values, counts = np.unique(columns[name][read], return_counts=True)
        if len(values) > 1:
            pairs = zip(counts, values, strict=True)
            listed = ", ".join(f"{count} {value}" for count, value in pairs)
            # The images to look at are those that differ from the majority.
            rare = read & (columns[name] != values[counts.argmax()])
            yield Finding(
                f"mixed-{name}",
                "note",
                f"The images have {len(values)} {words} ({listed})",
                "A model can tell them apart. Convert all to one (ImageLoader does).",
                np.flatnonzero(rare),
                value=len(values),
            )
            return


def _sizes(data):
    """Yield a note where aspect ratios differ by more than a tenth."""
    columns, read = data.facts.columns, data.facts.readable
    heights, widths = columns["height"][read], columns["width"][read]
    ratios = widths / np.maximum(heights, 1)
    # A tenth: smaller differences come from cropping and stretch no shape visibly.
    if len(ratios) and ratios.max() > 1.1 * ratios.min():
        yield Finding(
            "mixed-shapes",
            "note",
            f"Width over height goes from {ratios.min():.2f} to {ratios.max():.2f}",
            "Resizing to a square stretches them differently; pad, or crop to the body first.",
            value=float(ratios.max() / ratios.min()),
        )


def _shortcuts(data):
    """Yield the facts that tell a class from the rest, the strongest first."""
    shortcuts = probe_shortcuts(data.facts, data.y, data.leakage_group, data.random_state)
    # Both an effect (AUC 0.65) and evidence (p < 0.001): with many images tiny effects are
    # significant, with few large ones are chance. Nine facts are tried, hence 0.001 and not 0.05.
    strong = [each for each in shortcuts if each.auc >= 0.65 and each.p_value < 1e-3]
    for shortcut in sorted(strong, key=lambda each: -each.auc):
        yield _shortcut(shortcut)


def _shortcut(shortcut):
    """Return the finding on one Shortcut."""
    # How a file was stored is never anatomy; brightness and border may be, so there the effect has
    # to be strong.
    severity = "warning" if shortcut.acquisition or shortcut.auc >= 0.9 else "note"
    advice = (
        "It is a fact of the file and not of the patient: the classes were acquired or saved "
        "differently, and a model may learn that. Compare within one source, or make all alike."
        if shortcut.acquisition
        else "It may be real (disease changes brightness) or come from the scanner: check that a "
        "model does better than this, and explain its predictions (skmedimg.inspection)."
    )
    return Finding(
        "shortcut-" + shortcut.name.lower().replace(" ", "-"),
        "error" if shortcut.acquisition and shortcut.auc >= 0.95 else severity,
        f"The {shortcut.name} alone tells {shortcut.label!s} from the rest "
        f"(AUC {shortcut.auc:.2f})",
        advice,
        value=float(shortcut.auc),
    )


def _permuted_labels(data):
    """Yield a finding where permuted labels are learned through duplicates or patients."""
    # Without duplicates or patients with several images, nothing can leak this way.
    if len(np.unique(data.leakage_group)) == len(data.leakage_group):
        return
    gap, plain = _leak(data, data.leakage_group, _folds(data))
    # Two points: less changes no conclusion.
    if gap >= 0.02:
        side = "your split" if data.tested is not None else "a random split"
        known = "note" if data.groups is not None else "warning"
        yield Finding(
            "permuted-labels",
            "error" if data.tested is not None else known,
            f"With permuted labels, {side} still gives a balanced accuracy of {plain:.2f}, "
            f"{100 * gap:.0f} points above chance",
            "The labels carry no information: a nearest neighbor recognized the patient or a "
            "duplicate. Split by Audit.groups(), and the score falls to chance.",
            value=float(plain),
        )


def _neighbors_alike(data):
    """Yield a finding where consecutive images look alike, as those of one patient do."""
    # Fewer make too few blocks of four.
    if len(data.facts) < 40:
        return
    place = np.argsort(_reading_order(data), kind="stable").argsort()
    # Blocks of four consecutive images stand for the unknown patients.
    blocks = np.empty(len(place), dtype=np.intp)
    blocks[np.argsort(place)] = np.arange(len(place)) // 4
    # Duplicates leak too, and are reported by a rule of their own.
    blocks = _merged_with(data.duplicate_cluster, blocks)
    # Few images may follow each other by chance: the order has to matter.
    if _order_p_value(data, blocks) > 0.01:
        return
    gap, plain = _leak(data, blocks, None)
    if gap >= 0.05:
        yield Finding(
            "neighbors-alike",
            "warning",
            "Images that follow each other look alike (a nearest neighbor finds them "
            f"{100 * gap:.0f} points above chance)",
            "They probably show one patient or one sequence. Find out, and pass groups=.",
            value=float(gap),
        )


def _order_p_value(data, blocks):
    rows = np.flatnonzero(data.facts.readable)[:_MOST_NEIGHBORS]
    classes = np.unique(data.y, return_inverse=True)[1]
    arrays = (data.facts.thumbnails, blocks, classes, data.duplicate_cluster)
    return follow_by_chance(*(each[rows] for each in arrays), data.random_state)


def _leak(data, leakage_group, folds):
    """Return how far above chance permuted labels are scored, or 0 within its uncertainty."""
    rows = np.flatnonzero(data.facts.readable)
    if len(rows) > _MOST_NEIGHBORS:
        rng = np.random.default_rng(data.random_state)
        rows = np.sort(rng.choice(rows, _MOST_NEIGHBORS, replace=False))
    if len(rows) < 10 or len(np.unique(leakage_group[rows])) < 4:
        return 0.0, 0.5
    plain, grouped = permuted_accuracy(
        data.facts.thumbnails[rows],
        leakage_group[rows],
        data.y[rows],
        folds=None if folds is None else folds[rows],
        random_state=data.random_state,
    )
    gaps = plain - grouped
    # Four standard errors over the permutations: this
    # runs on every audit, so false alarms must be rare.
    sure = gaps.mean() > 4 * gaps.std() / np.sqrt(len(gaps))
    return (gaps.mean() if sure else 0.0), plain.mean()


def _folds(data):
    """Return fold 0 for the test set and -1, training only, for the rest; None without test set."""
    return None if data.tested is None else np.where(data.tested, 0, -1)


def _reading_order(data):
    """Return a rank per row: by class, then by the numbers in the file's name, or by row."""
    # By class first: files lie in a folder per class, and
    # neighbors of two classes are never one patient's.
    classes = np.unique(data.y, return_inverse=True)[1]
    paths = data.facts.paths or [str(row) for row in range(len(classes))]
    keys = [(classes[row], _natural(path)) for row, path in enumerate(paths)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ranks = np.empty(len(keys), dtype=np.intp)
    ranks[order] = np.arange(len(keys))
    return ranks


def _natural(path):
    """Return a key of a path that sorts "image 9" before "image 10"."""
    parts = re.split(r"(\d+)", path)
    return [int(part) if odd % 2 else part for odd, part in enumerate(parts)]


def _merged_with(duplicate_cluster, blocks):
    """Return blocks in which a duplicate has the block of the first image of its cluster."""
    first = np.unique(duplicate_cluster, return_index=True)[1]
    return blocks[first][duplicate_cluster]


# In the order in which findings of one severity are shown: leakage before defects of single images.
# Code, rule, whether it trains models, and what keeps it from being asked.
_RULES = (
    ("patients-both-sides", _patients_on_both_sides, False, (no_test_set, no_patients_known)),
    ("duplicates-both-sides", _duplicates_on_both_sides, False, (no_test_set,)),
    ("conflicting-labels", _duplicates_with_two_labels, False, (no_labels,)),
    ("suspicious-labels", suspicious_labels, False, (no_labels, no_predictions)),
    ("identical", _identical, False, ()),
    ("near-duplicates", _near_duplicates, False, (no_pixels,)),
    ("altered-copies", _altered_copies, False, (no_details,)),
    ("duplicates-of-two-patients", _duplicates_of_two_patients, False, (no_patients_known,)),
    ("no-patients", _no_patients, False, ()),
    ("unreadable", _unreadable, False, ()),
    ("constant", _constant, False, (no_pixels,)),
    ("blurred", blurred, False, (no_pixels,)),
    ("exposure", exposure, False, (no_pixels,)),
    ("odd-images", odd_images, False, (no_pixels,)),
    ("few-images", _few, False, ()),
    ("imbalance", _imbalance, False, (no_labels,)),
    ("mixed-modes", _modes, False, ()),
    ("mixed-shapes", _sizes, False, ()),
    ("shortcuts", _shortcuts, True, (no_labels, one_class)),
    ("differing-place", places, True, (no_labels, one_class, no_pixels)),
    ("sites-apart", sites_apart, True, (no_sites,)),
    ("permuted-labels", _permuted_labels, True, (no_labels, one_class)),
    (
        "neighbors-alike",
        _neighbors_alike,
        True,
        (no_labels, one_class, patients_known, a_test_set),
    ),
)
CODES = tuple(code for code, *_ in _RULES)
