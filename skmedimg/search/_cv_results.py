"""Trials as a table, in the shape of scikit-learn's cv_results_."""

import numpy as np
from optuna.trial import FixedTrial, TrialState, create_trial
from scipy.stats import rankdata

from skmedimg.search._candidates import MODEL, draw_candidate
from skmedimg.search._trial_owners import finished_trials


def trials_of_model(study, name):
    """Return the finished trials of one estimator, with its parameters under their own names."""
    ended = [trial for trial in finished_trials(study) if trial.params.get(MODEL) == name]
    if not ended:
        raise ValueError(f"name={name!r} has no finished trial in this study.")
    return [_without_prefix(trial, f"{name}__") for trial in ended]


def make_cv_results(trials, models, n_splits):
    """Return cv_results_ of trials; scores of folds that were not run are nan."""
    folds = [trial.user_attrs.get("folds", []) for trial in trials]
    # storages hold text instead of tuples and estimators: draw the trial's values once more
    candidates = [draw_candidate(FixedTrial(trial.params), models) for trial in trials]
    parameters = [each for _, each in candidates]
    results = {}
    for key in ("fit_time", "score_time"):
        times = _fold_table([[fold[key] for fold in each] for each in folds], n_splits)
        results |= _mean_and_std(key, times)
    results |= _parameter_columns(parameters)
    results["params"] = parameters
    if list(models) != [""]:
        results["estimator"] = np.array([name for name, _ in candidates], dtype=object)
    for metric in next((list(each[0]["scores"]) for each in folds if each), []):
        rows = [[fold["scores"][metric] for fold in each] for each in folds]
        scores = _fold_table(rows, n_splits)
        results |= {f"split{k}_test_{metric}": scores[:, k] for k in range(n_splits)}
        results |= _mean_and_std(f"test_{metric}", scores)
        results[f"rank_test_{metric}"] = _rank(results[f"mean_test_{metric}"])
    results["trial"] = np.array([trial.number for trial in trials])
    results["state"] = np.array([trial.state.name.lower() for trial in trials])
    results["error"] = np.array([trial.user_attrs.get("error", "") for trial in trials], object)
    return results


def best_row(results, metric):
    """Return the row of cv_results_ that holds the best complete trial."""
    # A trial that was pruned or failed has the mean nan, which argmax would take for the largest.
    complete = results["state"] == TrialState.COMPLETE.name.lower()
    return int(np.argmax(np.where(complete, results[f"mean_test_{metric}"], -np.inf)))


def _without_prefix(trial, prefix):
    own = {key: key.removeprefix(prefix) for key in trial.params if key != MODEL}
    return create_trial(
        state=trial.state,
        values=trial.values,
        intermediate_values=trial.intermediate_values,
        params={short: trial.params[key] for key, short in own.items()},
        distributions={short: trial.distributions[key] for key, short in own.items()},
    )


def _fold_table(rows, n_splits):
    """Return rows of unequal length as an array of n_splits columns; missing folds are nan."""
    table = np.full((len(rows), n_splits), np.nan)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table


def _mean_and_std(key, table):
    # not nanmean: the mean of a pruned trial's folds does not compare with that of all folds
    return {f"mean_{key}": table.mean(axis=1), f"std_{key}": table.std(axis=1)}


def _rank(means):
    """Return ranks from 1, the best; trials without a mean share the last rank."""
    lowest = np.nanmin(means) - 1 if np.isfinite(means).any() else 0
    return rankdata(-np.nan_to_num(means, nan=lowest), method="min").astype(np.int32)


def _parameter_columns(parameters):
    """Return a masked column per parameter: estimators do not share theirs."""
    # A dict keeps the order of first appearance, which a set would not.
    names = dict.fromkeys(name for each in parameters for name in each)
    columns = {}
    for name in names:
        column = np.ma.masked_all(len(parameters), dtype=object)
        for number, each in enumerate(parameters):
            if name in each:
                column[number] = each[name]
        columns[f"param_{name}"] = column
    return columns
