"""The validation set that a user gives to `fit`: X_val, y_val and groups_val."""

import numpy as np

from skmedimg.images._validate import check_groups


def check_validation(estimator, given, groups):
    """Return images, encoded targets and weights of (X_val, y_val, groups_val), or None.

    The estimator's classes and image shape are those of the training set, whose patients are
    `groups`.
    """
    if given is None or all(value is None for value in given):
        return None
    X, y, groups_val = given
    if X is None or y is None:
        missing = "X_val" if X is None else "y_val"
        raise ValueError(f"fit needs X_val and y_val together, but {missing} is None.")
    try:
        images = estimator._checked(X, reset=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"X_val does not fit X: {error}") from error
    try:
        y = estimator._check_targets(y, images)
    except (TypeError, ValueError) as error:
        raise type(error)(f"y_val does not fit X_val: {error}") from error
    _refuse_shared_patients(groups, groups_val, images)
    encoded = _encoded(estimator, y)
    weights = estimator._balance(encoded, np.ones(len(encoded)))
    return images, encoded, weights / weights.mean()


def _encoded(estimator, y):
    classes = estimator.classes_
    unseen = np.setdiff1d(y, classes) if y.ndim == 1 else []
    if len(unseen):
        raise ValueError(
            f"y_val holds {unseen.tolist()}, which y does not; its classes are {classes.tolist()}."
        )
    try:
        return estimator._encode_targets(y)
    except ValueError as error:  # of masks
        raise ValueError(
            f"y_val holds other labels than y, whose classes are {classes.tolist()}: {error}"
        ) from error


def _refuse_shared_patients(groups, groups_val, images):
    if (groups is None) != (groups_val is None):
        missing = "groups" if groups is None else "groups_val"
        raise ValueError(
            f"fit was given patients without {missing}: with both it checks that no patient is in "
            "training and in validation. Give both or neither."
        )
    if groups is None:
        return
    try:
        groups_val = check_groups(groups_val, images)
    except ValueError as error:
        raise ValueError(f"groups_val does not fit X_val: {error}") from error
    shared = np.intersect1d(groups, groups_val)
    if len(shared):
        raise ValueError(
            f"groups and groups_val share {len(shared)} patient(s), such as "
            f"{shared.tolist()[0]!r}: the validation loss would be too low. Put all images of a "
            "patient on one side."
        )
