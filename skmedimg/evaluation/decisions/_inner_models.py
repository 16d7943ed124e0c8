"""Models of the inner folds: their scores of rows they were not trained on, and their scale."""

import numpy as np
from scipy.special import logit
from sklearn.base import clone

from skmedimg._sklearn import num_samples, take_rows

# How many times as far the scores of the model of all rows may spread as those of the inner models,
# and of the inner model that differs most. Chosen on the first 60 seeds of some cells of
# bench/studies/threshold.py, so its shares are a little too kind: it warns in .86 and .98 of the
# studies near separation, in .24 of those with C=1e4 and 20 features, where the sensitivity is
# kept, and in .01 or less of the others. Networks that overfit may exceed it and keep theirs.
SAME_SCALE, SAME_SCALE_OF_ONE = 1.3, 1.6


def fit_and_score(estimator, X, y, given, train, test, pos_label, *, keep, seen):
    """Return scores of the test rows, and where asked the model and its scores of seen rows."""
    model = fit_rows(estimator, X, y, given, train)
    found = {"scores": score_rows(model, take_rows(X, test), pos_label)}
    if keep:
        found["model"] = model
    if seen:
        # As many as are tested, so that scoring costs twice as much and not n_splits times.
        rows = train[np.linspace(0, len(train) - 1, min(len(train), len(test))).astype(int)]
        found["seen"] = rows, _log_odds(model, take_rows(X, rows))
    return found


def fit_rows(estimator, X, y, given, rows):
    """Return a clone of the estimator, fitted on some rows of X, y and the parameters of fit."""
    n = len(y)
    # Taking all rows would copy X.
    X_rows = X if len(rows) == n else take_rows(X, rows)
    given = {
        name: take_rows(value, rows) if np.ndim(value) and num_samples(value) == n else value
        for name, value in given.items()
    }
    return clone(estimator).fit(X_rows, y[rows], **given)


def change_of_scale(model, X, inner):
    """Return as text by how much a model's scores spread more than the inner models', or None.

    Scores of training rows of both are compared, since a model is surer of those than of others.
    """
    pairs = [
        (_log_odds(model, take_rows(X, rows)), before)
        for rows, before in (each["seen"] for each in inner if "seen" in each)
    ]
    if not pairs or any(np.std(before) == 0 for _, before in pairs):
        return None
    after, before = (np.concatenate(scores) for scores in zip(*pairs, strict=True))
    together = np.std(after) / np.std(before)
    ratios = [np.std(a) / np.std(b) for a, b in pairs]
    # The smallest float, because the logarithm of a spread of 0 is not defined.
    logs = np.log(np.maximum([together, *ratios], np.finfo(float).tiny))
    farthest = 1 + np.abs(logs[1:]).argmax()
    if abs(logs[0]) > np.log(SAME_SCALE):
        return f"{together:.2f}"
    if abs(logs[farthest]) > np.log(SAME_SCALE_OF_ONE):
        return f"{np.exp(logs[farthest]):.2f}"
    return None


def _log_odds(model, X):
    """Return decision values (n_samples,), else log odds of the probability of one class."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(X), dtype=float)
    # Clipped: the probabilities of trees and neighbors are steps, and some are 0 or 1.
    return logit(np.clip(np.asarray(model.predict_proba(X))[:, 1], 0.01, 0.99))


def score_rows(estimator, X, pos_label):
    """Return how positive each row looks: its probability, else its decision value."""
    column = int(estimator.classes_[1] == pos_label)
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(X))[:, column].astype(float)
    decision = np.asarray(estimator.decision_function(X), dtype=float)
    return decision if column == 1 else -decision


def take_input_facts(estimator, model):
    """Give a meta-estimator what a fitted model knows of the columns of X, where it does."""
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(estimator, name, getattr(model, name))
