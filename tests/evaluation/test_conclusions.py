"""What may be concluded from a score or a difference: limits, words, and who is called better."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.metrics import make_scorer
from sklearn.naive_bayes import GaussianNB
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from skmedimg import compare
from skmedimg.evaluation._records import Metric
from skmedimg.evaluation.statistics._difference_tests import Difference
from skmedimg.evaluation.statistics._unadjusted_test import UnadjustedTest
from tests.evaluation._estimators import FromColumn, LabelsFromColumn, MasksFromX

RESAMPLED, DELONG = "corrected resampled t-test", "DeLong's test"
MCNEMAR, WILCOXON = "McNemar's test", "Wilcoxon's signed-rank test"
QUIET = {"repeats": 1, "random_state": 0, "verbose": 0, "baseline": False, "audit": False}


@pytest.fixture
def draws():
    return np.random.default_rng(0)


def compare_columns(y, *columns, cv, **more):
    """Compare models called a, b, c that predict the probabilities in the columns."""
    models = dict(zip("abc", map(FromColumn, range(len(columns))), strict=False))
    return compare(models, np.column_stack(columns), y, cv=cv, **QUIET, **more)


def as_probabilities(labels):
    return 0.05 + 0.9 * np.asarray(labels)


def wrong_at(y, rows):
    """Return probabilities of the right labels, but for some rows."""
    return as_probabilities(np.where(np.isin(np.arange(len(y)), rows), 1 - y, y))


def splits_testing(*tests):
    """Return splits that test some rows and train on all others of them."""
    everything = np.unique(np.concatenate(tests))
    return [(np.setdiff1d(everything, test), np.asarray(test)) for test in tests]


def compare_unstable_and_steady(scoring):
    """Two models over two folds: one is right in the first only, the other half right in both."""
    y = np.tile([0, 1], 20)
    fold = np.repeat([0, 1], 20)
    first = np.where(fold == 0, 0.9 * y + 0.05, 0.95 - 0.9 * y)
    second = np.where(np.arange(40) % 4 < 2, 0.9 * y + 0.05, 0.95 - 0.9 * y)
    cv = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in (0, 1)]
    models = {"first": FromColumn(0), "second": FromColumn(1)}
    X = np.column_stack([first, second])
    return compare(models, X, y, cv=cv, scoring=scoring, **QUIET)


def over_splits(found, metric):
    [record] = [r for r in found.tests(metric=metric).records if "resampled" in r.test]
    sign = 1 if record.first == "first" else -1
    differences = sign * (found.values("first", metric) - found.values("second", metric))
    error = np.sqrt((1 / 2 + 1) * np.var(differences, ddof=1))
    reach = stats.t.ppf(0.975, 1) * error
    return record, differences.mean() - reach, differences.mean() + reach


@pytest.mark.parametrize(
    ("metric", "most"),
    [("accuracy", 1), ("balanced_accuracy", 1), ("roc_auc", 1), ("ece", 1), ("mcc", 2)],
)
def test_limits_of_a_difference_end_where_the_scores_do(metric, most):
    found = compare_unstable_and_steady(metric)
    record, low, high = over_splits(found, metric)
    assert low < -most
    assert high > most
    assert (record.low, record.high) == (-most, most)
    assert record.p_value > 0.05
    [conclusion] = found.tests(metric=metric).conclusions
    assert conclusion.interval == (-most, most)
    assert (conclusion.winner, conclusion.loser, conclusion.decided) == (None, None, False)
    assert "as fitted" not in conclusion.text  # their rows do not show a difference either


@pytest.mark.parametrize("metric", ["log_loss", "brier", "neg_log_loss", "mine"])
def test_limits_of_scores_without_a_known_range_are_left_alone(metric):
    scoring = (
        {"mine": make_scorer(lambda y, p: 9 * np.mean(y == p))} if metric == "mine" else metric
    )
    record, low, high = over_splits(compare_unstable_and_steady(scoring), metric)
    assert (record.low, record.high) == pytest.approx((low, high))


def test_a_scorer_of_ones_own_called_like_one_of_ours_is_not_taken_for_it():
    scoring = {"accuracy": make_scorer(lambda y, p: 9 * np.mean(y == p))}
    found = compare_unstable_and_steady(scoring)
    tests = {record.test: record for record in found.tests().records}
    assert tests["corrected resampled t-test"].low < -9
    assert -1 <= tests["McNemar's test"].low <= tests["McNemar's test"].high <= 1


@pytest.mark.parametrize("name", ["brier", "mine"])
def test_a_scorer_of_ones_own_is_better_when_larger_whatever_it_is_called(name):
    draws, y = np.random.RandomState(0), np.tile([0, 1], 100)
    X = np.column_stack([draws.random_sample(200), 0.45 + draws.random_sample(200)])
    found = compare(
        {"first": FromColumn(0), "second": FromColumn(1)}, X, y, cv=5,
        scoring={name: make_scorer(lambda y, predicted: np.mean(predicted))}, **QUIET
    )  # fmt: skip
    [conclusion] = found.tests().conclusions
    assert (conclusion.winner, conclusion.loser, conclusion.metric) == ("second", "first", name)
    assert conclusion.difference > 0


def test_the_normal_limits_of_rows_are_cut_too():
    metric = Metric("dice", "Dice", True, 0.0, 1.0)
    above, below = Difference(0.9, 0.6, 1.2, 3, 0.01), Difference(-0.9, -1.2, -0.6, 3, 0.01)
    known = UnadjustedTest(WILCOXON, metric, "the models as fitted", above)
    assert known.cut(above) == Difference(0.9, 0.6, 1.0, 3, 0.01)
    assert known.cut(below) == Difference(-0.9, -1.0, -0.6, 3, 0.01)
    distance = replace(known, metric=replace(metric, high=None))
    assert distance.cut(Difference(-9, -12, -6, 3, 0.01)) == Difference(-9, -12, -6, 3, 0.01)
    unknown = known.cut(Difference(0.1))
    assert np.isnan([unknown.low, unknown.high, unknown.statistic, unknown.p_value]).all()


# Which tests ------------------------------------------------------------------------------------


def of_test(found, test):
    [record] = [each for each in found.tests().records if each.test == test]
    return record


def names_of_tests(found):
    return {each.test for each in found.tests().records}


def test_rankings_are_tested_where_both_models_rank_and_one_class_is_positive():
    y = np.tile([0, 1], 20)
    X, cv = np.column_stack([wrong_at(y, range(8)), wrong_at(y, range(4))]), 2
    both, one = (
        {"a": FromColumn(), "b": FromColumn(1)},
        {"a": FromColumn(), "b": LabelsFromColumn(1)},
    )
    bayes = {"a": GaussianNB(), "b": GaussianNB(var_smoothing=1)}
    wanted = {RESAMPLED, MCNEMAR}
    assert names_of_tests(compare(both, X, y, cv=cv, **QUIET)) == wanted | {DELONG}
    assert names_of_tests(compare(one, X, y, cv=cv, **QUIET)) == wanted
    assert names_of_tests(compare(bayes, *load_iris(return_X_y=True), cv=3, **QUIET)) == wanted


def test_the_conclusion_on_one_split_rests_on_its_rows():
    y = np.tile([0, 1], 20)
    cv = [(np.arange(10), np.arange(10, 40))]
    found = compare_columns(
        y, wrong_at(y, [11]), wrong_at(y, range(10, 20)), cv=cv, scoring="accuracy"
    )
    mcnemar, delong = (of_test(found, test) for test in (MCNEMAR, DELONG))
    assert (mcnemar.decisive, delong.decisive) == (True, False)
    assert mcnemar.p_value == pytest.approx(stats.binomtest(0, 9).pvalue)  # 0.0039
    [conclusion] = found.tests().conclusions
    assert (conclusion.winner, conclusion.loser, conclusion.test) == ("a", "b", MCNEMAR)
    assert conclusion.difference == pytest.approx(0.3)
    assert conclusion.interval == (mcnemar.low, mcnemar.high)
    assert conclusion.p_value == mcnemar.p_value


def test_only_the_first_repeat_counts_for_tests_of_rows(draws):
    y = np.tile([0, 1], 20)
    columns = draws.random((2, 40)) + 0.3 * y
    first, again = (
        splits_testing(range(20), range(20, 40)),
        splits_testing(range(10), range(10, 40)),
    )
    once, twice = (compare_columns(y, *columns, cv=cv) for cv in (first, first + again))
    assert {split.repeat for split in twice.splits} == {0, 1}
    for test in (DELONG, MCNEMAR):
        assert of_test(once, test) == of_test(twice, test)


def test_a_split_without_the_score_is_left_out_and_so_is_its_size(draws):
    y = np.append(np.tile([0, 1], 10), np.ones(20, dtype=int))
    cv = splits_testing(range(6), range(6, 20), range(20, 40))  # the last one holds one class
    found = compare_columns(y, *draws.random((2, 40)), cv=cv, scoring="roc_auc")
    record = of_test(found, RESAMPLED)
    differences = (found.values("a", "roc_auc") - found.values("b", "roc_auc"))[:2]
    ratio = (6 / 34 + 14 / 26) / 2
    error = np.sqrt((1 / 2 + ratio) * differences.var(ddof=1))
    assert abs(record.statistic) == pytest.approx(abs(differences.mean()) / error)


# Masks ------------------------------------------------------------------------------------------


def test_masks_are_compared_by_the_means_of_patients_whose_images_have_a_score(draws):
    spots = draws.integers(4, size=(3, 30, 2))  # masks of one pixel: its place tells all
    spots[1, ::4] = spots[0, ::4]
    masks = np.zeros((3, 30, 4, 4), dtype=int)
    masks[*np.indices((3, 30)), *np.moveaxis(spots, -1, 0)] = 2
    masks[0, 1:3] = 0
    empty = masks.copy()
    empty[:, 1:3] = 0  # the distance between two empty masks is 0
    known = ~np.isin(np.arange(30), [1, 2])
    away = np.linalg.norm(spots[0] - spots[1:], axis=-1)
    hits = (away == 0) & known
    patients = np.repeat(np.arange(10), [1, 5] * 5)
    folds = splits_testing(*(np.flatnonzero(patients % 3 == k) for k in range(3)))
    for scoring, ahead in (
        ("hausdorff_distance", np.where(known, away[1] - away[0], 0.0)),
        ("dice", hits[1].astype(float) - hits[0]),
        ({"mine": make_scorer(lambda y, predicted: 0)}, hits[1].astype(float) - hits[0]),
    ):
        given = empty if scoring == "hausdorff_distance" else masks
        models, X = {"a": MasksFromX(0), "b": MasksFromX(1)}, given[1:].swapaxes(0, 1)
        more = {"groups": patients, "cv": folds, "scoring": scoring}
        record = of_test(compare(models, X, given[0], **more, **QUIET), WILCOXON)
        means = [np.mean(ahead[patients == each]) for each in range(10)]
        assert record.p_value == pytest.approx(stats.wilcoxon(means).pvalue)
        assert abs(record.difference) == pytest.approx(abs(np.mean(means)))


@pytest.mark.parametrize("metric", ["hausdorff_distance", "average_surface_distance"])
def test_a_distance_that_is_infinite_in_some_images_is_counted_and_not_tested(metric, tmp_path):
    masks = np.zeros((30, 8, 8), dtype=int)
    masks[:, 2:4, 2:4] = 1
    near = np.roll(masks, 1, axis=1)
    missing = near.copy()
    missing[::2] = 0  # finds nothing on half of the images
    models, X = {"a": MasksFromX(0), "b": MasksFromX(1)}, np.stack([near, missing], 1)
    found = compare(models, X, masks, cv=3, scoring=[metric, "dice"], **QUIET)
    found.to_json(tmp_path / "found.json")
    again = type(found).from_json(tmp_path / "found.json")
    for each in (found, again):
        words = "undefined in 15 of 30 images"
        assert words in each.interval("b").method
        assert words in each.summary().loc["b", "warnings"]
        assert any(warning.name == "b" and words in warning.text for warning in each.warnings)
        assert "undefined" not in each.summary().loc["a", "warnings"]
        [conclusion] = each.tests().conclusions
        assert words in conclusion.text
        assert not conclusion.decided
        assert np.isnan([record.p_value for record in each.tests().records]).all()
        [conclusion] = each.tests(metric="dice").conclusions
        assert np.isfinite(conclusion.p_value)


# Words ------------------------------------------------------------------------------------------


def test_one_pair_needs_no_correction():
    y = np.tile([0, 1], 30)
    b = wrong_at(y, [*range(6), *range(20, 28), *range(40, 50)])  # 6, 8 and 10 of 20
    folds = splits_testing(range(20), range(20, 40), range(40, 60))
    error = 0.1 * np.sqrt(1 / 3 + 1 / 2)
    low, high = stats.t.interval(0.95, 2, 0.4, error)
    found = compare_columns(y, as_probabilities(y), b, cv=folds, scoring="accuracy")
    assert [each.text for each in found.tests().conclusions] == [
        f"a is better than b: accuracy differs by +0.400 (95 % interval {low:+.3f} to {high:+.3f}; "
        f"corrected resampled t-test, p = {2 * stats.t.sf(0.4 / error, 2):.3f})."
    ]


def test_pairs_are_adjusted_together_and_tests_of_fitted_models_are_in_the_table_alone():
    y = np.tile([0, 1], 200)
    b = wrong_at(y, [*range(30), *range(200, 270)])  # 0.15 and 0.35 behind a
    c = 0.6 + 0.3 * y  # ranks as a does, but calls all positive
    folds = splits_testing(range(200), range(200, 400))
    found = compare_columns(y, as_probabilities(y), b, c, cv=folds, scoring="accuracy")
    tests = found.tests()
    first, second, third = tests.conclusions
    assert [each.decision for each in tests.conclusions] == ["undecided", "better", "undecided"]
    assert second.winner == "a"
    assert "as fitted" not in repr(tests)
    fitted = [each for each in tests.records if each.test in (DELONG, MCNEMAR)]
    assert min(each.p_adjusted for each in fitted) < 0.001
    # a and b differ from c by one and the other sign of the same differences: one test, not two
    alone = 2 * stats.t.sf(0.25 / np.sqrt(1.5 * 0.02), 1)
    assert alone < first.p_value < 2 * alone
    assert third.p_value == pytest.approx(first.p_value)
    for reference, pairs in (("a", "ab ac"), ("b", "ab bc"), ("c", "ac bc")):
        records = found.tests(reference).records
        assert {r.first + r.second for r in records} == set(pairs.split())
        assert {r.n_pairs for r in records if r.decisive} == {2}


@pytest.mark.slow
def test_limits_exclude_no_difference_exactly_where_it_is_significant(draws):
    y = np.tile([0, 1], 60)
    for seed in range(20):
        columns = np.random.default_rng(seed).random((4, 120)) + y * np.array(
            [[0.2], [0.4], [0.6], [0.5]]
        )
        models = dict(zip("abcd", map(FromColumn, range(4)), strict=True))
        found = compare(
            models,
            columns.T / 2,
            y,
            cv=3,
            **QUIET | {"repeats": 2, "baseline": True, "random_state": seed},
        )
        for record in found.tests().records:
            if record.decisive:
                outside = not record.low_adjusted <= 0 <= record.high_adjusted
                assert outside == (record.p_adjusted < 0.05) == record.significant
                assert (
                    record.low_adjusted
                    <= record.low + 1e-12
                    <= record.high
                    <= record.high_adjusted + 1e-12
                )


def test_pairs_with_the_baseline_are_a_family_of_their_own(draws):
    y = np.tile([0, 1], 40)
    columns = np.clip(draws.random((3, 80)) / 2 + 0.5 * y, 0, 1)
    models = dict(zip("abc", map(FromColumn, range(3)), strict=True))
    found = compare(models, columns.T, y, cv=4, **QUIET | {"repeats": 3, "baseline": True})
    decisive = [each for each in found.tests().records if each.decisive]
    assert {each.family for each in decisive} == {"models", "baseline"}
    assert {each.n_pairs for each in decisive} == {3}
    for each in decisive:
        assert (each.family == "baseline") == ("majority class" in (each.first, each.second))


@pytest.mark.parametrize("metric", ["balanced_accuracy", "roc_auc"])
@pytest.mark.parametrize("wrong", [1, 45])
def test_the_lead_over_a_constant_baseline_is_the_interval_of_the_score(draws, metric, wrong):
    y = np.tile([0, 1], 60)
    column = np.clip(y + 0.3 * draws.standard_normal(120), 0, 1)
    column[:wrong] = 1 - column[:wrong]
    setup = {"baseline": True, "scoring": metric, "random_state": 0}
    found = compare(
        {"good": FromColumn()}, column[:, None], y, cv=4, **QUIET | setup | {"repeats": 3}
    )
    score = found.interval("good", metric)
    tests = found.tests()
    [record] = [each for each in tests.records if each.decisive]
    sign = 1 if record.first == "good" else -1
    limits = sorted([sign * record.low_adjusted, sign * record.high_adjusted])
    assert limits == pytest.approx([score.low - 0.5, score.high - 0.5], abs=1e-12)
    # The p-value is the confidence at which the interval of the score would reach 0.5.
    if wrong == 45:
        reach = found.interval("good", metric, confidence=1 - record.p_value)
        assert reach.low == pytest.approx(0.5)
        assert 1e-6 < record.p_value < 0.2


def test_what_could_not_be_seen_is_said(draws):
    y = np.tile([0, 1], 40)
    columns = draws.random((2, 80)) / 2 + 0.2 * y
    tests = compare_columns(y, *columns, cv=5, scoring="accuracy").tests()
    [conclusion] = tests.conclusions
    [record] = [each for each in tests.records if each.decisive]
    error = record.difference / record.statistic
    power = TTestPower().power(conclusion.detectable / error / np.sqrt(5), 5, 0.05)
    assert power == pytest.approx(0.8, abs=1e-4)
    assert f"a true difference of {conclusion.detectable:.2g} in 80 of 100 studies" in str(
        conclusion
    )
    assert "repeats=5" in tests.headline
    assert tests.headline.startswith("Primary metric: accuracy. 5 folds of 80 samples. 0 of 1 pair")


def test_another_metric_than_the_first_is_secondary_and_says_so(draws):
    y = np.tile([0, 1], 40)
    found = compare_columns(y, *draws.random((2, 80)), cv=5, scoring=["accuracy", "roc_auc"])
    assert found.tests().conclusions[0].primary
    tests = found.tests(metric="roc_auc")
    assert not tests.conclusions[0].primary
    assert tests.headline.startswith("Secondary metric: ROC AUC.")
    assert "the primary metric is accuracy" in tests.headline


# Margins ----------------------------------------------------------------------------------------


def nearly_equal(draws, n=400):
    """Return a comparison of two models that differ in few rows, over three repeats."""
    y = np.tile([0, 1], n // 2)
    wrong = draws.choice(n, 40, replace=False)
    columns = [wrong_at(y, wrong), wrong_at(y, np.r_[wrong[2:], 7])]
    models = dict(zip("ab", map(FromColumn, range(2)), strict=True))
    more = QUIET | {"repeats": 3, "scoring": "balanced_accuracy"}
    return compare(models, np.column_stack(columns), y, cv=5, **more)


def test_equivalence_is_that_of_two_one_sided_tests_of_statsmodels(draws):
    found = nearly_equal(draws)
    right = [found.predictions(name) == found.y for name in found.ranked()]
    p, *_ = ttost_paired(*(each.astype(float) for each in right), -0.01, 0.01)
    [record, *_] = found.tests(margin=0.01).records
    assert record.p_equivalent == pytest.approx(p, rel=0.05)
    tests = found.tests(margin=0.02)
    assert tests.conclusions[0].decision == "equivalent"
    assert "equivalent within 0.02" in str(tests.conclusions[0])
    assert found.tests(margin=0.001).conclusions[0].decision == "undecided"
    assert found.tests().conclusions[0].decision == "undecided"


def test_not_worse_needs_one_side_only(draws):
    y = np.tile([0, 1], 50)
    columns = [wrong_at(y, range(10)), wrong_at(y, range(5, 18))]
    more = QUIET | {"repeats": 3, "scoring": "balanced_accuracy"}
    models = dict(zip("ab", map(FromColumn, range(2)), strict=True))
    found = compare(models, np.column_stack(columns), y, cv=5, **more)
    [conclusion] = found.tests(margin=0.06).conclusions
    low, high = conclusion.interval
    assert -0.06 < low < 0 < 0.06 < high
    assert (conclusion.decision, conclusion.pair) == ("not worse", ("a", "b"))
    assert "a is not worse than b by 0.06 or more" in str(conclusion)


@pytest.mark.parametrize("margin", [0, -0.1, 1, "0.02", True])
def test_a_margin_that_is_no_difference_raises(draws, margin):
    with pytest.raises(ValueError, match=f"margin={margin!r}"):
        nearly_equal(draws, 80).tests(margin=margin)


# Planning ---------------------------------------------------------------------------------------


def test_the_number_of_patients_is_that_of_statsmodels(draws):
    found = nearly_equal(draws)
    [record] = [each for each in found.tests().records if each.decisive]
    deviation = record.difference / record.statistic * np.sqrt(400)
    wanted = TTestPower().solve_power(0.01 / deviation, power=0.9, alpha=0.05)
    needed = found.how_many(0.01, power=0.9)
    assert needed.index.tolist() == [("a", "b")]
    assert needed.iloc[0] == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"difference": 0}, "difference=0"),
        ({"difference": 0.1, "power": 1}, "power=1"),
        ({"difference": 0.1, "reference": "z"}, "'z' was not compared"),
    ],
)
def test_planning_refuses_what_is_no_plan(draws, asked, words):
    with pytest.raises(ValueError, match=words):
        nearly_equal(draws, 80).how_many(**asked)


# No spread --------------------------------------------------------------------------------------


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("metric", ["balanced_accuracy", "accuracy", "roc_auc", "f1"])
def test_a_model_that_is_perfect_in_every_fold_is_better_than_the_baseline(metric, images):
    case = np.repeat(np.arange(40), images)
    y = (case % 4 == 0).astype(int)  # 10 patients are positive
    more = {"groups": case, "cv": 5, "scoring": metric, "random_state": 0, "verbose": 0}
    found = compare({"perfect": FromColumn()}, as_probabilities(y)[:, None], y, **more, repeats=1)
    [conclusion] = found.tests().conclusions
    assert (conclusion.winner, conclusion.loser) == ("perfect", "majority class")
    assert conclusion.p_value == pytest.approx(stats.binomtest(10, 10).pvalue)  # 0.00195
    low, high = conclusion.interval
    bound = stats.binomtest(10, 10).proportion_ci(0.95, "exact").low
    assert (low, high) == pytest.approx(
        (conclusion.difference * (2 * bound - 1), conclusion.difference)
    )
    assert "spread" not in conclusion.text


def test_few_patients_do_not_make_a_perfect_model_better():
    case = np.repeat(np.arange(20), 9)
    y = (case % 4 == 0).astype(int)  # 5 patients
    more = {"groups": case, "cv": 5, "scoring": "accuracy", "random_state": 0, "verbose": 0}
    found = compare({"perfect": FromColumn()}, as_probabilities(y)[:, None], y, **more, repeats=1)
    [conclusion] = found.tests().conclusions
    assert not conclusion.decided
    assert conclusion.p_value == pytest.approx(stats.binomtest(5, 5).pvalue)


def test_the_same_difference_in_every_fold_is_judged_by_wins_and_losses():
    y = np.tile([0, 1], 30)
    folds = splits_testing(range(20), range(20, 40), range(40, 60))
    a = wrong_at(y, [0, 20, 40])  # one loss and eight wins in every fold
    b = wrong_at(y, [k + f for f in (0, 20, 40) for k in range(2, 10)])
    found = compare_columns(y, a, b, cv=folds, scoring="accuracy")
    [conclusion] = found.tests().conclusions
    assert (conclusion.winner, conclusion.test) == ("a", "exact binomial test")
    assert conclusion.p_value == pytest.approx(stats.binomtest(24, 27).pvalue)
    found = compare_columns(y, a, b, cv=folds, scoring="brier")
    [conclusion] = found.tests().conclusions
    assert conclusion.winner == "a"


def test_perfect_masks_are_better_than_the_majority():
    masks = np.tile(np.eye(4, dtype=int), (30, 1, 1))
    X = np.stack([masks, np.roll(masks, 1, axis=1)], 1)
    more = {"groups": np.arange(30) // 2, "cv": 3, "scoring": "dice"}
    found = compare({"a": MasksFromX(0), "b": MasksFromX(1)}, X, masks, **more, **QUIET)
    [conclusion] = found.tests().conclusions
    assert conclusion.winner == "a"
    assert conclusion.p_value == pytest.approx(stats.binomtest(15, 15).pvalue)


# Intervals of scores ----------------------------------------------------------------------------


def test_the_interval_over_splits_is_students_widened_by_their_overlap_up_to_a_perfect_score():
    y = np.tile([0, 1], 20)
    answers = wrong_at(y, [*range(6), *range(20, 30)])  # 0.7 and 0.5 of 20 right
    found = compare_columns(
        y, answers, cv=splits_testing(range(20), range(20, 40)), scoring="accuracy"
    )
    limits = stats.t.interval(0.5, 1, 0.6, np.sqrt(0.02 * (1 / 2 + 1)))
    method = "t interval over splits, corrected for overlap"
    half, usual = found.interval("a", confidence=0.5), found.interval("a")
    assert (half.mean, half.low, half.high) == pytest.approx((0.6, *limits))
    assert (usual.mean, usual.low, usual.high) == (pytest.approx(0.6), 0, 1)
    assert half.method == usual.method == method


def test_a_score_of_ones_own_has_no_interval_over_one_split():
    y = np.tile([0, 1], 20)
    scoring = {"mine": make_scorer(lambda y, predicted: 7.0)}
    found = compare_columns(
        y, as_probabilities(y), cv=splits_testing(range(20), range(20, 40))[:1], scoring=scoring
    )
    limits = found.interval("a")
    assert (limits.mean, limits.method) == (7, "undefined: one split")
    assert np.isnan([limits.low, limits.high]).all()


@pytest.mark.parametrize(("groups", "n"), [(None, 12), (np.arange(60) // 3, 4)])
def test_perfect_answers_prove_no_more_than_the_cases_of_the_rarer_class_do(groups, n):
    y = np.repeat([0, 1, 2], [12, 18, 30])  # each patient has three images
    found = compare({"a": GaussianNB()}, 1.0 * y[:, None], y, cv=2, groups=groups, **QUIET)
    bound = stats.binomtest(n, n).proportion_ci(0.9, "exact").low
    method = "exact binomial bound: every fold is perfect"
    limits = found.interval("a", "accuracy", confidence=0.9)
    assert (limits.mean, limits.low, limits.high) == (1, pytest.approx(bound), 1)
    assert limits.method == method


@pytest.mark.parametrize(("groups", "n"), [(None, 60), (np.arange(60) // 3, 20)])
def test_perfect_masks_prove_no_more_than_their_cases_do(groups, n):
    masks = np.tile(np.eye(4, dtype=int), (60, 1, 1))
    found = compare({"a": MasksFromX()}, masks[:, None], masks, groups=groups, cv=3, **QUIET)
    bound = stats.binomtest(n, n).proportion_ci(0.95, "exact").low
    limits = found.interval("a", "dice")
    assert (limits.mean, limits.low, limits.high) == (1, pytest.approx(bound), 1)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_is_no_share_raises(confidence):
    with pytest.raises(ValueError, match=f"confidence={confidence} needs a value between 0 and 1"):
        compare_unstable_and_steady("accuracy").interval("first", confidence=confidence)
