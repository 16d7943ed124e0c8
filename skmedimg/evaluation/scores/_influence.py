"""How much every tested row moves a mean score: what variances over patients are made of."""

import numpy as np

from skmedimg.evaluation.scores import _weighted_scores as weighted
from skmedimg.evaluation.scores._calibration_line import line_influence, ratio_influence
from skmedimg.evaluation.scores._coded_predictions import (
    LabelPredictions,
    MaskPredictions,
    code_predictions,
)
from skmedimg.evaluation.scores._pooled_counts import pooled_fold, pools_counts
from skmedimg.evaluation.scores._score_table import LABEL_SCORES, score

_STEP = 1e-3  # of a row, in the numerical derivative by the counts of a confusion matrix


def influences(comparison, name, metric):
    """Return the influence of every row on a score, in every repeat: (n_repeats, n_rows).

    The influence is the derivative of the repeat's score, the mean over its folds, by the weight of
    the row [1]_. Rows of one patient add up, and the squared sums over patients add up to the
    variance of the score over patients. Rows without a score have 0, repeats without one nan.

    References
    ----------
    .. [1] Hampel, "The Influence Curve and Its Role in Robust Estimation", Journal of the American
       Statistical Association 69 (1974), doi:10.1080/01621459.1974.10482962
    """
    repeats = sorted({split.repeat for split in comparison.splits})
    found = np.full((len(repeats), len(comparison.y)), np.nan)
    for place, repeat in enumerate(repeats):
        folds = _scored_folds(comparison, name, metric, repeat)
        if folds:
            rows = np.concatenate([split.test for split, _ in folds])
            coded = [
                code_predictions(comparison, split, predictions, np.ones((1, len(split.test))))
                for split, predictions in folds
            ]
            found[place] = 0.0
            found[place, rows] = fold_influences(coded, metric)
    return found


def fold_influences(folds, metric):
    """Return the influence of every row, fold after fold, on the mean of the folds' scores.

    `folds` are the LabelPredictions or MaskPredictions of the folds of one repeat.
    """
    if isinstance(folds[0], MaskPredictions):
        return _of_means([fold.per_image(metric) for fold in folds])
    if metric in RANKING_SCORES:
        return _of_ranking(folds, RANKING_SCORES[metric])
    if metric in _ROW_VALUES:
        return _of_means([_ROW_VALUES[metric](fold) for fold in folds])
    if LABEL_SCORES[metric].needs == "counts":
        return _of_counts(folds, metric)
    values = np.array([score(fold, metric)[0] for fold in folds])
    # A fold is a sample of its own: its distance from the mean is shared out among its rows.
    parts = [
        _IN_FOLD[metric](fold) + away / len(fold.truth)
        for fold, away in zip(folds, values - values.mean(), strict=True)
    ]
    return np.concatenate(parts) / len(folds)


def _scored_folds(comparison, name, metric, repeat):
    """Return (Split, FoldPredictions) of each part of a repeat that has a score of its own."""
    if pools_counts(comparison, metric):
        pooled = pooled_fold(comparison, name, repeat)
        return [] if pooled is None else [pooled]
    results = comparison.fold_results[name]
    return [
        (each.split, each.predictions)
        for each in results
        if each.split.repeat == repeat and np.isfinite(each.scores[metric])
    ]


def _of_means(values):
    """Return influences on the mean over folds of the mean of the known values of each fold."""
    known = [np.isfinite(each) for each in values]
    mean = np.mean([each[k].mean() for each, k in zip(values, known, strict=True)])
    parts = [
        np.where(k, each - mean, 0) / k.sum() / len(values)
        for each, k in zip(values, known, strict=True)
    ]
    return np.concatenate(parts)


def _of_counts(folds, metric):
    """Return influences on a score of confusion matrices, through the counts of all folds.

    The derivative by each cell is taken from the mean of the folds' matrices: a fold with one
    patient of a class could not tell how that class varies.
    """
    n_classes, positive = folds[0].n_classes, folds[0].positive
    truth = np.concatenate([fold.truth for fold in folds])
    cell = truth * n_classes + np.concatenate([fold.predicted for fold in folds])
    fold = np.repeat(np.arange(len(folds)), [len(each.truth) for each in folds])
    weights = _fold_weights(
        fold, truth if LABEL_SCORES[metric].all_classes else np.zeros_like(truth)
    )
    cells, place = np.unique(cell, return_inverse=True)
    counts = np.bincount(place, weights)
    steps = _STEP * np.eye(len(cells))
    scores = [
        score(
            LabelPredictions(
                cells // n_classes, cells % n_classes, None, False, n_classes, positive, near
            ),
            metric,
        )
        for near in (counts + steps, counts - steps)
    ]
    slope = (scores[0] - scores[1]) / (2 * _STEP)
    return slope[place] * weights


def _fold_weights(fold, kind):
    """Return what a row counts in a mean over folds, by how it would count in all rows together.

    Rows of one `kind` (a class) weigh more in the folds that have few of them.
    """
    there = np.zeros((fold.max() + 1, kind.max() + 1))
    np.add.at(there, (fold, kind), 1)
    return there.sum(0)[kind] / len(there) / there[fold, kind]


def _of_ranking(folds, measure):
    """Return influences on the mean over folds of a ranking score, averaged over classes."""
    classes = range(folds[0].n_classes) if folds[0].positive is None else [folds[0].positive]
    total = 0.0
    for k in classes:
        found = [measure(fold.truth == k, fold.decision_scores[:, k]) for fold in folds]
        mean = np.mean([value for value, _, _ in found])
        parts = [inside + share * (value - mean) for value, inside, share in found]
        total = total + np.concatenate(parts)
    return total / len(classes) / len(folds)


def _roc_auc(positive, decision_scores):
    """Return the area, the rows' influence on it, and in what share each represents its fold."""
    above, below = weighted.placements(positive, decision_scores[None])
    area, share = above.mean(), np.where(positive, 1 / positive.sum(), 1 / (~positive).sum())
    inside = np.empty(len(positive))
    inside[positive], inside[~positive] = above[0] - area, below[0] - area
    return area, inside * share, share


def _average_precision(positive, decision_scores):
    """Return the score, the rows' influence on it, and in what share each represents its fold."""
    values, place = np.unique(-decision_scores, return_inverse=True)
    there = np.bincount(place, positive, len(values))
    other = np.bincount(place, ~positive, len(values))
    found, false = np.cumsum(there), np.cumsum(other)
    precision, n = found / (found + false), positive.sum()
    value = (there * precision).sum() / n
    # A row changes the precision of all positives that score as low as itself or lower.
    gain = np.cumsum((there * false / (found + false) ** 2)[::-1])[::-1]
    loss = np.cumsum((there * found / (found + false) ** 2)[::-1])[::-1]
    inside = np.where(positive, precision[place] - value + gain[place], -loss[place]) / n
    return value, inside, positive / n


def _calibration_error(fold):
    return weighted.calibration_influence(fold.truth, fold.probabilities, fold.positive)


RANKING_SCORES = {"roc_auc": _roc_auc, "average_precision": _average_precision}
_ROW_VALUES = {
    "log_loss": lambda fold: weighted.log_losses(fold.truth, fold.probabilities),
    "brier": lambda fold: weighted.squared_errors(fold.truth, fold.probabilities),
    "top_3_accuracy": lambda fold: weighted.top_hits(fold.truth, fold.decision_scores, 3),
}
_IN_FOLD = {
    "ece": _calibration_error,
    "calibration_intercept": lambda f: line_influence(f.is_positive, f.positive_chance, False)[0],
    "calibration_slope": lambda f: line_influence(f.is_positive, f.positive_chance)[1],
    "observed_expected": lambda f: ratio_influence(f.is_positive, f.positive_chance),
}
