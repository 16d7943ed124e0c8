"""Targets of a comparison: its task, labels or masks, and groups, checked."""

from collections import namedtuple

import numpy as np
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets

from skmedimg._sklearn import num_samples
from skmedimg.evaluation.scores._positive_label import code_labels, positive_label
from skmedimg.images._mask_files import load_masks
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import check_groups

Targets = namedtuple("Targets", "task y fitted classes pos_label groups strata")
Targets.__doc__ = """Targets of a comparison.

task : str; y : ndarray, labels or masks; fitted : what `fit` is given, y itself or mask paths;
classes : ndarray or None; pos_label : label or None; groups : ndarray or None; strata : ndarray of
int, class positions, all 0 for masks.
"""


def check_targets(estimators, X, y, groups, pos_label):
    """Return the targets, checked.

    Parameters
    ----------
    estimators : dict of str to BaseEstimator
    X : any kind of X of the data contract
    y : array-like of shape (n_samples,), masks, or mask paths
    groups : array-like of shape (n_samples,) or None
    pos_label : label or None

    Returns
    -------
    targets : Targets
    """
    task = task_of(estimators)
    y, fitted = _masks(y) if task == "segmentation" else _labels(y)
    if num_samples(X) != len(y):
        raise ValueError(f"X has {num_samples(X)} rows, but y has {len(y)}.")
    groups = check_groups(groups, y)
    if task == "segmentation":
        return Targets(task, y, fitted, None, None, groups, np.zeros(len(y), dtype=int))
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"y needs at least two classes, but every row is {classes[0]!r}.")
    positive = positive_label(classes, pos_label)
    return Targets(task, y, fitted, classes, positive, groups, code_labels(y, classes))


def task_of(estimators):
    """Return what the estimators do, which has to be the same for all.

    Parameters
    ----------
    estimators : dict of str to BaseEstimator

    Returns
    -------
    task : {"classification", "segmentation"}
    """
    tasks = {"classifier": "classification", "segmenter": "segmentation"}
    kinds = {name: get_tags(estimator).estimator_type for name, estimator in estimators.items()}
    strange = [name for name, kind in kinds.items() if kind not in tasks]
    if strange:
        raise ValueError(
            f"{strange[0]!r} is neither a classifier nor a segmenter, but a "
            f"{kinds[strange[0]] or 'transformer'}: compare takes only those."
        )
    if len(set(kinds.values())) > 1:
        raise ValueError(f"Classifiers and segmenters cannot be compared with each other: {kinds}.")
    return tasks[next(iter(kinds.values()))]


def is_images(X):
    """Tell whether X can only be images: paths, lazy images or a stack.

    Parameters
    ----------
    X : any kind of X of the data contract

    Returns
    -------
    is_images : bool
    """
    return hasattr(X, "paths") or list_paths(X) is not None or np.ndim(X) > 2


def _labels(y):
    if y is None:
        raise ValueError("compare needs y, the labels or masks; it got None.")
    y = column_or_1d(np.asarray(y), warn=True)
    assert_all_finite(y, input_name="y")
    if y.dtype.kind == "O" and any(label is None or label != label for label in y):
        raise ValueError("y holds rows without a label: drop them first.")
    check_classification_targets(y)
    return y, y


def _masks(y):
    paths = list_paths(y)
    if paths is not None:
        return load_masks(paths), np.array(paths, dtype=object)
    y = np.asarray(y)
    if y.ndim < 2:
        raise ValueError(
            f"y needs masks, (n, height, width) or their paths, to compare segmenters; it has "
            f"shape {y.shape}."
        )
    return y, y
