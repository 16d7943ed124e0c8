"""Scores of weighted rows, for many weightings at once: a bootstrap is one call."""

import numpy as np
from scipy.stats import rankdata

_CALIBRATION_BINS = 10


def confusions(truth, predicted, n_classes, weights):
    """Return the weight of every pair of true (rows) and predicted class: one matrix a weighting.

    `truth` and `predicted` are positions of classes; `weights` has shape (n_weightings, n_samples).

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.scores._weighted_scores import confusions
    >>> confusions(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, np.array([[1, 2, 4]]))
    array([[[1., 2.],
            [0., 4.]]])
    """
    pairs = np.zeros((len(truth), n_classes * n_classes))
    pairs[np.arange(len(truth)), truth * n_classes + predicted] = 1
    return (weights @ pairs).reshape(len(weights), n_classes, n_classes)


def accuracy(counts):
    """Return the share of the weight on the diagonal of each of the `confusions`."""
    return _ratio(_diagonal(counts).sum(1), counts.sum((1, 2)))


def recalls(counts):
    """Return the recall of every class, shape (n_weightings, n_classes); nan for absent ones."""
    return _ratio(_diagonal(counts), counts.sum(2))


def specificities(counts):
    """Return, per class, the share of the other classes' weight that is not called it."""
    hits, called, there = _diagonal(counts), counts.sum(1), counts.sum(2)
    total = counts.sum((1, 2))[:, None]
    return _ratio(total - there - called + hits, total - there)


def f1_scores(counts):
    """Return the F1 of every class; nan for those neither there nor called."""
    return _ratio(2 * _diagonal(counts), counts.sum(1) + counts.sum(2))


def cohen_kappa(counts):
    """Return the agreement beyond what the two margins alone would give."""
    total = counts.sum((1, 2))
    expected = _ratio((counts.sum(1) * counts.sum(2)).sum(1), total**2)
    return _ratio(accuracy(counts) - expected, 1 - expected)


def mcc(counts):
    """Return the correlation of true and predicted classes; 0 where either never varies."""
    called, there, total = counts.sum(1), counts.sum(2), counts.sum((1, 2))
    covariance = _diagonal(counts).sum(1) * total - (called * there).sum(1)
    spread = (total**2 - (called**2).sum(1)) * (total**2 - (there**2).sum(1))
    return np.where(spread > 0, _ratio(covariance, np.sqrt(np.maximum(spread, 0))), 0.0)


def roc_auc(positive, decision_scores, weights):
    """Return the probability that a positive row scores above a negative one, ties counting half.

    It has shape (n_weightings,), and is nan where only one class has weight.
    """
    there, other = _weights_by_score(positive, decision_scores, weights)
    below = np.cumsum(other, axis=1) - other / 2
    return _ratio((there * below).sum(1), there.sum(1) * other.sum(1))


def average_precision(positive, decision_scores, weights):
    """Return the precision averaged over the recalled positives, from the highest score down."""
    there, other = (part[:, ::-1] for part in _weights_by_score(positive, decision_scores, weights))
    found = np.cumsum(there, axis=1)
    precision = np.nan_to_num(_ratio(found, found + np.cumsum(other, axis=1)))
    return _ratio((there * precision).sum(1), there.sum(1))


def row_mean(values, weights):
    """Return the weighted mean of one value per row; rows whose value is nan do not count."""
    known = np.isfinite(values)
    return _ratio(weights[:, known] @ values[known], weights[:, known].sum(1))


def log_losses(truth, probabilities):
    """Return minus the logarithm of the probability given to the true class, per row."""
    given = probabilities[np.arange(len(truth)), truth]
    return -np.log(np.clip(given, np.finfo(np.float64).eps, 1))


def squared_errors(truth, probabilities):
    """Return Brier's squared error per row: half the sum over two classes, the sum over more."""
    hot = np.eye(probabilities.shape[1])[truth]
    errors = ((probabilities - hot) ** 2).sum(1)
    return errors / 2 if probabilities.shape[1] == 2 else errors


def calibration_error(truth, probabilities, weights, positive=None):
    """Return the gap of probability and frequency in ten bins of probability, weighted by size.

    Of two classes it is the probability of the `positive` one. The probability of the predicted
    class would let positives that are predicted too low cancel negatives predicted too high, so
    that a shift of the prevalence could not be seen. Of more classes (None) it is that one.
    """
    bins, gap = _calibration_bins(truth, probabilities, positive)
    return _ratio(np.abs(weights @ (bins * gap[:, None])).sum(1), weights.sum(1))


def calibration_influence(truth, probabilities, positive=None):
    """Return the influence of every row on the `calibration_error` of equal weights."""
    bins, gap = _calibration_bins(truth, probabilities, positive)
    sums = gap @ bins
    return ((bins @ np.sign(sums)) * gap - np.abs(sums).sum() / len(gap)) / len(gap)


def top_hits(truth, decision_scores, k):
    """Return per row whether the true class is among the `k` highest scores, as 0.0 or 1.0."""
    best = np.argsort(decision_scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return (best == truth[:, None]).any(1).astype(float)


def placements(positive, decision_scores):
    """Return the share of negatives below each positive, and of positives above each negative.

    `decision_scores` has shape (n_models, n_samples); ties count half.
    """
    n_up, n_down = positive.sum(), (~positive).sum()
    among_all = rankdata(decision_scores, axis=1)
    above = among_all[:, positive] - rankdata(decision_scores[:, positive], axis=1)
    below = among_all[:, ~positive] - rankdata(decision_scores[:, ~positive], axis=1)
    return above / n_down, 1 - below / n_up


def _calibration_bins(truth, probabilities, positive):
    """Return the bin of every row, one-hot, and how far its probability is from what happened."""
    if positive is None:
        confidence = probabilities.max(1)
        gap = confidence - (probabilities.argmax(1) == truth)
    else:
        confidence = probabilities[:, positive]
        gap = confidence - (truth == positive)
    edges = np.linspace(0, 1, _CALIBRATION_BINS + 1)[1:-1]
    return np.eye(_CALIBRATION_BINS)[np.searchsorted(edges, confidence)], gap


def _diagonal(counts):
    return np.diagonal(counts, axis1=1, axis2=2)


def _ratio(part, whole):
    whole = np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _weights_by_score(positive, decision_scores, weights):
    """Return positive and negative weights summed over tied scores, the lowest score first."""
    order = np.argsort(decision_scores, kind="stable")
    starts = np.flatnonzero(np.diff(decision_scores[order], prepend=-np.inf) > 0)
    # a score of -inf has no step before it
    starts = starts if len(starts) and starts[0] == 0 else np.insert(starts, 0, 0)
    weights, positive = weights[:, order], positive[order]
    there = np.add.reduceat(weights * positive, starts, axis=1)
    return there, np.add.reduceat(weights * ~positive, starts, axis=1)
