"""Running trials until the budget is spent: folds, epochs, pruning, failures."""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sklearn.base import clone
from sklearn.metrics import check_scoring

from skmedimg._sklearn import num_samples, take_rows
from skmedimg.search._candidates import build, draw
from skmedimg.search._epoch_reporter import watch_epochs
from skmedimg.search._study_storage import (
    counted,
    give_up,
    new_study,
    quiet,
    retry_lost,
    running,
    signs_of_life,
)

SINGLE = "score"
_FOLD = 1000  # steps of one fold: its epochs, and its end as the last
_NAP = 0.2


@dataclass
class Job:
    """All that a process needs to work on a study."""

    named: dict
    X: object
    y: object
    fit_params: dict
    splits: list
    scoring: object
    objectives: list
    n_trials: int | None
    deadline: float
    open: tuple
    verbose: int

    def study(self):
        """Open the study where it is stored."""
        with quiet():
            return new_study(*self.open)

    def prunes(self, study):
        """Tell whether a trial may be stopped early."""
        return len(self.objectives) == 1 and not isinstance(study.pruner, optuna.pruners.NopPruner)


def work(job, study=None):
    """Run trials until the budget of the study is spent, or the time is up.

    Parameters
    ----------
    job : Job
    study : optuna.Study, default=None
        None: opened where the job says.
    """
    study = job.study() if study is None else study
    with quiet():
        while (trial := claim(study, job)) is not None:
            with signs_of_life(trial):
                outcome = run_trial(study, trial, job)
            if not _tell(study, trial, outcome):
                return


def claim(study, job):
    """Return a trial to work on, or None when all are done; waits for those of others.

    Parameters
    ----------
    study : optuna.Study
    job : Job

    Returns
    -------
    trial : optuna.Trial or None
    """
    while time.time() < job.deadline:
        retry_lost(study)
        taken = counted(study)
        if job.n_trials is None or len(taken) < job.n_trials:
            trial = study.ask()
            if job.n_trials is None or _rank(study, trial) < job.n_trials:
                return trial
            give_up(study, trial)  # another process asked at the same moment
        elif not running(study):
            return None
        else:
            time.sleep(_NAP)
    return None


def run_trial(study, trial, job):
    """Try one candidate on all folds.

    Parameters
    ----------
    study : optuna.Study
    trial : optuna.Trial
    job : Job

    Returns
    -------
    outcome : dict
        What to tell the study.
    """
    try:
        name, parameters = draw(trial, job.named)
        candidate = build(job.named, name, parameters)
    except BaseException:  # a space that does not fit its estimator is no matter of luck
        give_up(study, trial)
        raise
    try:
        values = _evaluate(study, trial, candidate, name, job)
    except optuna.TrialPruned:
        outcome = {"state": TrialState.PRUNED}
    except UpdateFinishedTrialError:  # another process took this one for dead
        outcome = {"state": TrialState.FAIL}
    except Exception as error:
        trial.set_user_attr("error", f"{type(error).__name__}: {error}")
        outcome = {"state": TrialState.FAIL}
    except BaseException:
        give_up(study, trial)
        raise
    else:
        outcome = {"values": values}
    if job.verbose:
        print(_told(trial, name, parameters, outcome))
    return outcome


def score_all(scorer, model, X, y):
    """Return the scores of a model by the name of the metric.

    Parameters
    ----------
    scorer : callable
    model : estimator
    X : any kind of X
    y : ndarray or None

    Returns
    -------
    scores : dict of str to float
    """
    given = scorer(model, X) if y is None else scorer(model, X, y)
    given = given if isinstance(given, dict) else {SINGLE: given}
    return {name: float(value) for name, value in given.items()}


def rows_of(parameters, rows, n_samples):
    """Return parameters of fit for some rows; what is not one value per row stays.

    Parameters
    ----------
    parameters : dict of str to object
    rows : ndarray of int
    n_samples : int

    Returns
    -------
    parameters : dict of str to object
    """
    per_row = {k for k, v in parameters.items() if np.ndim(v) and num_samples(v) == n_samples}
    return {k: take_rows(v, rows) if k in per_row else v for k, v in parameters.items()}


def _rank(study, trial):
    return sum(other.number < trial.number for other in counted(study))


def _evaluate(study, trial, candidate, name, job):
    scorer = check_scoring(candidate, job.scoring)
    prunes, metric, folds = job.prunes(study), job.objectives[0], []
    for number, (train, test) in enumerate(job.splits):
        rows = take_rows(job.X, test), None if job.y is None else take_rows(job.y, test)
        model = clone(candidate)
        if prunes:
            report = partial(_report_epoch, trial, folds, metric)
            watch_epochs(model, partial(_score_rows, scorer, rows[1]), rows[0], report)
        folds.append(_fit_and_score(model, scorer, train, rows, job.fit_params[name], job))
        trial.set_user_attr("folds", list(folds))
        if prunes and number + 1 < len(job.splits):
            _report(trial, folds, metric, number * _FOLD + _FOLD - 1)
    return [float(np.mean([fold["scores"][metric] for fold in folds])) for metric in job.objectives]


def _fit_and_score(model, scorer, train, rows, fit_params, job):
    begun = time.perf_counter()
    given = rows_of(fit_params, train, num_samples(job.X))
    X = take_rows(job.X, train)
    if job.y is None:
        model.fit(X, **given)
    else:
        model.fit(X, take_rows(job.y, train), **given)
    fitted = time.perf_counter()
    scores = score_all(scorer, model, *rows)
    lost = [metric for metric in job.objectives if not np.isfinite(scores[metric])]
    if lost:
        raise ValueError(
            f"{lost[0]} is {scores[lost[0]]}: the fit diverged, or a fold has no score."
        )
    done = time.perf_counter()
    return {"fit_time": fitted - begun, "score_time": done - fitted, "scores": scores}


def _score_rows(scorer, y, model, X):
    return score_all(scorer, model, X, y)


def _report_epoch(trial, folds, metric, epoch, scores):
    if epoch < _FOLD - 1:
        _report(trial, [*folds, {"scores": scores}], metric, len(folds) * _FOLD + epoch)


def _report(trial, folds, metric, step):
    """Tell the study the mean over the folds so far, and stop if it says so."""
    trial.report(float(np.mean([fold["scores"][metric] for fold in folds])), step)
    if trial.should_prune():
        raise optuna.TrialPruned


def _tell(study, trial, outcome):
    """Tell the study; False when its sampler has nothing left to try."""
    try:
        study.tell(trial, skip_if_finished=True, **outcome)
    except UpdateFinishedTrialError:  # another process took this one for dead just now
        return True
    except RuntimeError:  # so a GridSampler asks to stop, when all is told
        if study.trials[trial.number].state.is_finished():
            return False
        raise
    return True


def _told(trial, name, parameters, outcome):
    said = outcome.get("values", outcome.get("state"))
    said = said if isinstance(said, list) else said.name.lower()
    return f"trial {trial.number}: {name or 'parameters'} {parameters}: {said}"
