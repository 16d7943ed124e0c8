"""Rules of an audit on copies and patients: what leaks from training to test."""

import numpy as np

from skmedimg.evaluation.auditing._findings import Finding, counted
from skmedimg.evaluation.auditing._hashes import clusters, members


def copy_findings(case):
    """Return what is wrong with duplicates and patients.

    Parameters
    ----------
    case : Case

    Returns
    -------
    findings : list of Finding
    """
    rules = (
        _patients_on_both_sides, _copies_on_both_sides, _copies_with_two_labels, _identical, _near,
        _copies_of_two_patients, _no_patients,
    )  # fmt: skip
    return [finding for rule in rules for finding in rule(case)]


def _patients_on_both_sides(case):
    if case.tested is not None and case.groups is not None:
        rows, shared = _across(case.groups, case.tested)
        if shared:
            yield Finding(
                "patients-both-sides", "error",
                f"{counted(shared, 'patient', ('is', 'are'))} on both sides of the split",
                "The test score rewards recognising the patient. Split by patient: "
                "GroupKFold or GroupShuffleSplit with groups=.",
                rows, value=shared,
            )  # fmt: skip


def _copies_on_both_sides(case):
    if case.tested is None:
        return
    rows, shared = _across(case.copies, case.tested)
    if shared:
        yield Finding(
            "copies-both-sides", "error",
            f"{counted(shared, 'picture', ('is', 'are'))} on both sides of the split",
            "The model has seen these test images in training. Split by Audit.groups().",
            rows, _clusters_of(case.copies, rows), shared,
        )  # fmt: skip


def _copies_with_two_labels(case):
    if case.y is None:
        return
    odd = [rows for rows in members(case.copies) if len(np.unique(case.y[rows])) > 1]
    if odd:
        yield Finding(
            "conflicting-labels", "error",
            f"{counted(odd, 'picture', ('has', 'have'))} copies with different labels",
            "At least one label of each is wrong. Look at them with plot() and correct the labels.",
            np.concatenate(odd), tuple(odd), len(odd),
        )  # fmt: skip


def _identical(case):
    sets = _sets(case.identical)
    if sets:
        rows = np.concatenate(sets)
        kind = "files" if case.facts.paths is not None else "images"
        yield Finding(
            "identical", "warning",
            f"{counted(sets, 'group')} of identical {kind}: {len(rows)} images, of which "
            f"{len(rows) - len(sets)} are surplus",
            "A random split trains on copies of its test images. Drop the surplus, or pass "
            "groups=audit.groups().",
            rows, tuple(sets), len(sets),
        )  # fmt: skip


def _near(case):
    if len(case.near):
        low, high = case.distances.min(), case.distances.max()
        bits = f"{low} to {high}" if low < high else f"{low}"
        rows = np.unique(case.near)
        yield Finding(
            "near-duplicates", "warning",
            f"{counted(case.near, 'pair')} of images with nearly the same picture",
            f"Their hashes differ in {bits} of 64 bits (unrelated pictures: about 32): the same "
            "picture saved again, resized, or with other brightness. Pass groups=audit.groups().",
            rows, tuple(case.near), len(case.near),
        )  # fmt: skip


def _copies_of_two_patients(case):
    if case.groups is None:
        return
    odd = [rows for rows in members(case.copies) if len(np.unique(case.groups[rows])) > 1]
    if odd:
        yield Finding(
            "copies-of-two-patients", "warning",
            f"{counted(odd, 'picture', ('belongs', 'belong'))} to more than one patient",
            "The patient ids are wrong, or one patient has two. groups=audit.groups() merges them.",
            np.concatenate(odd), tuple(odd), len(odd),
        )  # fmt: skip


def _no_patients(case):
    if case.groups is None:
        yield Finding(
            "no-patients", "note", "No patient ids were given",
            "If a patient has several images, a random split puts some on both sides. Pass "
            "groups= (load_image_folder reads them from file names).",
        )  # fmt: skip


def _across(keys, tested):
    """Return the rows whose key is on both sides, and how many such keys there are."""
    shared = np.intersect1d(keys[tested], keys[~tested])
    return np.flatnonzero(np.isin(keys, shared)), len(shared)


def _clusters_of(labels, rows):
    return tuple(rows[labels[rows] == label] for label in np.unique(labels[rows]))


def _sets(pairs):
    """Return the sets of rows that pairs chain together."""
    rows = np.unique(pairs)
    if not len(rows):
        return []
    return [rows[each] for each in members(clusters(len(rows), np.searchsorted(rows, pairs)))]
