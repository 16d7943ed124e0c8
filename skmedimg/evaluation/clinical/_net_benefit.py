"""Decision curve analysis: the net benefit of acting on predictions."""

import numpy as np
from scipy import stats

from skmedimg.evaluation.clinical._pooled_rows import (
    fitted_repeats,
    mean_interval,
    row_contributions,
)
from skmedimg.evaluation.clinical._two_classes import (
    chance,
    check_share,
    check_two_classes,
    models_with_probabilities,
)
from skmedimg.evaluation.statistics._variance import cluster_variance

TREAT_ALL, TREAT_NONE = "treat all", "treat none"
_THRESHOLDS = np.arange(1, 100) / 100


def net_benefit_frame(comparison, thresholds=None, name=None, confidence=0.95):
    """Return the DataFrame of `Comparison.net_benefit`."""
    import pandas as pd

    check_two_classes(comparison, "net_benefit")
    given = np.atleast_1d(_THRESHOLDS if thresholds is None else thresholds).tolist()
    for each in given:
        check_share("thresholds", each)
    has = models_with_probabilities(comparison, name, "net_benefit")
    rows = [
        (each, threshold, *limits)
        for each in (each for each, known in has.items() if known)
        for threshold, limits in zip(
            given, _curve(comparison, each, given, confidence), strict=True
        )
    ]
    rows += [(TREAT_ALL, each, *_treat_all(comparison, each, confidence)) for each in given]
    rows += [(TREAT_NONE, each, 0.0, 0.0, 0.0) for each in given]
    return pd.DataFrame(rows, columns=["strategy", "threshold", "net_benefit", "low", "high"])


def _curve(comparison, name, thresholds, confidence):
    """Yield (net benefit, low, high) of a model at every threshold."""
    repeats = [
        (
            rows,
            _positive(comparison, rows),
            np.concatenate([chance(comparison, r) for r in results]),
        )
        for rows, results in fitted_repeats(comparison, name)
    ]
    for threshold in thresholds:
        values = [(rows, _benefit(ill, p >= threshold, threshold)) for rows, ill, p in repeats]
        found = mean_interval(comparison, values, confidence)
        yield found.mean, found.low, found.high


def _benefit(ill, treated, threshold):
    """Return the benefit of each row: 1 for a true positive, less the odds for a false one."""
    return treated * np.where(ill, 1.0, -threshold / (1 - threshold))


def _treat_all(comparison, threshold, confidence):
    """Return (net benefit, low, high) of treating everybody, which only patients vary."""
    rows = comparison.rows()
    values = _benefit(_positive(comparison, rows), True, threshold)
    mean = values.mean()
    found = row_contributions(comparison, [(rows, (values - mean) / len(values))], [mean])
    variance, freedom = cluster_variance(found.rows[0], found.patient, found.kind)
    reach = stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance)
    return mean, mean - reach, mean + reach


def _positive(comparison, rows):
    return comparison.y[rows] == comparison.pos_label
