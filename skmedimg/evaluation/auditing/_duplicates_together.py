"""Keep duplicates on one side of every split, and say so where they are on both."""

from dataclasses import replace

import numpy as np

from skmedimg.evaluation._records import WarningRecord
from skmedimg.evaluation._text import counted
from skmedimg.evaluation.auditing._audit_data import Finding

SOURCE = "duplicates"  # of warnings that a report says first


def is_auto(groups):
    """Return whether `groups` is the word "auto"; raise for any other word."""
    if not isinstance(groups, str):
        return False
    if groups != "auto":
        raise ValueError(
            f'groups={groups!r} needs one patient per row of X, or "auto", which keeps duplicates '
            "together."
        )
    return True


def keep_together(targets, found, asked, may_default):
    """Return targets whose groups keep duplicates together, and WarningRecords that say so.

    `found` is the audit or None; `asked` tells that the caller wrote groups="auto"; `may_default`
    that duplicates are kept together unasked where no patients are known.
    """
    if found is None:
        if asked:
            raise ValueError(
                'groups="auto" needs the audit of images or files: rows of numbers have none, and '
                "audit=False leaves it out. Pass the patients."
            )
        return targets, []
    if not asked and not (may_default and targets.groups is None):
        return targets, []
    groups, n = found.groups(), len(targets.y)
    known = n if targets.groups is None else len(np.unique(targets.groups))
    merged = len(np.unique(groups))
    if merged == known:
        return targets, []
    text = (
        f"Duplicates were found and kept together: {known} patients became {merged} groups."
        if targets.groups is not None
        else f"No patients are known, and {counted(n - merged, 'image', ('is', 'are'))} duplicates "
        f"of others: they were kept on one side of every split, as {merged} groups of {n} images. "
        "Unknown patients may still be on both sides; pass groups= if you know them."
    )
    return replace(targets, groups=groups), [WarningRecord(text, SOURCE)]


def check_sides(found, splits):
    """Return the audit with an error where duplicates are on both sides of a split."""
    if found is None or found.data is None:
        return found, []
    cluster = found.data.duplicate_cluster
    shared = [np.intersect1d(cluster[split.train], cluster[split.test]) for split in splits]
    worst = max(shared, key=len)
    if not len(worst) or found.of(kind="duplicates-both-sides"):
        return found, []
    n_splits = sum(len(each) > 0 for each in shared)
    text = (
        f"Duplicates of {counted(worst, 'image', ('is', 'are'))} on both sides of a split "
        f"({n_splits} of {counted(splits, 'split')}), so the scores are too good."
    )
    rows = np.flatnonzero(np.isin(cluster, worst))
    error = Finding(
        "duplicates-both-sides",
        "error",
        text.removesuffix("."),
        'The models have seen these test images in training. Pass groups="auto", or groups= of '
        "audit(X, y, groups).groups(), and let cv be an integer.",
        rows,
        tuple(rows[cluster[rows] == each] for each in worst),
        len(worst),
    )
    return found.with_finding(error), [WarningRecord(text, SOURCE)]
