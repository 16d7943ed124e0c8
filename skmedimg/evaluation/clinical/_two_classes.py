"""A comparison of two classes, seen by sensitivity and specificity, and checks of what is asked."""

from dataclasses import replace
from numbers import Real

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.scores._score_table import METRICS, score_fold

RATES = ("sensitivity", "specificity")
NO_PROBABILITIES = "no predict_proba"


def check_two_classes(comparison, what):
    """Raise ValueError where there is no positive class of two."""
    if comparison.pos_label is not None:
        return
    if comparison.task == "segmentation":
        raise ValueError(f"{what} needs labels of two classes, but this comparison is of masks.")
    raise ValueError(
        f"{what} needs two classes, but there are {len(comparison.classes)}: compare with y == "
        "label, one class against the others."
    )


def check_share(name, share):
    """Raise ValueError for what is not between 0 and 1."""
    is_number = isinstance(share, Real) and not isinstance(share, bool)
    if not is_number or not 0 < share < 1:
        raise ValueError(
            f"{name} needs a value above 0 and below 1, such as {name}=0.02 for 2 %, but is "
            f"{share!r}."
        )


def models(comparison, name=None, baseline=False):
    """Return the estimators asked for: one, or all in order of their scores."""
    if name is not None:
        comparison._check_name(name)
        return [name]
    return [each for each in comparison.ranked() if baseline or each != comparison.baseline]


def models_with_probabilities(comparison, name, what):
    """Return the `models` and whether each has probabilities; one without is refused by name."""
    found = {
        each: any(fold.has_probabilities for fold in comparison.fold_results[each])
        for each in models(comparison, name)
    }
    if not any(found.values()):
        subject = "no model" if name is None else repr(name)
        verb = "has one" if name is None else "has none"
        raise ValueError(
            f"{what} needs predict_proba, but {subject} {verb}: wrap it in CalibratedClassifierCV "
            "(decision values of several folds have no common scale)."
        )
    return found


def notes_on(comparison, name, has_probabilities=True):
    """Return what a reader has to know about the row of one model, as text; mostly empty."""
    results = comparison.fold_results[name]
    failed = sum(each.failed for each in results)
    notes = [f"failed on {failed} of {counted(results, 'split')}"] if failed else []
    return "; ".join([*notes, *([] if has_probabilities else [NO_PROBABILITIES])])


def chance(comparison, result):
    """Return the probability of the positive class of the test rows of a FoldResult."""
    return result.predictions.decision_scores[:, comparison.positive_column]


def rates(comparison, thresholds=None):
    """Return the comparison with sensitivity and specificity as its metrics.

    Predictions are those of the models, or positive from a threshold of the probability on:
    `thresholds` holds one by repeat. Models without probabilities have no rates then.
    """
    known = {metric.name: metric for metric in comparison.metrics}
    has_rates = all(name in known and not known[name].from_scorer for name in RATES)
    if thresholds is None and has_rates:
        return comparison
    data = replace(comparison, metrics=tuple(METRICS[name] for name in RATES))
    return replace(
        data,
        fold_results={
            name: tuple(_rated(data, each, thresholds) for each in results)
            for name, results in data.fold_results.items()
        },
    )


def _rated(data, result, thresholds):
    """Return a FoldResult that is scored by RATES at the threshold of its repeat."""
    if result.failed or (thresholds is not None and not result.has_probabilities):
        return replace(result, scores=dict.fromkeys(RATES, np.nan))
    predictions = result.predictions
    if thresholds is not None:
        # A repeat whose test set lacks a class has no threshold, and no rates either.
        called = chance(data, result) >= thresholds.get(result.split.repeat, np.nan)
        column = np.where(called, data.positive_column, 1 - data.positive_column)
        predictions = replace(predictions, predicted=data.classes[column])
    scores, _ = score_fold(data, result.split, predictions, data.metrics)
    return replace(result, predictions=predictions, scores=scores)
