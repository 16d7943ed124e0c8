"""The flow of a study: what was read, what was left out and why, and what was compared on."""

from collections import Counter

import numpy as np

_MOST_REASONS = 8


def exclusions(comparison):
    """Return the DataFrame of the steps from files to what was compared on."""
    import pandas as pd

    rows = list(_steps(comparison))
    return pd.DataFrame(rows, columns=["step", "images", "patients"]).astype(
        {"images": "Int64", "patients": "Int64"}
    )


def skipped_reasons(report):
    """Return (reason, count) of the images that a loader left out, the most frequent first.

    Reasons that name a file or its size are alike up to the first colon.
    """
    counts = Counter(reason.partition(":")[0] for _, reason in report.skipped).most_common()
    others = sum(count for _, count in counts[_MOST_REASONS:])
    return counts[:_MOST_REASONS] + ([("other reasons", others)] if others else [])


def _steps(comparison):
    report, n = comparison.load_report, len(comparison.y)
    patients = None if comparison.groups is None else len(np.unique(comparison.groups))
    if report is not None:
        yield "image files found", report.n_images + len(report.skipped), None
        for reason, count in skipped_reasons(report):
            yield f"left out: {reason}", -count, None
        yield "loaded", report.n_images, report.n_groups
        if report.n_images != n:
            yield "left out between loading and comparison", n - report.n_images, None
    yield "compared on", n, patients
    tested = np.unique(np.concatenate([split.test for split in comparison.splits]))
    if len(tested) < n:
        known = None if patients is None else len(np.unique(comparison.groups[tested]))
        yield "of these in a test set", len(tested), known
    for label in comparison.classes if comparison.classes is not None else ():
        of_class = comparison.y == label
        known = None if patients is None else len(np.unique(comparison.groups[of_class]))
        yield f"of these {label}", int(of_class.sum()), known
    for name, found in comparison.external.items():
        known = None if found.groups is None else len(np.unique(found.groups))
        yield f"external set {name}", len(found.y), known
