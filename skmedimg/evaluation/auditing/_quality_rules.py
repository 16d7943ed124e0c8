"""Rules of an audit on the images one by one and on how many there are."""

import numpy as np
from scipy.stats import binomtest

from skmedimg.evaluation.auditing._findings import Finding, counted


def quality_findings(case):
    """Return what is wrong with single images and with their numbers.

    Parameters
    ----------
    case : Case

    Returns
    -------
    findings : list of Finding
    """
    rules = (_unreadable, _constant, _few, _imbalance, _modes, _sizes)
    return [finding for rule in rules for finding in rule(case)]


def _unreadable(case):
    if case.facts.errors:
        rows = np.array(sorted(case.facts.errors), dtype=np.intp)
        yield Finding(
            "unreadable", "error", f"{counted(rows, 'image')} cannot be read",
            f"The first says: {case.facts.errors[rows[0]]} Repair or remove them.", rows,
            value=len(rows),
        )  # fmt: skip


def _constant(case):
    spread = case.facts.columns["spread"]
    rows = np.flatnonzero(case.facts.readable & (spread == 0))
    if len(rows) and case.facts.pixels:
        yield Finding(
            "constant", "warning",
            f"{counted(rows, 'image', ('has', 'have'))} the same value everywhere",
            "An empty image carries a label and teaches nothing. Remove them.",
            rows, value=len(rows),
        )  # fmt: skip


def _few(case):
    n = len(case.facts) if case.tested is None else int(case.tested.sum())
    if 0 < n < 100:
        low, high = binomtest(round(0.9 * n), n).proportion_ci(method="wilson")
        what = "images" if case.tested is None else "test images"
        yield Finding(
            "few-images", "warning", f"There are only {n} {what}",
            f"An accuracy of 90 % on {n} images only says: between {low:.0%} and {high:.0%}.",
            value=n,
        )  # fmt: skip


def _imbalance(case):
    if case.y is None or len(case.y) == 0:
        return
    labels, counts = np.unique(case.y, return_counts=True)
    ratio, share = counts.max() / counts.min(), counts.max() / counts.sum()
    if ratio >= 1.5 and len(labels) > 1:
        severity = "warning" if ratio >= 10 or counts.min() < 30 else "note"
        yield Finding(
            "imbalance", severity,
            f"The largest class has {ratio:.1f} times the images of the smallest "
            f"({counts.max()} and {counts.min()})",
            f"Always answering {labels[counts.argmax()]!s} has an accuracy of {share:.1%}: read "
            "balanced accuracy, and consider class_weight='balanced'.",
            value=float(ratio),
        )  # fmt: skip


def _modes(case):
    columns, read = case.facts.columns, case.facts.readable
    for name, words in (("mode", "colour modes"), ("bits", "bit depths")):
        values, counts = np.unique(columns[name][read], return_counts=True)
        if len(values) > 1:
            pairs = zip(counts, values, strict=True)
            listed = ", ".join(f"{count} {value}" for count, value in pairs)
            rare = read & (columns[name] != values[counts.argmax()])
            yield Finding(
                f"mixed-{name}", "note", f"The images have {len(values)} {words} ({listed})",
                "A model can tell them apart. Convert all to one (ImageLoader does).",
                np.flatnonzero(rare), value=len(values),
            )  # fmt: skip
            return


def _sizes(case):
    columns, read = case.facts.columns, case.facts.readable
    heights, widths = columns["height"][read], columns["width"][read]
    ratios = widths / np.maximum(heights, 1)
    if len(ratios) and ratios.max() > 1.1 * ratios.min():
        yield Finding(
            "mixed-shapes", "note",
            f"Width over height goes from {ratios.min():.2f} to {ratios.max():.2f}",
            "Resizing to a square stretches them differently; pad, or crop to the body first.",
            value=float(ratios.max() / ratios.min()),
        )  # fmt: skip
