"""Trials as a table, in the shape of scikit-learn's cv_results_."""

import numpy as np
from optuna.trial import FixedTrial, TrialState, create_trial
from scipy.stats import rankdata

from skmedimg.search._candidates import APPROACH, draw
from skmedimg.search._study_storage import OWNER, counted


def finished(study):
    """Return the trials of ours that came to an end, in order.

    Parameters
    ----------
    study : optuna.Study

    Returns
    -------
    trials : list of optuna.trial.FrozenTrial
    """
    ended = [trial for trial in counted(study) if trial.state.is_finished()]
    return [trial for trial in ended if OWNER in trial.user_attrs]


def trials_of(study, name):
    """Return the finished trials of one estimator, with its parameters alone and under their names.

    Parameters
    ----------
    study : optuna.Study
    name : str

    Returns
    -------
    trials : list of optuna.trial.FrozenTrial
    """
    ended = [trial for trial in finished(study) if trial.params.get(APPROACH) == name]
    if not ended:
        raise ValueError(f"name={name!r} has no finished trial in this study.")
    return [_alone(trial, f"{name}__") for trial in ended]


def as_cv_results(trials, named, n_splits):
    """Return trials as scikit-learn's searches return theirs.

    Parameters
    ----------
    trials : list of optuna.trial.FrozenTrial
    named : dict of str to (estimator, space)
    n_splits : int

    Returns
    -------
    results : dict of str to ndarray or list
        Scores of folds that were not run are nan; "state" and "error" say why.
    """
    folds = [trial.user_attrs.get("folds", []) for trial in trials]
    choices = [draw(FixedTrial(trial.params), named) for trial in trials]
    results = {}
    for key in ("fit_time", "score_time"):
        times = _table([[fold[key] for fold in each] for each in folds], n_splits)
        _add(results, key, times)
    results |= _columns([parameters for _, parameters in choices])
    results["params"] = [parameters for _, parameters in choices]
    if list(named) != [""]:
        results["estimator"] = np.array([name for name, _ in choices], dtype=object)
    for metric in _metrics(folds):
        scores = _table([[fold["scores"][metric] for fold in each] for each in folds], n_splits)
        results |= {f"split{k}_test_{metric}": scores[:, k] for k in range(n_splits)}
        _add(results, f"test_{metric}", scores)
        results[f"rank_test_{metric}"] = _rank(results[f"mean_test_{metric}"])
    results["trial"] = np.array([trial.number for trial in trials])
    results["state"] = np.array([trial.state.name.lower() for trial in trials])
    results["error"] = np.array([trial.user_attrs.get("error", "") for trial in trials], object)
    return results


def best_index(results, metric):
    """Return the row of the best complete trial.

    Parameters
    ----------
    results : dict
        As of `as_cv_results`.
    metric : str

    Returns
    -------
    index : int
    """
    complete = results["state"] == TrialState.COMPLETE.name.lower()
    return int(np.argmax(np.where(complete, results[f"mean_test_{metric}"], -np.inf)))


def _alone(trial, prefix):
    own = {key: key.removeprefix(prefix) for key in trial.params if key != APPROACH}
    return create_trial(
        state=trial.state, values=trial.values, intermediate_values=trial.intermediate_values,
        params={short: trial.params[key] for key, short in own.items()},
        distributions={short: trial.distributions[key] for key, short in own.items()},
    )  # fmt: skip


def _metrics(folds):
    return next((list(each[0]["scores"]) for each in folds if each), [])


def _table(rows, n_splits):
    """Return rows of unequal length as an array; what is lacking is nan."""
    table = np.full((len(rows), n_splits), np.nan)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table


def _add(results, key, table):
    results[f"mean_{key}"], results[f"std_{key}"] = table.mean(axis=1), table.std(axis=1)


def _rank(means):
    lowest = np.nanmin(means) - 1 if np.isfinite(means).any() else 0
    return rankdata(-np.nan_to_num(means, nan=lowest), method="min").astype(np.int32)


def _columns(parameters):
    """Return a masked column per parameter: the approaches do not share theirs."""
    names = dict.fromkeys(name for each in parameters for name in each)
    columns = {}
    for name in names:
        column = np.ma.masked_all(len(parameters), dtype=object)
        for number, each in enumerate(parameters):
            if name in each:
                column[number] = each[name]
        columns[f"param_{name}"] = column
    return columns
