"""Runs trials until the budget is spent: folds, epochs, pruning and failures."""

import threading
import time
from contextlib import contextmanager
from functools import partial

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sklearn.base import clone

from skmedimg._sklearn import fit_and_score, params_of_rows, take_fold
from skmedimg._warnings import warn_user
from skmedimg.search._candidates import build_candidate, draw_candidate, readable
from skmedimg.search._epoch_reporter import report_epochs
from skmedimg.search._study_storage import silence_optuna
from skmedimg.search._trial_owners import (
    CANNOT_WRITE,
    counted_trials,
    finished_trials,
    given_up_on_full_disk,
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
    error = None
    with silence_optuna(), _stop_replaced(study) as stopped:
        try:
            error = _run_all(run, study, stopped)
        # Errors of fits are trials that failed; this one is of the storage, such as a full disk.
        except CANNOT_WRITE as full:
            if not finished_trials(study):
                raise
            reason = str(full.__cause__ or full).partition("\n")[0]  # databases add the statement
            warn_user(
                f"The storage of the search could not be written ({reason}). The search ends with "
                "the trials that were; call fit again to go on when there is space."
            )
    if error is not None:
        raise error


@contextmanager
def _stop_replaced(study):
    """Yield an event that `study.stop` sets: optuna's own works in Study.optimize alone."""
    stopped = threading.Event()
    study.stop = stopped.set
    try:
        yield stopped
    finally:
        del study.stop


def _run_all(run, study, stopped):
    """Run trials, and return the error of a fit that ends the search, if there was one."""
    while not stopped.is_set() and (trial := _next_trial(study, run)) is not None:
        task = run.task.subcontext(
            task_name=_task_name(study, run), task_id=trial.number, max_subtasks=len(run.splits)
        ).call_on_fit_task_begin(estimator=run.search)
        try:
            with given_up_on_full_disk(trial):
                outcome, error = _run_and_end(study, trial, run, task, stopped)
                told = study.tell(trial, skip_if_finished=True, **outcome)
        except UpdateFinishedTrialError:  # another process took this one for dead just now
            continue
        if run.search.verbose:
            print(_format_trial(study, told, run))
        if error is not None:
            return error
        for callback in run.search.callbacks or ():
            callback(study, told)
    return None


def _run_and_end(study, trial, run, task, stopped):
    """Return what `_run_trial` returns; callbacks learn of the end, and may stop the search."""
    try:
        with heartbeat(trial):
            return _run_trial(study, trial, run, task)
    finally:
        if task.call_on_fit_task_end(estimator=run.search):
            stopped.set()


def _next_trial(study, run):
    """Return a new trial, or None when the budget is spent and no other process works on one."""
    # Checked between trials alone: a trial that began in time is finished.
    while time.time() < run.deadline:
        retry_lost_trials(study)
        n_trials = run.search.n_trials
        if n_trials is None or len(counted_trials(study)) < n_trials:
            trial = study.ask()
            if n_trials is None or _rank(study, trial) < n_trials:
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


def _run_trial(study, trial, run, task):
    """Cross-validate one candidate; return what to tell the study, and an error to raise."""
    try:
        name, parameters = draw_candidate(trial, run.models)
        candidate = build_candidate(run.models, name, parameters)
    except BaseException:  # a space that does not fit its estimator fails in every trial
        mark_lost(study, trial)
        raise
    try:
        return {
            "values": _cross_validate(trial, candidate, name, run, run.prunes(study), task)
        }, None
    except optuna.TrialPruned:
        return {"state": TrialState.PRUNED}, None
    except UpdateFinishedTrialError:  # another process took this one for dead
        return {"state": TrialState.FAIL}, None
    except Exception as error:
        trial.set_user_attr("error", f"{type(error).__name__}: {error}")
        return {"state": TrialState.FAIL}, None if run.catches(error) else error
    except BaseException:  # Ctrl-C: the trial is free for the next call
        mark_lost(study, trial)
        raise


def _cross_validate(trial, candidate, name, run, prunes, task):
    """Return the mean score of a candidate over the folds, one per objective."""
    metric, folds = run.objectives[0], []
    for number, (train, test) in enumerate(run.splits):
        model = clone(candidate)
        # Each epoch is scored on the fold's test rows, as the trial is: the same number, earlier.
        if prunes:
            X_test, y_test = take_fold(model, run.X, run.y, test, train)
            weights = params_of_rows(run.X, run.score_params, test)
            score = partial(_score_rows, run.scorer, y_test, weights)
            report_epochs(model, score, X_test, partial(_report_epoch, trial, folds, metric))
        fold = _run_fold(trial, model, run, run.fit_params[name], number, task)
        folds.append(fold)
        trial.set_user_attr("folds", list(folds))
        if prunes and number + 1 < len(run.splits):  # after the last fold nothing can be saved
            _report(trial, folds, metric, (number + 1) * _STEPS_PER_FOLD - 1)
    return [_mean_score(folds, metric) for metric in run.objectives]


def _run_fold(trial, model, run, fit_params, number, task):
    """Return times and scores of one fold as a dict; of one that failed, what it counts."""
    train, test = run.splits[number]
    begin = time.perf_counter()
    try:
        found = fit_and_score(
            *(model, run.X, run.y),
            **{"scorer": run.scorer, "train": train, "test": test},
            fit_params=fit_params,
            score_params=run.score_params,
            return_train_score=run.search.return_train_score,
            verbose=run.search.verbose,
            split_progress=(number, len(run.splits)),
            caller=run.search,
            callback_ctx=task.subcontext(task_name="candidate-split-evaluation"),
        )
        scores = _by_metric(found["test_scores"])
        if callable(run.search.scoring) and list(scores) != [SINGLE]:
            run.search._check_refit_for_multimetric(scores)
        _check_finite(scores, run.objectives)
    except (optuna.TrialPruned, UpdateFinishedTrialError):
        raise
    except Exception as error:
        if np.isnan(run.error_score) or not run.catches(error):
            raise
        text = f"{type(error).__name__}: {error}"
        trial.set_user_attr("error", text)
        times = {"fit_time": time.perf_counter() - begin, "score_time": 0.0}
        return {**times, "scores": dict.fromkeys(run.objectives, run.error_score), "error": text}
    fold = {"fit_time": found["fit_time"], "score_time": found["score_time"], "scores": scores}
    if "train_scores" in found:
        fold["train_scores"] = _by_metric(found["train_scores"])
    return fold


def _by_metric(scores):
    """Return {metric: score} of what a scorer returned."""
    scores = scores if isinstance(scores, dict) else {SINGLE: scores}
    return {name: float(value) for name, value in scores.items()}


def _score_rows(scorer, y, params, model, X):
    return _by_metric(scorer(model, X, **params) if y is None else scorer(model, X, y, **params))


def _objective(scores, metric):
    """Return the score of a metric; of a function that names others, the first."""
    return scores.get(metric, next(iter(scores.values())))


def _check_finite(scores, objectives):
    """Raise where an objective is not finite: it would win or lose silently, by the sampler."""
    for metric in objectives:
        if not np.isfinite(score := _objective(scores, metric)):
            raise ValueError(f"{metric} is {score}: the fit diverged, or a fold has no score.")


def _mean_score(folds, metric):
    return float(np.mean([_objective(fold["scores"], metric) for fold in folds]))


def _report_epoch(trial, folds, metric, epoch, scores):
    if epoch < _STEPS_PER_FOLD - 1:  # later epochs would take the steps of the next fold
        step = len(folds) * _STEPS_PER_FOLD + epoch
        _report(trial, [*folds, {"scores": scores}], metric, step)


def _report(trial, folds, metric, step):
    """Report the mean score of the folds so far to the study, and stop the trial if it says so."""
    trial.report(_mean_score(folds, metric), step)
    if trial.should_prune():
        raise optuna.TrialPruned


def _task_name(study, run):
    """Return the name of the next trial for scikit-learn's callbacks, which a ProgressBar shows."""
    best = _best_trial(study, run)
    return "trial" if best is None else f"trial (best so far {best.value:.4g})"


def _best_trial(study, run):
    """Return the best complete trial; None without one, and where several metrics decide."""
    trials = finished_trials(study) if len(run.objectives) == 1 else []
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return max(complete, key=lambda trial: trial.value, default=None)


def _format_trial(study, trial, run):
    """Return a line about a trial: what was tried, what it scored, and the best so far."""
    name, parameters = draw_candidate(optuna.trial.FixedTrial(trial.params), run.models)
    tried = ", ".join([name] * bool(name) + [f"{k}={readable(v)}" for k, v in parameters.items()])
    if trial.state == TrialState.COMPLETE:
        result = ", ".join(f"{value:.4g}" for value in trial.values)
    else:
        result = trial.user_attrs.get("error", trial.state.name.lower())
    best, done = _best_trial(study, run), len(finished_trials(study))
    so_far = "" if best is None else f"best {best.value:.4g} in trial {best.number}, "
    seconds = trial.duration.total_seconds()
    done = done if run.search.n_trials is None else f"{done} of {run.search.n_trials}"
    return f"trial {trial.number}: {tried}: {result} ({so_far}{done} done, {seconds:.1f} s)"
