"""The variance of a score over patients and training: against statsmodels, scipy and simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.model_selection import RepeatedStratifiedKFold

from bench.studies.error_rates import simulate
from skmedimg import compare
from skmedimg.evaluation.statistics._difference_tests import auc_covariance
from skmedimg.evaluation.statistics._variance import Contributions, cluster_variance, spread
from tests.evaluation._estimators import FromColumn

QUIET = {"random_state": 0, "verbose": 0, "baseline": False, "audit": False}


@pytest.fixture
def draws():
    return np.random.default_rng(0)


def study(draws, n_patients=40, n_images=3):
    patient = np.repeat(np.arange(n_patients), n_images)
    y = patient % 2
    own = draws.normal(size=n_patients)[patient]
    chance = 1 / (1 + np.exp(-(2.0 * y - 1 + own + draws.normal(size=len(y)))))
    return chance, y, patient


def one_test_set(chance, y, groups, scoring):
    """Compare one model that predicts `chance` on a single test set of all rows but the first."""
    X, labels = np.r_[0.2, 0.8, chance][:, None], np.r_[0, 1, y]
    groups = np.r_[-1, -2, groups]
    cv = [(np.arange(2), np.arange(2, len(X)))]
    return compare({"a": FromColumn()}, X, labels, groups=groups, cv=cv, scoring=scoring, **QUIET)


def half_width(found, metric=None, confidence=0.05):
    """Return half the width of a narrow interval, which the logit scale does not bend."""
    interval = found.interval("a", metric, confidence)
    return (interval.high - interval.low) / 2


def test_the_variance_over_patients_is_the_cluster_robust_one_of_statsmodels(draws):
    chance, y, patient = study(draws)
    right = ((chance > 0.5) == y).astype(float)
    wanted = sm.OLS(right, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": patient})
    influence = (right - right.mean()) / len(right)
    variance, freedom = cluster_variance(influence, patient, np.zeros_like(patient))
    assert variance == pytest.approx(wanted.bse[0] ** 2)
    assert freedom == 39


def test_balanced_accuracy_of_one_test_set_has_the_error_of_welchs_test(draws):
    chance, y, _ = study(draws, 90, 1)
    right = ((chance > 0.5) == y).astype(float)
    found = one_test_set(chance, y, np.arange(90), "balanced_accuracy")
    # The difference of two means has the error of their sum.
    wanted = stats.ttest_ind(right[y == 1], right[y == 0], equal_var=False)
    limits = wanted.confidence_interval(0.05)
    assert half_width(found) == pytest.approx((limits.high - limits.low) / 4, rel=1e-3)


def test_roc_auc_of_one_test_set_has_the_error_of_clustered_delong(draws):
    chance, y, patient = study(draws)
    found = one_test_set(chance, y, patient, "roc_auc")
    _, covariance = auc_covariance(y == 1, chance[None], patient)
    reach = stats.t.ppf(0.525, 38) * np.sqrt(covariance[0, 0])
    assert half_width(found) == pytest.approx(reach, rel=2e-3)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "roc_auc", "log_loss", "brier", "mcc"])
def test_no_groups_are_groups_of_one(draws, metric):
    chance, y, _ = study(draws, 60, 1)
    X = np.column_stack([chance, draws.random(60)])
    cv = RepeatedStratifiedKFold(n_splits=4, n_repeats=3, random_state=0)
    cv = list(cv.split(X, y))
    models = {"a": FromColumn(), "b": FromColumn(1)}
    alone, grouped = (
        compare(models, X, y, groups=groups, cv=cv, scoring=metric, **QUIET)
        for groups in (None, np.arange(60))
    )
    for name in "ab":
        one, other = (found.interval(name) for found in (alone, grouped))
        assert (one.low, one.mean, one.high) == (other.low, other.mean, other.high)
    for one, other in zip(alone.tests().records, grouped.tests().records, strict=True):
        if one.test == "cluster-robust t-test":
            assert (one.p_value, one.low, one.high) == (other.p_value, other.low, other.high)


def contributions(rows, repeats=None):
    rows = np.asarray(rows, dtype=float)
    n = rows.shape[1]
    repeats = rows.sum(1) if repeats is None else np.asarray(repeats)
    return Contributions(rows, repeats, np.arange(n), np.zeros(n, dtype=int))


def test_repeats_that_agree_add_nothing(draws):
    row = draws.normal(size=50)
    found = spread(contributions(np.tile(row - row.mean(), (5, 1))))
    assert found.of_training == 0
    assert found.error**2 == pytest.approx(50 * row.var(ddof=1))
    assert found.freedom == pytest.approx(49)


def test_unstable_predictions_add_the_square_of_their_instability(draws):
    steady, n = draws.normal(size=4000), 4000
    rows = steady + 0.4 * draws.normal(size=(5, n))
    rows -= rows.mean(1, keepdims=True)
    found = spread(contributions(rows))
    instability = 0.16 / (1 + 0.16 / 5)
    assert found.of_training / found.over_patients == pytest.approx(2.5 * instability**2, rel=0.1)
    wild = spread(contributions(rows - steady))
    assert wild.of_training / wild.over_patients == pytest.approx(2, rel=1e-6)


def test_the_number_of_repeats_does_not_change_what_instability_adds(draws):
    rows = draws.normal(size=4000) + 0.5 * draws.normal(size=(20, 4000))
    rows -= rows.mean(1, keepdims=True)
    found = [spread(contributions(rows[:n])) for n in (2, 5, 20)]
    added = [each.of_training / each.over_patients for each in found]
    assert added == pytest.approx([added[1]] * 3, rel=0.12)


def test_a_training_that_fails_now_and_then_is_seen_between_repeats(draws):
    row = draws.normal(size=100) / 1000
    repeats = [0.9, 0.9, 0.6, 0.9, 0.9]
    found = spread(contributions(np.tile(row - row.mean(), (5, 1)), repeats))
    assert found.of_training == pytest.approx(np.var(repeats, ddof=1) / 5)
    assert 4 < found.freedom < 6


def test_one_patient_in_a_class_leaves_the_variance_unknown(draws):
    patient, kind = np.array([0, 0, 1, 2, 3]), np.array([1, 1, 0, 0, 0])
    assert np.isnan(cluster_variance(draws.normal(size=5), patient, kind)).all()


@pytest.mark.slow
def test_few_of_many_simulated_studies_are_wrong():
    records = [simulate("null 60x1", seed, 3)["balanced_accuracy"] for seed in range(80)]
    p_values = np.array([record["p"][0] for record in records])
    assert stats.binomtest(int((p_values < 0.05).sum()), 80, 0.05, "greater").pvalue > 0.01
    truth = np.mean([record["truth"] for record in records], axis=0)
    low, high = (np.array([record[key] for record in records]) for key in ("low", "high"))
    covered = ((low <= truth) & (truth <= high)).mean()
    assert covered > 0.9
