"""The inner split of early stopping: stratified, and never through a patient."""

import numpy as np
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
)


def inner_split(targets, groups, fraction, seed):
    """Return rows to train on and rows to watch.

    Parameters
    ----------
    targets : ndarray (n,) of int, or (n, height, width)
        Class numbers are stratified; masks are not.
    groups : ndarray (n,) or None
        Patients, each on one side.
    fraction : float
        Share of the rows (with groups: about that share) to watch.
    seed : int

    Returns
    -------
    training, watched : ndarray of int
        Both sorted.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.neural._validation_split import inner_split
    >>> training, watched = inner_split(np.array([0, 1] * 10), None, 0.2, seed=0)
    >>> len(training), len(watched)
    (16, 4)
    """
    rows = np.zeros((len(targets), 1))
    splitter = _splitter(targets, groups, fraction, seed)
    try:
        training, watched = next(
            splitter.split(rows, targets if targets.ndim == 1 else None, groups)
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot hold back validation_fraction={fraction} of {len(targets)} "
            f"images: {error} Use more images, another validation_fraction, or "
            "early_stopping=False."
        ) from error
    return np.sort(training), np.sort(watched)


def _splitter(targets, groups, fraction, seed):
    if groups is None:
        shuffle = StratifiedShuffleSplit if targets.ndim == 1 else ShuffleSplit
        return shuffle(1, test_size=fraction, random_state=seed)
    if targets.ndim > 1:
        return GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    folds = max(2, round(1 / min(fraction, 1 - fraction)))
    if fraction > 0.5:
        return _Swapped(StratifiedGroupKFold(folds, shuffle=True, random_state=seed))
    return StratifiedGroupKFold(folds, shuffle=True, random_state=seed)


class _Swapped:
    """A splitter whose larger part is watched."""

    def __init__(self, splitter):
        self.splitter = splitter

    def split(self, X, y, groups):
        for training, watched in self.splitter.split(X, y, groups):
            yield watched, training
