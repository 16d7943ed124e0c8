"""Tests of a difference between two models, each with what it assumes."""

from collections import namedtuple

import numpy as np
from scipy import stats

from skmedimg.evaluation.statistics._intervals import corrected_error

Difference = namedtuple("Difference", "value low high statistic p_value")
Difference.__doc__ = """First minus second, its 95 % limits, and how surprising it is."""

_LEVEL = 0.95


def corrected_t_test(differences, test_to_train):
    """Compare two learning procedures by their scores over splits whose training sets overlap.

    The resampled t-test of Nadeau and Bengio (2003): the variance of the mean difference is
    taken as (1/S + n_test/n_train) times that of one difference, on S - 1 degrees of freedom.

    Parameters
    ----------
    differences : ndarray of shape (n_splits,)
        Score of the first minus score of the second, split by split.
    test_to_train : float
        Rows tested per row trained on.

    Returns
    -------
    difference : Difference

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._difference_tests import corrected_t_test
    >>> found = corrected_t_test(np.array([0.02, 0.05, 0.01, 0.04, 0.03]), 1 / 4)
    >>> print(f"t = {found.statistic:.2f}, p = {found.p_value:.3f}")
    t = 2.83, p = 0.047
    """
    value = np.mean(differences)
    error, freedom = corrected_error(differences, test_to_train), len(differences) - 1
    if error <= 1e-12:
        return _without_spread(value)
    statistic = value / error
    reach = stats.t.ppf((1 + _LEVEL) / 2, freedom) * error
    return _difference(value, reach, statistic, 2 * stats.t.sf(abs(statistic), freedom))


def delong_test(folds):
    """Compare the areas under two ROC curves, fold by fold (DeLong, DeLong, Clarke-Pearson 1988).

    Rankings of different fits are not on one scale, so rows are compared within their fold only;
    the folds' differences are averaged and their variances added. Rows of one patient are one
    cluster (Obuchowski 1997).

    Parameters
    ----------
    folds : sequence of (positive, first, second, clusters)
        positive : ndarray of bool of shape (n_test,); first, second : ndarray of shape (n_test,),
        rankings; clusters : ndarray of shape (n_test,) or None, patients.

    Returns
    -------
    difference : Difference

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
        return Difference(*[np.nan] * 5)
    values, variances = np.transpose(parts)
    return _normal(values.mean(), np.sqrt(variances.sum()) / len(parts))


def auc_covariance(positive, rankings, clusters=None):
    """Return areas under ROC curves and their covariance.

    Parameters
    ----------
    positive : ndarray of bool of shape (n_samples,)
    rankings : ndarray of shape (n_rankings, n_samples)
    clusters : ndarray of shape (n_samples,), default=None
        Patients; None takes every row for itself.

    Returns
    -------
    areas : ndarray of shape (n_rankings,)
    covariance : ndarray of shape (n_rankings, n_rankings)
        nan with fewer than two clusters on a side.
    """
    above, below = _placements(positive, rankings)
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
    """Compare how often two fitted models are right on the same rows.

    The exact test of McNemar (1947); where patients have several rows, the clustered one of Yang,
    Sun and Hardin (2010), of which McNemar's is the case of one row each.

    Parameters
    ----------
    first_right, second_right : ndarray of bool of shape (n_samples,)
    clusters : ndarray of shape (n_samples,), default=None

    Returns
    -------
    difference : Difference
        Of the shares of right answers.

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
    found = _normal(ahead.mean(), np.sqrt((sums**2).sum()) / len(ahead))
    if len(sums) < len(ahead):
        return found
    wins, losses = int((ahead > 0).sum()), int((ahead < 0).sum())
    exact = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    return found._replace(p_value=float(exact))


def wilcoxon_test(first, second, clusters=None):
    """Compare one value per image, such as Dice, by the signed ranks of the differences.

    Parameters
    ----------
    first, second : ndarray of shape (n_samples,)
    clusters : ndarray of shape (n_samples,), default=None
        Patients: their images are averaged before they are compared.

    Returns
    -------
    difference : Difference
        Of the means, with limits by the normal approximation.

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
    found = _normal(ahead.mean(), error)
    if not ahead.any():
        return found
    ranks = stats.wilcoxon(ahead)
    return found._replace(statistic=float(ranks.statistic), p_value=float(ranks.pvalue))


def holm(p_values):
    """Correct p-values for their number, step by step (Holm 1979); nan stays nan.

    Parameters
    ----------
    p_values : sequence of float

    Returns
    -------
    adjusted : ndarray of shape (n_tests,)

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


def _placements(positive, rankings):
    """Return the share of negatives below each positive, and of positives above each negative."""
    n_up, n_down = positive.sum(), (~positive).sum()
    among_all = stats.rankdata(rankings, axis=1)
    above = among_all[:, positive] - stats.rankdata(rankings[:, positive], axis=1)
    below = among_all[:, ~positive] - stats.rankdata(rankings[:, ~positive], axis=1)
    return above / n_down, 1 - below / n_up


def _cluster_sums(values, cluster, n_clusters):
    sums = np.stack([np.bincount(cluster, row, n_clusters) for row in values])
    return sums, len(np.unique(cluster))


def _sums_by(values, clusters):
    if clusters is None:
        return values
    _, cluster = np.unique(clusters, return_inverse=True)
    return np.bincount(cluster, values)


def _normal(value, error):
    if not error > 1e-12:
        return _without_spread(value)
    statistic = value / error
    reach = stats.norm.ppf((1 + _LEVEL) / 2) * error
    return _difference(value, reach, statistic, 2 * stats.norm.sf(abs(statistic)))


def _without_spread(value):
    """No spread: equal everywhere is no difference, anything else cannot be judged."""
    equal = abs(value) <= 1e-12
    return Difference(float(value), *([0.0, 0.0, 0.0, 1.0] if equal else [np.nan] * 4))


def _difference(value, reach, statistic, p_value):
    numbers = (value, value - reach, value + reach, statistic, p_value)
    return Difference(*(float(number) for number in numbers))
