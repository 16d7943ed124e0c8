"""One error rate for a family of pairs: p-values and limits that cannot contradict each other."""

import numpy as np
from scipy import stats

_DRAWS = 100_000


def simultaneous(p_values, correlation, level=0.05):
    """Return adjusted p-values of correlated two-sided tests, and the level of each single one.

    The single-step method of Hothorn, Bretz and Westfall [1]_: a pair counts as decided where its
    statistic is beyond what the largest of all reaches in `level` of the cases if none differs.
    p_adjusted < `level` exactly where p < the level that is returned, so a confidence interval of
    1 - that level excludes 0 exactly where the adjusted p-value is significant. Statistics are put
    on the normal scale by their p-values, since their degrees of freedom differ. nan stays nan.

    References
    ----------
    .. [1] Hothorn, Bretz, Westfall, "Simultaneous Inference in General Parametric Models",
       Biometrical Journal 50 (2008), doi:10.1002/bimj.200810425

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._simultaneous import simultaneous
    >>> adjusted, level = simultaneous([0.01, 0.2], np.eye(2))
    >>> print(adjusted.round(3), round(level, 3))  # 1 - (1 - p) ** 2 where independent
    [0.02 0.36] 0.025
    """
    p_values = np.asarray(p_values, dtype=float)
    known = np.flatnonzero(np.isfinite(p_values))
    adjusted = np.full(len(p_values), np.nan)
    if len(known) < 2:
        adjusted[known] = p_values[known]
        return adjusted, level
    largest = _largest_statistics(np.asarray(correlation)[np.ix_(known, known)])
    single = 2 * stats.norm.sf(largest)  # the smallest p-value of a family without differences
    # Draws cannot tell apart what is rarer than they are; Bonferroni's bound is close there.
    draws = np.searchsorted(single, p_values[known], side="right") / _DRAWS
    bonferroni = np.minimum(len(known) * p_values[known], 1)
    adjusted[known] = np.where(draws * _DRAWS < 20, bonferroni, np.minimum(draws, bonferroni))
    return adjusted, float(max(np.quantile(single, level), level / len(known)))


def correlations(patterns):
    """Return the correlations of statistics by what they vary by; None counts as independent."""
    found = np.eye(len(patterns))
    for i, one in enumerate(patterns):
        for j, other in enumerate(patterns[:i]):
            if one is not None and other is not None and len(one) == len(other):
                size = np.linalg.norm(one) * np.linalg.norm(other)
                found[i, j] = found[j, i] = one @ other / size if size > 0 else 0.0
    return found


def _largest_statistics(correlation):
    """Return the largest of correlated normal statistics in every draw, from high to low."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    draws = np.random.default_rng(0).standard_normal((_DRAWS, len(correlation)))
    return np.sort(np.abs(draws @ root.T).max(1))[::-1]
