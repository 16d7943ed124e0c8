"""Two models whose scores differ by the same amount in every split, tested by their patients."""

import numpy as np

from skmedimg.evaluation.scores._coded_predictions import mask_predictions
from skmedimg.evaluation.scores._score_table import LABEL_SCORES, MASK_METRICS
from skmedimg.evaluation.scores._weighted_scores import placements
from skmedimg.evaluation.statistics._difference_tests import exact_test


def exact_without_spread(comparison, first, second, metric, value, confidence=0.95):
    """Return the Difference of two models by the exact test of the patients of the first repeat."""
    known = comparison.metric(metric) if _was_computed(comparison, metric) else None
    higher = known is None or known.higher_is_better
    if comparison.task == "segmentation":
        rows, ahead = _by_image(comparison, first, second, metric)
    elif _ranks(metric) and (known is None or not known.from_scorer):
        rows, ahead = _by_placement(comparison, first, second)
    else:
        rows, ahead = _by_label(comparison, first, second)
    sign = 1 if (value > 0) == higher else -1  # of the model that is ahead
    clusters = None if comparison.groups is None else comparison.groups[rows]
    return exact_test(float(value), sign * ahead, clusters, confidence)


def values_per_image(comparison, names, metric):
    """Return one value per image of the first repeat for each of some segmenters."""
    rows = comparison.rows()
    return [
        mask_predictions(comparison, rows, comparison.predictions(name), []).per_image(metric)
        for name in names
    ]


def _was_computed(comparison, metric):
    return metric in {each.name for each in comparison.metrics}


def _ranks(metric):
    return metric in LABEL_SCORES and LABEL_SCORES[metric].needs == "decision_scores"


def _by_label(comparison, first, second):
    """Return rows, and which of two classifiers is right on each: 1 the first, -1 the second."""
    truth = comparison.truth()
    right = [(comparison.predictions(name) == truth).astype(float) for name in (first, second)]
    return comparison.rows(), right[0] - right[1]


def _by_image(comparison, first, second, metric):
    """Return rows, and how far the first of two segmenters is ahead on each image."""
    found = MASK_METRICS.get(metric, MASK_METRICS["dice"])
    ahead = np.subtract(*values_per_image(comparison, (first, second), found.name))
    ahead = np.nan_to_num(ahead, posinf=1, neginf=-1)
    return comparison.rows(), ahead if found.higher_is_better else -ahead


def _by_placement(comparison, first, second):
    """Return rows of the rarer class, and how far the first ranks each better within its fold."""
    rows, ahead = [], []
    labels, counts = np.unique(comparison.truth(), return_counts=True)
    rarer = labels[counts.argmin()]
    column = comparison.classes.tolist().index(rarer)
    pairs = zip(comparison.fold_results[first], comparison.fold_results[second], strict=True)
    for pair in pairs:
        split = pair[0].split
        is_rarer = comparison.y[split.test] == rarer
        if split.repeat == 0 and is_rarer.any() and not is_rarer.all():
            scores = np.stack([each.predictions.decision_scores[:, column] for each in pair])
            above, _ = placements(is_rarer, scores)
            rows.append(split.test[is_rarer])
            ahead.append(above[0] - above[1])
    return np.concatenate(rows), np.concatenate(ahead)
