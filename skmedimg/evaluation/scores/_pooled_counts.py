"""Scores where most test folds lack a class: from the counts of all folds of a repeat together."""

import numpy as np

from skmedimg.evaluation._records import FoldPredictions, Split
from skmedimg.evaluation.scores._coded_predictions import code_predictions
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.scores._score_table import LABEL_SCORES, score


def averaged_values(comparison, name, metric):
    """Return the scores whose mean is shown: one per split, or per repeat if counts are pooled."""
    if not pools_counts(comparison, metric):
        return comparison.values(name, metric)
    values = []
    for repeat in sorted({split.repeat for split in comparison.splits}):
        pooled = pooled_fold(comparison, name, repeat)
        if pooled is not None:
            ones = np.ones((1, len(pooled[0].test)))
            values.append(score(code_predictions(comparison, *pooled, ones), metric)[0])
    return np.array(values)


def pools_counts(comparison, metric):
    """Tell whether a metric is computed from the counts of a whole repeat.

    Leave-one-out and leave-one-patient-out have folds of one class. Counts of several fits may be
    added; decision scores of several fits are not on one scale and cannot be ranked together.
    """
    known = _needs_all_classes(comparison, metric)
    if known is None or known.needs != "counts":
        return False
    return _share_lacking(comparison) > 0.5


def cannot_rank(comparison, metric):
    """Tell whether a metric ranks rows within folds, none of which holds every class."""
    known = _needs_all_classes(comparison, metric)
    return known is not None and known.needs != "counts" and _share_lacking(comparison) == 1


def pooled_fold(comparison, name, repeat):
    """Return (Split, FoldPredictions) of all folds of a repeat as if they were one, or None."""
    results = [
        each
        for each in comparison.fold_results[name]
        if each.split.repeat == repeat and not each.failed
    ]
    if not results:
        return None
    rows = np.concatenate([each.split.test for each in results])
    predicted = np.concatenate([each.predictions.predicted for each in results])
    if name == comparison.baseline:
        predicted = _most_frequent(comparison, rows)
    return Split(repeat, 0, rows[:0], rows), FoldPredictions(predicted)


def _most_frequent(comparison, rows):
    """Return the most frequent class of some rows, once for each of them.

    Leaving one row out of balanced classes makes the other class the more frequent one, so that
    the baseline would be wrong on every row: its balanced accuracy would be 0 instead of 1/K.
    """
    counts = np.bincount(code_labels(comparison.y[rows], comparison.classes))
    return np.repeat(comparison.classes[counts.argmax()], len(rows))


def _needs_all_classes(comparison, metric):
    """Return the LabelScore of a metric that is undefined in a fold that lacks a class, or None."""
    known = LABEL_SCORES.get(metric)
    if comparison.task != "classification" or comparison.metric(metric).from_scorer:
        return None
    return known if known.all_classes else None


def _share_lacking(comparison):
    """Return the share of the test folds that lack a class."""
    n_classes = len(comparison.classes)
    return np.mean([len(np.unique(comparison.y[s.test])) < n_classes for s in comparison.splits])
