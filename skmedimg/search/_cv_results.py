"""Trials as a table, in the shape of scikit-learn's cv_results_."""

import numpy as np
from optuna.trial import FixedTrial, create_trial
from scipy.stats import rankdata

from skmedimg._sklearn import parameter_columns
from skmedimg.search._candidates import MODEL, draw_candidate
from skmedimg.search._trial_owners import finished_trials


def trials_of_model(study, name):
    """Return the finished trials of one estimator, with its parameters under their own names."""
    ended = [trial for trial in finished_trials(study) if trial.params.get(MODEL) == name]
    if not ended:
        raise ValueError(f"name={name!r} has no finished trial in this study.")
    return [_without_prefix(trial, f"{name}__") for trial in ended]


def metric_names(trials):
    """Return the names of the metrics of trials, of which at least one fold succeeded."""
    folds = (fold for trial in trials for fold in trial.user_attrs.get("folds", ()))
    return list(next(fold["scores"] for fold in folds if "error" not in fold))


def make_cv_results(trials, run):
    """Return cv_results_ of trials; scores of folds that were not run are nan."""
    n_splits = len(run.splits)
    folds = [trial.user_attrs.get("folds", []) for trial in trials]
    # storages hold text instead of tuples and estimators: draw the trial's values once more
    candidates = [draw_candidate(FixedTrial(trial.params), run.models) for trial in trials]
    parameters = [each for _, each in candidates]
    results = {}
    for key in ("fit_time", "score_time"):
        times = _fold_table([[fold[key] for fold in each] for each in folds], n_splits)
        # of the folds that were run, where a trial was stopped
        times = np.ma.masked_invalid(times)
        results |= {f"mean_{key}": times.mean(axis=1).filled(np.nan)}
        results |= {f"std_{key}": times.std(axis=1).filled(np.nan)}
    results |= parameter_columns(parameters)
    results["params"] = parameters
    if list(run.models) != [""]:
        results["estimator"] = np.array([name for name, _ in candidates], dtype=object)
    kinds = {"test": "scores", "train": "train_scores"}
    if not run.search.return_train_score:
        del kinds["train"]
    for metric in metric_names(trials):
        for kind, key in kinds.items():
            # a study may go on without train scores, and a fold that failed knows no metrics
            rows = [[_score(fold, key, metric, run.error_score) for fold in each] for each in folds]
            scores = _fold_table(rows, n_splits)
            name = f"{kind}_{metric}"
            results |= {f"split{k}_{name}": scores[:, k] for k in range(n_splits)}
            # not nanmean: the mean of a pruned trial's folds does not compare with that of all
            results |= {f"mean_{name}": scores.mean(axis=1), f"std_{name}": scores.std(axis=1)}
        results[f"rank_test_{metric}"] = _rank(results[f"mean_test_{metric}"])
    results["trial"] = np.array([trial.number for trial in trials])
    results["state"] = np.array([trial.state.name.lower() for trial in trials])
    results["error"] = np.array([trial.user_attrs.get("error", "") for trial in trials], object)
    return results


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


def _score(fold, key, metric, error_score):
    """Return a score of a fold: `error_score` where it failed, nan where it was not computed."""
    return error_score if "error" in fold else fold.get(key, {}).get(metric, np.nan)


def _rank(means):
    """Return ranks from 1, the best; trials without a mean share the last rank."""
    lowest = np.nanmin(means) - 1 if np.isfinite(means).any() else 0
    return rankdata(-np.nan_to_num(means, nan=lowest), method="min").astype(np.int32)
