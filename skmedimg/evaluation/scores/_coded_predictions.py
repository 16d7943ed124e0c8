"""Predictions of one fold, coded by class, under one or many weightings of its rows."""

import inspect
from functools import cached_property

import numpy as np

from skmedimg import metrics as masks
from skmedimg.evaluation.scores import _weighted_scores as weighted
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.metrics._pairs import mask_values


class LabelPredictions:
    """Predictions of a classifier.

    Parameters
    ----------
    truth, predicted : ndarray of int of shape (n_samples,)
        Positions of the classes.
    decision_scores : ndarray of shape (n_samples, n_classes) or None
        Probabilities or decision values.
    probabilistic : bool
        Whether `decision_scores` holds probabilities.
    n_classes : int
    positive : int or None
        Position of the positive class of two; None where there are more classes.
    weights : ndarray of shape (n_weightings, n_samples)

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.scores._coded_predictions import LabelPredictions
    >>> from skmedimg.evaluation.scores._score_table import score
    >>> predictions = LabelPredictions(
    ...     np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), None, False, 2, 1, np.ones((1, 4))
    ... )
    >>> score(predictions, "sensitivity"), score(predictions, "specificity")
    (array([1.]), array([0.5]))
    """

    def __init__(
        self, truth, predicted, decision_scores, probabilistic, n_classes, positive, weights
    ):
        self.truth = truth
        self.predicted = predicted
        self.decision_scores = decision_scores
        self.probabilities = decision_scores if probabilistic else None
        self.n_classes = n_classes
        self.positive = positive
        self.weights = np.asarray(weights, dtype=float)

    @cached_property
    def counts(self):
        """Confusion matrices of shape (n_weightings, n_classes, n_classes)."""
        return weighted.confusions(self.truth, self.predicted, self.n_classes, self.weights)

    @cached_property
    def has_all_classes(self):
        """Whether every class has weight, of shape (n_weightings,)."""
        return (self.counts.sum(2) > 0).all(1)

    @property
    def is_positive(self):
        """Whether each row is of the positive class of two."""
        return self.truth == self.positive

    @property
    def positive_chance(self):
        """Probability of the positive class of two, per row; None without it."""
        if self.positive is None or self.probabilities is None:
            return None
        return self.probabilities[:, self.positive]

    def of_classes(self, values):
        """Return the value of the positive class of two, else the macro average."""
        return macro_average(values) if self.positive is None else values[:, self.positive]

    def of_decision_scores(self, measure):
        """Return measure(is positive, decision score, weights) like `of_classes`."""
        classes = range(self.n_classes) if self.positive is None else [self.positive]
        values = [
            measure(self.truth == k, self.decision_scores[:, k], self.weights) for k in classes
        ]
        return macro_average(np.stack(values, 1))


class MaskPredictions:
    """Predictions of a segmenter.

    Parameters
    ----------
    truth, predicted : ndarray of int of shape (n_samples, height, width)
    labels : ndarray of shape (n_labels,)
        Mask values that are scored.
    weights : ndarray of shape (n_weightings, n_samples)
    ignore_label : int or None
        Value of `truth` where pixels do not count.
    spacing : ndarray of shape (n_samples, 2) or None
        Size of a pixel of each image.
    known : dict or None
        Scores of each image that were computed already; those that come are added.
    """

    def __init__(
        self, truth, predicted, labels, weights, *, ignore_label=None, spacing=None, known=None
    ):
        self.truth = truth
        self.predicted = predicted
        self.labels = labels
        self.weights = np.asarray(weights, dtype=float)
        self.ignore_label = ignore_label
        self.spacing = spacing
        self._known = {} if known is None else known

    def per_image(self, name):
        """Return one value per image of a metric of skmedimg.metrics."""
        key = (name, *self.labels.tolist())
        if key not in self._known:
            self._known[key] = self._measured(name)
        return self._known[key]

    def n_undefined(self, name):
        """Return in how many images a distance is infinite: one of the two masks is empty."""
        return int(np.isinf(self.per_image(name)).sum())

    def _measured(self, name):
        measure = getattr(masks, name)
        options = {"labels": self.labels, "ignore_label": self.ignore_label, "average": "image"}
        if self.spacing is not None and "spacing" in inspect.signature(measure).parameters:
            options["spacing"] = self.spacing
        return measure(self.truth, self.predicted, **options)


def code_predictions(data, split, predictions, weights):
    """Return FoldPredictions of a Comparison's (or Targets') split, coded, under row weights."""
    truth = data.y[split.test]
    if data.task == "segmentation":
        # Tables, intervals and tests ask for the same scores: outlines are measured once.
        known = predictions.image_scores
        return mask_predictions(data, split.test, predictions.predicted, weights, known)
    return LabelPredictions(
        code_labels(truth, data.classes),
        code_labels(predictions.predicted, data.classes),
        predictions.decision_scores,
        predictions.probabilistic,
        len(data.classes),
        data.positive_column,
        weights,
    )


def mask_predictions(data, rows, predicted, weights, known=None):
    """Return MaskPredictions of some rows of a Comparison (or Targets), under weights."""
    labels = mask_values(data.y)
    return MaskPredictions(
        data.y[rows],
        predicted,
        labels[(labels != 0) & (labels != data.ignore_label)],
        weights,
        ignore_label=data.ignore_label,
        spacing=None if data.spacing is None else data.spacing[rows],
        known=known,
    )


def macro_average(values):
    """Return the mean over classes (axis 1) that have a value; nan where none has."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0).sum(1), known.sum(1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
