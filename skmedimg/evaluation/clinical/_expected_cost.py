"""The mean cost of a prediction, by a matrix of costs."""

import numpy as np

from skmedimg.evaluation.clinical._pooled_rows import fitted_repeats, mean_interval
from skmedimg.evaluation.clinical._two_classes import models, notes_on
from skmedimg.evaluation.scores._positive_label import code_labels


def cost_frame(comparison, cost, name=None, confidence=0.95):
    """Return the DataFrame of `Comparison.expected_cost`, the lowest cost first."""
    import pandas as pd

    if comparison.task != "classification":
        raise ValueError("expected_cost needs labels, but this comparison is of masks.")
    cost = _checked(cost, comparison.classes)
    rows = [
        {"estimator": each} | _cost(comparison, cost, each, confidence)
        for each in models(comparison, name, baseline=True)
    ]
    return pd.DataFrame(rows).set_index("estimator").sort_values("cost", kind="stable")


def _checked(cost, classes):
    """Return the matrix as floats, or raise ValueError."""
    n = len(classes)
    try:
        found = np.asarray(cost, dtype=float)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (n, n) or not np.isfinite(found).all():
        raise ValueError(
            f"cost needs {n} rows of {n} finite numbers, a row per true class and a column per "
            f"predicted one, both in the order {classes.tolist()}, such as cost=[[0, 1], [5, 0]], "
            f"but is {cost!r}."
        )
    return found


def _cost(comparison, cost, name, confidence):
    """Return cost, limits and warnings of one model."""
    repeats = []
    for rows, results in fitted_repeats(comparison, name):
        predicted = np.concatenate([each.predictions.predicted for each in results])
        codes = [code_labels(each, comparison.classes) for each in (comparison.y[rows], predicted)]
        repeats.append((rows, cost[tuple(codes)]))
    row = dict.fromkeys(["cost", "low", "high"], np.nan)
    if repeats:
        found = mean_interval(comparison, repeats, confidence)
        row = {"cost": found.mean, "low": found.low, "high": found.high}
    return row | {"warnings": notes_on(comparison, name)}
