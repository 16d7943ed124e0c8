"""What may be claimed of a difference: its limits, its words, and who is called better."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import make_scorer

from skmedimg import compare
from skmedimg.evaluation._records import Metric
from skmedimg.evaluation._statistics import Difference
from skmedimg.evaluation._tests import _possible

QUIET = {"random_state": 0, "verbose": 0}


class Told(ClassifierMixin, BaseEstimator):
    """Answer with a column of X: what it predicts is written there."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.predict_proba(X).argmax(1)

    def predict_proba(self, X):
        chance = np.asarray(X)[:, self.column]
        return np.column_stack([1 - chance, chance])


def halves(scoring):
    """Two models over two folds: one right and wrong by turns, the other always half right."""
    y = np.tile([0, 1], 20)
    fold = np.repeat([0, 1], 20)
    first = np.where(fold == 0, 0.9 * y + 0.05, 0.95 - 0.9 * y)
    second = np.where(np.arange(40) % 4 < 2, 0.9 * y + 0.05, 0.95 - 0.9 * y)
    cv = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in (0, 1)]
    models = {"first": Told(0), "second": Told(1)}
    X = np.column_stack([first, second])
    return compare(models, X, y, cv=cv, scoring=scoring, baseline=False, **QUIET)


def over_splits(found, metric):
    [record] = [r for r in found.tests(metric=metric).records if "resampled" in r["test"]]
    sign = 1 if record["first"] == "first" else -1
    differences = sign * (found.values("first", metric) - found.values("second", metric))
    error = np.sqrt((1 / 2 + 1) * np.var(differences, ddof=1))
    reach = stats.t.ppf(0.975, 1) * error
    return record, differences.mean() - reach, differences.mean() + reach


@pytest.mark.parametrize(
    ("metric", "most"),
    [("accuracy", 1), ("balanced_accuracy", 1), ("roc_auc", 1), ("ece", 1), ("mcc", 2)],
)
def test_limits_of_a_difference_end_where_the_scores_do(metric, most):
    found = halves(metric)
    record, low, high = over_splits(found, metric)
    assert low < -most
    assert high > most
    assert (record["low"], record["high"]) == (-most, most)
    assert record["p_value"] > 0.05
    [claim] = found.tests(metric=metric).claims
    assert f"anything from -{most}.000 to +{most}.000 fits" in claim


@pytest.mark.parametrize("metric", ["log_loss", "brier", "neg_log_loss", "mine"])
def test_limits_of_scores_without_a_known_range_are_left_alone(metric):
    scoring = (
        {"mine": make_scorer(lambda y, p: 9 * np.mean(y == p))} if metric == "mine" else metric
    )
    record, low, high = over_splits(halves(scoring), metric)
    assert (record["low"], record["high"]) == pytest.approx((low, high))


def test_a_scorer_of_ones_own_called_like_one_of_ours_is_not_taken_for_it():
    scoring = {"accuracy": make_scorer(lambda y, p: 9 * np.mean(y == p))}
    found = halves(scoring)
    tests = {record["test"]: record for record in found.tests().records}
    assert tests["corrected resampled t-test"]["low"] < -9
    assert -1 <= tests["McNemar's test"]["low"] <= tests["McNemar's test"]["high"] <= 1


@pytest.mark.parametrize("name", ["brier", "mine"])
def test_a_scorer_of_ones_own_is_better_when_larger_whatever_it_is_called(name):
    draws, y = np.random.RandomState(0), np.tile([0, 1], 100)
    X = np.column_stack([draws.random_sample(200), 0.45 + draws.random_sample(200)])
    found = compare(
        {"first": Told(0), "second": Told(1)}, X, y, cv=5, baseline=False,
        scoring={name: make_scorer(lambda y, predicted: np.mean(predicted))}, **QUIET,
    )  # fmt: skip
    assert found.tests().claims[0].startswith(f"second is better than first: {name} differs by +0.")


def test_the_normal_limits_of_rows_are_cut_too():
    metric = Metric("dice", "Dice", True, 0.0, 1.0)
    assert _possible(Difference(0.9, 0.6, 1.2, 3, 0.01), metric) == (0.9, 0.6, 1.0, 3, 0.01)
    assert _possible(Difference(-0.9, -1.2, -0.6, 3, 0.01), metric) == (-0.9, -1.0, -0.6, 3, 0.01)
    distance = metric._replace(high=None)
    assert _possible(Difference(-9, -12, -6, 3, 0.01), distance) == (-9, -12, -6, 3, 0.01)
    assert np.isnan(_possible(Difference(0.1, *[np.nan] * 4), metric)[1:]).all()
