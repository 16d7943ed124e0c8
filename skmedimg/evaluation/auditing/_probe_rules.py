"""Rules of an audit that train cheap models which should learn nothing."""

import re

import numpy as np

from skmedimg.evaluation.auditing._findings import Finding
from skmedimg.evaluation.auditing._probes import permuted_accuracy, probe_shortcuts

_MOST_NEIGHBOURS = 4000  # images compared all with all in the permuted run: more say no more


def suspicion_findings(case):
    """Return what cheap models show that should show nothing.

    Parameters
    ----------
    case : Case

    Returns
    -------
    findings : list of Finding
    """
    if case.y is None or len(np.unique(case.y)) < 2:
        return []
    findings = [_shortcut(each) for each in _strong_shortcuts(case)]
    return findings + list(_permuted_run(case)) + list(_neighbours_alike(case))


def _strong_shortcuts(case):
    """Return the shortcuts worth reading about, the strongest first."""
    shortcuts = probe_shortcuts(case.facts, case.y, case.units, case.random_state)
    strong = [each for each in shortcuts if each.auc >= 0.65 and each.p_value < 1e-3]
    return sorted(strong, key=lambda each: -each.auc)


def _shortcut(shortcut):
    limit = 0.85 if shortcut.acquisition else 0.9
    severity = "warning" if shortcut.acquisition or shortcut.auc >= limit else "note"
    advice = (
        "It is a fact of the file and not of the patient: the classes were acquired or saved "
        "differently, and a model may learn that. Compare within one source, or make all alike."
        if shortcut.acquisition
        else "It may be real (disease changes brightness) or come from the scanner: check that a "
        "model does better than this, and where it looks."
    )
    return Finding(
        "shortcut-" + shortcut.name.lower().replace(" ", "-"),
        "error" if shortcut.acquisition and shortcut.auc >= 0.95 else severity,
        f"The {shortcut.name} alone tells {shortcut.label!s} from the rest "
        f"(AUC {shortcut.auc:.2f})",
        advice, value=float(shortcut.auc),
    )  # fmt: skip


def _permuted_run(case):
    """Yield a finding where labels that mean nothing can be learned through copies or patients."""
    if len(np.unique(case.units)) == len(case.units):
        return
    gap, plain = _leak(case, case.units, _folds(case))
    if gap >= 0.02:
        side = "your split" if case.tested is not None else "a random split"
        known = "note" if case.groups is not None else "warning"
        yield Finding(
            "permuted-labels", "error" if case.tested is not None else known,
            f"With permuted labels, {side} still gives a balanced accuracy of {plain:.2f}, "
            f"{100 * gap:.0f} points above chance",
            "The labels meant nothing: a nearest neighbour recognised the patient or the copy. "
            "Split by Audit.groups() and it falls to chance.",
            value=float(plain),
        )  # fmt: skip


def _neighbours_alike(case):
    """Yield a finding where images that follow each other look alike: one patient, or one film."""
    if case.groups is not None or case.tested is not None or len(case.facts) < 40:
        return
    place = np.argsort(_reading_order(case), kind="stable").argsort()
    blocks = np.empty(len(place), dtype=np.intp)
    blocks[np.argsort(place)] = np.arange(len(place)) // 4
    blocks = _merged_with(case.copies, blocks)
    gap, plain = _leak(case, blocks, None)
    if gap >= 0.05:
        yield Finding(
            "neighbours-alike", "warning",
            "Images that follow each other look alike (a nearest neighbour finds them "
            f"{100 * gap:.0f} points above chance)",
            "They probably show one patient or one sequence. Find out, and pass groups=.",
            value=float(gap),
        )  # fmt: skip


def _leak(case, units, folds):
    """Return how far above chance permuted labels are scored, or 0 within its uncertainty."""
    rows = np.flatnonzero(case.facts.readable)
    if len(rows) > _MOST_NEIGHBOURS:
        rng = np.random.default_rng(case.random_state)
        rows = np.sort(rng.choice(rows, _MOST_NEIGHBOURS, replace=False))
    if len(rows) < 10 or len(np.unique(units[rows])) < 4:
        return 0.0, 0.5
    plain, grouped = permuted_accuracy(
        case.facts.thumbnails[rows], units[rows], case.y[rows],
        folds=None if folds is None else folds[rows], random_state=case.random_state,
    )  # fmt: skip
    gaps = plain - grouped
    sure = gaps.mean() > 4 * gaps.std() / np.sqrt(len(gaps))
    return (gaps.mean() if sure else 0.0), plain.mean()


def _folds(case):
    return None if case.tested is None else np.where(case.tested, 0, -1)


def _reading_order(case):
    """Return a rank per row: by class, then by the numbers in the file's name, or by row."""
    classes = np.unique(case.y, return_inverse=True)[1]
    paths = case.facts.paths or [str(row) for row in range(len(classes))]
    keys = [(classes[row], _natural(path)) for row, path in enumerate(paths)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ranks = np.empty(len(keys), dtype=np.intp)
    ranks[order] = np.arange(len(keys))
    return ranks


def _natural(path):
    """Return a key that sorts "scan 9" before "scan 10"."""
    parts = re.split(r"(\d+)", path)
    return [int(part) if odd % 2 else part for odd, part in enumerate(parts)]


def _merged_with(copies, blocks):
    """Return blocks in which a copy takes the block of its first appearance."""
    first = np.unique(copies, return_index=True)[1]
    return blocks[first][copies]
