"""The inner split of early stopping: stratified, all images of a patient on one side."""

import numpy as np
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
)


def inner_split(targets, groups, fraction, seed):
    """Return the sorted positions for training and for validation, of targets and groups."""
    # Splitters only ask X for its length.
    rows = np.zeros((len(targets), 1))
    splitter = _splitter(targets, groups, fraction, seed)
    try:
        training, validation = next(
            splitter.split(rows, targets if targets.ndim == 1 else None, groups)
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot hold back validation_fraction={fraction} of {len(targets)} "
            f"images: {error} Use more images, another validation_fraction, or "
            "early_stopping=False."
        ) from error
    return np.sort(training), np.sort(validation)


def _splitter(targets, groups, fraction, seed):
    if groups is None:
        # Masks (more than one axis) have no class to stratify by.
        shuffle = StratifiedShuffleSplit if targets.ndim == 1 else ShuffleSplit
        return shuffle(1, test_size=fraction, random_state=seed)
    if targets.ndim > 1:
        return GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    # No splitter is stratified, grouped and takes a fraction: one of k folds is the nearest.
    # A fraction f is one fold of 1 / f; above one half
    # the smaller part is the fold, and both are swapped.
    folds = max(2, round(1 / min(fraction, 1 - fraction)))
    if fraction > 0.5:
        return _SwappedFolds(StratifiedGroupKFold(folds, shuffle=True, random_state=seed))
    return StratifiedGroupKFold(folds, shuffle=True, random_state=seed)


class _SwappedFolds:
    """A splitter with training and validation swapped: the larger part is for validation."""

    def __init__(self, splitter):
        self.splitter = splitter

    def split(self, X, y, groups):
        for training, validation in self.splitter.split(X, y, groups):
            yield validation, training
