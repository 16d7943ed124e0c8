"""What ThresholdAt and the models of folds need of labels, weights and patients."""

import numpy as np
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skmedimg._sklearn import check_sample_weight


def binary_labels(y):
    """Return labels (n_samples,) of two classes, checked."""
    y = column_or_1d(np.asarray(y), warn=True)
    assert_all_finite(y, input_name="y")
    kind = type_of_target(y, input_name="y")
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported by ThresholdAt. Unknown label type: {kind}."
        )
    check_classes(y, "y")
    return y


def class_labels(y, owner):
    """Return labels (n_samples,) of two classes or more, checked; `owner` is named in errors."""
    if y is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    y = column_or_1d(y, warn=True)
    if y.dtype.kind == "f":
        check_array(y, ensure_2d=False, input_name="y")
    check_classification_targets(y)
    n_classes = len(np.unique(y))
    if n_classes < 2:
        raise ValueError(f"{owner} needs at least 2 classes, but y has {n_classes} class.")
    return y


def check_classes(y, what):
    """Raise ValueError where labels are not of both classes."""
    classes = np.unique(y)
    if len(classes) < 2:
        found = f"only one class, {classes.tolist()[0]!r}" if len(classes) else "no rows"
        raise ValueError(f"ThresholdAt needs rows of both classes, but {what} has {found}.")


def checked_weights(sample_weight, y):
    """Return weights (n_samples,), not negative, with one above zero in each class."""
    if sample_weight is None:
        return np.ones(len(y))
    weights = check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    for label in np.unique(y).tolist():
        if not weights[y == label].any():
            raise ValueError(
                "sample_weight needs a weight above zero in each class, but all those of class "
                f"{label!r} are zero."
            )
    return weights


def check_patients(y, groups):
    """Raise ValueError where a class has one patient: no model can be trained without it."""
    unit = "row" if groups is None else "patient"
    groups = np.arange(len(y)) if groups is None else groups
    for label in np.unique(y).tolist():
        if len(np.unique(groups[y == label])) < 2:
            raise ValueError(
                f"ThresholdAt needs two {unit}s of each class or more, one to train on and one to "
                f"choose the threshold on, but class {label!r} has 1."
            )
