"""The metrics a comparison knows, and the choice among them."""

import copy
import inspect
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import get_scorer

from skmedimg.evaluation._records import Metric
from skmedimg.evaluation.scores import _weighted_scores as weighted
from skmedimg.evaluation.scores._calibration_line import calibration_line, observed_to_expected
from skmedimg.evaluation.scores._coded_predictions import (
    MaskPredictions,
    code_predictions,
    macro_average,
)

_MANY_CLASSES = 5
_TOP = 3


@dataclass(frozen=True)
class LabelScore:
    """A metric of class predictions.

    Attributes
    ----------
    metric : Metric
    needs : {"counts", "decision_scores", "probabilities"}
        Attribute of LabelPredictions without which the score is undefined.
    measure : callable
        Maps LabelPredictions to an ndarray of shape (n_weightings,).
    averaged : bool
        Whether more than two classes give the unweighted mean over the classes.
    all_classes : bool
        Whether it is undefined where a class has no row. A mean over the classes that are there
        would be another score: predicting the most frequent class has a balanced accuracy of 1
        in a fold of that class, and an average precision of 1 in a fold of positives.
    """

    metric: Metric
    needs: str
    measure: object
    averaged: bool = False
    all_classes: bool = True


def _share(name, title, needs, measure, averaged=False, low=0.0, all_classes=True):
    """Return a LabelScore that is better when higher and at most 1."""
    return LabelScore(Metric(name, title, True, low, 1.0), needs, measure, averaged, all_classes)


def _error(name, title, measure, high=None):
    """Return a LabelScore of probabilities that is better when lower."""
    metric = Metric(name, title, False, 0.0, high)
    return LabelScore(metric, "probabilities", measure, all_classes=False)


def _calibration(name, title, target, measure, low=None):
    """Return a LabelScore of the probabilities of the positive class that should be `target`."""
    return LabelScore(Metric(name, title, low=low, target=target), "positive_chance", measure)


# The first one sorts the summary: every classifier has a balanced accuracy, and predicting the
# most frequent class does not raise it, however rare the other classes are.
_LABEL_SCORES = [
    _share(
        "balanced_accuracy",
        "balanced accuracy",
        "counts",
        lambda p: macro_average(weighted.recalls(p.counts)),
    ),
    _share(
        "accuracy",
        "accuracy",
        "counts",
        lambda p: weighted.accuracy(p.counts),
        all_classes=False,
    ),
    _share(
        "roc_auc",
        "ROC AUC",
        "decision_scores",
        lambda p: p.of_decision_scores(weighted.roc_auc),
        averaged=True,
    ),
    _share(
        "average_precision",
        "average precision",
        "decision_scores",
        lambda p: p.of_decision_scores(weighted.average_precision),
        averaged=True,
    ),
    _share(
        "f1", "F1", "counts", lambda p: p.of_classes(weighted.f1_scores(p.counts)), averaged=True
    ),
    _share(
        "sensitivity",
        "sensitivity",
        "counts",
        lambda p: p.of_classes(weighted.recalls(p.counts)),
        averaged=True,
    ),
    _share(
        "specificity",
        "specificity",
        "counts",
        lambda p: p.of_classes(weighted.specificities(p.counts)),
        averaged=True,
    ),
    _share(
        "cohen_kappa", "Cohen's kappa", "counts", lambda p: weighted.cohen_kappa(p.counts), low=-1.0
    ),
    _share("mcc", "Matthews correlation", "counts", lambda p: weighted.mcc(p.counts), low=-1.0),
    _error(
        "log_loss",
        "log loss",
        lambda p: weighted.row_mean(weighted.log_losses(p.truth, p.probabilities), p.weights),
    ),
    _error(
        "brier",
        "Brier score",
        lambda p: weighted.row_mean(weighted.squared_errors(p.truth, p.probabilities), p.weights),
    ),
    _error(
        "ece",
        "expected calibration error",
        lambda p: weighted.calibration_error(p.truth, p.probabilities, p.weights, p.positive),
        high=1.0,
    ),
    _share(
        f"top_{_TOP}_accuracy",
        f"top-{_TOP} accuracy",
        "decision_scores",
        lambda p: weighted.row_mean(weighted.top_hits(p.truth, p.decision_scores, _TOP), p.weights),
        all_classes=False,
    ),
]
# Asked for by name only: they say how a model is miscalibrated, and none is better when higher.
_LABEL_SCORES += [
    _calibration(
        "calibration_intercept",
        "calibration intercept",
        0.0,
        lambda p: calibration_line(p.is_positive, p.positive_chance, p.weights, slope=False)[0],
    ),
    _calibration(
        "calibration_slope",
        "calibration slope",
        1.0,
        lambda p: calibration_line(p.is_positive, p.positive_chance, p.weights)[1],
    ),
    _calibration(
        "observed_expected",
        "observed / expected ratio",
        1.0,
        lambda p: observed_to_expected(p.is_positive, p.positive_chance, p.weights),
        low=0.0,
    ),
]
LABEL_SCORES = {score.metric.name: score for score in _LABEL_SCORES}

# A distance or an error has no upper bound, and less of it is better.
MASK_METRICS = {
    name: Metric(name, title, high is not None, 0.0, high)
    for name, title, high in [
        ("dice", "Dice", 1.0),
        ("iou", "IoU", 1.0),
        ("pixel_precision", "pixel precision", 1.0),
        ("pixel_recall", "pixel recall", 1.0),
        ("pixel_f1", "pixel F1", 1.0),
        ("volumetric_similarity", "volumetric similarity", 1.0),
        ("volume_error", "volume error", None),
        ("surface_dice", "surface Dice", 1.0),
        ("boundary_f1", "boundary F1", 1.0),
        ("cl_dice", "clDice", 1.0),
        ("hausdorff_distance", "Hausdorff distance", None),
        ("average_surface_distance", "average surface distance", None),
        ("object_precision", "object precision", 1.0),
        ("object_recall", "object recall", 1.0),
        ("object_f1", "object F1", 1.0),
        ("object_average_precision", "object average precision", 1.0),
        ("panoptic_quality", "panoptic quality", 1.0),
    ]
}
# Every metric that predictions alone give, by name.
METRICS = {name: score.metric for name, score in LABEL_SCORES.items()} | MASK_METRICS


def score(predictions, name):
    """Return one score of LabelPredictions or MaskPredictions under every weighting.

    It is nan where the score is undefined, or needs what the estimator does not give.
    """
    if isinstance(predictions, MaskPredictions):
        return weighted.row_mean(predictions.per_image(name), predictions.weights)
    found = LABEL_SCORES[name]
    if getattr(predictions, found.needs) is None:
        return np.full(len(predictions.weights), np.nan)
    values = found.measure(predictions)
    return np.where(predictions.has_all_classes, values, np.nan) if found.all_classes else values


def score_fold(data, split, predictions, metrics):
    """Return {name: value} of the metrics that FoldPredictions of one split alone give.

    Beside it {name: in how many images} of the distances that are undefined in some.
    """
    coded = code_predictions(data, split, predictions, np.ones((1, len(split.test))))
    own = [metric.name for metric in metrics if not metric.from_scorer]
    scores = {name: float(score(coded, name)[0]) for name in own}
    if not isinstance(coded, MaskPredictions):
        return scores, {}
    counts = {name: coded.n_undefined(name) for name in own}
    return scores, {name: n for name, n in counts.items() if n}


def choose_metrics(scoring, task, n_classes, pos_label=None, have_outlines=True):
    """Return the metrics that `scoring` asks for, and the scorers among them by name.

    Masks given as rows of pixels have no outlines: no default score measures them then.
    Scorers that take a `pos_label` and were given none get the one of the comparison.

    Examples
    --------
    >>> from skmedimg.evaluation.scores._score_table import choose_metrics
    >>> metrics, scorers = choose_metrics(["roc_auc", "neg_log_loss"], "classification", 2)
    >>> [metric.title for metric in metrics], list(scorers)
    (['ROC AUC', 'neg_log_loss'], ['neg_log_loss'])
    """
    table = LABEL_SCORES if task == "classification" else MASK_METRICS
    asked = _by_title(scoring, _defaults(task, n_classes, have_outlines))
    scorers = {name: _scorer(kind, pos_label) for name, kind in asked.items() if kind not in table}
    if n_classes > 2:
        _refuse_two_class_scores(asked)
    metrics = [
        Metric(title, title, from_scorer=True)
        if title in scorers
        else _titled(kind, title, n_classes)
        for title, kind in asked.items()
    ]
    return tuple(metrics), scorers


def _refuse_two_class_scores(asked):
    """Raise ValueError where a score of a positive class is asked for."""
    for kind in asked.values():
        if isinstance(kind, str) and kind in LABEL_SCORES and METRICS[kind].target is not None:
            raise ValueError(f"scoring={kind!r} needs two classes; of more, leave it out.")


def _defaults(task, n_classes, have_outlines):
    """Return the names of the metrics that scoring=None takes."""
    if task == "segmentation":
        # All but the last one measure overlap, which hides a ragged outline of a large organ.
        names = ["dice", "iou", "pixel_precision", "pixel_recall", "surface_dice"]
        return names if have_outlines else names[:-1]
    left_out = {name for name, each in LABEL_SCORES.items() if each.metric.target is not None}
    if n_classes < _MANY_CLASSES:
        left_out.add(f"top_{_TOP}_accuracy")
    if n_classes > 2:
        left_out.add("sensitivity")  # its macro average is the balanced accuracy once more
    return [name for name in LABEL_SCORES if name not in left_out]


def _titled(kind, title, n_classes):
    """Return a metric of ours under the title asked for, else its own with "macro" if averaged."""
    metric = METRICS[kind]
    if title != kind:
        return replace(metric, title=title)
    averaged = n_classes > 2 and LABEL_SCORES[kind].averaged
    return replace(metric, title=f"macro {metric.title}") if averaged else metric


def _by_title(scoring, defaults):
    """Return the asked scores as title -> key of a table, name of a scorer, or callable."""
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


def _scorer(kind, pos_label):
    """Return a scorer: the callable itself, or scikit-learn's of that name."""
    if callable(kind):
        return _with_pos_label(kind, pos_label)
    try:
        return _with_pos_label(get_scorer(kind), pos_label)
    except ValueError as error:
        raise ValueError(
            f"scoring={kind!r} is neither one of {', '.join(METRICS)} nor a scorer of scikit-learn."
        ) from error


def _with_pos_label(scorer, pos_label):
    """Return a scorer whose metric gets `pos_label`, if it takes one and was given none."""
    metric, given = getattr(scorer, "_score_func", None), getattr(scorer, "_kwargs", {})
    if pos_label is None or metric is None or "pos_label" in given:
        return scorer
    takes = inspect.signature(metric).parameters
    # Averages over classes ignore a positive class, and scikit-learn warns of it.
    averaged = given.get("average", "binary") != "binary"
    if "pos_label" not in takes or averaged:
        return scorer
    told = copy.copy(scorer)
    told._kwargs = given | {"pos_label": pos_label}
    return told
