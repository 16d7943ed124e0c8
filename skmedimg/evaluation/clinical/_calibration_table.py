"""Calibration of out-of-fold probabilities: its line, its ratio, and the bins of its curve."""

import numpy as np

from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.clinical._pooled_rows import (
    fitted_repeats,
    influence_interval,
)
from skmedimg.evaluation.clinical._two_classes import (
    NO_PROBABILITIES,
    chance,
    check_two_classes,
    models_with_probabilities,
    notes_on,
)
from skmedimg.evaluation.scores._calibration_line import (
    calibration_line,
    line_influence,
    observed_to_expected,
    ratio_influence,
)
from skmedimg.evaluation.statistics._intervals import clopper_pearson
from skmedimg.evaluation.statistics._variance import cluster_variance, patients_of


def calibration_frame(comparison, name=None, confidence=0.95):
    """Return the DataFrame of `Comparison.calibration`."""
    import pandas as pd

    check_two_classes(comparison, "calibration")
    has = models_with_probabilities(comparison, name, "calibration")
    rows = {each: _row(comparison, each, confidence) for each, known in has.items() if known}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("estimator")
    frame.attrs["warnings"] = [
        f"{each}: {NO_PROBABILITIES}" for each, known in has.items() if not known
    ]
    return frame


def _row(comparison, name, confidence):
    """Return the three values of one model with their limits, and its warnings."""
    repeats = []
    for rows, results in fitted_repeats(comparison, name):
        scores = np.concatenate([chance(comparison, each) for each in results])
        repeats.append((rows, comparison.y[rows] == comparison.pos_label, scores))
    row = {}
    for key, (measure, influence) in _MEASURES.items():
        found = _interval(comparison, repeats, measure, influence, confidence)
        row |= {key: found.mean, f"{key} low": found.low, f"{key} high": found.high}
    return row | {"warnings": notes_on(comparison, name)}


def _interval(comparison, repeats, measure, influence, confidence):
    """Return the Interval of one measure; nan where no finite line fits in some repeat."""
    values = [measure(positive, scores) for _, positive, scores in repeats]
    if not values or not np.isfinite(values).all():
        return Interval(np.nan, np.nan, np.nan, "undefined")
    parts = [(rows, influence(positive, scores)) for rows, positive, scores in repeats]
    return influence_interval(comparison, parts, values, confidence)


def _one(n):
    return np.ones((1, n))


_MEASURES = {
    "calibration_intercept": (
        lambda y, p: calibration_line(y, p, _one(len(y)), slope=False)[0][0],
        lambda y, p: line_influence(y, p, slope=False)[0],
    ),
    "calibration_slope": (
        lambda y, p: calibration_line(y, p, _one(len(y)))[1][0],
        lambda y, p: line_influence(y, p)[1],
    ),
    "observed_expected": (
        lambda y, p: observed_to_expected(y, p, _one(len(y)))[0],
        ratio_influence,
    ),
}


def calibration_bins(comparison, name, repeat=0, confidence=0.95):
    """Return a DataFrame with a row per bin of equal numbers of rows: what happened in it.

    Limits of the observed share are exact binomial ones; those of images of the same patients have
    the number of independent images that would vary as much.
    """
    import pandas as pd

    positive = comparison.truth(repeat) == comparison.pos_label
    scores = comparison.probabilities(name, repeat)[:, comparison.positive_column]
    patients = patients_of(comparison, comparison.rows(repeat))
    bin_of = _quantile_bins(scores)
    rows = []
    for each in np.unique(bin_of):
        there = bin_of == each
        low, high = _limits(positive[there], patients[there], confidence)
        share, n_patients = positive[there].mean(), len(np.unique(patients[there]))
        rows.append((scores[there].mean(), share, low, high, int(there.sum()), n_patients))
    columns = ["probability", "observed", "low", "high", "images", "patients"]
    return pd.DataFrame(rows, columns=columns)


def bins_for(scores):
    """Return the number of bins: fewer rows get fewer of them, so that each holds 20 or more."""
    return 10 if len(scores) >= 200 else 5


def _quantile_bins(scores):
    """Return the bin of every score."""
    edges = np.percentile(scores, np.linspace(0, 100, bins_for(scores) + 1))
    return np.searchsorted(edges[1:-1], scores)


def _limits(positive, patients, confidence):
    """Return the limits of a share of rows of patients."""
    share, (_, patient) = positive.mean(), np.unique(patients, return_inverse=True)
    n = patient.max() + 1
    if 0 < share < 1 and n > 1:
        influence = (positive - share) / len(positive)
        variance = cluster_variance(influence, patient, np.zeros(len(patient), dtype=int))[0]
        # As many independent images as have this variance; it is unbiased, so that one is added.
        n = min(share * (1 - share) / variance + 1, len(positive)) if variance > 0 else n
    return clopper_pearson(share * n, n, confidence)
