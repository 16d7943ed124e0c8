"""One search from its parameters to its result: prepare the job, spend the budget, choose."""

import hashlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
from joblib import Parallel, delayed
from optuna.distributions import BaseDistribution
from sklearn.base import is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.utils import assert_all_finite, check_random_state, get_tags
from sklearn.utils.multiclass import type_of_target

from skmedimg._files import utf8
from skmedimg._provenance import estimator_key, fingerprint, split_bytes
from skmedimg._sklearn import num_samples
from skmedimg._warnings import warn_user
from skmedimg.evaluation.splitting._folds import choose_splitter, split_rows
from skmedimg.evaluation.splitting._groups import groups_for_fit
from skmedimg.images._validate import check_groups
from skmedimg.search._candidates import build, name_candidates
from skmedimg.search._cv_results import as_cv_results, best_index, finished
from skmedimg.search._functions import written, written_choice
from skmedimg.search._sampler import NumberedSampler
from skmedimg.search._study_storage import JOURNAL, new_study, quiet
from skmedimg.search._trials import SINGLE, Job, work


def prepare(search, X, y, groups, params):
    """Return the job that a search gives its processes, and the study when it is in memory.

    Parameters
    ----------
    search : OptunaSearch
    X, y : object
    groups : array-like of shape (n_samples,) or None
    params : dict of str to object
        Of `fit`.

    Returns
    -------
    job : Job
    study : optuna.Study or None
        None: processes open it where the job says.
    """
    named = name_candidates(search.estimators, search.spaces)
    _check_kinds(named)
    _check_targets(search, y)
    groups = None if groups is None else check_groups(groups, X)
    objectives = _objectives(search, named)
    splits = _splits(search, X, y, groups)
    job = Job(
        named=named, X=X, y=y,
        fit_params={name: {**params, **_groups_of(estimator, groups)}
                    for name, (estimator, _) in named.items()},
        splits=splits, scoring=search.scoring, objectives=objectives, n_trials=search.n_trials,
        deadline=time.time() + (np.inf if search.timeout is None else search.timeout),
        open=_where(search, objectives), verbose=search.verbose,
    )  # fmt: skip
    if search.n_trials is None and search.timeout is None:
        raise ValueError("n_trials=None needs a timeout: else the search never ends.")
    return _opened(search, job, groups)


def run(job, study, n_jobs):
    """Spend the budget and return the study.

    Parameters
    ----------
    job : Job
    study : optuna.Study or None
    n_jobs : int

    Returns
    -------
    study : optuna.Study
    """
    if n_jobs == 1:
        study = job.study() if study is None else study
        work(job, study)
        return study
    if study is not None:
        raise ValueError(
            f"n_jobs={n_jobs} needs a study that processes can open: give storage= and the "
            "study's name in place of the Study itself."
        )
    if job.open[0] is not None:
        Parallel(n_jobs=n_jobs)(delayed(work)(job) for _ in range(n_jobs))
        return job.study()
    return _run_in_passing(job, n_jobs)


def finish(study, job, refit):
    """Return the fitted attributes that come of the trials.

    Parameters
    ----------
    study : optuna.Study
    job : Job
    refit : bool, str or callable

    Returns
    -------
    attributes : dict of str to object
    """
    trials = finished(study)
    results = as_cv_results(trials, job.named, len(job.splits))
    _say_what_failed(results)
    if len(job.objectives) > 1 and not callable(refit):
        return {"cv_results_": results}
    index = refit(results) if callable(refit) else best_index(results, job.objectives[0])
    found = {
        "cv_results_": results,
        "best_index_": index,
        "best_params_": results["params"][index],
        "best_name_": results["estimator"][index] if "estimator" in results else "",
    }
    if not callable(refit):
        found["best_score_"] = float(results[f"mean_test_{job.objectives[0]}"][index])
    return found


def refitted(job, name, parameters):
    """Return a candidate trained on all rows.

    Parameters
    ----------
    job : Job
    name : str
    parameters : dict of str to object

    Returns
    -------
    estimator : estimator
    """
    model, given = build(job.named, name, parameters), job.fit_params[name]
    return model.fit(job.X, **given) if job.y is None else model.fit(job.X, job.y, **given)


def _check_kinds(named):
    kinds = {name: get_tags(estimator).estimator_type for name, (estimator, _) in named.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(f"estimators needs estimators of one kind, but has {kinds}.")


def _check_targets(search, y):
    if y is None and get_tags(search).target_tags.required:
        raise ValueError("OptunaSearch requires y to be passed, but the target y is None.")
    if y is not None and np.asarray(y).dtype.kind == "f":
        assert_all_finite(np.asarray(y), input_name="y")


def _groups_of(estimator, groups):
    return {} if groups is None else groups_for_fit(estimator, groups)


def _objectives(search, named):
    """Return the metrics that the study maximises."""
    estimator = next(iter(named.values()))[0]
    scoring = search.scoring
    check_scoring(estimator, scoring)
    if not isinstance(scoring, (list, tuple, dict, set)):
        return [SINGLE] if not isinstance(search.refit, str) else [search.refit]
    metrics = list(scoring)
    if isinstance(search.refit, str) and search.refit in metrics:
        return [search.refit]
    if search.refit is False or callable(search.refit):
        return metrics
    raise ValueError(
        f"refit={search.refit!r} needs the name of the metric that decides, of {metrics}; or "
        "False, which makes each of them an objective."
    )


def _splits(search, X, y, groups):
    stratified = is_classifier(search) and type_of_target(y) in ("binary", "multiclass")
    splitter = choose_splitter(search.cv, stratified=stratified, grouped=groups is not None)
    strata = np.zeros(num_samples(X)) if y is None else y
    return split_rows(splitter, strata, groups)


def _where(search, objectives):
    """Return what opens the study: storage, name, directions, sampler, pruner."""
    seed = search.random_state
    if seed is not None and not isinstance(seed, (int, np.integer)):
        seed = check_random_state(seed).randint(2**31 - 1)
    sampler = NumberedSampler(seed) if search.sampler is None else search.sampler
    pruner = optuna.pruners.MedianPruner() if search.pruner is None else search.pruner
    storage, name = search.storage, None if isinstance(search.study, optuna.Study) else search.study
    if isinstance(storage, str) and storage.startswith(JOURNAL):
        storage = JOURNAL + str(Path(storage.removeprefix(JOURNAL)).absolute())
    return storage, name, ["maximize"] * len(objectives), sampler, pruner


def _opened(search, job, groups):
    """Find the study, and refuse one that has tried its candidates on other data."""
    study = search.study if isinstance(search.study, optuna.Study) else None
    if study is None and job.open[0] is None:
        return job, None
    digest = _digest(job, groups)
    if study is None:
        name = job.open[1] or f"search-{digest[:16]}"
        job = replace(job, open=(job.open[0], name, *job.open[2:]))
    opened = job.study() if study is None else study
    if any(direction.name != "MAXIMIZE" for direction in opened.directions):
        raise ValueError("study needs direction='maximize': scores are better when larger.")
    if opened.user_attrs.get("digest", digest) != digest:
        raise ValueError(
            f"The study {opened.study_name!r} was made with other data, folds, estimators or "
            "spaces: its scores do not compare. Give another name, or none."
        )
    opened.set_user_attr("digest", digest)
    return job, study


def _digest(job, groups):
    digest = hashlib.sha256()
    y = None if job.y is None else np.asarray(job.y)
    digest.update(fingerprint(job.X, y, groups).encode())
    for train, test in job.splits:
        digest.update(split_bytes(train, test))
    for name, (estimator, space) in job.named.items():
        text = written(space) if callable(space) else _spelled(space)
        digest.update(utf8(f"{estimator_key(name, estimator)} {text} {job.objectives}"))
    return digest.hexdigest()


def _spelled(space):
    """Write a dict of distributions and choices down, without addresses in memory."""
    choices = {name: getattr(kind, "choices", kind) for name, kind in space.items()}
    return repr({
        name: kind if isinstance(kind, BaseDistribution) else [written_choice(c) for c in kind]
        for name, kind in choices.items()
    })  # fmt: skip


def _run_in_passing(job, n_jobs):
    """Share a study among processes through a file, and keep it in memory afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        shared = replace(job, open=(f"{JOURNAL}{folder}/study.log", "search", *job.open[2:]))
        shared.study()
        Parallel(n_jobs=n_jobs)(delayed(work)(shared) for _ in range(n_jobs))
        trials = shared.study().trials
    with quiet():
        study = new_study(*job.open)
    study.add_trials(trials)
    return study


def _say_what_failed(results):
    states, errors = results["state"], [error for error in results["error"] if error]
    if not (states == "complete").any():
        _refuse(errors)
    if errors:
        warn_user(
            f"{len(errors)} of {len(states)} trials failed, see cv_results_['error']. The first: "
            f"{errors[0]}", FitFailedWarning,
        )  # fmt: skip


def _refuse(errors):
    if not errors:
        raise ValueError(
            "No trial is complete: all were pruned, or the time was up before. Give more timeout, "
            "or a milder pruner."
        )
    kind = TypeError if all(error.startswith("TypeError") for error in errors) else ValueError
    raise kind(f"No trial is complete: {len(errors)} failed, the first with {errors[0]}")
