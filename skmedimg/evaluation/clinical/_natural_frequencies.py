"""The result of two classes as one sentence that counts patients."""

from dataclasses import replace

import numpy as np

from skmedimg.evaluation.clinical._two_classes import RATES
from skmedimg.evaluation.scores._score_table import METRICS


def natural_frequencies(comparison, name=None, noun="sample"):
    """Return how many positives a model finds, and how many negatives it takes for them.

    Patients are counted where they are known and all images of each have one label; their images
    are averaged. It is "" where there are no two classes, also among the tested, or a fit of every
    repeat failed.
    """
    if comparison.pos_label is None:
        return ""
    name = comparison.best if name is None else name
    whole = _whole_repeats(comparison, name)
    if not whole:
        return ""
    asides = []
    if _by_patient(comparison):
        comparison, noun = _alone(comparison, name).by_patient(), "patient"
        asides.append("images of a patient averaged")
    elif comparison.groups is not None and len(np.unique(comparison.groups)) == len(comparison.y):
        noun = "patient"
    if len(whole) > 1:
        asides.append(f"mean of {len(whole)} repeats")
    positive, negative = comparison.positive_column, 1 - comparison.positive_column
    counts = np.mean([comparison.confusion(name, repeat) for repeat in whole], axis=0)
    n_ill, n_well = (round(each) for each in counts.sum(1)[[positive, negative]])
    if not (n_ill and n_well):
        return ""
    ill, well = comparison.classes[[positive, negative]]
    aside = f" ({', '.join(asides)})" if asides else ""
    return (
        f"{name} finds {counts[positive, positive]:.0f} of {n_ill:,} {noun}s labeled {ill} and "
        f"takes {counts[negative, positive]:.0f} of {n_well:,} labeled {well} for {ill}{aside}."
    )


def _whole_repeats(comparison, name):
    """Return the repeats in which no fit of the model failed."""
    results = comparison.fold_results[name]
    failed = {each.split.repeat for each in results if each.failed}
    return sorted({each.split.repeat for each in results} - failed)


def _by_patient(comparison):
    """Tell whether patients have several images, of one label each."""
    if comparison.groups is None:
        return False
    pairs = set(zip(comparison.groups.tolist(), comparison.y.tolist(), strict=True))
    return len(pairs) == len(np.unique(comparison.groups)) < len(comparison.y)


def _alone(comparison, name):
    """Return the comparison of one model, by metrics that need its predictions only."""
    return replace(
        comparison,
        names=(name,),
        fold_results={name: comparison.fold_results[name]},
        metrics=tuple(METRICS[metric] for metric in RATES),
        baseline=None,
    )
