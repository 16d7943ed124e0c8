"""What may be concluded from a score or a difference: limits, words, and who is called better."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.metrics import make_scorer
from sklearn.naive_bayes import GaussianNB

from skmedimg import compare
from skmedimg.evaluation._records import Metric
from skmedimg.evaluation.statistics._difference_tests import Difference
from skmedimg.evaluation.statistics._intervals import _mean_known, _patient_weights, _percentiles
from skmedimg.evaluation.statistics._pairwise_tests import _cut
from tests.evaluation._estimators import FromColumn, LabelsFromColumn, MasksFromX

RESAMPLED, DELONG = "corrected resampled t-test", "DeLong's test"
MCNEMAR, WILCOXON = "McNemar's test", "Wilcoxon's signed-rank test"
QUIET = {"random_state": 0, "verbose": 0, "baseline": False, "audit": False}


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
        scoring={name: make_scorer(lambda y, predicted: np.mean(predicted))}, **QUIET,
    )  # fmt: skip
    [conclusion] = found.tests().conclusions
    assert (conclusion.winner, conclusion.loser, conclusion.metric) == ("second", "first", name)
    assert conclusion.difference > 0


def test_the_normal_limits_of_rows_are_cut_too():
    metric = Metric("dice", "Dice", True, 0.0, 1.0)
    above, below = Difference(0.9, 0.6, 1.2, 3, 0.01), Difference(-0.9, -1.2, -0.6, 3, 0.01)
    assert _cut(above, metric) == Difference(0.9, 0.6, 1.0, 3, 0.01)
    assert _cut(below, metric) == Difference(-0.9, -1.0, -0.6, 3, 0.01)
    distance = replace(metric, high=None)
    assert _cut(Difference(-9, -12, -6, 3, 0.01), distance) == Difference(-9, -12, -6, 3, 0.01)
    unknown = _cut(Difference(0.1), metric)
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


def test_what_only_the_fitted_models_show_is_added_to_their_pair_alone():
    y = np.tile([0, 1], 200)
    b = wrong_at(y, [*range(30), *range(200, 270)])  # 0.15 and 0.35 behind a
    c = 0.6 + 0.3 * y  # ranks as a does, but calls all positive
    folds = splits_testing(range(200), range(200, 400))
    found = compare_columns(y, as_probabilities(y), b, c, cv=folds, scoring="accuracy")
    p = 2 * 2 * stats.t.sf(0.25 / np.sqrt(1.5 * 0.02), 1)  # the third pair has a smaller p
    unsure = (
        "differs by +0.250, but anything from -1.000 to +1.000 fits the data (corrected resampled "
        f"t-test, p = {p:.3f} after Holm's correction for 3 pairs). This does not show that they "
        "are equal. Of the models as fitted here,"
    )
    delong, mcnemar = (f"({test}, p < 0.001)" for test in (DELONG, MCNEMAR))
    again = "training them again may differ."
    low = stats.binomtest(200, 200).proportion_ci(0.95, "exact").low - 0.5
    assert [each.text for each in found.tests().conclusions] == [
        f"No conclusion on a and b: accuracy {unsure} a is better than b in ROC AUC {delong} and "
        f"accuracy {mcnemar}; {again}",
        f"a is better than c: accuracy differs by +0.500 (95 % interval {low:+.3f} to +0.500; "
        "exact binomial test, p < 0.001 after Holm's correction for 3 pairs).",
        f"No conclusion on b and c: accuracy {unsure} c is better than b in ROC AUC {delong} but "
        f"b is better than c in accuracy {mcnemar}; {again}",
    ]
    for reference, pairs in (("a", "ab ac"), ("b", "ab bc"), ("c", "ac bc")):
        tests = found.tests(reference)
        assert {r.first + r.second for r in tests.records} == set(pairs.split())
        corrected = {r.n_pairs for r in tests.records if r.test == RESAMPLED}
        assert corrected == {2}


# No spread --------------------------------------------------------------------------------------


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("metric", ["balanced_accuracy", "accuracy", "roc_auc", "f1"])
def test_a_model_that_is_perfect_in_every_fold_is_better_than_the_baseline(metric, images):
    case = np.repeat(np.arange(40), images)
    y = (case % 4 == 0).astype(int)  # 10 patients are positive
    more = {"groups": case, "cv": 5, "scoring": metric, "random_state": 0, "verbose": 0}
    found = compare({"perfect": FromColumn()}, as_probabilities(y)[:, None], y, **more)
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
    found = compare({"perfect": FromColumn()}, as_probabilities(y)[:, None], y, **more)
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


@pytest.mark.parametrize(("unit", "images"), [("rows", 1), ("patients", 4)])
def test_the_bootstrap_is_that_of_scipy_over_cases(unit, images):
    case = np.repeat(np.arange(600), images)
    y = case % 2
    column = as_probabilities(np.where(case % np.where(y, 10, 4) < 2, 1 - y, y))
    hit = np.arange(300) % 5 > 0  # of the positive cases
    parts = [np.flatnonzero(case % 4 < 2), np.flatnonzero(case % 4 > 1)]
    if unit == "rows":
        found = compare_columns(y, column, cv=[parts], scoring="sensitivity")
        hit = hit[1::2]
    else:
        found = compare_columns(
            y, column, cv=splits_testing(*parts), scoring="sensitivity", groups=case
        )
    wanted = stats.bootstrap((hit,), np.mean, confidence_level=0.9, method="percentile", rng=0)
    limits = found.interval("a", confidence=0.9)
    tolerance = 0.15 * stats.sem(hit)
    assert limits.mean == pytest.approx(0.8)
    assert (limits.low, limits.high) == pytest.approx(wanted.confidence_interval, abs=tolerance)
    assert limits.method == f"bootstrap of {unit} within folds"


def test_the_dice_of_masks_is_resampled_too():
    hit = np.arange(200) % 5 > 0
    masks = np.zeros((400, 4, 4), dtype=int)
    masks[:, 1, 1] = 3
    X = np.where(np.tile(hit, 2)[:, None, None], masks, np.roll(masks, 1, axis=1))[:, None]
    cv = splits_testing(range(200), range(200, 400))[:1]
    found = compare({"a": MasksFromX()}, X, masks, cv=cv, scoring="dice", **QUIET).interval("a")
    wanted = stats.bootstrap((hit,), np.mean, method="percentile", rng=0).confidence_interval
    limits = (found.mean, found.low, found.high)
    assert limits == pytest.approx((0.8, *wanted), abs=0.15 * stats.sem(hit))


def test_a_resample_draws_as_many_patients_as_there_are_each_with_all_images():
    patients = np.array([7, 7, 2, 5, 5, 5])
    data = SimpleNamespace(y=patients, groups=patients, random_state=0)
    weights = _patient_weights(data)
    np.testing.assert_array_equal(weights, weights[:, [1, 0, 2, 5, 3, 4]])
    assert (weights[:, [0, 2, 3]].sum(1) == 3).all()
    assert weights.mean(0) == pytest.approx(1, abs=0.1)


def test_percentiles_of_resamples_move_with_their_median_to_the_mean():
    assert _percentiles(np.arange(101), 60, 0.9) == pytest.approx([5 + 10, 95 + 10])


def test_resamples_are_averaged_over_the_folds_that_have_a_score():
    folds = [np.array([1, np.nan, np.nan]), np.array([3, 5, np.nan])]
    assert _mean_known(folds) == pytest.approx([2, 5, np.nan], nan_ok=True)


def test_a_score_of_ones_own_has_no_interval_over_one_split():
    y = np.tile([0, 1], 20)
    scoring = {"mine": make_scorer(lambda y, predicted: 7.0)}
    found = compare_columns(
        y, as_probabilities(y), cv=splits_testing(range(20), range(20, 40))[:1], scoring=scoring
    )
    limits = found.interval("a")
    assert (limits.mean, limits.method) == (7, "undefined from one split")
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
