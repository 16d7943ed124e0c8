"""Conclusions as sentences: the last step, after everything is decided."""

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.statistics._variance import patients_of

_FEW_REPEATS = 2  # instability is seen from two on, and well from three


def conclusion_text(comparison, record, decision, margin=None):
    """Return the conclusion on the pair of a decisive PairTest as a sentence."""
    pair = f"{record.first} and {record.second}"
    differs = f"{record.title} differs by {record.difference:+.3f}"
    if decision == "untested":
        reason = record.reason or f"{differs} in every split, without the spread by which to judge"
        return f"No conclusion on {pair}: {reason}."
    if record.low_adjusted == record.high_adjusted == 0:
        return f"No conclusion on {pair}: {record.title} is the same in every split."
    limits = f"{record.low_adjusted:+.3f} to {record.high_adjusted:+.3f}"
    interval = f"95 % interval {limits}"
    test = f"{record.test}, {p_text(record.p_adjusted)}"
    if record.n_pairs > 1:
        test += f", both adjusted for {record.n_pairs} pairs"
    fitted = ", of the models as fitted" if record.about == "the models as fitted" else ""
    if decision == "better":
        small = f", but by less than {margin:g}" if record.equivalent else ""
        return (
            f"{record.better} is better than {record.worse}{small}: {differs} "
            f"({interval}; {test}{fitted})."
        )
    if decision == "equivalent":
        return (
            f"{pair} are equivalent within {margin:g}: {differs} ({interval}; two one-sided tests, "
            f"{p_text(record.p_equivalent)}{fitted})."
        )
    if decision == "not worse":
        return (
            f"{record.first} is not worse than {record.second} by {margin:g} or more: {differs} "
            f"({interval}; {test}{fitted}). Which of them is better is undecided."
        )
    return (
        f"No conclusion on {pair}: {differs}, but anything from {limits} fits the data "
        f"({test}{fitted}). {_what_could_be_seen(comparison, record)}"
    )


def headline(comparison, metric, conclusions):
    """Return the metric, how many pairs are decided, and what to do about the others."""
    asked, primary = comparison.metric(metric), comparison.metric()
    kind = "Primary metric" if asked == primary else "Secondary metric"
    decided = sum(each.decision not in ("undecided", "untested") for each in conclusions)
    text = f"{kind}: {asked.title}. {_design(comparison)}. "
    text += f"{decided} of {counted(conclusions, 'pair')} decided."
    if asked != primary:
        text += f" What is found in it is exploratory: the primary metric is {primary.title}."
    if any(each.decision == "undecided" for each in conclusions):
        by_site = comparison.splits[0].name is not None
        if _n_repeats(comparison) <= _FEW_REPEATS and len(comparison.splits) > 1 and not by_site:
            text += " Next: compare with repeats=5, which sees more."
        else:
            text += " Next: how_many() says how many patients would decide it."
    return text


def p_text(p_value):
    """Return a p-value as text, such as "p = 0.012" or "p < 0.001"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _what_could_be_seen(comparison, record):
    """Return what a study like this one finds: an undecided pair is not an equal one."""
    if not np.isfinite(record.detectable):
        return "This does not show that they are equal."
    return (
        f"This does not show that they are equal: {_design(comparison)} would find a true "
        f"difference of {record.detectable:.2g} in 80 of 100 studies, and smaller ones less often."
    )


def _design(comparison):
    """Return the design in words, such as "5 x 5 folds of 80 patients"."""
    n_repeats, n_splits = _n_repeats(comparison), len(comparison.splits)
    per_repeat, rest = divmod(n_splits, n_repeats)
    folds = "One test set" if n_splits == 1 else f"{n_splits} folds"
    if n_repeats > 1 and not rest:
        folds = f"{n_repeats} x {per_repeat} folds"
    unit = "sample" if comparison.groups is None else "patient"
    patients = np.unique(patients_of(comparison, comparison.rows()))
    return f"{folds} of {counted(patients, unit)}"


def _n_repeats(comparison):
    return len({split.repeat for split in comparison.splits})
