"""The folds of a comparison: the same for every estimator, and no patient on both sides."""

import warnings
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

from skmedimg.evaluation._records import Split
from skmedimg.evaluation._text import counted

# With fewer tested samples the 95 % interval of an accuracy is about 20 points wide or more.
_FEW_ROWS = 100
_HUNDREDS, _THOUSANDS = 1_000, 5_000  # patients up to which 5 and 3 repeats are taken

# (stratified by class, grouped by patient) -> splitter
_SPLITTERS = {
    (True, False): StratifiedKFold,
    (True, True): StratifiedGroupKFold,
    (False, False): KFold,
    (False, True): GroupKFold,
}


def choose_splitter(cv, *, stratified, grouped, random_state=None):
    """Return the splitter of `cv`: for an integer (None: 5), folds by class and by patient.

    A seed shuffles the folds of an integer; splitters and lists of (train, test) stay as they are.

    Examples
    --------
    >>> from skmedimg.evaluation.splitting._folds import choose_splitter
    >>> choose_splitter(3, stratified=True, grouped=True)
    StratifiedGroupKFold(n_splits=3, random_state=None, shuffle=False)
    """
    if cv is None:
        cv = 5
    if not _is_number(cv):
        return check_cv(cv)
    # Files usually come sorted by class or hospital, and unshuffled folds are blocks of that order.
    shuffling = {} if random_state is None else {"shuffle": True, "random_state": random_state}
    return _SPLITTERS[bool(stratified), bool(grouped)](int(cv), **shuffling)


def choose_repeats(repeats, cv, groups, n_rows):
    """Return the number of repetitions that `repeats` of compare asks for.

    What None takes was simulated (bench/studies/error_rates.py): with one repetition a test of
    five folds misses most differences, and five see nearly all that more would see. Among thousands
    of patients two or three are enough, and the fits are expensive.

    Examples
    --------
    >>> from skmedimg.evaluation.splitting._folds import choose_repeats
    >>> [choose_repeats(None, 5, None, n) for n in (80, 2_000, 20_000)]
    [5, 3, 2]
    """
    if repeats is not None:
        return repeats
    n = n_rows if groups is None else len(np.unique(groups))
    if not _is_number(cv) or cv == n:  # a splitter says itself how often; leaving out one is final
        return 1
    return 5 if n <= _HUNDREDS else 3 if n <= _THOUSANDS else 2


def make_splits(cv, task, strata, groups, repeats=1, seed=0, metadata=None):
    """Return the tuple of Split that every estimator of a comparison is fitted on.

    `strata` are the class positions, constant for segmentation. A patient (`groups`) on both sides
    of a split raises. `metadata` are for a splitter that requests them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.splitting._folds import make_splits
    >>> strata = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> splits = make_splits(2, "classification", strata, None, repeats=2)
    >>> [(split.repeat, split.fold, len(split.test)) for split in splits]
    [(0, 0, 4), (0, 1, 4), (1, 0, 4), (1, 1, 4)]
    """
    choose = partial(
        choose_splitter, stratified=task == "classification", grouped=groups is not None
    )
    if _is_number(cv):
        _check_sizes(5 if cv is None else cv, task, strata, groups)
        # Each repeat is shuffled by a seed of its own,
        # so that repeat 0 does not depend on `repeats`.
        pairs = [
            pair
            for repeat in range(repeats)
            for pair in split_rows(choose(cv, random_state=seed + repeat), strata, groups)
        ]
    else:
        _refuse_repeats(cv, repeats)
        given = _with_validation(cv)
        pairs = given or split_rows(choose(cv), strata, groups, **(metadata or {}))
    if not pairs:
        raise ValueError(f"cv={cv!r} has no folds: give a number, or pairs of (train, test) rows.")
    for number, pair in enumerate(pairs):
        _check_rows(number, pair, len(strata))
    splits = tuple(_number(pairs, len(strata)))
    for number, split in enumerate(splits):
        _check_split(number, split, strata, groups, task)
    return splits


def split_warnings(splits, strata, classes):
    """Yield as text what is too small about the splits."""
    # One repeat only: testing a sample again adds no independent sample.
    tested = sum(len(split.test) for split in splits if split.repeat == 0)
    if tested < _FEW_ROWS:
        yield (
            f"Only {counted(tested, 'sample', ('is', 'are'))} tested: differences below about "
            f"{noise_points(tested)} points are noise."
        )
    n_classes = 0 if classes is None else len(classes)
    lacking = [split for split in splits if len(np.unique(strata[split.test])) < n_classes]
    if lacking:
        yield (
            f"{len(lacking)} of {counted(splits, 'test fold')} lack a class: "
            f"{_what_is_done(len(lacking), len(splits))} Use fewer folds or more data."
        )


def split_rows(splitter, strata, groups, **params):
    """Return a list of (training rows, test rows), whether a splitter asks for patients or not."""
    rows = np.zeros((len(strata), 1))  # splitters look at the number of rows alone
    with warnings.catch_warnings():
        # make_splits says itself which folds lack a class, and refuses patients on both sides
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        splits = splitter.split(rows, strata, groups, **params)
        return [(_indices(a), _indices(b)) for a, b in splits]


def refuse_shared_patients(where, train, test, groups):
    """Raise ValueError where images of one patient are on both sides of a split."""
    shared = [] if groups is None else np.intersect1d(groups[train], groups[test])
    if len(shared):
        raise ValueError(
            f"{where} has {counted(shared, 'patient')} on both sides (such as "
            f"{shared.tolist()[0]!r}): a model is tested on patients it was trained on. Give cv as "
            "an integer, or use a grouped splitter such as StratifiedGroupKFold."
        )


def _is_number(cv):
    """Tell whether `cv` is a number of folds, or None for the default one."""
    return cv is None or (isinstance(cv, Integral) and not isinstance(cv, bool))


def _indices(rows):
    """Return rows as numbers: `cv` may be a list of masks."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _number(pairs, n_samples):
    """Yield a Split per pair of rows; a test set that tests a row again begins a new repeat."""
    tested, repeat, fold = np.zeros(n_samples, dtype=bool), 0, 0
    # A splitter such as RepeatedKFold yields one flat
    # list, which does not say where a repeat begins.
    for train, *validation, test in pairs:
        if tested[test].any():
            tested[:], repeat, fold = False, repeat + 1, 0
        tested[test] = True
        yield Split(repeat, fold, train, test, *validation)
        fold += 1


def _with_validation(cv):
    """Return the rows of a list of (train, validation, test), or None where cv is another one."""
    is_list = isinstance(cv, (list, tuple)) and len(cv) > 0
    if not is_list or not all(isinstance(parts, (list, tuple)) and len(parts) == 3 for parts in cv):
        return None
    return [tuple(map(_indices, parts)) for parts in cv]


def _check_sizes(cv, task, strata, groups):
    # scikit-learn only warns where a class is smaller than
    # the number of folds, and does not name patients.
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


def _check_rows(number, parts, n_samples):
    """Raise where the arrays of a split are no positions of samples."""
    for rows in parts:
        inside = not rows.size or 0 <= rows.min() <= rows.max() < n_samples
        if rows.size and (rows.dtype.kind not in "iu" or not inside):
            raise ValueError(
                f"Split {number} of cv needs rows from 0 to {n_samples - 1}, as integers, but "
                f"holds {rows.dtype} from {rows.min()} to {rows.max()}."
            )


def _check_split(number, split, strata, groups, task):
    if not len(split.test) or not len(split.train):
        raise ValueError(f"Split {number} of cv leaves nothing to train or nothing to test on.")
    # A list of (train, test) comes from the user, and nothing has checked it before.
    if np.isin(split.test, split.train).any():
        raise ValueError(f"Split {number} of cv tests rows that it trains on.")
    if task == "classification" and len(np.unique(strata[split.train])) < 2:
        raise ValueError(f"Split {number} of cv trains on a single class: use fewer folds.")
    refuse_shared_patients(f"Split {number} of cv", split.train, split.test, groups)
    if split.validation is not None:
        if not len(split.validation):
            raise ValueError(f"Split {number} of cv has no validation rows: give (train, test).")
        for part in ("train", "test"):
            rows = getattr(split, part)
            if np.isin(split.validation, rows).any():
                raise ValueError(f"Split {number} of cv has rows in validation and in {part}.")
            where = f"Split {number} of cv (validation beside {part})"
            refuse_shared_patients(where, split.validation, rows, groups)


def _what_is_done(n_lacking, n_splits):
    """Return what becomes of the scores that need every class."""
    if n_lacking <= n_splits / 2:
        return (
            "balanced accuracy, sensitivity, ROC AUC and every other score that needs all classes "
            "are missing there; their means are those of the other folds."
        )
    ranking = "are undefined" if n_lacking == n_splits else "are missing there"
    return (
        "balanced accuracy, sensitivity and the like are computed from the counts of all folds of "
        f"a repeat together; ROC AUC and average precision, which rank within a fold, {ranking}."
    )


def noise_points(tested):
    """Return half the 95 % interval of an accuracy of one half, in points."""
    return round(100 * 1.96 * 0.5 / np.sqrt(tested))
