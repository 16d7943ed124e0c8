"""Intervals and tests against what others published or wrote, and against simulated truth."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from skmedimg.evaluation.scores._coded_predictions import LabelPredictions
from skmedimg.evaluation.scores._score_table import LABEL_SCORES, score
from skmedimg.evaluation.statistics._difference_tests import (
    Difference,
    auc_covariance,
    corrected_t_test,
    delong_test,
    holm,
    mcnemar_test,
    wilcoxon_test,
)
from skmedimg.evaluation.statistics._intervals import clopper_pearson, corrected_interval


@pytest.fixture
def draws():
    return np.random.default_rng(0)


# Scores -----------------------------------------------------------------------------------------


def binary_oracles(truth, predicted, y_score, weights):
    chance = y_score[:, 1]
    labels = {"y_true": truth, "y_pred": predicted, "sample_weight": weights}
    return {
        "accuracy": metrics.accuracy_score(**labels),
        "balanced_accuracy": metrics.balanced_accuracy_score(**labels),
        "f1": metrics.f1_score(**labels),
        "sensitivity": metrics.recall_score(**labels),
        "specificity": metrics.recall_score(**labels, pos_label=0),
        "cohen_kappa": metrics.cohen_kappa_score(truth, predicted, sample_weight=weights),
        "mcc": metrics.matthews_corrcoef(**labels),
        "roc_auc": metrics.roc_auc_score(truth, chance, sample_weight=weights),
        "average_precision": metrics.average_precision_score(truth, chance, sample_weight=weights),
        "log_loss": metrics.log_loss(truth, chance, sample_weight=weights),
        "brier": metrics.brier_score_loss(truth, chance, sample_weight=weights),
    }


def many_class_oracles(truth, predicted, y_score, weights):
    labels = {"y_true": truth, "y_pred": predicted, "sample_weight": weights}
    hot = np.eye(y_score.shape[1])[truth]
    return {
        "accuracy": metrics.accuracy_score(**labels),
        "balanced_accuracy": metrics.balanced_accuracy_score(**labels),
        "f1": metrics.f1_score(**labels, average="macro"),
        "sensitivity": metrics.recall_score(**labels, average="macro"),
        "cohen_kappa": metrics.cohen_kappa_score(truth, predicted, sample_weight=weights),
        "mcc": metrics.matthews_corrcoef(**labels),
        "roc_auc": metrics.roc_auc_score(hot, y_score, average="macro", sample_weight=weights),
        "average_precision": metrics.average_precision_score(hot, y_score, sample_weight=weights),
        "log_loss": metrics.log_loss(truth, y_score, sample_weight=weights),
        "brier": metrics.brier_score_loss(truth, y_score, sample_weight=weights),
        "top_3_accuracy": metrics.top_k_accuracy_score(
            truth,
            y_score,
            k=3,
            sample_weight=weights,
            labels=np.arange(y_score.shape[1]),
        ),
    }


def random_scores(draws, n_classes, n=80):
    truth = np.append(np.arange(n_classes), draws.integers(n_classes, size=n - n_classes))
    # sixteenths: many ties among y_scores
    y_score = draws.dirichlet(np.full(n_classes, 0.6), size=n) + 0.5 * np.eye(n_classes)[truth]
    y_score = np.round(16 * y_score) + 1
    return truth, y_score / y_score.sum(1, keepdims=True)


@pytest.mark.parametrize("n_classes", [2, 6])
@pytest.mark.parametrize("seed", range(5))
def test_scores_of_weighted_rows_are_those_of_scikit_learn(n_classes, seed):
    draws = np.random.default_rng(seed)
    truth, y_score = random_scores(draws, n_classes)
    predicted = y_score.argmax(1)
    weights = np.stack([np.ones(len(truth)), draws.integers(1, 4, len(truth))])
    positive = 1 if n_classes == 2 else None
    answer = LabelPredictions(truth, predicted, y_score, True, n_classes, positive, weights)
    oracles = binary_oracles if n_classes == 2 else many_class_oracles
    for row, each in enumerate(weights):
        wanted = oracles(truth, predicted, y_score, each)
        found = {name: score(answer, name)[row] for name in wanted}
        assert found == pytest.approx(wanted, abs=1e-10)


def test_specificity_of_many_classes_is_the_mean_over_one_against_the_rest(draws):
    truth, y_score = random_scores(draws, 4)
    predicted = y_score.argmax(1)
    answer = LabelPredictions(truth, predicted, y_score, True, 4, None, np.ones((1, len(truth))))
    each = [metrics.recall_score(truth != k, predicted != k) for k in range(4)]
    assert score(answer, "specificity")[0] == pytest.approx(np.mean(each))


def test_calibration_error_of_a_worked_example():
    # confidences .95 .95 .65 .65 .65, hits 1 0 1 1 0: bins |1/2 - .95| 2/5 + |2/3 - .65| 3/5
    chance = np.array([0.95, 0.95, 0.65, 0.65, 0.65])
    truth = np.array([1, 0, 1, 1, 0])
    y_score = np.column_stack([1 - chance, chance])
    answer = LabelPredictions(truth, y_score.argmax(1), y_score, True, 2, 1, np.ones((1, 5)))
    assert score(answer, "ece")[0] == pytest.approx(0.45 * 2 / 5 + (2 / 3 - 0.65) * 3 / 5)


def test_a_score_that_needs_probabilities_is_undefined_without_them():
    truth = np.array([0, 1, 1])
    answer = LabelPredictions(truth, truth, np.eye(2)[truth], False, 2, 1, np.ones((1, 3)))
    assert np.isnan(score(answer, "log_loss")).all()
    assert score(answer, "roc_auc") == 1


# calibration lines need a positive class: test_calibration.py
@pytest.mark.parametrize(
    "name", [name for name, each in LABEL_SCORES.items() if each.metric.target is None]
)
def test_integer_weights_count_as_repeated_rows(name, draws):
    truth, y_score = random_scores(draws, 6)
    repeats = draws.integers(0, 4, len(truth))
    once = LabelPredictions(truth, y_score.argmax(1), y_score, True, 6, None, repeats[None])
    truth, y_score = np.repeat(truth, repeats), np.repeat(y_score, repeats, axis=0)
    ones = np.ones((1, len(truth)))
    again = LabelPredictions(truth, y_score.argmax(1), y_score, True, 6, None, ones)
    assert score(once, name) == pytest.approx(score(again, name))


# The corrected resampled t-test -----------------------------------------------------------------


def test_corrected_t_test_gives_the_figures_published_by_scikit_learn():
    # "Statistical comparison of models using grid search", scikit-learn 1.x: t 0.750, p 0.227
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    cv = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), X, y, scoring="roc_auc", cv=cv)
        for kernel in ("rbf", "linear")
    )
    found = corrected_t_test(rbf - linear, 1 / 9)
    assert found.statistic == pytest.approx(0.750, abs=0.0005)
    assert found.p_value / 2 == pytest.approx(0.227, abs=0.0005)


def test_without_overlap_the_corrected_test_is_the_plain_one(draws):
    differences = draws.normal(0.1, 1, 30)
    plain = stats.ttest_1samp(differences, 0)
    found = corrected_t_test(differences, 0)
    limits = plain.confidence_interval()
    assert (found.statistic, found.p_value) == pytest.approx((plain.statistic, plain.pvalue))
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high))
    assert corrected_interval(differences, 0)[1:] == pytest.approx((limits.low, limits.high))


def fold_differences(draws, n=100, repeats=10, folds=5):
    """Accuracies of one linear rule on two sets of features that are alike in all respects."""
    y = np.arange(n) % 2
    X = draws.normal(size=(2, n, 5)) + 0.35 * y[:, None]
    for _ in range(repeats):
        order = draws.permutation(n)
        for fold in range(folds):
            test = np.isin(np.arange(n), order[fold::folds])
            yield np.subtract(*(centroid_accuracy(block, y, test) for block in X))


def centroid_accuracy(X, y, test):
    low, high = (X[~test & (y == label)].mean(0) for label in (0, 1))
    return np.mean((X[test] @ (high - low) > (high - low) @ (high + low) / 2) == y[test])


@pytest.mark.slow
def test_under_no_difference_the_plain_t_test_fails_and_the_corrected_one_holds(draws):
    plain, corrected = [], []
    for _ in range(250):
        differences = np.array(list(fold_differences(draws)))
        plain.append(stats.ttest_1samp(differences, 0).pvalue)
        corrected.append(corrected_t_test(differences, 1 / 4).p_value)
    assert np.mean(np.array(plain) < 0.05) > 0.40
    assert np.mean(np.array(corrected) < 0.05) < 0.09


def test_equal_scores_in_every_split_are_no_difference_and_a_constant_one_is_no_proof():
    assert corrected_t_test(np.zeros(5), 0.25) == Difference(0, 0, 0, 0, 1)
    assert np.isnan(corrected_t_test(np.full(5, 0.1), 0.25).p_value)


# DeLong -----------------------------------------------------------------------------------------


def ranked(draws, n=60):
    positive = draws.random(n) < 0.4
    positive[:4] = [True, True, False, False]
    return positive, np.round(2 * draws.normal(size=(2, n)) + 2 * positive)  # with ties


def jackknife(positive, y_scores):
    """Return the covariance of areas when rows of either class are left out one by one."""
    total = np.zeros((2, 2))
    for side in (positive, ~positive):
        rows = np.flatnonzero(side)
        areas = np.array([areas_without(positive, y_scores, row) for row in rows])
        total += (len(rows) - 1) / len(rows) * np.cov(areas.T, ddof=0) * len(rows)
    return total


def areas_without(positive, y_scores, row):
    kept = np.arange(len(positive)) != row
    return [metrics.roc_auc_score(positive[kept], y_score[kept]) for y_score in y_scores]


def test_areas_and_their_covariance_are_those_of_leaving_rows_out_of_scikit_learns(draws):
    positive, y_scores = ranked(draws)
    areas, covariance = auc_covariance(positive, y_scores)
    assert areas == pytest.approx([metrics.roc_auc_score(positive, each) for each in y_scores])
    assert covariance == pytest.approx(jackknife(positive, y_scores))


def test_variance_of_one_area_against_the_defining_sums():
    # X = 3 5 6, Y = 1 2 4 5: placements (2, 3.5, 4)/4 and (3, 3, 2, 1.5)/3
    positive = np.array([1, 1, 1, 0, 0, 0, 0], dtype=bool)
    areas, covariance = auc_covariance(positive, np.array([[3, 5, 6, 1, 2, 4, 5]]))
    above, below = np.array([2, 3.5, 4]) / 4, np.array([3, 3, 2, 1.5]) / 3
    assert areas[0] == pytest.approx(9.5 / 12)
    assert covariance[0, 0] == pytest.approx(above.var(ddof=1) / 3 + below.var(ddof=1) / 4)


def test_a_patient_with_every_image_twice_counts_once(draws):
    positive, y_scores = ranked(draws)
    once = auc_covariance(positive, y_scores)[1]
    twice = np.tile(np.arange(len(positive)), 2)
    again = auc_covariance(np.tile(positive, 2), np.tile(y_scores, 2), twice)[1]
    assert again == pytest.approx(once)


def test_of_patients_with_an_image_of_either_class_the_placements_are_one_sample(draws):
    positive, patients = np.repeat([True, False], 15), np.tile(np.arange(15), 2)
    ill, well = draws.normal(size=(2, 2, 15)).round(1)  # of either y_score
    wins = (ill[:, :, None] > well[:, None]) + 0.5 * (ill[:, :, None] == well[:, None])
    areas, covariance = auc_covariance(positive, np.hstack([ill, well]), patients)
    assert areas == pytest.approx(wins.mean((1, 2)))
    assert covariance == pytest.approx(np.cov(wins.mean(2) + wins.mean(1)) / 15)


def test_two_patients_on_either_side_are_enough_and_one_is_not():
    positive, y_score = np.repeat([True, False], [3, 4]), np.array([[3, 5, 6, 1, 2, 4, 5]])
    for patients, enough in (([0, 0, 1, 2, 2, 2, 3], True), ([0, 0, 0, 1, 2, 3, 4], False)):
        covariance = auc_covariance(positive, y_score, np.array(patients))[1]
        assert np.isfinite(covariance) == enough


def test_folds_are_averaged_and_their_variances_added(draws):
    folds = [(*(parts := ranked(draws))[:1], *parts[1], None) for _ in range(3)]
    found = delong_test(folds)
    each = [auc_covariance(positive, np.stack(pair)) for positive, *pair, _ in folds]
    value = np.mean([areas[0] - areas[1] for areas, _ in each])
    variance = sum(c[0, 0] + c[1, 1] - 2 * c[0, 1] for _, c in each) / 9
    assert found.value == pytest.approx(value)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(value) / np.sqrt(variance)))


def test_y_scores_of_other_folds_are_never_compared():
    positive = np.array([0, 0, 1, 1], dtype=bool)
    first, second = np.array([1.0, 2, 3, 1.5]), np.array([1.0, 3, 2, 4])
    near = delong_test([(positive, first, second, None)] * 2)
    far = delong_test([(positive, first, second, None), (positive, first + 9, second - 9, None)])
    assert near == far


def test_a_fold_with_one_class_is_left_out_and_nothing_left_is_undefined():
    positive = np.array([0, 0, 1, 1], dtype=bool)
    fold = (positive, np.array([1.0, 2, 3, 1.5]), np.array([1.0, 3, 2, 4]), None)
    lacking = (np.zeros(4, dtype=bool), *fold[1:])
    assert delong_test([fold, lacking]) == delong_test([fold])
    assert np.isnan(delong_test([lacking]).p_value)


def clustered_scores(draws, n_patients=40, n_images=4):
    """Two alike scores of patients whose images resemble each other."""
    patient = np.repeat(np.arange(n_patients), n_images)
    positive = (patient % 2).astype(bool)
    own = draws.normal(size=(2, n_patients))[:, patient]
    return patient, positive, positive + own + 0.5 * draws.normal(size=own.shape)


def test_under_no_difference_only_tests_that_know_the_patients_hold():
    draws = np.random.default_rng(1)
    found = {"delong": [], "mcnemar": [], "delong by patient": [], "mcnemar by patient": []}
    for _ in range(300):
        patient, positive, scores = clustered_scores(draws)
        right = (scores > 0.5) == positive
        found["delong"].append(delong_test([(positive, *scores, None)]).p_value)
        found["delong by patient"].append(delong_test([(positive, *scores, patient)]).p_value)
        found["mcnemar"].append(mcnemar_test(*right).p_value)
        found["mcnemar by patient"].append(mcnemar_test(*right, patient).p_value)
    rejected = {name: np.mean(np.array(values) < 0.05) for name, values in found.items()}
    assert rejected["delong"] > 0.15
    assert rejected["mcnemar"] > 0.12
    assert rejected["delong by patient"] < 0.09
    assert rejected["mcnemar by patient"] < 0.09


# McNemar, Wilcoxon, Holm, Clopper-Pearson -------------------------------------------------------


@pytest.mark.parametrize(("wins", "losses"), [(9, 3), (0, 5), (40, 61), (0, 0)])
def test_mcnemar_is_that_of_statsmodels(wins, losses):
    first = np.repeat([True, False, True, False], [wins, losses, 7, 5])
    second = np.repeat([False, True, True, False], [wins, losses, 7, 5])
    wanted = mcnemar([[7, wins], [losses, 5]], exact=True)
    found = mcnemar_test(first, second)
    assert found.p_value == pytest.approx(wanted.pvalue)
    assert found.value == pytest.approx((wins - losses) / len(first))


def test_limits_lie_196_errors_from_the_difference_as_its_statistic_says(draws):
    first, second = draws.random((2, 200)).round(1) > 0.4
    clusters = np.arange(200) // 2
    found = mcnemar_test(first, second, clusters)
    error = found.value / found.statistic
    assert found.low == pytest.approx(found.value - 1.959964 * error)
    assert found.high == pytest.approx(found.value + 1.959964 * error)


def test_mcnemar_of_the_approval_ratings_is_as_published():
    # Agresti, Categorical Data Analysis, section 10.1: z^2 = (86 - 150)^2 / (86 + 150) = 17.36
    first = np.repeat([True, False], [150, 86])
    patients = np.append(np.arange(236), 0)  # one patient twice: the clustered form
    found = mcnemar_test(np.append(first, True), np.append(~first, True), patients)
    assert found.statistic**2 == pytest.approx(17.36, abs=0.005)


def test_a_patient_with_every_answer_twice_counts_once_in_mcnemar(draws):
    first, second = draws.random((2, 50)) < 0.7
    ones = first.astype(int) - second
    patients = np.tile(np.arange(50), 2)
    found = mcnemar_test(np.tile(first, 2), np.tile(second, 2), patients)
    assert found.statistic == pytest.approx(ones.sum() / np.sqrt((ones**2).sum()))


def test_wilcoxon_is_that_of_scipy_on_the_means_of_patients(draws):
    first, second = draws.random((2, 40))
    assert wilcoxon_test(first, second).p_value == stats.wilcoxon(first, second).pvalue
    patients = np.repeat(np.arange(20), [1, 3] * 10)
    means = [np.mean((first - second)[patients == each]) for each in range(20)]
    found, wanted = wilcoxon_test(first, second, patients), stats.wilcoxon(means)
    assert (found.statistic, found.p_value) == pytest.approx((wanted.statistic, wanted.pvalue))
    limits = stats.norm.interval(0.95, np.mean(means), stats.sem(means))
    assert (found.low, found.high) == pytest.approx(limits)


def test_equal_images_are_no_difference():
    assert wilcoxon_test(np.full(9, 0.5), np.full(9, 0.5)).p_value == 1


def test_holm_is_that_of_statsmodels(draws):
    p_values = draws.random(12) ** 3
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_holm_leaves_out_what_is_undefined():
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


@pytest.mark.parametrize(("hits", "n"), [(0, 12), (1, 12), (11, 12), (12, 12), (55, 60)])
def test_clopper_pearson_is_that_of_statsmodels(hits, n):
    wanted = proportion_confint(hits, n, alpha=0.1, method="beta")
    assert clopper_pearson(hits, n, 0.9) == pytest.approx(wanted)
