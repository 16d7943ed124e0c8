"""Confidence intervals of scores: over splits, corrected for their overlap, or over patients."""

from weakref import WeakKeyDictionary

import numpy as np
from scipy import stats

from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.scores._score_table import (
    LABEL_SCORES,
    MASK_SCORES,
    LabelAnswer,
    MaskAnswer,
    score,
)

N_RESAMPLES = 1000
_RESAMPLED = WeakKeyDictionary()  # comparison -> {estimator: {metric: resampled means}}


def interval_of(comparison, name, metric, confidence=0.95):
    """Return the mean of one score and its confidence interval.

    Parameters
    ----------
    comparison : Comparison
    name : str
    metric : str
    confidence : float, default=0.95

    Returns
    -------
    interval : Interval
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} needs a value between 0 and 1.")
    values = comparison.values(name, metric)
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(np.nan, np.nan, np.nan, "undefined")
    if _is_perfect(comparison, metric, known, name):
        low, method = _perfect_bound(comparison, confidence)
        return Interval(known.mean(), min(low, known.mean()), known.mean(), method)
    return _bounded(comparison.metric(metric), _spread(comparison, name, metric, known, confidence))


def corrected_interval(values, test_to_train, confidence=0.95):
    """Return the mean of scores over splits with a t interval corrected for overlap.

    Training sets of a cross-validation share rows, so scores vary less among splits than they
    would among new data. Nadeau and Bengio (2003) widen the variance of the mean from 1/S to
    1/S + n_test/n_train.

    Parameters
    ----------
    values : ndarray of shape (n_splits,)
    test_to_train : float
        Rows tested per row trained on.
    confidence : float, default=0.95

    Returns
    -------
    mean, low, high : float

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
    """Return the standard error of a mean over splits whose training sets overlap.

    Parameters
    ----------
    values : ndarray of shape (n_splits,)
    test_to_train : float

    Returns
    -------
    error : float
    """
    return np.sqrt((1 / len(values) + test_to_train) * np.var(values, ddof=1))


def clopper_pearson(hits, n, confidence=0.95):
    """Return exact binomial confidence limits of a share.

    Parameters
    ----------
    hits : float or ndarray
        Successes; need not be whole, for effective sample sizes.
    n : float
        Trials.
    confidence : float, default=0.95

    Returns
    -------
    low, high : float or ndarray

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
    """Return how many rows are tested per row trained on, on average.

    Parameters
    ----------
    splits : sequence of Split

    Returns
    -------
    ratio : float
    """
    return float(np.mean([len(split.test) / len(split.train) for split in splits]))


def answer_under(comparison, name, number, weights):
    """Return one answer, coded, under one or many weightings of its test rows.

    Parameters
    ----------
    comparison : Comparison
    name : str
    number : int
        Position of the split.
    weights : ndarray of shape (n_weightings, n_test)

    Returns
    -------
    answer : LabelAnswer or MaskAnswer
    """
    given, truth = comparison.answers[name][number], comparison.y[comparison.splits[number].test]
    return weigh(comparison, truth, given, weights)


def weigh(data, truth, given, weights):
    """Code an answer by class and attach weights.

    Parameters
    ----------
    data : Comparison or other object with `task`, `classes`, `pos_label` and `y`
    truth : ndarray of shape (n_test, ...)
    given : Answer
    weights : ndarray of shape (n_weightings, n_test)

    Returns
    -------
    answer : LabelAnswer or MaskAnswer
    """
    if data.task == "segmentation":
        labels = np.unique(data.y)
        return MaskAnswer(truth, given.predicted, labels[labels != 0], weights)
    classes, positive = data.classes, None
    if data.pos_label is not None:
        positive = [label == data.pos_label for label in classes].index(True)
    return LabelAnswer(
        code_labels(truth, classes), code_labels(given.predicted, classes), given.ranking,
        given.probabilistic, len(classes), positive, weights,
    )  # fmt: skip


def _spread(comparison, name, metric, known, confidence):
    resampled = _resampled(comparison, name).get(metric, np.full(1, np.nan))
    if np.isfinite(resampled).mean() > 0.5:
        low, high = _percentiles(resampled[np.isfinite(resampled)], known.mean(), confidence)
        unit = "rows" if comparison.groups is None else "patients"
        return Interval(known.mean(), low, high, f"bootstrap of {unit} within folds")
    if len(known) < 2:
        return Interval(known.mean(), np.nan, np.nan, "undefined from one split")
    mean, low, high = corrected_interval(known, holdout_ratio(comparison.splits), confidence)
    return Interval(mean, low, high, "t interval over splits, corrected for overlap")


def _resampled(comparison, name):
    """Return resampled means by metric; none where the splits alone give the interval."""
    if comparison.groups is None and len(comparison.splits) > 1:
        return {}
    known = _RESAMPLED.setdefault(comparison, {})
    if name not in known:
        known[name] = _resample(comparison, name)
    return known[name]


def _resample(comparison, name):
    table = LABEL_SCORES if comparison.task == "classification" else MASK_SCORES
    metrics = [metric.name for metric in comparison.metrics if metric.name in table]
    weights = _patient_weights(comparison)
    per_split = {metric: [] for metric in metrics}
    for number, split in enumerate(comparison.splits):
        if comparison.answers[name][number] is not None:
            answer = answer_under(comparison, name, number, weights[:, split.test])
            for metric in metrics:
                per_split[metric].append(score(answer, metric))
    return {metric: _mean_known(values) for metric, values in per_split.items() if values}


def _patient_weights(comparison):
    """Draw patients with replacement: how often each row's patient was drawn."""
    n_rows = len(comparison.y)
    groups = np.arange(n_rows) if comparison.groups is None else comparison.groups
    _, patient = np.unique(groups, return_inverse=True)
    n_patients = patient.max() + 1
    draws = np.random.RandomState(comparison.random_state)
    shares = np.full(n_patients, 1 / n_patients)
    return draws.multinomial(n_patients, shares, size=N_RESAMPLES)[:, patient]


def _mean_known(values):
    values = np.stack(values)
    known = np.isfinite(values)
    count = known.sum(0)
    total = np.where(known, values, 0).sum(0)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)


def _percentiles(resampled, mean, confidence):
    """Take percentiles, moved by as much as resampling moved the median, as it does with ECE.

    The median lies between them, and so does the mean once they have moved. The mean of the
    resamples would not do: the rare one that draws a single class scores 1 and drags it along.
    """
    tail = (1 - confidence) / 2
    return np.quantile(resampled, [tail, 1 - tail]) - (np.median(resampled) - mean)


def _bounded(metric, interval):
    low = interval.low if metric.low is None else max(interval.low, metric.low)
    high = interval.high if metric.high is None else min(interval.high, metric.high)
    return Interval(*(float(value) for value in (interval.mean, low, high)), interval.method)


def _is_perfect(comparison, metric, known, name):
    return name != comparison.baseline and np.all(known == comparison.metric(metric).high)


def _perfect_bound(comparison, confidence):
    """Bound a score that is perfect in every fold, of which no fold can tell the spread."""
    rows = comparison.rows(0)
    groups = rows if comparison.groups is None else comparison.groups[rows]
    n = len(np.unique(groups))
    if comparison.task == "classification":
        labels = comparison.y[rows]
        n = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    return clopper_pearson(n, n, confidence)[0], "exact binomial bound: every fold is perfect"
