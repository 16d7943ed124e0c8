"""Fit every estimator on every split: in parallel, resumable, with one progress bar."""

import time
import warnings
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed
from tqdm import tqdm

from skmedimg._sklearn import take_rows
from skmedimg.evaluation._records import FoldPredictions, FoldResult
from skmedimg.evaluation.running._costs import MemoryWatch, count_parameters
from skmedimg.evaluation.running._history import training_history
from skmedimg.evaluation.scores._positive_label import code_labels, column_per_class
from skmedimg.evaluation.scores._score_table import score_fold
from skmedimg.evaluation.splitting._groups import groups_for_fit, validation_for_fit


@dataclass(frozen=True, eq=False)
class FitTask:
    """One estimator of a comparison.

    Attributes
    ----------
    name : str
    estimator : BaseEstimator
        What is left of it after shared steps.
    X, y : what it is fitted on
    description : str
        How the whole estimator is written.
    key : str
        Beginning of its file names in a checkpoint.
    shared_time : float
        Seconds that its shared steps took.
    """

    name: str
    estimator: object
    X: object
    y: object
    description: str
    key: str
    shared_time: float = 0.0


@dataclass(frozen=True, eq=False)
class RunSettings:
    """How the fits are run.

    Attributes
    ----------
    metrics : tuple of Metric
    scorers : dict of str to callable
        Metrics that need the fitted estimator.
    checkpoint : Checkpoint
    seed : int
    n_jobs : int or None
    error_score : "raise" or float
    verbose : int
    keep_models : bool
        Whether results hold their fitted models; a checkpoint has none, so it is written only.
    """

    metrics: tuple
    scorers: dict
    checkpoint: object
    seed: int
    n_jobs: int
    error_score: object
    verbose: int
    keep_models: bool = False


def fit_folds(tasks, targets, splits, settings):
    """Return {name: tuple of FoldResult in the order of splits} of FitTasks fitted on Splits."""
    # Split by split, so that an interrupted run has whole splits of all estimators to compare.
    todo = [(task, number) for number in range(len(splits)) for task in tasks]
    found = {}
    with tqdm(total=len(todo), desc="Comparing", unit="fit", disable=not settings.verbose) as bar:
        for task, number in todo:
            # Finished fits are read first, so that the
            # progress bar counts them before any work begins.
            result = None
            if not settings.keep_models:
                result = settings.checkpoint.read(task.name, task.key, splits[number])
            if result is not None:
                found[task.name, number] = _scored(result, splits[number], targets, settings)
                _show(bar, found, task.name, settings)
        todo = [(task, number) for task, number in todo if (task.name, number) not in found]
        with warnings.catch_warnings():  # threads of scikit-learn leave filters in disorder
            for (task, number), result in _in_parallel(todo, targets, splits, settings):
                # Written by this process alone, as soon as a fit is
                # done: an interrupt loses only the fits running.
                settings.checkpoint.write(task.key, result)
                found[task.name, number] = _scored(result, splits[number], targets, settings)
                _show(bar, found, task.name, settings)
    return {
        task.name: tuple(found[task.name, number] for number in range(len(splits)))
        for task in tasks
    }


def fit_fold(task, split, *, classes, scorers, groups, seed, error_score, shape, keep_model=False):
    """Return the FoldResult of one FitTask on one Split, with the scores of `scorers` alone."""
    predict = partial(predict_test_set, classes=classes, shape=shape)
    try:
        model, result = _fit_and_predict(task, split, predict, scorers, groups, seed)
        return replace(result, model=model) if keep_model else result
    except Exception as error:
        if error_score == "raise":
            where = f"repeat {split.repeat}, fold {split.fold} of {task.estimator!r}"
            error.add_note(f"This was {where}.")
            raise
        return FoldResult(task.name, split, None, {}, failure=f"{type(error).__name__}: {error}")


def predict_test_set(model, X, *, classes, shape=()):
    """Return the FoldPredictions of a fitted model; `classes` is None for masks, of a `shape`."""
    return (
        _predict_masks(model, X, shape) if classes is None else _predict_labels(model, X, classes)
    )


def seed_estimator(estimator, seed):
    """Return an unfitted copy whose `random_state` parameters that are None, nested too, are set.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg.evaluation.running._fit_folds import seed_estimator
    >>> seed_estimator(LogisticRegression(random_state=3), 0).random_state
    3
    >>> seed_estimator(LogisticRegression(), 0).random_state is None
    False
    """
    seeded = clone(estimator)
    draws = np.random.RandomState(seed)
    parameters = seeded.get_params(deep=True)
    # Sorted, and one draw for each name: a parameter that the user sets moves no other seed.
    names = [name for name in sorted(parameters) if name.split("__")[-1] == "random_state"]
    fresh = {name: int(draws.randint(2**31 - 1)) for name in names if parameters[name] is None}
    return seeded.set_params(**fresh) if fresh else seeded


def split_seed(seed, split):
    """Return the seed of one split, the same for every estimator."""
    # From the numbers of the split, not from a counter: it does not depend on n_jobs, on the
    # order of fits or on what a checkpoint holds already. Equal seeds pair the estimators.
    return int(np.random.SeedSequence([seed, split.repeat, split.fold]).generate_state(1)[0])


def _scored(result, split, targets, settings):
    """Return a FoldResult with every score; those of a failed fit are missing (nan)."""
    undefined = {}
    if result.failed:
        scores = {metric.name: np.nan for metric in settings.metrics}
    else:
        # Scores of predictions are computed again here;
        # those of scorers needed the model, which is gone.
        own, undefined = score_fold(targets, split, result.predictions, settings.metrics)
        scores = {metric.name: (own | result.scores)[metric.name] for metric in settings.metrics}
    # A result from another process holds a copy of the split: all results share one.
    return replace(result, split=split, scores=scores, undefined=undefined)


def _show(bar, found, name, settings):
    """Show a finished fit: the running mean of the first score of its estimator."""
    if not bar.disable:
        first = settings.metrics[0]
        values = [each.scores[first.name] for (of, _), each in found.items() if of == name]
        known = [value for value in values if np.isfinite(value)]
        mean = np.mean(known) if known else np.nan
        bar.set_postfix_str(f"{name}: {first.title} {mean:.3f}")
    bar.update()


def _in_parallel(todo, targets, splits, settings):
    """Yield ((task, number), FoldResult) as they are done, or at the end where joblib cannot."""
    call = partial(
        fit_fold,
        classes=targets.classes,
        scorers=settings.scorers,
        groups=targets.groups,
        error_score=settings.error_score,
        shape=targets.y.shape[1:],
        keep_model=settings.keep_models,
    )
    calls = [
        delayed(_numbered)(i, call, task, splits[n], split_seed(settings.seed, splits[n]))
        for i, (task, n) in enumerate(todo)
    ]
    try:
        parallel = Parallel(n_jobs=settings.n_jobs, return_as="generator_unordered")
    except ValueError:  # some backends return nothing before everything is done
        parallel = Parallel(n_jobs=settings.n_jobs)
    for i, result in parallel(calls):
        yield todo[i], result


def _numbered(i, call, task, split, seed):
    """Return (i, result): results that come unordered say which call they belong to."""
    return i, call(task, split, seed=seed)


def _fit_and_predict(task, split, predict, scorers, groups, seed):
    model = seed_estimator(task.estimator, seed)
    X_train, y_train = take_rows(task.X, split.train), task.y[split.train]
    # An estimator that splits off a validation set must keep patients together as well.
    extra = {} if groups is None else groups_for_fit(model, groups[split.train])
    if split.validation is not None:
        X_val, y_val = take_rows(task.X, split.validation), task.y[split.validation]
        # Those of training and of validation are given together, or neither.
        groups_val = groups[split.validation] if extra else None
        extra |= validation_for_fit(model, X_val, y_val, groups_val)
    # Only `fit` is measured and timed: taking the training rows costs every estimator the same.
    with MemoryWatch() as watch:
        begin = time.perf_counter()
        model.fit(X_train, y_train, **extra)
        fitted = time.perf_counter()
    X_test = take_rows(task.X, split.test)
    predictions = predict(model, X_test)
    predicted = time.perf_counter()
    y_test = task.y[split.test]
    return model, FoldResult(
        task.name,
        split,
        predictions,
        {name: float(scorer(model, X_test, y_test)) for name, scorer in scorers.items()},
        fit_time=fitted - begin,
        score_time=predicted - fitted,
        memory=float(watch.peak),
        parameters=count_parameters(model),
        history=training_history(model),
    )


def _predict_masks(model, X, shape):
    """Return FoldPredictions of a segmenter; masks of another size are brought to `shape`."""
    masks = np.asarray(model.predict(X))
    # A flat row of pixels per image is accepted as a mask too.
    if masks[0].size == np.prod(shape):
        masks = masks.reshape(len(masks), *shape)
    elif masks.ndim == 1 + len(shape) == 3:
        masks = _nearest(masks, shape)
    else:
        raise ValueError(f"Its masks have shape {masks.shape[1:]}, the true ones {shape}.")
    return FoldPredictions(masks.astype(np.min_scalar_type(masks.max())))


def _nearest(masks, shape):
    """Return masks resized by nearest neighbor: an interpolated label would be none."""
    rows, columns = (
        # The center of each wanted pixel, in pixels of what was given.
        ((np.arange(wanted) + 0.5) * given / wanted).astype(int)
        for wanted, given in zip(shape, masks.shape[1:], strict=True)
    )
    return masks[:, rows[:, None], columns]


def _predict_labels(model, X, classes):
    """Return FoldPredictions of a classifier, with a column for each of `classes`."""
    # Through the positions, so that predictions have the dtype of y and unknown labels raise.
    predicted = classes[code_labels(np.asarray(model.predict(X)), classes)]
    seen = np.asarray(model.classes_)
    if hasattr(model, "predict_proba"):
        return FoldPredictions(predicted, _spread(model.predict_proba(X), seen, classes, 0.0), True)
    if not hasattr(model, "decision_function"):
        return FoldPredictions(predicted)
    decision = np.asarray(model.decision_function(X), dtype=float)
    # Two classes have one column, positive for the second class; argmax of the pair keeps its sign.
    if decision.ndim == 1:
        decision = np.column_stack([-decision, decision])
    # A missing class gets the smallest decision value, so that it never wins the argmax.
    return FoldPredictions(predicted, _spread(decision, seen, classes, decision.min()))


def _spread(columns, seen, classes, missing):
    """Return one column per class; a class the training set lacked gets `missing`."""
    columns = np.asarray(columns, dtype=float)
    if not np.isfinite(columns).all():
        raise ValueError("Its probabilities or decision values hold nan or infinity.")
    if columns.shape[1] != len(seen):
        return None  # such as the pairwise decisions of SVC(decision_function_shape="ovo")
    return column_per_class(columns, seen, classes, missing)
