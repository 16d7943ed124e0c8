"""One search from its parameters to its fitted attributes: prepare, run the trials, choose."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import optuna
from joblib import Parallel, delayed
from sklearn.base import is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.utils import assert_all_finite, check_random_state, get_tags
from sklearn.utils.multiclass import type_of_target

from skmedimg._sklearn import num_samples
from skmedimg._warnings import warn_user
from skmedimg.evaluation.splitting._folds import choose_splitter, split_rows
from skmedimg.evaluation.splitting._groups import groups_for_fit
from skmedimg.images._validate import check_groups
from skmedimg.search._candidates import build_candidate, name_models
from skmedimg.search._cv_results import best_row, make_cv_results
from skmedimg.search._sampler import TrialSeededSampler
from skmedimg.search._study_identity import check_same_study, check_study_name, study_digest
from skmedimg.search._study_storage import JOURNAL, open_study, silence_optuna
from skmedimg.search._trial_owners import finished_trials
from skmedimg.search._trials import SINGLE, run_trials


@dataclass
class SearchRun:
    """All that a process needs to work on the study of a search."""

    models: dict  # name -> (estimator, space)
    X: object
    y: object
    fit_params: dict  # name -> parameters of fit
    splits: list  # of (train, test)
    scoring: object
    objectives: list  # names of the metrics that the study maximizes
    n_trials: int | None
    deadline: float
    study_options: dict  # of `open_study`
    verbose: int

    def open_study(self):
        """Open the study where it is stored."""
        with silence_optuna():
            return open_study(**self.study_options)

    def prunes(self, study):
        """Tell whether a trial may be stopped early."""
        # optuna does not prune studies of several objectives.
        return len(self.objectives) == 1 and not isinstance(study.pruner, optuna.pruners.NopPruner)


def prepare_search(search, X, y, groups, params):
    """Return the SearchRun of an OptunaSearch, and its study, or None where processes open it."""
    if search.n_trials is None and search.timeout is None:
        raise ValueError("n_trials=None needs a timeout: else the search never ends.")
    models = name_models(search.estimators, search.spaces)
    _check_one_kind(models)
    _check_targets(search, y)
    check_study_name(search.study, search.storage, models)
    groups = None if groups is None else check_groups(groups, X)
    objectives = _objectives(search, models)
    fit_params = {
        name: params if groups is None else {**params, **groups_for_fit(estimator, groups)}
        for name, (estimator, _) in models.items()
    }
    run = SearchRun(
        models=models,
        X=X,
        y=y,
        fit_params=fit_params,
        # Made once: all candidates, in all processes, are scored on the same folds.
        splits=_splits(search, X, y, groups),
        scoring=search.scoring,
        objectives=objectives,
        n_trials=search.n_trials,
        deadline=time.time() + (np.inf if search.timeout is None else search.timeout),
        study_options=_study_options(search, objectives),
        verbose=search.verbose,
    )
    return _find_study(search, run, groups)


def run_search(run, study, n_jobs):
    """Run all trials in this or in `n_jobs` processes, and return the study."""
    if n_jobs == 1:
        study = run.open_study() if study is None else study
        run_trials(run, study)
        return study
    # A Study in memory would be copied into every process, and their trials lost.
    if study is not None:
        raise ValueError(
            f"n_jobs={n_jobs} needs a study that processes can open: give storage= and the name "
            "of the study instead of the Study itself."
        )
    if run.study_options["storage"] is not None:
        Parallel(n_jobs=n_jobs)(delayed(run_trials)(run) for _ in range(n_jobs))
        return run.open_study()
    return _run_in_temporary_storage(run, n_jobs)


def fitted_attributes(study, run, refit):
    """Return the fitted attributes that the trials of a study decide, by name."""
    results = make_cv_results(finished_trials(study), run.models, len(run.splits))
    _report_failures(results)
    # Several objectives have a front of best trials and not one best trial.
    if len(run.objectives) > 1 and not callable(refit):
        return {"cv_results_": results}
    index = refit(results) if callable(refit) else best_row(results, run.objectives[0])
    found = {
        "cv_results_": results,
        "best_index_": index,
        "best_params_": results["params"][index],
        "best_name_": results["estimator"][index] if "estimator" in results else "",
    }
    if not callable(refit):
        found["best_score_"] = float(results[f"mean_test_{run.objectives[0]}"][index])
    return found


def fit_best(run, name, parameters):
    """Return the chosen candidate, fitted on all samples."""
    model, given = build_candidate(run.models, name, parameters), run.fit_params[name]
    return model.fit(run.X, **given) if run.y is None else model.fit(run.X, run.y, **given)


def _check_one_kind(models):
    kinds = {name: get_tags(estimator).estimator_type for name, (estimator, _) in models.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(f"estimators needs estimators of one kind, but has {kinds}.")


def _check_targets(search, y):
    if y is None and get_tags(search).target_tags.required:
        raise ValueError("OptunaSearch requires y to be passed, but the target y is None.")
    if y is not None and np.asarray(y).dtype.kind == "f":
        assert_all_finite(np.asarray(y), input_name="y")


def _objectives(search, models):
    """Return the names of the metrics that the study maximizes."""
    estimator = next(iter(models.values()))[0]
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


def _study_options(search, objectives):
    """Return the parameters of `open_study` that a search gives."""
    seed = search.random_state
    if seed is not None and not isinstance(seed, (int, np.integer)):
        # A generator cannot be stored or shared between processes; an integer drawn from it can.
        seed = check_random_state(seed).randint(2**31 - 1)
    storage = search.storage
    if isinstance(storage, str) and storage.startswith(JOURNAL):
        # processes of a cluster may start in another working directory
        storage = JOURNAL + str(Path(storage.removeprefix(JOURNAL)).absolute())
    return {
        "storage": storage,
        "study_name": None if isinstance(search.study, optuna.Study) else search.study,
        "directions": ["maximize"] * len(objectives),
        "sampler": TrialSeededSampler(seed) if search.sampler is None else search.sampler,
        "pruner": optuna.pruners.MedianPruner() if search.pruner is None else search.pruner,
    }


def _find_study(search, run, groups):
    """Return a run that names its study, and the study if the user gave one; check both."""
    study = search.study if isinstance(search.study, optuna.Study) else None
    if study is None and run.study_options["storage"] is None:
        return run, None
    digest = study_digest(run, groups)
    if study is None:
        # Named by its digest, a second call with the same
        # search continues it, and any other begins anew.
        name = run.study_options["study_name"] or f"search-{digest[:16]}"
        run = replace(run, study_options={**run.study_options, "study_name": name})
    opened = run.open_study() if study is None else study
    if any(direction.name != "MAXIMIZE" for direction in opened.directions):
        raise ValueError("study needs direction='maximize': scores are better when larger.")
    check_same_study(opened, digest)
    return run, study


def _run_in_temporary_storage(run, n_jobs):
    """Share a study between processes through a temporary file, and return it in memory."""
    with tempfile.TemporaryDirectory() as folder:
        stored = {"storage": f"{JOURNAL}{folder}/study.log", "study_name": "search"}
        shared = replace(run, study_options={**run.study_options, **stored})
        shared.open_study()  # one process creates it, so that the others only open it
        Parallel(n_jobs=n_jobs)(delayed(run_trials)(shared) for _ in range(n_jobs))
        trials = shared.open_study().trials
    study = run.open_study()
    study.add_trials(trials)
    return study


def _report_failures(results):
    """Warn of trials that failed; raise where no trial is complete."""
    states, errors = results["state"], [error for error in results["error"] if error]
    if not (states == "complete").any():
        _raise_no_trial(errors)
    if errors:
        warn_user(
            f"{len(errors)} of {len(states)} trials failed, see cv_results_['error']. The first: "
            f"{errors[0]}",
            FitFailedWarning,
        )


def _raise_no_trial(errors):
    if not errors:
        raise ValueError(
            "No trial is complete: all were pruned, or the time was up before. Give more timeout, "
            "or a milder pruner."
        )
    # scikit-learn's checks expect the TypeError of an estimator as a TypeError
    kind = TypeError if all(error.startswith("TypeError") for error in errors) else ValueError
    raise kind(f"No trial is complete: {len(errors)} failed, the first with {errors[0]}")
