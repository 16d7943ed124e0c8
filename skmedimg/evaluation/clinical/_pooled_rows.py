"""Means over all tested rows of a repeat, and their intervals over patients and training."""

import numpy as np
from scipy import stats

from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.statistics._intervals import cluster_method
from skmedimg.evaluation.statistics._variance import Contributions, patients_of, spread


def fitted_repeats(comparison, name):
    """Yield (rows, FoldResults) of the fits of each repeat that succeeded; rows are as tested."""
    for repeat in sorted({split.repeat for split in comparison.splits}):
        results = [
            each
            for each in comparison.fold_results[name]
            if each.split.repeat == repeat and not each.failed
        ]
        if results:
            yield np.concatenate([each.split.test for each in results]), results


def mean_interval(comparison, repeats, confidence=0.95):
    """Return the Interval of a mean over rows; `repeats` holds (rows, value of each row)."""
    means = [values.mean() for _, values in repeats]
    influence = [
        (rows, (values - mean) / len(values))
        for (rows, values), mean in zip(repeats, means, strict=True)
    ]
    return influence_interval(comparison, influence, means, confidence)


def influence_interval(comparison, influence, values, confidence=0.95):
    """Return the Interval of the mean over repeats of `values`.

    `influence` holds (rows, influence of each row on the value) of every repeat.
    """
    mean = float(np.mean(values))
    found = spread(row_contributions(comparison, influence, values))
    reach = stats.t.ppf((1 + confidence) / 2, found.freedom) * found.error
    return Interval(mean, mean - float(reach), mean + float(reach), cluster_method(comparison))


def row_contributions(comparison, influence, values):
    """Return the Contributions of (rows, influence) of every repeat."""
    by_row = np.zeros((len(influence), len(comparison.y)))
    for place, (rows, part) in enumerate(influence):
        by_row[place, rows] = part
    rows = np.unique(np.concatenate([rows for rows, _ in influence]))
    _, patient = np.unique(patients_of(comparison, rows), return_inverse=True)
    kind = code_labels(comparison.y[rows], comparison.classes)
    return Contributions(by_row[:, rows], np.asarray(values, dtype=float), patient, kind)
