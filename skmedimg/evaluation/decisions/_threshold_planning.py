"""How many positives a promised sensitivity takes, and what more of them would give."""

from numbers import Integral, Real

import numpy as np
from scipy import stats

from skmedimg._sklearn import Interval, validate_params


@validate_params(
    {
        "sensitivity": [Interval(Real, 0, 1, closed="neither")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "missed": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def positives_needed(sensitivity, confidence=0.95, *, missed=0):
    """Return how many positive patients can show a sensitivity, if so many of them are missed.

    It is the smallest number whose one-sided Clopper-Pearson bound [1]_ reaches the sensitivity.
    For a specificity, read negatives and false alarms.

    Parameters
    ----------
    sensitivity : float
        Between 0 and 1.
    confidence : float, default=0.95
        One-sided.
    missed : int, default=0
        Positives below the threshold. With none allowed, a single odd patient sets the threshold;
        with more patients some may be missed, and the threshold is more specific.

    Returns
    -------
    n_positives : int

    See Also
    --------
    ThresholdAt
        A binary classifier whose threshold meets a constraint, such as a sensitivity of 95
        %.

    References
    ----------
    .. [1] Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial limits
       illustrated in the case of the binomial. Biometrika, 26(4), 404-413.
       https://doi.org/10.1093/biomet/26.4.404

    Examples
    --------
    >>> from skmedimg.evaluation import positives_needed
    >>> [positives_needed(0.95, missed=missed) for missed in (0, 1, 5)]
    [59, 93, 208]
    """
    if missed == 0:
        # With n of n found the bound is (1 - confidence) ** (1 / n).
        return int(np.ceil(np.log1p(-confidence) / np.log(sensitivity)))
    enough = missed + 1
    while not _shows(enough, missed, sensitivity, confidence):
        enough *= 2
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if _shows(middle, missed, sensitivity, confidence):
            enough = middle
        else:
            too_few = middle
    return int(enough)


def allowed_misses(n, share, confidence):
    """Return how many of n cases may be missed while a share is met, -1 where n are too few."""
    if confidence is None:
        return min(int(np.floor((1 - share) * n + 1e-9)), n - 1)
    # The quantile is the smallest count whose probability reaches 1 - confidence: one less is
    # below it, unless it is equal.
    misses = int(stats.binom.ppf(1 - confidence, n, 1 - share))
    misses = misses if _shows(n, misses, share, confidence) else misses - 1
    return min(misses, n - 1)


def plan_table(n_cases, share, confidence, constrained, other, n_seen):
    """Return a table of what so many cases of the constrained class give, one row per number.

    `constrained` falls and `other` rises along the thresholds: shares of `n_seen` cases that no
    model was trained on.
    """
    import pandas as pd

    curve = _other_by_miss_rate(constrained, other, n_seen)
    rows = []
    for n in n_cases:
        misses = allowed_misses(n, share, confidence)
        if misses < 0:
            rows.append((n, None, np.nan, np.nan))
            continue
        # The share that a threshold at the k-th lowest of n scores misses of new cases is
        # distributed as Beta(k, n - k + 1), whatever the scores look like.
        miss_rate = stats.beta(misses + 1, n - misses)
        levels = miss_rate.ppf((np.arange(400) + 0.5) / 400)
        rows.append((n, misses, miss_rate.cdf(1 - share), np.interp(levels, *curve).mean()))
    table = pd.DataFrame(rows, columns=["n", "misses_allowed", "probability", "expected"])
    return table.astype({"misses_allowed": "Int64"}).set_index("n")


def _other_by_miss_rate(constrained, other, n_seen):
    """Return rising miss rates of new cases, and the other share that goes with each."""
    missed = 1 - constrained
    # Rounded, so that equal shares are ties in spite of floating point.
    levels, first = np.unique(np.round(missed, 12), return_index=True)
    # The last threshold of a level has the best other share.
    best = np.append(other[first[1:] - 1], other[-1])
    # A threshold at the k-th lowest of n scores misses k / (n + 1) of new cases on average, though
    # k - 1 of the n. Below 1 / (n + 1) nothing was seen, so the other share falls to 0.
    levels = np.minimum((levels * n_seen + 1) / (n_seen + 1), 1)
    return np.concatenate([[0], levels]), np.concatenate([[0], best])


def _shows(n, missed, share, confidence):
    """Return whether the lower bound of n - missed out of n reaches a share."""
    return stats.binom.cdf(missed, n, 1 - share) <= (1 - confidence) * (1 + 1e-12)
