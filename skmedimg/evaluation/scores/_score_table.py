"""The default table of scores, and what one answer scores under many weightings."""

from functools import cached_property

import numpy as np
from sklearn.metrics import get_scorer

from skmedimg import metrics as masks
from skmedimg.evaluation._records import Metric
from skmedimg.evaluation.scores import _weighted_scores as weighted

_MANY_CLASSES = 5
_TOP = 3


class LabelAnswer:
    """One answer of a classifier, coded by class, under one or many weightings of its rows.

    Parameters
    ----------
    truth, predicted : ndarray of int of shape (n_samples,)
        Positions of the classes.
    ranking : ndarray of shape (n_samples, n_classes) or None
        Probabilities or decision values.
    probabilistic : bool
        Whether `ranking` holds probabilities.
    n_classes : int
    positive : int or None
        Position of the positive class of two; None where there are more classes.
    weights : ndarray of shape (n_weightings, n_samples)

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.scores._score_table import LabelAnswer, score
    >>> answer = LabelAnswer(
    ...     np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), None, False, 2, 1, np.ones((1, 4))
    ... )
    >>> score(answer, "sensitivity"), score(answer, "specificity")
    (array([1.]), array([0.5]))
    """

    def __init__(self, truth, predicted, ranking, probabilistic, n_classes, positive, weights):
        self.truth = truth
        self.predicted = predicted
        self.ranking = ranking
        self.probabilities = ranking if probabilistic else None
        self.n_classes = n_classes
        self.positive = positive
        self.weights = np.asarray(weights, dtype=float)

    @cached_property
    def counts(self):
        """Confusion matrices of shape (n_weightings, n_classes, n_classes)."""
        return weighted.confusions(self.truth, self.predicted, self.n_classes, self.weights)

    def of_classes(self, values):
        """Take the positive class of two, else the mean over the classes that have a value."""
        return _mean_known(values) if self.positive is None else values[:, self.positive]

    def of_rankings(self, measure):
        """Apply a measure of (positive, ranking, weights) to the classes that matter."""
        classes = range(self.n_classes) if self.positive is None else [self.positive]
        return _mean_known(
            np.stack(
                [measure(self.truth == k, self.ranking[:, k], self.weights) for k in classes], 1
            )
        )


class MaskAnswer:
    """One answer of a segmenter under one or many weightings of its images.

    Parameters
    ----------
    truth, predicted : ndarray of int of shape (n_samples, height, width)
    labels : ndarray of shape (n_labels,)
        Mask values that are scored.
    weights : ndarray of shape (n_weightings, n_samples)
    """

    def __init__(self, truth, predicted, labels, weights):
        self.truth = truth
        self.predicted = predicted
        self.labels = labels
        self.weights = np.asarray(weights, dtype=float)
        self.ranking = self.probabilities = None

    def per_image(self, name):
        """Return one value per image of a metric of skmedimg.metrics."""
        measure = getattr(masks, name)
        return measure(self.truth, self.predicted, labels=self.labels, average="image")


def score(answer, name):
    """Return one score under every weighting.

    Parameters
    ----------
    answer : LabelAnswer or MaskAnswer
    name : str
        A key of `LABEL_SCORES` or `MASK_SCORES`.

    Returns
    -------
    values : ndarray of shape (n_weightings,)
        nan where the score is undefined, or needs what the estimator does not give.
    """
    if isinstance(answer, MaskAnswer):
        return weighted.row_mean(answer.per_image(name), answer.weights)
    needs, _, measure = LABEL_SCORES[name]
    if getattr(answer, needs) is None:
        return np.full(len(answer.weights), np.nan)
    return measure(answer)


def choose_metrics(scoring, task, n_classes):
    """Return the metrics to compute and the scorers among them that are not ours.

    Parameters
    ----------
    scoring : None, str, list of str or callable, or dict of str to str or callable
    task : {"classification", "segmentation"}
    n_classes : int

    Returns
    -------
    metrics : tuple of Metric
    scorers : dict of str to callable

    Examples
    --------
    >>> from skmedimg.evaluation.scores._score_table import choose_metrics
    >>> metrics, scorers = choose_metrics(["roc_auc", "neg_log_loss"], "classification", 2)
    >>> [metric.title for metric in metrics], list(scorers)
    (['ROC AUC', 'neg_log_loss'], ['neg_log_loss'])
    """
    table = LABEL_SCORES if task == "classification" else MASK_SCORES
    asked = _named(scoring, _defaults(task, n_classes))
    scorers = {name: _scorer(kind) for name, kind in asked.items() if kind not in table}
    metrics = [
        Metric(name, name, True, None, None) if name in scorers else _ours(table, kind, name)
        for name, kind in asked.items()
    ]
    return tuple(metrics), scorers


def _defaults(task, n_classes):
    if task == "segmentation":
        return ["dice", "iou", "pixel_precision", "pixel_recall"]
    few = n_classes < _MANY_CLASSES
    return [name for name in LABEL_SCORES if not (few and name == f"top_{_TOP}_accuracy")]


def _ours(table, kind, title):
    metric = table[kind][1]
    return metric if title == kind else metric._replace(title=title)


def _named(scoring, defaults):
    """Return the asked scores as name -> key of the table, name of a scorer, or callable."""
    if scoring is None:
        return {name: name for name in defaults}
    if isinstance(scoring, dict):
        return dict(scoring)
    asked = [scoring] if isinstance(scoring, str) or callable(scoring) else list(scoring)
    named = {each if isinstance(each, str) else _name_of(each): each for each in asked}
    if not named or len(named) < len(asked):
        raise ValueError(f"scoring={scoring!r} needs at least one score, each named once.")
    return named


def _name_of(scorer):
    if not callable(scorer):
        raise TypeError(f"scoring needs names of scores or scorers, but holds {scorer!r}.")
    return getattr(scorer, "__name__", None) or type(scorer).__name__


def _scorer(kind):
    if callable(kind):
        return kind
    try:
        return get_scorer(kind)
    except ValueError as error:
        known = ", ".join([*LABEL_SCORES, *MASK_SCORES])
        raise ValueError(
            f"scoring={kind!r} is neither one of {known} nor a scorer of scikit-learn."
        ) from error


def _mean_known(values):
    known = np.isfinite(values)
    total, count = np.where(known, values, 0).sum(1), known.sum(1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def _row_score(measure):
    return lambda a: weighted.row_mean(measure(a.truth, a.probabilities), a.weights)


def _label_score(needs, name, title, measure, higher_is_better=True, low=0.0, high=1.0):
    return name, (needs, Metric(name, title, higher_is_better, low, high), measure)


# name -> (attribute of the answer it needs, Metric, measure of a LabelAnswer); the first one
# whose value every classifier has and no imbalance flatters sorts the summary.
LABEL_SCORES = dict(
    [
        _label_score(
            "counts",
            "balanced_accuracy",
            "balanced accuracy",
            lambda a: _mean_known(weighted.recalls(a.counts)),
        ),
        _label_score("counts", "accuracy", "accuracy", lambda a: weighted.accuracy(a.counts)),
        _label_score("ranking", "roc_auc", "ROC AUC", lambda a: a.of_rankings(weighted.roc_auc)),
        _label_score(
            "ranking",
            "average_precision",
            "average precision",
            lambda a: a.of_rankings(weighted.average_precision),
        ),
        _label_score("counts", "f1", "F1", lambda a: a.of_classes(weighted.f1_scores(a.counts))),
        _label_score(
            "counts",
            "sensitivity",
            "sensitivity",
            lambda a: a.of_classes(weighted.recalls(a.counts)),
        ),
        _label_score(
            "counts",
            "specificity",
            "specificity",
            lambda a: a.of_classes(weighted.specificities(a.counts)),
        ),
        _label_score(
            "counts",
            "cohen_kappa",
            "Cohen's kappa",
            lambda a: weighted.cohen_kappa(a.counts),
            low=-1.0,
        ),
        _label_score(
            "counts", "mcc", "Matthews correlation", lambda a: weighted.matthews(a.counts), low=-1.0
        ),
        _label_score(
            "probabilities",
            "log_loss",
            "log loss",
            _row_score(weighted.log_losses),
            higher_is_better=False,
            high=None,
        ),
        _label_score(
            "probabilities",
            "brier",
            "Brier score",
            _row_score(weighted.squared_errors),
            higher_is_better=False,
            high=None,
        ),
        _label_score(
            "probabilities",
            "ece",
            "expected calibration error",
            lambda a: weighted.calibration_error(a.truth, a.probabilities, a.weights),
            higher_is_better=False,
        ),
        _label_score(
            "ranking",
            f"top_{_TOP}_accuracy",
            f"top-{_TOP} accuracy",
            lambda a: weighted.row_mean(weighted.top_hits(a.truth, a.ranking, _TOP), a.weights),
        ),
    ]
)
MASK_SCORES = {
    name: (None, Metric(name, title, high is not None, 0.0, high))
    for name, title, high in [
        ("dice", "Dice", 1.0),
        ("iou", "IoU", 1.0),
        ("pixel_precision", "pixel precision", 1.0),
        ("pixel_recall", "pixel recall", 1.0),
        ("pixel_f1", "pixel F1", 1.0),
        ("volumetric_similarity", "volumetric similarity", 1.0),
        ("boundary_f1", "boundary F1", 1.0),
        ("hausdorff_distance", "Hausdorff distance", None),
        ("average_surface_distance", "average surface distance", None),
    ]
}
