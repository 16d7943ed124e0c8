"""Confidence intervals of scores."""

from dataclasses import replace

import numpy as np
from scipy import special, stats

from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.scores._pooled_counts import averaged_values, cannot_rank, pools_counts
from skmedimg.evaluation.scores._score_table import LABEL_SCORES
from skmedimg.evaluation.scores._undefined_distances import undefined_distances
from skmedimg.evaluation.statistics._variance import (
    contributions,
    patients_of,
    repeats_training,
    spread,
)


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
    mean = float(known.mean())
    if _is_perfect(comparison, metric, known, name):
        low, method = _perfect_bound(comparison, name, confidence)
        return Interval(mean, min(low, mean), mean, method)
    intervals = []
    if has_clusters(comparison, metric):
        found = spread(contributions(comparison, name, metric))
        if np.isfinite(found.error):
            low, high = score_limits(comparison.metric(metric), mean, found, confidence)
            intervals.append(Interval(mean, low, high, cluster_method(comparison)))
    over_splits = len(known) > 1 and not pools_counts(comparison, metric)
    if over_splits and (not intervals or moves_with_threshold(comparison, metric)):
        _, low, high = corrected_interval(known, holdout_ratio(comparison.splits), confidence)
        low, high = np.clip([low, high], *_range(comparison.metric(metric))).tolist()
        method = "t interval over splits, corrected for overlap"
        intervals.append(Interval(mean, low, high, method))
    if intervals:
        return max(intervals, key=lambda each: each.high - each.low)
    reason = "a class has a single patient" if pools_counts(comparison, metric) else "one split"
    return Interval(mean, np.nan, np.nan, f"undefined: {reason}")


def has_clusters(comparison, metric):
    """Tell whether variances come from patients: the rows say what each contributes.

    A scorer that saw the fitted models leaves no rows. One repeat of several folds says nothing of
    other training samples, so that the corrected variance over splits is used instead; a single
    test set, and leaving out one patient after the other, have nothing but their patients.
    """
    if comparison.metric(metric).from_scorer:
        return False
    one_test = len(comparison.splits) == 1 or pools_counts(comparison, metric)
    return one_test or repeats_training(comparison)


def moves_with_threshold(comparison, metric):
    """Tell whether a score changes as soon as training moves the threshold between the classes.

    Accuracy and sensitivity do, unlike balanced accuracy near its optimum and ranking scores. A
    threshold moves for all rows at once, which the instability of single rows does not show: of the
    two variances the larger one is taken (bench/studies/error_rates.py, rare classes).
    """
    known = LABEL_SCORES.get(metric)
    if comparison.task != "classification" or comparison.metric(metric).from_scorer:
        return False
    return known.needs == "counts" and metric != "balanced_accuracy"


def cluster_method(comparison):
    """Return in words where the variance comes from."""
    unit = "samples" if comparison.groups is None else "patients"
    if repeats_training(comparison):
        return f"t interval over {unit} and repeats"
    return f"t interval over {unit}, for the models as fitted"


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


def score_limits(metric, mean, found, confidence):
    """Return the limits of a mean score by its Spread, on the scale of `score_statistic`."""
    quantile = stats.t.ppf((1 + confidence) / 2, found.freedom)
    low, high = _range(metric)
    if not _has_logit(metric, mean):
        reach = quantile * found.error
        return float(max(mean - reach, low)), float(min(mean + reach, high))
    share, error = _on_logit_scale(metric, mean, found)
    reach = quantile * error
    limits = special.expit([share - reach, share + reach])
    return tuple((low + (high - low) * limits).tolist())


def score_statistic(metric, mean, constant, found):
    """Return by how many standard errors a mean score is above a constant, such as a baseline's.

    That of a bounded score is taken on the logit scale. Near the end of its range the distribution
    of a score is skewed away from it, and a symmetric interval would leave the range.
    """
    if not (_has_logit(metric, mean) and _has_logit(metric, constant)):
        return float((mean - constant) / found.error) if found.error > 0 else np.nan
    low, high = _range(metric)
    share, error = _on_logit_scale(metric, mean, found)
    return float((share - special.logit((constant - low) / (high - low))) / error)


def _on_logit_scale(metric, mean, found):
    """Return the logit of a mean score's share of its range, and its standard error."""
    low, high = _range(metric)
    share = (mean - low) / (high - low)
    return special.logit(share), found.error / (high - low) / (share * (1 - share))


def _has_logit(metric, value):
    low, high = _range(metric)
    return bool(np.isfinite([low, high]).all() and low < value < high)


def _range(metric):
    """Return the range of a metric, infinite where it is open."""
    return (
        -np.inf if metric.low is None else metric.low,
        np.inf if metric.high is None else metric.high,
    )


def _is_perfect(comparison, metric, known, name):
    return name != comparison.baseline and np.all(known == comparison.metric(metric).high)


def _perfect_bound(comparison, name, confidence):
    """Bound a score that is perfect in every fold, of which no fold can tell the spread."""
    fitted = [each.split for each in comparison.fold_results[name] if not each.failed]
    rows = np.concatenate([s.test for s in fitted if s.repeat == fitted[0].repeat])
    groups = patients_of(comparison, rows)
    n = len(np.unique(groups))
    if comparison.task == "classification":
        labels = comparison.y[rows]
        n = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    return clopper_pearson(n, n, confidence)[0], "exact binomial bound: every fold is perfect"
