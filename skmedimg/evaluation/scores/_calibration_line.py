"""Calibration of predicted probabilities: intercept, slope and observed / expected ratio."""

import numpy as np

_STEPS = 50


def calibration_line(positive, probability, weights, slope=True):
    """Return intercept and slope of outcomes on predicted log odds, each of shape (n_weightings,).

    A logistic regression of `positive` on logit(`probability`). Without `slope` it is fixed at 1:
    that intercept is the calibration in the large, above 0 where risks are predicted too low. The
    slope is below 1 where they are too extreme [1]_. Both are nan where no finite line fits.

    References
    ----------
    .. [1] Van Calster et al., "Calibration: the Achilles heel of predictive analytics", BMC
       Medicine 17 (2019), doi:10.1186/s12916-019-1466-7

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.scores._calibration_line import calibration_line
    >>> positive, ones = np.array([0, 1, 1, 1, 0, 0, 0, 1]), np.ones((1, 8))
    >>> intercept, slope = calibration_line(positive, np.repeat([0.9, 0.1], 4), ones)
    >>> print(f"{slope[0]:.2f}")  # odds of 3 and 1 / 3 where 9 and 1 / 9 were predicted
    0.50
    """
    columns, offset = _regression(probability, slope)
    found = np.zeros((len(weights), len(columns)))
    with np.errstate(all="ignore"):  # what diverges is nan below
        for _ in range(_STEPS):
            predicted = 1 / (1 + np.exp(-(found @ columns + offset)))
            step = _newton_step(columns, weights, positive - predicted, predicted)
            found = found + step
    found[~(np.abs(step) < 1e-6).all(1)] = np.nan
    return found[:, 0], found[:, -1] if slope else np.ones(len(weights))


def observed_to_expected(positive, probability, weights):
    """Return the weight of positives by the sum of their probabilities; above 1: too low risks."""
    expected = weights @ probability
    return np.divide(
        weights @ positive, expected, out=np.full(len(weights), np.nan), where=expected > 0
    )


def line_influence(positive, probability, slope=True):
    """Return the influence of every row on intercept and slope: each of shape (n_samples,)."""
    columns, offset = _regression(probability, slope)
    ones = np.ones((1, len(positive)))
    line = np.stack(calibration_line(positive, probability, ones, slope))[: len(columns), 0]
    predicted = 1 / (1 + np.exp(-(line @ columns + offset)))
    information = (columns * predicted * (1 - predicted)) @ columns.T
    found = np.linalg.solve(information, columns * (positive - predicted))
    return found[0], found[-1]


def ratio_influence(positive, probability):
    """Return the influence of every row on the observed / expected ratio."""
    expected = probability.sum()
    return (positive - positive.sum() / expected * probability) / expected


def _regression(probability, slope):
    """Return the columns (1 or 2, n_samples) and the offset of the regression on log odds."""
    eps = np.finfo(float).eps
    chance = np.clip(probability, eps, 1 - eps)
    given = np.log(chance / (1 - chance))
    return (
        (np.stack([np.ones_like(given), given]), 0.0)
        if slope
        else (np.ones((1, len(given))), given)
    )


def _newton_step(columns, weights, residual, predicted):
    """Return the step (n_weightings, n_columns) to the zero of the weighted score equations."""
    gradient = (weights * residual) @ columns.T
    spread = weights * predicted * (1 - predicted)
    if len(columns) == 1:
        return gradient / spread.sum(1, keepdims=True)
    a, b, c = spread.sum(1), spread @ columns[1], spread @ columns[1] ** 2
    first, second = gradient.T
    return np.stack([c * first - b * second, a * second - b * first], 1) / (a * c - b * b)[:, None]
