"""Fit every estimator once more, on all samples, and keep fitted models in memory."""

import time
from dataclasses import dataclass, field, replace
from functools import partial

from sklearn.utils.parallel import delayed

from skmedimg._progress import epochs_go_to
from skmedimg.evaluation.running._fit_folds import as_they_end, seed_estimator
from skmedimg.evaluation.splitting._groups import groups_for_fit

# Of the final fit, beside the seeds of the splits: repeats are numbered from 0.
_SEED = 1_000_003


@dataclass(frozen=True, eq=False)
class KeptModels:
    """Fitted models that stay in memory, and what is needed to score other images with them.

    Attributes
    ----------
    final : dict of str to estimator
        By name, fitted on all samples; without those whose fit failed.
    failures : dict of str to str
        By name, the errors that ended a final fit.
    folds : dict of str to tuple of estimator or None
        By name, one model per split, None where its fit failed; kept by `keep_models=True` alone.
    scorers : dict of str to callable
        Metrics that need the fitted model.
    facts : Facts or None
        Of the images that were fitted on.
    """

    final: dict
    failures: dict = field(default_factory=dict)
    folds: dict = None
    scorers: dict = field(default_factory=dict)
    facts: object = None


def fit_final(tasks, groups, progress, *, seed, n_jobs=None, error_score="raise"):
    """Return ({name: model}, {name: error}) of FitTasks fitted on all of their samples."""
    call = partial(_fit, groups=groups, seed=(seed + _SEED) % 2**32, error_score=error_score)
    progress.begin(f"{task.name}, all samples" for task in tasks)
    progress.start()
    calls = [
        delayed(_numbered)(place, call, task, progress.path_of(place))
        for place, task in enumerate(tasks)
    ]
    models, failures = {}, {}
    for place, seconds, model, error in as_they_end(calls, n_jobs):
        progress.finish(place, f"{seconds:.1f} s" if error is None else f"failed, {error}")
        if error is None:
            models[tasks[place].name] = model
        else:
            failures[tasks[place].name] = error
    # in the order of the tasks, whichever was done first
    return {task.name: models[task.name] for task in tasks if task.name in models}, failures


def without_models(fold_results):
    """Return {name: FoldResults} that hold no fitted models."""
    return {
        name: tuple(replace(result, model=None) for result in results)
        for name, results in fold_results.items()
    }


def _numbered(place, call, task, report):
    """Return (place, seconds, fitted model, error): results that come unordered say whose."""
    begun = time.perf_counter()
    with epochs_go_to(report):
        model, error = call(task)
    return place, time.perf_counter() - begun, model, error


def _fit(task, groups, seed, error_score):
    """Return (fitted model, None), or (None, text of its error)."""
    model = seed_estimator(task.estimator, seed)
    extra = {} if groups is None else groups_for_fit(model, groups)
    try:
        return model.fit(task.X, task.y, **extra), None
    except Exception as error:
        if error_score == "raise":
            error.add_note(f"This was the fit of {task.estimator!r} on all samples.")
            raise
        return None, f"{type(error).__name__}: {error}"
