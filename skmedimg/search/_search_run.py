"""One search from its parameters to its fitted attributes: prepare, run the trials, choose."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import optuna
from joblib import Parallel, delayed
from optuna.trial import TrialState
from sklearn.base import is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.utils import assert_all_finite, check_random_state, get_tags
from sklearn.utils.multiclass import type_of_target

from skmedimg._sklearn import num_samples, routing_enabled
from skmedimg._warnings import warn_user
from skmedimg.evaluation.splitting._folds import (
    choose_splitter,
    refuse_shared_patients,
    split_rows,
)
from skmedimg.evaluation.splitting._groups import groups_for_fit, without_groups
from skmedimg.images._validate import check_groups
from skmedimg.search._candidates import build_candidate, name_models
from skmedimg.search._cv_results import make_cv_results, metric_names
from skmedimg.search._sampler import TrialSeededSampler
from skmedimg.search._study_identity import check_same_study, check_study_name, study_digest
from skmedimg.search._study_storage import JOURNAL, open_study, silence_optuna
from skmedimg.search._trial_owners import finished_trials
from skmedimg.search._trials import SINGLE, run_trials


@dataclass
class SearchRun:
    """All that a process needs to work on the study of a search."""

    search: object  # the OptunaSearch
    models: dict  # name -> (estimator, space)
    X: object
    y: object
    fit_params: dict  # name -> parameters of fit
    score_params: dict  # parameters of the scorer
    splits: list  # of (train, test)
    scorer: object
    scorer_by_metric: dict  # empty for one metric, and for a function
    objectives: list  # names of the metrics that the study maximizes
    deadline: float
    study_options: dict  # of `open_study`
    metadata: dict | None  # what scikit-learn's callbacks are told
    task: object = None  # the context of the search for scikit-learn's callbacks

    @property
    def error_score(self):
        """What a fold counts that failed, as a number."""
        given = self.search.error_score
        return np.nan if given == "raise" else given

    def catches(self, error):
        """Tell whether the search goes on after an error of a fit."""
        kinds = self.search.catch
        caught = kinds is None or isinstance(error, kinds)
        return caught and self.search.error_score != "raise"

    @property
    def n_new_trials(self):
        """Number of trials that this call runs, or None where it depends on others."""
        alone = self.study_options["storage"] is None and self.study_options["study_name"] is None
        given = isinstance(self.search.study, optuna.Study)
        return self.search.n_trials if alone and not given else None

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
    scorer = check_scoring(search.estimator, search.scoring)
    _check_one_kind(models)
    _check_callbacks(search)
    _check_targets(search, y)
    check_study_name(search.study, search.storage, models)
    groups = None if groups is None else check_groups(groups, X)
    objectives = _objectives(search)
    fit_params, score_params, split_params = _route(search, models, groups, params)
    weights = params.get("sample_weight")
    run = SearchRun(
        search=search,
        models=models,
        X=X,
        y=y,
        fit_params=fit_params,
        score_params=score_params,
        # Made once: all candidates, in all processes, are scored on the same folds.
        splits=_splits(search, X, y, groups, split_params),
        scorer=scorer,
        scorer_by_metric=_scorer_by_metric(search),
        objectives=objectives,
        deadline=time.time() + (np.inf if search.timeout is None else search.timeout),
        study_options=_study_options(search, objectives),
        metadata=None if weights is None else {"sample_weight": weights},
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


def fitted_attributes(study, run):
    """Return the fitted attributes that the trials of a study decide, by name."""
    trials, refit = finished_trials(study), run.search.refit
    _report_failures(trials, run)
    results = make_cv_results(trials, run)
    names = metric_names(trials)
    found = {
        "cv_results_": results,
        "multimetric_": bool(run.scorer_by_metric) or names != [SINGLE],
    }
    # Several objectives have a front of best trials and not one best trial.
    if not refit and found["multimetric_"]:
        return found
    metric = run.objectives[0] if run.objectives[0] in names else names[0]
    index = run.search._select_best_index(refit, metric, results)
    found |= {
        "best_index_": index,
        "best_params_": results["params"][index],
        "best_name_": results["estimator"][index] if "estimator" in results else "",
    }
    if not callable(refit):
        found["best_score_"] = float(results[f"mean_test_{metric}"][index])
    return found


def fit_best(search, run, task):
    """Return the chosen candidate, fitted on all samples, and the seconds that took."""
    name = search.best_name_
    model, given = build_candidate(run.models, name, search.best_params_), run.fit_params[name]
    data = {"estimator": search, "X": run.X, "y": run.y, "metadata": run.metadata}
    with task.propagate_callback_context(model):
        task.call_on_fit_task_begin(**data)
        begin = time.perf_counter()
        model.fit(run.X, **given) if run.y is None else model.fit(run.X, run.y, **given)
        seconds = time.perf_counter() - begin
    task.call_on_fit_task_end(**data)
    return model, seconds


def _check_one_kind(models):
    kinds = {name: get_tags(estimator).estimator_type for name, (estimator, _) in models.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(f"estimators needs estimators of one kind, but has {kinds}.")


def _check_callbacks(search):
    for callback in search.callbacks or ():
        if not callable(callback):
            raise TypeError(f"callbacks needs functions of study and trial, but has {callback!r}.")
    kinds = search.catch if isinstance(search.catch, tuple) else (search.catch or Exception,)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise TypeError(f"catch needs kinds of errors such as ValueError, but has {kind!r}.")


def _check_targets(search, y):
    if y is None and get_tags(search).target_tags.required:
        raise ValueError("OptunaSearch requires y to be passed, but the target y is None.")
    kind = None if y is None else np.asarray(y).dtype.kind
    if kind == "f":
        assert_all_finite(np.asarray(y), input_name="y")
    if kind == "O" and is_classifier(search):
        type_of_target(y, input_name="y", raise_unknown=True)


def _objectives(search):
    """Return the names of the metrics that the study maximizes."""
    if callable(search.scoring):
        return [search.refit] if isinstance(search.refit, str) else [SINGLE]
    metrics = list(_scorer_by_metric(search))
    if not metrics:
        return [SINGLE]
    if search.refit in metrics:
        return [search.refit]
    if search.refit is False or callable(search.refit):
        return metrics
    raise ValueError(
        f"refit={search.refit!r} needs the name of the metric that decides, of {metrics}; or "
        "False, which makes each of them an objective."
    )


def _scorer_by_metric(search):
    """Return {name: scorer} of several metrics, else {}."""
    if search.scoring is None or isinstance(search.scoring, str) or callable(search.scoring):
        return {}
    named = search.scoring if isinstance(search.scoring, dict) else {m: m for m in search.scoring}
    return {name: check_scoring(search.estimator, metric) for name, metric in named.items()}


def _route(search, models, groups, params):
    """Return the metadata of each estimator's fit, of the scorer and of the splitter."""
    given = params if groups is None else {**params, "groups": groups}
    routed = search._get_routed_params_for_fit(given)
    if routing_enabled():
        keys = zip(models, search._estimators_by_key(), strict=True)
        to_fit = {name: dict(routed[key].fit) for name, key in keys}
    else:
        to_fit = {
            name: params if groups is None else {**params, **groups_for_fit(estimator, groups)}
            for name, (estimator, _) in models.items()
        }
    return to_fit, routed.scorer.score, without_groups(routed.splitter.split)


def _splits(search, X, y, groups, metadata):
    stratified = is_classifier(search) and type_of_target(y) in ("binary", "multiclass")
    splitter = choose_splitter(search.cv, stratified=stratified, grouped=groups is not None)
    strata = np.zeros(num_samples(X)) if y is None else y
    splits = split_rows(splitter, strata, groups, **metadata)
    if not splits:
        raise ValueError(f"cv={search.cv!r} has no folds: was it an iterator that is used up?")
    for number, (train, test) in enumerate(splits):
        refuse_shared_patients(f"Split {number} of cv", train, test, groups)
    return splits


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


def _report_failures(trials, run):
    """Warn of trials with fits that failed; raise where no trial is complete."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    errors = [each.user_attrs["error"] for each in trials if "error" in each.user_attrs]
    if all("error" in fold for trial in complete for fold in trial.user_attrs["folds"]):
        _raise_no_trial(errors)
    if errors:
        score = run.error_score
        counts = "" if np.isnan(score) else f" (folds that failed count error_score={score})"
        warn_user(
            f"{len(errors)} of {len(trials)} trials failed{counts}, see cv_results_['error']. The "
            f"first: {errors[0]}",
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
