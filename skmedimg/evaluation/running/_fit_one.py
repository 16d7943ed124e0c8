"""One cell of a comparison: one estimator, fitted on one training set, asked about one test set."""

import time
from collections import namedtuple
from functools import partial

import numpy as np
from sklearn.base import clone

from skmedimg._sklearn import take_rows
from skmedimg.evaluation._records import Answer
from skmedimg.evaluation.running._costs import MemoryWatch, count_parameters, epochs_of
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.splitting._groups import groups_for_fit

Cell = namedtuple("Cell", "answer values fit_time score_time memory parameters history failure")
Cell.__doc__ = """What came of one fit.

answer : Answer or None; values : dict of str to float, of scorers that are not ours;
fit_time, score_time : float, seconds; memory : float, MB; parameters : dict or None;
history : list of dict or None; failure : str or None, the error that ended it.
"""


def run_cell(
    estimator, X, y, split, *, classes=None, scorers=None, groups=None, seed=0,
    error_score="raise", shape=(),
):  # fmt: skip
    """Fit a copy of an estimator on one split and keep its answers.

    Parameters
    ----------
    estimator : BaseEstimator
    X : any kind of X of the data contract
    y : ndarray of shape (n_samples, ...)
    split : Split
    classes : ndarray of shape (n_classes,), default=None
        None for masks.
    scorers : dict of str to callable, default=None
    groups : ndarray of shape (n_samples,), default=None
        Passed to `fit` where it can take them.
    seed : int, default=0
        For every `random_state` that is None.
    error_score : "raise" or float, default="raise"
    shape : tuple of int, default=()
        Shape of one true mask; predicted masks of another size are resized to it.

    Returns
    -------
    cell : Cell
    """
    ask = partial(_masks, shape=shape) if classes is None else partial(_labels, classes=classes)
    try:
        return _run(estimator, X, y, split, ask, scorers or {}, groups, seed)
    except Exception as error:
        if error_score == "raise":
            error.add_note(f"This was repeat {split.repeat}, fold {split.fold} of {estimator!r}.")
            raise
        failure = f"{type(error).__name__}: {error}"
        return Cell(None, {}, np.nan, np.nan, np.nan, None, None, failure)


def seed_estimator(estimator, seed):
    """Return an unfitted copy whose open `random_state` parameters, nested ones too, are set.

    Parameters
    ----------
    estimator : BaseEstimator
    seed : int

    Returns
    -------
    seeded : BaseEstimator

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg.evaluation.running._fit_one import seed_estimator
    >>> seed_estimator(LogisticRegression(random_state=3), 0).random_state
    3
    >>> seed_estimator(LogisticRegression(), 0).random_state is None
    False
    """
    seeded = clone(estimator)
    draws = np.random.RandomState(seed)
    parameters = seeded.get_params(deep=True)
    names = [name for name in sorted(parameters) if name.split("__")[-1] == "random_state"]
    fresh = {name: int(draws.randint(2**31 - 1)) for name in names if parameters[name] is None}
    return seeded.set_params(**fresh) if fresh else seeded


def _run(estimator, X, y, split, ask, scorers, groups, seed):
    model = seed_estimator(estimator, seed)
    X_train, y_train = take_rows(X, split.train), y[split.train]
    extra = {} if groups is None else groups_for_fit(model, groups[split.train])
    with MemoryWatch() as watch:
        begin = time.perf_counter()
        model.fit(X_train, y_train, **extra)
        fitted = time.perf_counter()
    X_test = take_rows(X, split.test)
    answer = ask(model, X_test)
    answered = time.perf_counter()
    values = {name: float(each(model, X_test, y[split.test])) for name, each in scorers.items()}
    return Cell(
        answer, values, fitted - begin, answered - fitted, float(watch.peak),
        count_parameters(model), epochs_of(model), None,
    )  # fmt: skip


def _masks(model, X, shape):
    masks = np.asarray(model.predict(X))
    if masks[0].size == np.prod(shape):
        masks = masks.reshape(len(masks), *shape)
    elif masks.ndim == 1 + len(shape) == 3:
        masks = _nearest(masks, shape)
    else:
        raise ValueError(f"Its masks have shape {masks.shape[1:]}, the true ones {shape}.")
    return Answer(masks.astype(np.min_scalar_type(masks.max())), None, False)


def _nearest(masks, shape):
    rows, columns = (
        ((np.arange(wanted) + 0.5) * given / wanted).astype(int)
        for wanted, given in zip(shape, masks.shape[1:], strict=True)
    )
    return masks[:, rows[:, None], columns]


def _labels(model, X, classes):
    predicted = classes[code_labels(np.asarray(model.predict(X)), classes)]
    seen = np.asarray(model.classes_)
    if hasattr(model, "predict_proba"):
        return Answer(predicted, _spread(model.predict_proba(X), seen, classes, 0.0), True)
    if not hasattr(model, "decision_function"):
        return Answer(predicted, None, False)
    decision = np.asarray(model.decision_function(X), dtype=float)
    if decision.ndim == 1:
        decision = np.column_stack([-decision, decision])
    return Answer(predicted, _spread(decision, seen, classes, decision.min()), False)


def _spread(columns, seen, classes, missing):
    """Give every class its column; a class the training set lacked gets `missing`."""
    columns = np.asarray(columns, dtype=float)
    if not np.isfinite(columns).all():
        raise ValueError("Its probabilities or decision values hold nan or infinity.")
    if columns.shape[1] != len(seen):
        return None  # such as the pairwise decisions of SVC(decision_function_shape="ovo")
    spread = np.full((len(columns), len(classes)), missing)
    spread[:, np.searchsorted(classes, seen)] = columns
    return spread
