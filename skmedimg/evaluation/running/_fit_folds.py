"""Fit every estimator on every split: in parallel, resumable, with one line of progress."""

import time
import warnings
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from skmedimg._progress import epochs_go_to
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
    progress : FitProgress
    keep_models : bool
        Whether results hold their fitted models; a checkpoint has none, so it is written only.
    """

    metrics: tuple
    scorers: dict
    checkpoint: object
    seed: int
    n_jobs: int
    error_score: object
    progress: object
    keep_models: bool = False


class FitsInterrupted(KeyboardInterrupt):
    """Ctrl-C during the fits, with what was finished before.

    Attributes
    ----------
    fold_results : dict of str to tuple of FoldResult
        Of the splits on which all estimators were fitted; where there is none, of the estimators
        that were fitted on the first split.
    splits : tuple of Split
    comparison : Comparison or None
        What `compare` made of them; None where no estimator was fitted.
    """

    def __init__(self, fold_results, splits):
        super().__init__()
        self.fold_results, self.splits, self.comparison = fold_results, splits, None


def fit_folds(tasks, targets, splits, settings):
    """Return {name: tuple of FoldResult in the order of splits} of FitTasks fitted on Splits."""
    # Split by split, so that an interrupted run has whole splits of all estimators to compare.
    todo = [(task, number) for number in range(len(splits)) for task in tasks]
    found = {}
    progress = settings.progress
    progress.begin(f"{task.name}, {_split_name(splits, number)}" for task, number in todo)
    for place, (task, number) in enumerate(todo):
        # Finished fits are read first, so that the progress counts them before any work begins.
        result = None
        if not settings.keep_models:
            result = settings.checkpoint.read(task.name, task.key, splits[number])
        if result is not None:
            found[task.name, number] = _scored(result, splits[number], targets, settings)
            progress.finish(place, _words(found[task.name, number], settings))
    places = [i for i, (task, number) in enumerate(todo) if (task.name, number) not in found]
    progress.start()
    with warnings.catch_warnings():  # threads of scikit-learn leave filters in disorder
        try:
            for place, result in _in_parallel(todo, places, targets, splits, settings):
                task, number = todo[place]
                # Written by this process alone, as soon as a fit is
                # done: an interrupt loses only the fits running.
                settings.checkpoint.write(task.key, result)
                found[task.name, number] = _scored(result, splits[number], targets, settings)
                progress.finish(place, _words(found[task.name, number], settings))
        except KeyboardInterrupt:
            raise FitsInterrupted(*_finished(found, tasks, splits)) from None
    return {
        task.name: tuple(found[task.name, number] for number in range(len(splits)))
        for task in tasks
    }


def _finished(found, tasks, splits):
    """Return the fold_results and splits of FitsInterrupted."""
    names, numbers = [task.name for task in tasks], range(len(splits))
    whole = [number for number in numbers if all((name, number) in found for name in names)]
    if not whole:
        whole, names = [0], [name for name in names if (name, 0) in found]
    results = {name: tuple(found[name, number] for number in whole) for name in names}
    return results, tuple(splits[number] for number in whole)


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


def as_they_end(calls, n_jobs):
    """Yield the results of delayed calls as they are done, or at the end where joblib cannot."""
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    except ValueError:  # some backends return nothing before everything is done
        parallel = Parallel(n_jobs=n_jobs)
    yield from parallel(calls)


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


def _split_name(splits, number):
    """Return the name of a split among all, for the progress."""
    if len(splits) == 1:
        return "test set"
    repeat = f"repeat {splits[number].repeat + 1} " if splits[-1].repeat else ""
    return f"{repeat}fold {splits[number].fold + 1}"


def _words(result, settings):
    """Return what came of a fit in a few words."""
    if result.failed:
        return f"failed, {result.failure}"
    first = settings.metrics[0]
    return f"{first.title} {result.scores[first.name]:.3f}, {result.fit_time:.1f} s"


def _in_parallel(todo, places, targets, splits, settings):
    """Yield (place, FoldResult) as they are done, or at the end where joblib cannot."""
    call = partial(
        fit_fold,
        classes=targets.classes,
        scorers=settings.scorers,
        groups=targets.groups,
        error_score=settings.error_score,
        shape=targets.y.shape[1:],
        keep_model=settings.keep_models,
    )
    calls = []
    for place in places:
        task, number = todo[place]
        seed = split_seed(settings.seed, splits[number])
        report = settings.progress.path_of(place)
        calls.append(delayed(_numbered)(place, call, task, splits[number], seed, report))
    yield from as_they_end(calls, settings.n_jobs)


def _numbered(place, call, task, split, seed, report):
    """Return (place, result): results that come unordered say which call they belong to."""
    with epochs_go_to(report):
        return place, call(task, split, seed=seed)


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
