"""Out-of-fold predictions as a table: files, patients, truth, and what each model predicted."""

import numpy as np

from skmedimg.evaluation.scores._coded_predictions import code_predictions


def predictions_table(comparison):
    """Return the DataFrame of `Comparison.predictions_table`."""
    import pandas as pd

    repeats = sorted({split.repeat for split in comparison.splits})
    parts = [pd.DataFrame(_columns(comparison, repeat)) for repeat in repeats]
    return pd.concat(parts, ignore_index=True)


def _columns(comparison, repeat):
    """Return the columns of one repeat."""
    rows = comparison.rows(repeat)
    place = np.full(len(comparison.y), -1)
    place[rows] = np.arange(len(rows))
    fold = np.zeros(len(rows), dtype=int)
    for split in comparison.splits:
        if split.repeat == repeat:
            fold[place[split.test]] = split.fold
    columns = {"repeat": np.full(len(rows), repeat), "fold": fold, "row": rows}
    if comparison.files is not None:
        columns["file"] = comparison.files[rows]
    if comparison.groups is not None:
        columns["patient"] = comparison.groups[rows]
    if comparison.task == "classification":
        columns["truth"] = comparison.y[rows]
    for name in comparison.names:
        columns |= _of_estimator(comparison, name, repeat, place, len(rows))
    if comparison.columns is not None:
        for name in comparison.columns:
            values = comparison.columns[name].to_numpy()[rows]
            # A column of the user may be called like one of ours.
            columns[name if name not in columns else f"{name} (patient column)"] = values
    return columns


def _of_estimator(comparison, name, repeat, place, n_rows):
    """Return the columns of one estimator; rows of a failed fit are missing."""
    results = [
        each
        for each in comparison.fold_results[name]
        if each.split.repeat == repeat and not each.failed
    ]
    if comparison.task == "segmentation":
        return _scores_of_masks(comparison, name, results, place, n_rows)
    predicted = np.full(n_rows, None, dtype=object)
    scores = np.full((n_rows, len(comparison.classes)), np.nan)
    for each in results:
        where = place[each.split.test]
        predicted[where] = each.predictions.predicted
        if each.has_decision_scores:
            scores[where] = each.predictions.decision_scores
    columns = {name: predicted}
    if np.isfinite(scores).any():
        # Decision values of a support vector machine are not probabilities.
        letter = "p" if all(each.has_probabilities for each in results) else "score"
        for k, label in enumerate(comparison.classes):
            columns[f"{name} {letter}({label})"] = scores[:, k]
    return columns


def _scores_of_masks(comparison, name, results, place, n_rows):
    """Return the scores of each image, since masks do not fit a table."""
    columns = {}
    for metric in (each.name for each in comparison.metrics if not each.from_scorer):
        values = np.full(n_rows, np.nan)
        for each in results:
            ones = np.ones((1, len(each.split.test)))
            coded = code_predictions(comparison, each.split, each.predictions, ones)
            values[place[each.split.test]] = coded.per_image(metric)
        columns[f"{name} {metric}"] = values
    return columns
