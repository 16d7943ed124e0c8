"""The folds of a comparison: the same for every estimator, and no patient on both sides."""

import warnings

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

from skmedimg.evaluation._records import Split

_FEW_ROWS = 100

# (task, patients known) -> splitter
_SPLITTERS = {
    ("classification", False): StratifiedKFold,
    ("classification", True): StratifiedGroupKFold,
    ("segmentation", False): KFold,
    ("segmentation", True): GroupKFold,
}


def make_splits(cv, task, strata, groups, repeats=1, seed=0):
    """Return the splits that every estimator of a comparison is fitted on.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test)
    task : {"classification", "segmentation"}
    strata : ndarray of int of shape (n_samples,)
        Class positions; constant for segmentation.
    groups : ndarray of shape (n_samples,) or None
        Patients; a split with one of them on both sides raises.
    repeats : int, default=1
        How often an integer `cv` is shuffled anew.
    seed : int, default=0

    Returns
    -------
    splits : tuple of Split

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.splitting._folds import make_splits
    >>> strata = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> splits = make_splits(2, "classification", strata, None, repeats=2)
    >>> [(split.repeat, split.fold, len(split.test)) for split in splits]
    [(0, 0, 4), (0, 1, 4), (1, 0, 4), (1, 1, 4)]
    """
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        _check_sizes(cv, task, strata, groups)
        pairs = [
            pair
            for repeat in range(repeats)
            for pair in split_rows(_splitter(cv, task, groups, seed + repeat), strata, groups)
        ]
    else:
        _refuse_repeats(cv, repeats)
        pairs = split_rows(check_cv(cv), strata, groups)
    splits = tuple(_number(pairs, len(strata)))
    for number, split in enumerate(splits):
        _check_split(number, split, strata, groups, task)
    return splits


def split_warnings(splits, strata, classes):
    """Say in words what is too small about the splits.

    Parameters
    ----------
    splits : tuple of Split
    strata : ndarray of int of shape (n_samples,)
    classes : ndarray of shape (n_classes,) or None

    Returns
    -------
    warnings : list of str
    """
    found = []
    tested = sum(len(split.test) for split in splits if split.repeat == 0)
    if tested < _FEW_ROWS:
        found.append(f"Only {tested} rows are tested: differences below about "
                     f"{_noise(tested)} points are noise.")  # fmt: skip
    lacking = [split for split in splits if classes is not None and _lacks(split, strata, classes)]
    if lacking:
        found.append(
            f"{len(lacking)} of {len(splits)} test folds lack a class: scores that need it leave "
            "those folds out. Use fewer folds or more data."
        )
    return found


def split_rows(splitter, strata, groups):
    """Return the training and test rows of a splitter, whether it asks for patients or not.

    Parameters
    ----------
    splitter : splitter
    strata : ndarray of shape (n_samples,)
        Classes.
    groups : ndarray of shape (n_samples,) or None

    Returns
    -------
    pairs : list of (ndarray of int, ndarray of int)
    """
    rows = np.zeros((len(strata), 1))  # splitters look at the number of rows alone
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        return [(_indices(a), _indices(b)) for a, b in splitter.split(rows, strata, groups)]


def _splitter(n_splits, task, groups, seed):
    kind = _SPLITTERS[task, groups is not None]
    return kind(n_splits, shuffle=True, random_state=seed)


def _indices(rows):
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _number(pairs, n_samples):
    """Start a new repeat at the first test set that tests a row again."""
    tested, repeat, fold = np.zeros(n_samples, dtype=bool), 0, 0
    for train, test in pairs:
        if tested[test].any():
            tested[:], repeat, fold = False, repeat + 1, 0
        tested[test] = True
        yield Split(repeat, fold, train, test)
        fold += 1


def _check_sizes(cv, task, strata, groups):
    if cv < 2:
        raise ValueError(f"cv={cv} needs at least 2 folds, or a list of (train, test) pairs.")
    if groups is not None and len(np.unique(groups)) < cv:
        raise ValueError(f"cv={cv} needs as many patients, but there are {len(np.unique(groups))}.")
    if task == "classification" and groups is None and np.bincount(strata).min() < 2:
        raise ValueError("Every class needs at least 2 rows, one to learn from and one to test on.")


def _refuse_repeats(cv, repeats):
    if repeats != 1:
        raise ValueError(
            f"repeats={repeats} shuffles the folds of an integer cv, but cv={cv!r}: give a splitter"
            " that repeats, such as RepeatedStratifiedKFold, and leave repeats out."
        )


def _check_split(number, split, strata, groups, task):
    if not len(split.test) or not len(split.train):
        raise ValueError(f"Split {number} of cv leaves nothing to train or nothing to test on.")
    if np.isin(split.test, split.train).any():
        raise ValueError(f"Split {number} of cv tests rows that it trains on.")
    if task == "classification" and len(np.unique(strata[split.train])) < 2:
        raise ValueError(f"Split {number} of cv trains on a single class: use fewer folds.")
    if groups is None:
        return
    shared = np.intersect1d(groups[split.train], groups[split.test])
    if len(shared):
        raise ValueError(
            f"Split {number} of cv has {len(shared)} patients on both sides (such as "
            f"{shared.tolist()[0]!r}): the test would measure memory. Give cv as an integer, or "
            "use a grouped splitter such as StratifiedGroupKFold."
        )


def _lacks(split, strata, classes):
    return len(np.unique(strata[split.test])) < len(classes)


def _noise(tested):
    """Half the 95 % interval of an accuracy of one half, in points."""
    return round(100 * 1.96 * 0.5 / np.sqrt(tested))
