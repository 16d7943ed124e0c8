"""Random-effects summary of the scores of several sites."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats


@dataclass(frozen=True)
class RandomEffects:
    """The mean of effects that differ between sites, and what a new site may have.

    Attributes
    ----------
    mean, low, high : float
        The mean over sites and its confidence interval.
    new_low, new_high : float
        Prediction interval of the effect in a new site; nan with fewer than 3 sites.
    tau2 : float
        Variance between sites.
    q, q_p_value : float
        Cochran's Q and its p-value: of one and the same effect in all sites.
    i2 : float
        Share of the variance of the observed effects that is not chance.
    n_sites : int
    """

    mean: float
    low: float
    high: float
    new_low: float
    new_high: float
    tau2: float
    q: float
    q_p_value: float
    i2: float
    n_sites: int


def random_effects(effects, variances, confidence=0.95):
    """Return the RandomEffects of independent effects with known variances.

    The variance between sites is that of Paule and Mandel [1]_, at which the weighted squared
    distances from the mean add up to their expectation. The interval is that of Hartung, Knapp,
    Sidik and Jonkman [2]_ with its factor not below 1, and the prediction interval has two degrees
    of freedom less than there are sites [3]_.

    References
    ----------
    .. [1] Paule, Mandel, "Consensus values and weighting factors", Journal of Research of the
       National Bureau of Standards 87 (1982), doi:10.6028/jres.087.022
    .. [2] IntHout, Ioannidis, Borm, "The Hartung-Knapp-Sidik-Jonkman method for random effects
       meta-analysis is straightforward and considerably outperforms the standard
       DerSimonian-Laird method", BMC Medical Research Methodology 14:25 (2014),
       doi:10.1186/1471-2288-14-25
    .. [3] Higgins, Thompson, Spiegelhalter, "A re-evaluation of random-effects meta-analysis",
       Journal of the Royal Statistical Society A 172 (2009), doi:10.1111/j.1467-985X.2008.00552.x

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._random_effects import random_effects
    >>> found = random_effects(np.array([2.1, 1.4, 1.9, 0.8, 2.6]),
    ...                        np.array([0.04, 0.09, 0.06, 0.12, 0.2]))
    >>> print(f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f}), I2 {found.i2:.0%}")
    1.75 (0.93 to 2.56), I2 75%
    >>> print(f"a new site: {found.new_low:.2f} to {found.new_high:.2f}")
    a new site: -0.32 to 3.82
    """
    n = len(effects)
    fixed = _weighted_mean(effects, 1 / variances)
    q = float((((effects - fixed) ** 2) / variances).sum())
    tau2 = _between(effects, variances)
    weights = 1 / (variances + tau2)
    mean = _weighted_mean(effects, weights)
    factor = (weights * (effects - mean) ** 2).sum() / (n - 1)
    error = np.sqrt(max(factor, 1.0) / weights.sum())
    tail = (1 + confidence) / 2
    reach = stats.t.ppf(tail, n - 1) * error
    beyond = stats.t.ppf(tail, n - 2) * np.sqrt(tau2 + error**2) if n > 2 else np.nan
    numbers = (mean, mean - reach, mean + reach, mean - beyond, mean + beyond, tau2, q)
    i2 = max(0.0, (q - (n - 1)) / q) if q > 0 else 0.0
    return RandomEffects(*map(float, numbers), float(stats.chi2.sf(q, n - 1)), float(i2), n)


def _between(effects, variances):
    """Return the variance between sites at which the generalized Q is its expectation, n - 1."""

    def excess(tau2):
        weights = 1 / (variances + tau2)
        away = (effects - _weighted_mean(effects, weights)) ** 2
        return (weights * away).sum() - (len(effects) - 1)

    if excess(0.0) <= 0:
        return 0.0
    # The effects alone, without the variances within sites, have this sum of squares.
    most = len(effects) * np.var(effects, ddof=1) + variances.max()
    return float(optimize.brentq(excess, 0.0, most, xtol=1e-14, rtol=1e-12))


def _weighted_mean(effects, weights):
    return (weights * effects).sum() / weights.sum()
