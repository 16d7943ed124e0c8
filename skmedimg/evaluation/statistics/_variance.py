"""The variance of a score of a learning procedure: over patients, and over training."""

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from skmedimg.evaluation.scores._influence import influences
from skmedimg.evaluation.scores._pooled_counts import averaged_values, pools_counts
from skmedimg.evaluation.scores._positive_label import code_labels

# bench/studies/error_rates.py compares these with other choices.
_FACTOR, _MOST, _REPEATS = 2.5, 2.0, 5
_KNOWN = WeakKeyDictionary()  # comparison -> {(estimator, metric): Contributions}


@dataclass(frozen=True, eq=False)
class Contributions:
    """What rows, patients and repeats contribute to a mean score, or to a difference of two.

    Attributes
    ----------
    rows : ndarray of shape (n_repeats, n_tested)
        The influence of every tested row in every repeat.
    repeats : ndarray of shape (n_repeats,)
        The score of each repeat.
    patient, kind : ndarray of int of shape (n_tested,)
        Positions of the patient and of the class of each row.
    """

    rows: np.ndarray
    repeats: np.ndarray
    patient: np.ndarray
    kind: np.ndarray

    def __sub__(self, other):
        return replace(self, rows=self.rows - other.rows, repeats=self.repeats - other.repeats)


@dataclass(frozen=True)
class Spread:
    """The standard error of a mean score, its degrees of freedom, and the variances it adds up."""

    error: float
    freedom: float
    over_patients: float
    of_training: float


def patients_of(comparison, rows):
    """Return the patient of each of some rows; without `groups` every row is one of its own."""
    return rows if comparison.groups is None else comparison.groups[rows]


def repeats_training(comparison):
    """Tell whether repeats test the same rows after training on other samples of them."""
    repeats = {split.repeat for split in comparison.splits}
    tested = [comparison.rows(repeat) for repeat in repeats]
    return len(repeats) > 1 and all(np.array_equal(tested[0], rows) for rows in tested)


def contributions(comparison, name, metric):
    """Return the Contributions to one estimator's mean score, by name of the metric."""
    known = _KNOWN.setdefault(comparison, {})
    if (name, metric) not in known:
        known[name, metric] = _contributions(comparison, name, metric)
    return known[name, metric]


def spread(found):
    """Return the Spread of Contributions; its error is nan where a class has a single patient.

    The variance over patients is that of a sum over clusters [1]_, class by class. How much another
    training sample would change the score has no unbiased estimate from one data set [2]_, but it
    shows in the predictions: the same row is predicted in every repeat by a model trained on other
    rows. The instability is the variance of a row's influence between repeats by its mean square.
    In simulations, on images too, the variance of training was the variance over patients times
    `_FACTOR` times the square of the instability, up to `_MOST` times. Repeats that differ by more
    than rows that change independently, such as by a training that fails now and then, add what
    their mean still varies by, on its own degrees of freedom [3]_.

    References
    ----------
    .. [1] Cameron, Miller, "A Practitioner's Guide to Cluster-Robust Inference", Journal of Human
       Resources 50 (2015), doi:10.3368/jhr.50.2.317
    .. [2] Bengio, Grandvalet, "No Unbiased Estimator of the Variance of K-Fold Cross-Validation",
       Journal of Machine Learning Research 5 (2004), https://jmlr.org/papers/v5/grandvalet04a.html
    .. [3] Satterthwaite, "An Approximate Distribution of Estimates of Variance Components",
       Biometrics Bulletin 2 (1946), doi:10.2307/3002019
    """
    means = found.rows.mean(0)
    over_patients, freedom = cluster_variance(means, found.patient, found.kind)
    parts = [(over_patients, freedom)]
    n_repeats = len(found.rows)
    if n_repeats > 1 and over_patients > 0:
        within = found.rows.var(axis=0, ddof=1).sum()
        # The mean square as it is with _REPEATS repeats, so that their number does not matter.
        square = (means**2).sum() + within * (1 / _REPEATS - 1 / n_repeats)
        instability = within / square if square > 0 else 1.0
        training = over_patients * min(_FACTOR * instability**2, _MOST)
        parts[0] = (over_patients + training, freedom)
        changes = [np.bincount(found.patient, each) for each in found.rows]
        excess = found.repeats.var(ddof=1) - np.var(changes, axis=0, ddof=1).sum()
        parts.append((max(excess, 0.0) / n_repeats, n_repeats - 1))
    variances, freedoms = np.array(parts).T
    total = variances.sum()
    if total > 0:
        freedom = total**2 / (variances**2 / freedoms).sum()
    return Spread(
        float(np.sqrt(total)), float(freedom), float(over_patients), float(total - over_patients)
    )


def cluster_variance(influence, patient, kind):
    """Return the variance of a sum of influences over patients, and its degrees of freedom.

    `patient` and `kind` are positions: of the patient of each row, and of its class. Without a
    second patient in a class that varies they are nan.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._variance import cluster_variance
    >>> right = np.array([1.0, 1, 1, 0, 1, 1, 0, 1])
    >>> influence = (right - right.mean()) / 8
    >>> variance, freedom = cluster_variance(influence, np.arange(8), np.zeros(8, dtype=int))
    >>> print(f"{variance:.5f} = {right.var(ddof=1) / 8:.5f} on {freedom:.0f}")
    0.02679 = 0.02679 on 7
    """
    n_patients, n_kinds = patient.max() + 1, kind.max() + 1
    cell, n_cells = patient * n_kinds + kind, n_patients * n_kinds
    sums = np.bincount(cell, influence, n_cells).reshape(n_patients, n_kinds)
    there = np.bincount(cell, minlength=n_cells).reshape(n_patients, n_kinds) > 0
    varies = (np.abs(sums) > 1e-15).any(0)
    n = there.sum(0)[varies]
    if not varies.any():
        return 0.0, float(n_patients - 1)
    if (n < 2).any():
        return np.nan, np.nan
    products = sums[:, varies].T @ sums[:, varies]
    own = np.diagonal(products) * n / (n - 1)
    # What a patient with rows of several classes contributes to two of them varies together.
    shared = (products.sum() - np.trace(products)) * n_patients / (n_patients - 1)
    freedom = own.sum() ** 2 / (own**2 / (n - 1)).sum()
    return float(max(own.sum() + shared, 0.0)), float(freedom)


def _contributions(comparison, name, metric):
    by_row = influences(comparison, name, metric)
    by_row = by_row[np.isfinite(by_row).all(1)]
    rows = comparison.rows()
    _, patient = np.unique(patients_of(comparison, rows), return_inverse=True)
    kind = np.zeros(len(rows), dtype=int)
    if comparison.task == "classification":
        kind = code_labels(comparison.y[rows], comparison.classes)
    values = _of_repeats(comparison, name, metric)
    return Contributions(by_row[:, rows], values, patient, kind)


def _of_repeats(comparison, name, metric):
    """Return the mean score of every repeat that has one."""
    values = averaged_values(comparison, name, metric)
    if pools_counts(comparison, metric):
        return values
    repeat = np.array([split.repeat for split in comparison.splits])
    means = []
    for each in np.unique(repeat):
        known = values[repeat == each]
        known = known[np.isfinite(known)]
        if len(known):
            means.append(known.mean())
    return np.array(means)
