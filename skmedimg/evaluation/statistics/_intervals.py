"""Confidence intervals of scores: over splits, corrected for their overlap, or over patients."""

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from scipy import stats

from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.scores._coded_predictions import code_predictions
from skmedimg.evaluation.scores._pooled_counts import (
    averaged_values,
    cannot_rank,
    pooled_scores,
    pools_counts,
)
from skmedimg.evaluation.scores._score_table import score
from skmedimg.evaluation.scores._undefined_distances import undefined_distances

N_RESAMPLES = 1000
_RESAMPLED = WeakKeyDictionary()  # comparison -> {estimator: {metric: resampled means}}


def interval_of(comparison, name, metric, confidence=0.95):
    """Return the Interval of one estimator's mean score, by name of the metric."""
    found = _interval(comparison, name, metric, confidence)
    counts = undefined_distances(comparison.fold_results[name], metric)
    return replace(found, method="; ".join([found.method, *(count for _, count in counts)]))


def _interval(comparison, name, metric, confidence):
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} needs a value between 0 and 1.")
    values = averaged_values(comparison, name, metric)
    known = values[np.isfinite(values)]
    if not len(known):
        lacking = cannot_rank(comparison, metric)
        method = "undefined: every test fold lacks a class" if lacking else "undefined"
        return Interval(np.nan, np.nan, np.nan, method)
    if _is_perfect(comparison, metric, known, name):
        low, method = _perfect_bound(comparison, name, confidence)
        return Interval(known.mean(), min(low, known.mean()), known.mean(), method)
    return _bounded(comparison.metric(metric), _spread(comparison, name, metric, known, confidence))


def corrected_interval(values, test_to_train, confidence=0.95):
    """Return mean, low and high of scores over splits: a t interval corrected for overlap [1]_.

    Training sets of a cross-validation share rows, so scores vary less among splits than they
    would among new data. Nadeau and Bengio widen the variance of the mean from 1/S to
    1/S + test_to_train, the number of rows tested per row trained on.

    References
    ----------
    .. [1] Nadeau, Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003),
       doi:10.1023/A:1024068626366

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._intervals import corrected_interval
    >>> mean, low, high = corrected_interval(np.array([0.9, 0.8, 1.0, 0.9, 0.9]), 1 / 4)
    >>> print(f"{mean:.2f}, {low:.2f} to {high:.2f}")
    0.90, 0.77 to 1.03
    """
    mean, error = np.mean(values), corrected_error(values, test_to_train)
    reach = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * error
    return mean, mean - reach, mean + reach


def corrected_error(values, test_to_train):
    """Return the standard error of a mean over splits whose training sets overlap."""
    return np.sqrt((1 / len(values) + test_to_train) * np.var(values, ddof=1))


def clopper_pearson(hits, n, confidence=0.95):
    """Return exact binomial confidence limits (low, high) of hits / n [1]_.

    Neither needs to be whole: effective sample sizes are not.

    References
    ----------
    .. [1] Clopper, Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of
       the Binomial", Biometrika 26 (1934), doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> from skmedimg.evaluation.statistics._intervals import clopper_pearson
    >>> low, high = clopper_pearson(9, 10)
    >>> print(f"{low:.4f} {high:.4f}")
    0.5550 0.9975
    """
    tail = (1 - confidence) / 2
    hits, tiny = np.asarray(hits, dtype=float), np.finfo(float).tiny
    low = stats.beta.ppf(tail, np.maximum(hits, tiny), n - hits + 1)
    high = stats.beta.ppf(1 - tail, hits + 1, np.maximum(n - hits, tiny))
    return np.where(hits > 0, low, 0.0)[()], np.where(hits < n, high, 1.0)[()]


def holdout_ratio(splits):
    """Return how many rows the splits test per row trained on, on average."""
    return float(np.mean([len(split.test) / len(split.train) for split in splits]))


def _spread(comparison, name, metric, known, confidence):
    """Return the Interval: by the bootstrap where it applies, else the t interval over splits."""
    pooled = pools_counts(comparison, metric)
    if pooled:
        weights = _patient_weights(comparison)
        resampled = pooled_scores(comparison, name, metric, weights).mean(0)
    else:
        resampled = _resampled(comparison, name).get(metric, np.full(1, np.nan))
    if np.isfinite(resampled).mean() > 0.5:
        low, high = _percentiles(resampled[np.isfinite(resampled)], known.mean(), confidence)
        unit = "rows" if comparison.groups is None else "patients"
        place = "over all folds of a repeat" if pooled else "within folds"
        return Interval(known.mean(), low, high, f"bootstrap of {unit} {place}")
    if pooled:
        return Interval(known.mean(), np.nan, np.nan, "undefined: resamples lack a class")
    if len(known) < 2:
        return Interval(known.mean(), np.nan, np.nan, "undefined from one split")
    mean, low, high = corrected_interval(known, holdout_ratio(comparison.splits), confidence)
    return Interval(mean, low, high, "t interval over splits, corrected for overlap")


def _resampled(comparison, name):
    """Return resampled means by metric; none where the splits alone give the interval."""
    # Without patients, resampled rows would miss what another training set changes.
    if comparison.groups is None and len(comparison.splits) > 1:
        return {}
    known = _RESAMPLED.setdefault(comparison, {})
    if name not in known:
        known[name] = _resample(comparison, name)
    return known[name]


def _resample(comparison, name):
    """Return {metric: resampled means} of the metrics that predictions alone give."""
    metrics = [metric.name for metric in comparison.metrics if not metric.from_scorer]
    weights = _patient_weights(comparison)
    per_split = {metric: [] for metric in metrics}
    for result in comparison.fold_results[name]:
        if result.predictions is not None:
            test = result.split.test
            drawn = weights[:, test]
            coded = code_predictions(comparison, result.split, result.predictions, drawn)
            for metric in metrics:
                per_split[metric].append(score(coded, metric))
    return {metric: _mean_known(values) for metric, values in per_split.items() if values}


def _patient_weights(comparison):
    """Return how often a bootstrap [1]_ draws each row's patient: (N_RESAMPLES, n_rows).

    References
    ----------
    .. [1] Efron, "Bootstrap Methods: Another Look at the Jackknife", The Annals of Statistics 7
       (1979), doi:10.1214/aos/1176344552
    """
    n_rows = len(comparison.y)
    groups = np.arange(n_rows) if comparison.groups is None else comparison.groups
    _, patient = np.unique(groups, return_inverse=True)
    n_patients = patient.max() + 1
    draws = np.random.RandomState(comparison.random_state)
    shares = np.full(n_patients, 1 / n_patients)
    return draws.multinomial(n_patients, shares, size=N_RESAMPLES)[:, patient]


def _mean_known(values):
    """Return the mean over splits of resampled scores; a split without a score is left out."""
    values = np.stack(values)
    known = np.isfinite(values)
    count = known.sum(0)
    total = np.where(known, values, 0).sum(0)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)


def _percentiles(resampled, mean, confidence):
    """Return percentiles, moved by as much as resampling moved the median, as it does with ECE.

    The median lies between them, and so does the mean once they have moved. The mean of the
    resamples would not do: the rare one that draws a single class scores 1 and drags it along.
    """
    tail = (1 - confidence) / 2
    return np.quantile(resampled, [tail, 1 - tail]) - (np.median(resampled) - mean)


def _bounded(metric, interval):
    """Return an Interval cut at the range of its metric."""
    low = interval.low if metric.low is None else max(interval.low, metric.low)
    high = interval.high if metric.high is None else min(interval.high, metric.high)
    return Interval(*(float(value) for value in (interval.mean, low, high)), interval.method)


def _is_perfect(comparison, metric, known, name):
    return name != comparison.baseline and np.all(known == comparison.metric(metric).high)


def _perfect_bound(comparison, name, confidence):
    """Bound a score that is perfect in every fold, of which no fold can tell the spread."""
    fitted = [each.split for each in comparison.fold_results[name] if not each.failed]
    rows = np.concatenate([s.test for s in fitted if s.repeat == fitted[0].repeat])
    groups = rows if comparison.groups is None else comparison.groups[rows]
    n = len(np.unique(groups))
    if comparison.task == "classification":
        labels = comparison.y[rows]
        n = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    return clopper_pearson(n, n, confidence)[0], "exact binomial bound: every fold is perfect"
