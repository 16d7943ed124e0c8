"""Scores of some rows of a comparison, and what each patient contributes to them."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from skmedimg.evaluation.scores._coded_predictions import LabelPredictions, code_predictions
from skmedimg.evaluation.scores._influence import RANKING_SCORES, fold_influences
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.scores._score_table import score
from skmedimg.evaluation.statistics._intervals import clopper_pearson, score_limits
from skmedimg.evaluation.statistics._variance import (
    Contributions,
    Spread,
    patients_of,
    spread,
)


@dataclass(frozen=True, eq=False)
class GroupScore:
    """The score of some rows, and what it varies by.

    Attributes
    ----------
    value : float
        Mean over the repeats; nan where it is undefined.
    found : Spread
    n : int
        Patients, of the rarest class where there are classes.
    contributions : Contributions or None
    """

    value: float
    found: Spread
    n: int
    contributions: Contributions = None


def score_group(comparison, name, metric, member):
    """Return the GroupScore of the rows where `member` is true, by name of the metric.

    The rows of all folds of a repeat are scored together, since a fold has few rows of a small
    group. Decision scores of two folds come from two models and are not ranked against each other:
    ROC AUC and average precision are means over folds, weighted by pairs and by positives.
    """
    rows = np.flatnonzero(member & tested_rows(comparison))
    patient = np.unique(patients_of(comparison, rows), return_inverse=True)[1]
    kind = np.zeros(len(rows), dtype=int)
    if comparison.task == "classification":
        codes = code_labels(comparison.y[rows], comparison.classes)
        kind = np.unique(codes, return_inverse=True)[1]
    n = min((len(set(patient[kind == each])) for each in set(kind.tolist())), default=0)
    parts = [
        _of_repeat(comparison, name, metric, member, repeat)
        for repeat in sorted({split.repeat for split in comparison.splits})
    ]
    parts = [(value, influence) for value, influence in parts if np.isfinite(value)]
    if not parts:
        return GroupScore(np.nan, Spread(np.nan, np.nan, np.nan, np.nan), n)
    values = np.array([value for value, _ in parts])
    influence = np.stack([influence[rows] for _, influence in parts])
    contributions = Contributions(influence, values, patient, kind)
    return GroupScore(float(values.mean()), spread(contributions), n, contributions)


def group_limits(metric, group, confidence=0.95):
    """Return the confidence limits of a GroupScore; nan where they are undefined.

    A group that is perfect in every repeat shows no variance: its limit is the exact binomial one
    of its patients.
    """
    if not np.isfinite(group.value):
        return np.nan, np.nan
    if metric.high is not None and group.value == metric.high:
        return min(clopper_pearson(group.n, group.n, confidence)[0], group.value), group.value
    if metric.low is not None and group.value == metric.low and group.found.error == 0:
        return group.value, max(clopper_pearson(0, group.n, confidence)[1], group.value)
    if not (np.isfinite(group.found.error) and group.found.error > 0):
        return np.nan, np.nan
    return score_limits(metric, group.value, group.found, confidence)


def gap_limits(first, first_limits, second, second_limits, correlation=0.0):
    """Return the limits of a difference of two estimates from the limits of each [1]_ [2]_.

    They keep the skewness of each, which a symmetric interval of the difference loses.

    References
    ----------
    .. [1] Newcombe, "Interval Estimation for the Difference Between Independent Proportions",
       Statistics in Medicine 17 (1998),
       doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    .. [2] Zou, Donner, "Construction of Confidence Limits About Effect Measures: A General
       Approach", Statistics in Medicine 27 (2008), doi:10.1002/sim.3095

    Examples
    --------
    >>> from skmedimg.evaluation.subgroups._group_scores import gap_limits
    >>> low, high = gap_limits(0.8, (0.7, 0.9), 0.5, (0.4, 0.6))
    >>> print(f"{low:.3f} {high:.3f}")
    0.159 0.441
    """
    (low_1, high_1), (low_2, high_2) = first_limits, second_limits

    def reach(one, other):
        return np.sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0))

    gap = first - second
    return (
        gap - reach(first - low_1, high_2 - second),
        gap + reach(high_1 - first, second - low_2),
    )


def gap_p_value(metric, group, rest, correlation=0.0):
    """Return the p-value of a gap: one minus the largest confidence whose limits exclude zero."""
    gap = group.value - rest.value
    if gap == 0:
        return 1.0

    def past_zero(tail):
        confidence = 1 - np.exp(tail)
        limits = [group_limits(metric, each, confidence) for each in (group, rest)]
        low, high = gap_limits(group.value, limits[0], rest.value, limits[1], correlation)
        return low if gap > 0 else -high

    smallest = np.log(1e-12)
    if not np.isfinite(past_zero(np.log(0.5))):
        return np.nan
    if past_zero(smallest) > 0:
        return 1e-12
    if past_zero(-1e-9) <= 0:
        return 1.0
    return float(np.exp(optimize.brentq(past_zero, smallest, -1e-9)))


def gap_error(group, rest, correlation=0.0):
    """Return the standard error of a gap and its degrees of freedom, by Welch and Satterthwaite."""
    errors = np.array([group.found.error, rest.found.error])
    variance = (errors**2).sum() - 2 * correlation * errors.prod()
    freedoms = np.array([group.found.freedom, rest.found.freedom])
    weight = (errors**4 / freedoms).sum()
    freedom = (errors**2).sum() ** 2 / weight if weight > 0 else np.nan
    return float(np.sqrt(max(variance, 0.0))), float(freedom)


def shared_correlation(comparison, group_rows, rest_rows, group, rest):
    """Return how two scores vary together through patients that have rows of both; 0 without."""
    first, second = patients_of(comparison, group_rows), patients_of(comparison, rest_rows)
    if not len(np.intersect1d(first, second)):
        return 0.0
    patients = np.unique(np.concatenate([first, second]))
    sums = [
        np.bincount(
            np.searchsorted(patients, patient), each.contributions.rows.mean(0), len(patients)
        )
        for patient, each in ((first, group), (second, rest))
    ]
    size = np.linalg.norm(sums[0]) * np.linalg.norm(sums[1])
    return float(np.clip(sums[0] @ sums[1] / size, -1, 1)) if size > 0 else 0.0


def tested_rows(comparison):
    """Return whether each row was tested in some split."""
    tested = np.zeros(len(comparison.y), dtype=bool)
    for split in comparison.splits:
        tested[split.test] = True
    return tested


def _of_repeat(comparison, name, metric, member, repeat):
    """Return the score of the members in one repeat, and the influence of every row on it."""
    influence = np.zeros(len(comparison.y))
    results = [
        each
        for each in comparison.fold_results[name]
        if each.split.repeat == repeat and not each.failed and member[each.split.test].any()
    ]
    if not results:
        return np.nan, influence
    rows = np.concatenate([each.split.test[member[each.split.test]] for each in results])
    if comparison.task == "segmentation":
        images = [_image_scores(comparison, each, metric, member) for each in results]
        value, influence[rows] = _of_images(np.concatenate(images))
        return value, influence
    folds = [_members(comparison, each, member) for each in results]
    measure = _of_ranking if metric in RANKING_SCORES else _of_labels
    value, influence[rows] = measure(folds, metric)
    return value, influence


def _image_scores(comparison, result, metric, member):
    """Return the score of each member's mask in one fold."""
    rows = result.split.test
    coded = code_predictions(comparison, result.split, result.predictions, np.ones((1, len(rows))))
    return coded.per_image(metric)[member[rows]]


def _members(comparison, result, member):
    """Return the LabelPredictions of the members in one fold."""
    rows = result.split.test
    kept = member[rows]
    coded = code_predictions(comparison, result.split, result.predictions, np.ones((1, len(rows))))
    scores = coded.decision_scores
    return _labels_like(
        coded, coded.truth[kept], coded.predicted[kept], None if scores is None else scores[kept]
    )


def _labels_like(coded, truth, predicted, scores):
    """Return LabelPredictions of other rows of the same classes."""
    return LabelPredictions(
        truth,
        predicted,
        scores,
        coded.probabilities is not None,
        coded.n_classes,
        coded.positive,
        np.ones((1, len(truth))),
    )


def _of_images(values):
    """Return the mean of the finite values, and the influence of each on it."""
    known = np.isfinite(values)
    if not known.any():
        return np.nan, 0.0
    mean = values[known].mean()
    return float(mean), np.where(known, np.where(known, values, mean) - mean, 0) / known.sum()


def _of_labels(folds, metric):
    """Return a score of the rows of all folds together, and the influence of each on it."""
    scores = [fold.decision_scores for fold in folds]
    pooled = _labels_like(
        folds[0],
        np.concatenate([fold.truth for fold in folds]),
        np.concatenate([fold.predicted for fold in folds]),
        None if any(each is None for each in scores) else np.concatenate(scores),
    )
    value = float(score(pooled, metric)[0])
    return value, fold_influences([pooled], metric) if np.isfinite(value) else 0.0


def _of_ranking(folds, metric):
    """Return a ranking score within folds, averaged over classes, and the influence of rows."""
    if any(fold.decision_scores is None for fold in folds):
        return np.nan, 0.0
    classes = range(folds[0].n_classes) if folds[0].positive is None else [folds[0].positive]
    found = [_of_class(folds, metric, k) for k in classes]
    return float(np.mean([value for value, _ in found])), np.mean([each for _, each in found], 0)


def _of_class(folds, metric, k):
    """Return the mean over folds of a ranking score of class k, weighted by what it counts."""
    parts, weights = [], []
    for fold in folds:
        positive = fold.truth == k
        n, others = positive.sum(), (~positive).sum()
        weights.append(n * others if metric == "roc_auc" else n * (others > 0))
        nothing = (0.0, np.zeros(len(positive)), np.zeros(len(positive)))
        measure = RANKING_SCORES[metric]
        parts.append(measure(positive, fold.decision_scores[:, k]) if weights[-1] else nothing)
    total = sum(weights)
    if total == 0:
        return np.nan, np.zeros(sum(len(fold.truth) for fold in folds))
    mean = sum(w * value for w, (value, _, _) in zip(weights, parts, strict=True)) / total
    influence = [
        w / total * (inside + share * (value - mean))
        for w, (value, inside, share) in zip(weights, parts, strict=True)
    ]
    return mean, np.concatenate(influence)
