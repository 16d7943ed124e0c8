"""Tests of a difference between two models, each with what it assumes."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from skmedimg.evaluation.scores._weighted_scores import placements
from skmedimg.evaluation.statistics._intervals import clopper_pearson, corrected_error

_LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """First minus second, its 95 % limits, and its test: nan where it cannot be judged.

    `error` is its standard error on `freedom` degrees of freedom, where the limits come from one.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    statistic: float = np.nan
    p_value: float = np.nan
    error: float = np.nan
    freedom: float = np.nan

    def limits(self, confidence):
        """Return the limits (low, high) at another confidence, by the t distribution."""
        reach = stats.t.ppf((1 + confidence) / 2, self.freedom) * self.error
        return float(self.value - reach), float(self.value + reach)


def t_test(value, error, freedom):
    """Return the Difference `value` tested by its standard error; infinite freedom is the normal.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import t_test
    >>> found = t_test(0.1, 0.04, 20)
    >>> print(f"{found.low:.3f} to {found.high:.3f}, p = {found.p_value:.3f}")
    0.017 to 0.183, p = 0.021
    """
    if not error > 1e-12:
        return _without_spread(value)
    reach = stats.t.ppf((1 + _LEVEL) / 2, freedom) * error
    p_value = 2 * stats.t.sf(abs(value / error), freedom)
    numbers = (value, value - reach, value + reach, value / error, p_value, error, freedom)
    return Difference(*(float(number) for number in numbers))


def corrected_t_test(differences, test_to_train):
    """Return the Difference of two learning procedures by their scores over overlapping splits.

    The resampled t-test of Nadeau and Bengio [1]_: the variance of the mean of S differences is
    taken as (1/S + test_to_train) times that of one difference, on S - 1 degrees of freedom, where
    `test_to_train` is the number of rows tested per row trained on.

    References
    ----------
    .. [1] Nadeau, Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003),
       doi:10.1023/A:1024068626366

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import corrected_t_test
    >>> found = corrected_t_test(np.array([0.02, 0.05, 0.01, 0.04, 0.03]), 1 / 4)
    >>> print(f"t = {found.statistic:.2f}, p = {found.p_value:.3f}")
    t = 2.83, p = 0.047
    """
    error, freedom = corrected_error(differences, test_to_train), len(differences) - 1
    return t_test(np.mean(differences), error, freedom)


def delong_test(folds):
    """Return the Difference of the areas under two ROC curves, fold by fold [1]_.

    `folds` holds (positive, first, second, clusters): whether each row is positive, two decision
    scores, and patients or None. Decision scores of different fits are not on one scale, so rows
    are compared within their fold only; the folds' differences are averaged and their variances
    added. Rows of one patient are one cluster [2]_.

    References
    ----------
    .. [1] DeLong, DeLong, Clarke-Pearson, "Comparing the Areas under Two or More Correlated
       Receiver Operating Characteristic Curves: A Nonparametric Approach", Biometrics 44 (1988),
       doi:10.2307/2531595
    .. [2] Obuchowski, "Nonparametric Analysis of Clustered ROC Curve Data", Biometrics 53 (1997),
       doi:10.2307/2533958

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import delong_test
    >>> positive = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=bool)
    >>> first, second = np.array([1, 2, 3, 6, 4, 5, 7, 8]), np.array([5, 1, 4, 6, 3, 2, 7, 8])
    >>> found = delong_test([(positive, first, second, None)])
    >>> print(f"{found.value:.3f}, p = {found.p_value:.2f}")
    0.250, p = 0.22
    """
    parts = [_delong_fold(*fold) for fold in folds]
    parts = [(value, variance) for value, variance in parts if np.isfinite(variance)]
    if not parts:
        return Difference(np.nan)
    values, variances = np.transpose(parts)
    return t_test(values.mean(), np.sqrt(variances.sum()) / len(parts), np.inf)


def auc_covariance(positive, decision_scores, clusters=None):
    """Return the areas under several ROC curves and their covariance, by patient (`clusters`).

    `decision_scores` has shape (n_models, n_samples). The covariance is nan with fewer than two
    clusters on a side.
    """
    above, below = placements(positive, decision_scores)
    areas = above.mean(1)
    if clusters is None:
        clusters = np.arange(len(positive))
    _, cluster = np.unique(clusters, return_inverse=True)
    n_clusters = cluster.max() + 1
    up, n_up = _cluster_sums(above - areas[:, None], cluster[positive], n_clusters)
    down, n_down = _cluster_sums(below - areas[:, None], cluster[~positive], n_clusters)
    if min(n_up, n_down) < 2:
        return areas, np.full((len(areas), len(areas)), np.nan)
    up, down = up / positive.sum(), down / (~positive).sum()
    cross = up @ down.T * n_clusters / (n_clusters - 1)
    own = up @ up.T * n_up / (n_up - 1) + down @ down.T * n_down / (n_down - 1)
    return areas, own + cross + cross.T


def mcnemar_test(first_right, second_right, clusters=None):
    """Return the Difference of how often two fitted models are right on the same rows.

    The exact test of McNemar [1]_; where patients have several rows, the clustered one of Yang,
    Sun and Hardin [2]_, of which McNemar's is the case of one row each.

    References
    ----------
    .. [1] McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or
       Percentages", Psychometrika 12 (1947), doi:10.1007/BF02295996
    .. [2] Yang, Sun, Hardin, "A Note on the Tests for Clustered Matched-Pair Binary Data",
       Biometrical Journal 52 (2010), doi:10.1002/bimj.201000035

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import mcnemar_test
    >>> first, second = np.repeat([True, False], [9, 3]), np.repeat([False, True], [9, 3])
    >>> print(f"{mcnemar_test(first, second).p_value:.3f}")
    0.146
    """
    ahead = first_right.astype(float) - second_right
    sums = _sums_by(ahead, clusters)
    found = t_test(ahead.mean(), np.sqrt((sums**2).sum()) / len(ahead), np.inf)
    if len(sums) < len(ahead):
        return found
    wins, losses = int((ahead > 0).sum()), int((ahead < 0).sum())
    exact = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    return replace(found, p_value=float(exact))


def wilcoxon_test(first, second, clusters=None):
    """Return the Difference of one value per image, such as Dice, tested by its signed ranks.

    The images of a patient (`clusters`) are averaged before. The limits are those of the mean by
    the normal approximation.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import wilcoxon_test
    >>> found = wilcoxon_test(np.array([0.9, 0.8, 0.7, 0.9, 0.8]), np.full(5, 0.6))
    >>> print(f"{found.p_value:.4f}")
    0.0625
    """
    ahead = first - second
    if clusters is not None:
        _, counts = np.unique(clusters, return_counts=True)
        ahead = _sums_by(ahead, clusters) / counts
    error = ahead.std(ddof=1) / np.sqrt(len(ahead))
    found = t_test(ahead.mean(), error, np.inf)
    if not ahead.any():
        return found
    ranks = stats.wilcoxon(ahead)
    return replace(found, statistic=float(ranks.statistic), p_value=float(ranks.pvalue))


def exact_test(value, advantages, clusters=None, confidence=_LEVEL):
    """Return the Difference `value`, which has no spread over splits, tested by its patients.

    `advantages` say per row how far the better model is ahead. A patient (`clusters`) is one trial,
    won by the model that is ahead in the sum; those without a winner do not count. The limits are
    those of Clopper and Pearson [1]_ for the share of trials won, on the scale of the difference:
    a perfect score against a constant 1/2 has its exact binomial bound.

    References
    ----------
    .. [1] Clopper, Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of
       the Binomial", Biometrika 26 (1934), doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import exact_test
    >>> found = exact_test(0.5, np.repeat([1, 0], 10))
    >>> print(f"{found.low:.3f} to {found.high:.3f}, p = {found.p_value:.3f}")
    0.192 to 0.500, p = 0.002
    """
    sums = _sums_by(advantages, clusters)
    wins, losses = int((sums > 1e-12).sum()), int((sums < -1e-12).sum())
    if wins <= losses:  # the score says what its rows do not show
        return Difference(value, -abs(value), abs(value), 0.0, 1.0)
    n = wins + losses
    shares = np.array(clopper_pearson(wins, n, confidence))
    low, high = np.sort(value * (2 * shares - 1) * n / (wins - losses)).tolist()
    return Difference(value, low, high, float(wins), float(stats.binomtest(wins, n).pvalue))


def holm(p_values):
    """Return p-values corrected for their number, step by step [1]_; nan stays nan.

    References
    ----------
    .. [1] Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
       Statistics 6 (1979), https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> from skmedimg.evaluation.statistics._difference_tests import holm
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p_values = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return adjusted


def _delong_fold(positive, first, second, clusters):
    if positive.all() or not positive.any():
        return np.nan, np.nan
    areas, covariance = auc_covariance(positive, np.stack([first, second]), clusters)
    contrast = np.array([1.0, -1.0])
    return areas @ contrast, max(contrast @ covariance @ contrast, 0.0)


def _cluster_sums(values, cluster, n_clusters):
    sums = np.stack([np.bincount(cluster, row, n_clusters) for row in values])
    return sums, len(np.unique(cluster))


def _sums_by(values, clusters):
    if clusters is None:
        return values
    _, cluster = np.unique(clusters, return_inverse=True)
    return np.bincount(cluster, values)


def _without_spread(value):
    """No spread: equal everywhere is no difference, anything else cannot be judged."""
    equal = abs(value) <= 1e-12
    return Difference(float(value), *([0.0, 0.0, 0.0, 1.0] if equal else [np.nan] * 4))
