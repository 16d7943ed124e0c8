"""Runs trials until the budget is spent: folds, epochs, pruning and failures."""

import time
from functools import partial

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sklearn.base import clone
from sklearn.metrics import check_scoring

from skmedimg._sklearn import num_samples, take_rows
from skmedimg._warnings import warn_user
from skmedimg.search._candidates import build_candidate, draw_candidate
from skmedimg.search._epoch_reporter import report_epochs
from skmedimg.search._study_storage import silence_optuna
from skmedimg.search._trial_owners import (
    counted_trials,
    finished_trials,
    heartbeat,
    mark_lost,
    retry_lost_trials,
    running_trials,
)

SINGLE = "score"  # name of the metric where `scoring` names none
# Optuna compares trials step by step: fold k has the steps 1000 k + epoch and 1000 k + 999 (its
# end), so that networks of other lengths, and models without epochs, are compared at fold ends.
_STEPS_PER_FOLD = 1000
_POLL_SECONDS = 0.2


def run_trials(run, study=None):
    """Run trials of a SearchRun until the study's budget or the time is spent."""
    study = run.open_study() if study is None else study
    with silence_optuna():
        try:
            _run_all(run, study)
        # Errors of fits are trials that failed; this one is of the storage, such as a full disk.
        except OSError as error:
            if not finished_trials(study):
                raise
            warn_user(
                f"The storage of the search could not be written ({error}). The search ends with "
                "the trials that were; call fit again to go on when there is space."
            )


def _run_all(run, study):
    while (trial := _next_trial(study, run)) is not None:
        with heartbeat(trial):
            outcome = _run_trial(study, trial, run)
        if not _tell(study, trial, outcome):
            return


def score_by_metric(scorer, model, X, y):
    """Return {metric: score} of a fitted model."""
    given = scorer(model, X) if y is None else scorer(model, X, y)
    given = given if isinstance(given, dict) else {SINGLE: given}
    return {name: float(value) for name, value in given.items()}


def _next_trial(study, run):
    """Return a new trial, or None when the budget is spent and no other process works on one."""
    # Checked between trials alone: a trial that began in time is finished.
    while time.time() < run.deadline:
        retry_lost_trials(study)
        if run.n_trials is None or len(counted_trials(study)) < run.n_trials:
            trial = study.ask()
            if run.n_trials is None or _rank(study, trial) < run.n_trials:
                return trial
            mark_lost(study, trial)  # another process asked at the same moment
        elif not running_trials(study):
            return None
        else:  # a running trial may still be lost, and then has to be tried again
            time.sleep(_POLL_SECONDS)
    return None


def _rank(study, trial):
    """Return how many counted trials were created before this one."""
    return sum(other.number < trial.number for other in counted_trials(study))


def _run_trial(study, trial, run):
    """Cross-validate one candidate and return what to tell the study."""
    try:
        name, parameters = draw_candidate(trial, run.models)
        candidate = build_candidate(run.models, name, parameters)
    except BaseException:  # a space that does not fit its estimator fails in every trial
        mark_lost(study, trial)
        raise
    try:
        values = _cross_validate(trial, candidate, name, run, run.prunes(study))
    except optuna.TrialPruned:
        outcome = {"state": TrialState.PRUNED}
    except UpdateFinishedTrialError:  # another process took this one for dead
        outcome = {"state": TrialState.FAIL}
    except Exception as error:
        trial.set_user_attr("error", f"{type(error).__name__}: {error}")
        outcome = {"state": TrialState.FAIL}
    except BaseException:  # Ctrl-C: the trial is free for the next call
        mark_lost(study, trial)
        raise
    else:
        outcome = {"values": values}
    if run.verbose:
        print(_format_trial(trial, name, parameters, outcome))
    return outcome


def _cross_validate(trial, candidate, name, run, prunes):
    """Return the mean score of a candidate over the folds, one per objective."""
    scorer = check_scoring(candidate, run.scoring)
    metric, folds = run.objectives[0], []
    for number, (train, test) in enumerate(run.splits):
        X_test = take_rows(run.X, test)
        y_test = None if run.y is None else take_rows(run.y, test)
        model = clone(candidate)
        # Each epoch is scored on the fold's test rows, as the trial is: the same number, earlier.
        if prunes:
            score = partial(_score_rows, scorer, y_test)
            report_epochs(model, score, X_test, partial(_report_epoch, trial, folds, metric))
        fit_params = run.fit_params[name]
        folds.append(_fit_and_score(model, scorer, train, X_test, y_test, fit_params, run))
        trial.set_user_attr("folds", list(folds))
        if prunes and number + 1 < len(run.splits):  # after the last fold nothing can be saved
            _report(trial, folds, metric, (number + 1) * _STEPS_PER_FOLD - 1)
    return [float(np.mean([fold["scores"][metric] for fold in folds])) for metric in run.objectives]


def _fit_and_score(model, scorer, train, X_test, y_test, fit_params, run):
    """Return times and scores of one fold as a dict."""
    begin = time.perf_counter()
    given = _fit_params_of_rows(fit_params, train, num_samples(run.X))
    X_train = take_rows(run.X, train)
    if run.y is None:
        model.fit(X_train, **given)
    else:
        model.fit(X_train, take_rows(run.y, train), **given)
    fitted = time.perf_counter()
    scores = score_by_metric(scorer, model, X_test, y_test)
    # a nan among the means would win or lose silently, depending on the sampler
    not_finite = [metric for metric in run.objectives if not np.isfinite(scores[metric])]
    if not_finite:
        raise ValueError(
            f"{not_finite[0]} is {scores[not_finite[0]]}: the fit diverged, or a fold has no score."
        )
    scored = time.perf_counter()
    return {"fit_time": fitted - begin, "score_time": scored - fitted, "scores": scores}


def _fit_params_of_rows(parameters, rows, n_samples):
    """Return parameters of fit for some rows; what has no value per sample stays as it is."""
    return {
        key: take_rows(value, rows) if np.ndim(value) and num_samples(value) == n_samples else value
        for key, value in parameters.items()
    }


def _score_rows(scorer, y, model, X):
    return score_by_metric(scorer, model, X, y)


def _report_epoch(trial, folds, metric, epoch, scores):
    if epoch < _STEPS_PER_FOLD - 1:  # later epochs would take the steps of the next fold
        step = len(folds) * _STEPS_PER_FOLD + epoch
        _report(trial, [*folds, {"scores": scores}], metric, step)


def _report(trial, folds, metric, step):
    """Report the mean score of the folds so far to the study, and stop the trial if it says so."""
    trial.report(float(np.mean([fold["scores"][metric] for fold in folds])), step)
    if trial.should_prune():
        raise optuna.TrialPruned


def _tell(study, trial, outcome):
    """Tell the study an outcome; return False when its sampler has nothing left to try."""
    try:
        study.tell(trial, skip_if_finished=True, **outcome)
    except UpdateFinishedTrialError:  # another process took this one for dead just now
        return True
    except RuntimeError:  # GridSampler calls Study.stop, which only Study.optimize may do
        if study.trials[trial.number].state.is_finished():
            return False
        raise
    return True


def _format_trial(trial, name, parameters, outcome):
    result = outcome["values"] if "values" in outcome else outcome["state"].name.lower()
    return f"trial {trial.number}: {name or 'parameters'} {parameters}: {result}"
