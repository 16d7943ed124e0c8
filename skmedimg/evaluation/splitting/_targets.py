"""Targets of a comparison: its task, labels or masks, and groups, checked."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets

from skmedimg._sklearn import final_estimator, num_samples
from skmedimg.evaluation.scores._positive_label import (
    code_labels,
    positive_column,
    positive_label,
)
from skmedimg.images._mask_files import list_mask_paths, load_masks
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import check_groups


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of a comparison.

    Attributes
    ----------
    task : {"classification", "segmentation"}
    y : ndarray
        Labels or masks.
    fitted : ndarray
        What `fit` is given: y itself, or mask paths.
    strata : ndarray of int of shape (n_samples,)
        Class positions, all 0 for masks.
    groups : ndarray of shape (n_samples,) or None
        Patients.
    classes : ndarray of shape (n_classes,) or None
    pos_label : label or None
    ignore_label : int or None
        Value of masks where pixels do not count.
    spacing : ndarray of shape (n_samples, 2) or None
        Size of a pixel of each mask.
    """

    task: str
    y: np.ndarray
    fitted: np.ndarray
    strata: np.ndarray
    groups: np.ndarray = None
    classes: np.ndarray = None
    pos_label: object = None
    ignore_label: object = None
    spacing: np.ndarray = None

    @property
    def n_classes(self):
        """int: how many classes there are, 0 for segmentation."""
        return 0 if self.classes is None else len(self.classes)

    @property
    def positive_column(self):
        """int or None: the position of the positive class in `classes`."""
        return positive_column(self.classes, self.pos_label)


def check_targets(estimators, X, y, groups, pos_label, ignore_label=None, spacing=None):
    """Return the checked Targets of estimators (a dict by name) for X and y."""
    task = task_of(estimators)
    for name, value in (("ignore_label", ignore_label), ("spacing", spacing)):
        if task != "segmentation" and value is not None:
            raise ValueError(f"{name}={value!r} is for masks, but the estimators are classifiers.")
    y, fitted, groups = read_targets(task, X, y, groups)
    if task == "segmentation":
        _check_ignored(estimators, ignore_label)
        options = {"ignore_label": ignore_label, "spacing": spacing_of(spacing, len(y))}
        return Targets(task, y, fitted, np.zeros(len(y), dtype=int), groups, **options)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"y needs at least two classes, but every row is {classes[0]!r}.")
    positive = positive_label(classes, pos_label)
    return Targets(task, y, fitted, code_labels(y, classes), groups, classes, positive)


def read_targets(task, X, y, groups):
    """Return labels or masks of X, what `fit` is given of them, and patients; all are checked."""
    # Masks given as paths are loaded here for the scores; `fit` gets the paths and loads per batch.
    y, fitted = _masks(y) if task == "segmentation" else _labels(y)
    if num_samples(X) != len(y):
        raise ValueError(f"X has {num_samples(X)} rows, but y has {len(y)}.")
    return y, fitted, check_groups(groups, y)


def _check_ignored(estimators, ignore_label):
    """Raise where an estimator learns from pixels that are not scored, or the reverse."""
    for name, estimator in estimators.items():
        own = getattr(final_estimator(estimator), "ignore_label", ignore_label)
        if own != ignore_label:
            raise ValueError(
                f"{name!r} has ignore_label={own}, but compare has ignore_label={ignore_label}: "
                "set both to the label of pixels that do not count."
            )


def spacing_of(spacing, n):
    """Return the size of a pixel of each of n masks, (n, 2); None stays None."""
    if spacing is None:
        return None
    sides = np.asarray(spacing, dtype=float)
    if sides.shape not in ((), (2,), (n, 2)) or not (np.isfinite(sides) & (sides > 0)).all():
        raise ValueError(
            f"spacing needs positive sizes, one, (row, column) or that of each of {n} masks, but "
            f"is {spacing!r}."
        )
    return np.broadcast_to(sides, (n, 2)).copy()


def task_of(estimators):
    """Return "classification" or "segmentation": what all estimators (a dict by name) do."""
    tasks = {"classifier": "classification", "segmenter": "segmentation"}
    kinds = {name: get_tags(estimator).estimator_type for name, estimator in estimators.items()}
    strange = [name for name, kind in kinds.items() if kind not in tasks]
    if strange:
        raise ValueError(
            f"{strange[0]!r} is neither a classifier nor a segmenter, but a "
            f"{kinds[strange[0]] or 'transformer'}: compare takes only those."
        )
    # Their metrics have nothing in common.
    if len(set(kinds.values())) > 1:
        raise ValueError(f"Classifiers and segmenters cannot be compared with each other: {kinds}.")
    return tasks[next(iter(kinds.values()))]


def is_images(X):
    """Return whether X can only be images: paths, lazy images or a stack."""
    return hasattr(X, "paths") or list_paths(X) is not None or np.ndim(X) > 2


def _labels(y):
    if y is None:
        raise ValueError("compare needs y, the labels or masks; it got None.")
    y = column_or_1d(np.asarray(y), warn=True)
    assert_all_finite(y, input_name="y")
    # assert_all_finite lets None in an array of objects pass.
    if y.dtype.kind == "O" and any(label is None or label != label for label in y):
        raise ValueError("y holds rows without a label: drop them first.")
    check_classification_targets(y)
    return y, y


def _masks(y):
    paths = list_mask_paths(y)
    if paths is not None:
        return load_masks(paths), np.fromiter(paths, dtype=object, count=len(paths))
    y = np.asarray(y)
    if y.ndim < 2:
        raise ValueError(
            f"y needs masks, (n, height, width) or their paths, to compare segmenters; it has "
            f"shape {y.shape}."
        )
    return y, y
