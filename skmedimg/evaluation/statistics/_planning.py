"""What a study can find, and how many patients it takes to find more."""

from itertools import combinations

import numpy as np
from scipy import optimize, stats

from skmedimg.evaluation.statistics._procedure_tests import procedure_tests
from skmedimg.evaluation.statistics._variance import patients_of

ALPHA, POWER = 0.05, 0.8


def t_power(difference, error, freedom, alpha=ALPHA):
    """Return how often a two-sided t-test finds a true difference, by the noncentral t [1]_.

    References
    ----------
    .. [1] Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition, Lawrence
       Erlbaum (1988), doi:10.4324/9780203771587

    Examples
    --------
    >>> from skmedimg.evaluation.statistics._planning import t_power
    >>> round(t_power(0.5, 1 / 34**0.5, 33), 2)  # Cohen's medium effect, 34 patients
    0.81
    """
    bound = stats.t.ppf(1 - alpha / 2, freedom)
    noncentral = abs(difference) / error
    with np.errstate(all="ignore"):
        below = stats.nct.cdf(-bound, freedom, noncentral)
        above = stats.nct.sf(bound, freedom, noncentral)
    return float(np.nan_to_num(above, nan=1.0) + np.nan_to_num(below))


def detectable_difference(error, freedom, power=POWER, alpha=ALPHA):
    """Return the smallest true difference that a t-test finds with `power`; nan without an error.

    Examples
    --------
    >>> from skmedimg.evaluation.statistics._planning import detectable_difference
    >>> round(detectable_difference(0.02, 60), 3)
    0.057
    """
    if not (error > 0 and np.isfinite(freedom)):
        return np.nan
    largest = 2 * (stats.t.ppf(1 - alpha / 2, freedom) + stats.t.ppf(power, freedom))
    found = optimize.brentq(lambda d: t_power(d, 1.0, freedom, alpha) - power, 1e-6, largest)
    return float(found * error)


def patients_needed(difference, error, freedom, n_patients, power=POWER, alpha=ALPHA):
    """Return how many patients a study needs to find a true difference with `power`.

    The variance of the study at hand, over patients and over training, is taken to fall as one over
    the number of patients.

    Examples
    --------
    >>> from skmedimg.evaluation.statistics._planning import patients_needed
    >>> patients_needed(0.05, 0.04, 78, 80)
    404
    """

    def lacking(n):
        scale = n / n_patients
        return t_power(difference, error / np.sqrt(scale), freedom * scale, alpha) - power

    least = max(2, 2 * n_patients / freedom)
    if lacking(least) >= 0:
        return int(np.ceil(least))
    most = least
    while lacking(most) < 0:
        most *= 2
    return int(np.ceil(optimize.brentq(lacking, most / 2, most, xtol=1e-3)))


def how_many(comparison, difference, reference, metric, power):
    """Return the Series of `Comparison.how_many`."""
    import pandas as pd

    if isinstance(difference, bool) or not difference > 0:
        raise ValueError(f"difference={difference!r} needs a positive number, such as 0.05.")
    if not 0 < power < 1:
        raise ValueError(f"power={power!r} needs a number between 0 and 1.")
    names = [name for name in comparison.names if name != comparison.baseline]
    if reference is not None or len(names) < 2:
        names = comparison.names
    if reference is not None:
        comparison._check_name(reference)
    pairs = [pair for pair in combinations(names, 2) if reference in (None, *pair)]
    index = pd.MultiIndex.from_tuples(pairs, names=["first", "second"])
    needed = [_needed(comparison, difference, pair, metric, power) for pair in pairs]
    return pd.Series(needed, index=index, dtype="Int64", name="patients")


def _needed(comparison, difference, pair, metric, power):
    """Return the number of patients for one pair, or None where it cannot be tested."""
    found = procedure_tests(comparison, *pair, metric)[0]
    error, freedom = found.difference.error, found.difference.freedom
    if found.reason or not np.isfinite(error):
        return None
    n_patients = len(np.unique(patients_of(comparison, comparison.rows())))
    return patients_needed(difference, error, freedom, n_patients, power)
