"""Thresholds keep their promise, on rows the model has not seen."""

import numpy as np
import pytest
from joblib import parallel_config
from scipy import stats
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score, roc_curve
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmedimg import PatientAggregator, ThresholdAt, compare
from skmedimg.evaluation import (
    sensitivity_at_specificity,
    sensitivity_at_specificity_scorer,
    specificity_at_sensitivity,
    specificity_at_sensitivity_scorer,
)
from skmedimg.evaluation.decisions._threshold_choice import (
    choose_threshold,
    positives_needed,
)

CHECKED = [
    ThresholdAt(RidgeClassifier()),
    ThresholdAt(RidgeClassifier(), sensitivity=0.9),
    ThresholdAt(RidgeClassifier(), specificity=0.9, cv=3),
    ThresholdAt(LogisticRegression()),
    PatientAggregator(LogisticRegression(), how="max"),
]
SCORERS = [specificity_at_sensitivity_scorer, sensitivity_at_specificity_scorer]
# A threshold other than one half is what the estimator is for.
NOT_ARGMAX = {"check_classifiers_train": "predict is not the most probable class"}


@pytest.fixture(scope="module")
def cancer():
    return load_breast_cancer(return_X_y=True)


@pytest.fixture
def draws():
    return np.random.default_rng(0)


@pytest.fixture
def global_generator_put_back(leaves_nothing_behind):
    """One of scikit-learn's checks draws from numpy's global generator."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


def expected_failures(estimator):
    has_probabilities = isinstance(estimator, ThresholdAt) and hasattr(estimator, "predict_proba")
    return NOT_ARGMAX if has_probabilities else {}


def checks(estimator):
    expected = expected_failures(estimator)
    return estimator_checks_generator(estimator, expected_failed_checks=expected, mark="xfail")


def named(value):
    return getattr(getattr(value, "func", None), "__name__", None)


@pytest.mark.parametrize(
    ("estimator", "check"), [pair for each in CHECKED for pair in checks(each)], ids=named
)
@pytest.mark.filterwarnings("ignore:pos_label was not given")
def test_scikit_learns_checks_pass(estimator, check, global_generator_put_back):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=repr)
def test_scikit_learn_has_many_checks_for_them(estimator):
    assert len(list(estimator_checks_generator(estimator))) >= 50


# Choosing ---------------------------------------------------------------------------------------


def every_threshold(positive, scores):
    """Return (threshold, sensitivity, specificity) by counting, from all positive to none."""
    cuts = [-np.inf, *np.unique(scores)[1:], np.inf]
    reached = [scores >= point for point in cuts]
    return [
        (point, np.mean(each[positive]), np.mean(~each[~positive]))
        for point, each in zip(cuts, reached, strict=True)
    ]


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_promise_is_kept_at_the_least_loss(share, seed):
    draws = np.random.default_rng(seed)
    positive = draws.random(70) < 0.4
    scores = np.round(draws.normal(size=70) + positive, 1)
    table = every_threshold(positive, scores)
    point = choose_threshold(positive, scores, sensitivity=share)
    assert point.specificity == pytest.approx(max(b for _, a, b in table if a >= share))
    assert point.sensitivity == pytest.approx(np.mean(scores[positive] >= point.threshold))
    assert point.sensitivity >= share
    point = choose_threshold(positive, scores, specificity=share)
    assert point.sensitivity == pytest.approx(max(a for _, a, b in table if b >= share))
    assert point.specificity == pytest.approx(np.mean(scores[~positive] < point.threshold))


@pytest.mark.parametrize("seed", range(4))
def test_youden_and_cost_are_the_best_of_all_thresholds(seed):
    draws = np.random.default_rng(seed)
    positive = draws.random(70) < 0.4
    scores = np.round(draws.normal(size=70) + positive, 1)
    false_alarms, found, _ = roc_curve(positive, scores)
    point = choose_threshold(positive, scores)
    assert point.sensitivity + point.specificity - 1 == pytest.approx((found - false_alarms).max())
    point = choose_threshold(positive, scores, cost=7)
    costs = 7 * (1 - found) * positive.sum() + false_alarms * (~positive).sum()
    missed, alarms = 1 - point.sensitivity, 1 - point.specificity
    assert 7 * missed * positive.sum() + alarms * (~positive).sum() == pytest.approx(costs.min())


def threshold_and_shares(positive, scores, **promise):
    point = choose_threshold(positive, scores, **promise)
    return point.threshold, point.sensitivity, point.specificity


@pytest.mark.parametrize("n_negative", [1, 2, 3])
@pytest.mark.parametrize("promise", [{}, {"cost": 1}, {"sensitivity": 1.0}, {"specificity": 1.0}])
def test_a_threshold_lies_halfway_between_scores(n_negative, promise):
    positive, scores = np.arange(4) >= n_negative, np.array([1.0, 2, 4, 8])
    wanted = {1: 1.5, 2: 3, 3: 6}[n_negative]
    assert threshold_and_shares(positive, scores, **promise) == (wanted, 1, 1)
    flags = positive.astype(float)
    assert threshold_and_shares(positive, flags, **promise) == (0.5, 1, 1)


@pytest.mark.parametrize("low", [0.3, np.nextafter(0.3, 1)])  # halfway rounds up from one of them
def test_a_threshold_lies_between_scores_also_where_they_are_neighbours(low):
    high = np.nextafter(low, 1)
    point = choose_threshold(np.array([False, False, True]), np.array([0, low, high]))
    assert low < point.threshold <= high


def test_the_bound_is_that_of_the_binomial_distribution(draws):
    positive = np.repeat([False, True], 200)
    scores = draws.normal(size=400) + 2 * positive
    point = choose_threshold(positive, scores, sensitivity=0.9, confidence=0.95)
    hits = round(point.sensitivity * 200)
    exact = stats.binomtest(hits, 200, alternative="greater").proportion_ci(0.95, "exact")
    assert point.bound == pytest.approx(exact.low)
    assert point.bound >= 0.9
    fewer = stats.binomtest(hits - 1, 200, alternative="greater").proportion_ci(0.95, "exact")
    assert fewer.low < 0.9
    assert choose_threshold(positive, scores, sensitivity=0.9).sensitivity < point.sensitivity


def test_the_bound_holds_on_new_rows_as_often_as_it_says():
    draws, kept, kept_without = np.random.default_rng(0), [], []
    for _ in range(400):
        positive = np.repeat([False, True], 80)
        scores = draws.normal(size=160) + positive
        for confidence, told in ((0.9, kept), (None, kept_without)):
            point = choose_threshold(positive, scores, sensitivity=0.85, confidence=confidence)
            told.append(stats.norm.sf(point.threshold - 1) >= 0.85)  # on endless new positives
    assert np.mean(kept) > 0.87
    assert np.mean(kept_without) < 0.75


def test_patients_count_and_not_their_images():
    positive = np.repeat([False, True], 300)
    scores = positive + np.linspace(0, 0.5, 600)
    patients = np.arange(600) // 10
    choose_threshold(positive, scores, sensitivity=0.95, confidence=0.95)
    with pytest.raises(ValueError, match="30 independent cases of that class .it takes 59"):
        choose_threshold(positive, scores, sensitivity=0.95, confidence=0.95, clusters=patients)


@pytest.mark.parametrize(("share", "confidence", "n"), [(0.95, 0.95, 59), (0.9, 0.9, 22)])
def test_positives_needed_is_the_least_number_whose_bound_suffices(share, confidence, n):
    def bound(n):
        return stats.binomtest(n, n, alternative="greater").proportion_ci(confidence, "exact").low

    assert positives_needed(share, confidence) == n
    assert bound(n) >= share > bound(n - 1)
    positive, scores = np.arange(n + 5) >= 5, np.arange(n + 5)
    point = choose_threshold(positive, scores, sensitivity=share, confidence=confidence)
    assert (point.threshold, point.sensitivity, point.specificity) == (4.5, 1, 1)
    assert point.bound == pytest.approx(bound(n))


@pytest.mark.parametrize(
    ("promise", "message"),
    [
        ({"sensitivity": 0.9, "cost": 2.0}, "exclude each other"),
        ({"confidence": 0.9}, "bounds a sensitivity or specificity"),
        ({"sensitivity": 1.0, "confidence": 0.9}, "no number proves it"),
    ],
)
def test_promises_that_make_no_sense_raise(cancer, promise, message):
    with pytest.raises(ValueError, match=message):
        ThresholdAt(GaussianNB(), **promise).fit(*cancer)


# The estimator ----------------------------------------------------------------------------------


def test_the_threshold_comes_from_rows_the_model_was_not_trained_on(cancer):
    X, y = cancer
    model = ThresholdAt(GaussianNB(), sensitivity=0.97).fit(X, y)
    scores = cross_val_predict(GaussianNB(), X, y, cv=StratifiedKFold(5), method="predict_proba")
    wanted = choose_threshold(y == 1, scores[:, 1], sensitivity=0.97)
    assert model.threshold_ == wanted.threshold
    full = GaussianNB().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), full[:, 1] >= model.threshold_)
    np.testing.assert_array_equal(model.predict_proba(X), full)


def test_a_row_at_the_threshold_is_positive(cancer):
    X, y = cancer
    model = ThresholdAt(GaussianNB(var_smoothing=1)).fit(X, y)
    model.threshold_ = np.median(model.predict_proba(X)[:, 1])  # of an odd number of rows
    assert model.predict(X).sum() == len(y) // 2 + 1
    assert (model.decision_function(X) == 0).sum() == 1


@pytest.mark.parametrize("pos_label", ["benign", "malignant"])
@pytest.mark.parametrize("estimator", [GaussianNB(), RidgeClassifier()])
def test_either_class_may_be_the_positive_one(cancer, pos_label, estimator):
    X, y = cancer
    y = np.array(["malignant", "benign"])[y]
    model = ThresholdAt(estimator, sensitivity=0.99, pos_label=pos_label).fit(X, y)
    assert recall_score(y, model.predict(X), pos_label=pos_label) > 0.97
    assert balanced_accuracy_score(y, model.predict(X)) > 0.8
    np.testing.assert_array_equal(
        model.decision_function(X) >= 0, model.predict(X) == model.classes_[1]
    )


def test_a_name_of_health_is_not_guessed_positive(cancer):
    X, y = cancer
    with pytest.warns(UserWarning, match="'ill' is taken as the positive class"):
        model = ThresholdAt(GaussianNB()).fit(X, np.array(["ill", "normal"])[y])
    assert model.pos_label_ == "ill"


def test_a_high_sensitivity_is_kept_on_a_test_set():
    X, y = make_classification(4000, weights=[0.8], flip_y=0, class_sep=0.8, random_state=0)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    plain = LogisticRegression().fit(X, y)
    held = ThresholdAt(LogisticRegression(), sensitivity=0.95).fit(X, y)
    assert recall_score(y_test, plain.predict(X_test)) < 0.9
    assert recall_score(y_test, held.predict(X_test)) == pytest.approx(0.95, abs=0.03)


def test_patients_are_kept_together_in_the_inner_folds(cancer):
    X, y = cancer
    patients = np.arange(len(y)) // 3
    grouped = ThresholdAt(GaussianNB()).fit(X, y, groups=patients)
    by_hand = ThresholdAt(GaussianNB(), cv=GroupKFold(5)).fit(X, y, groups=patients)
    assert np.isfinite([grouped.threshold_, by_hand.threshold_]).all()
    with pytest.raises(ValueError, match="patients on both sides"):
        ThresholdAt(GaussianNB(), cv=StratifiedKFold(5)).fit(X, y, groups=patients)


@pytest.mark.parametrize("cv", [np.int64(4), np.int32(4)])
def test_an_integer_of_numpy_is_an_integer(cancer, cv):
    X, y = cancer
    patients = np.arange(len(y)) // 3
    found, wanted = (
        ThresholdAt(GaussianNB(), cv=n).fit(X, y, groups=patients).threshold_ for n in (cv, 4)
    )
    by_hand = ThresholdAt(GaussianNB(), cv=StratifiedGroupKFold(4)).fit(X, y, groups=patients)
    assert found == wanted == by_hand.threshold_


def test_compare_hands_the_patients_on(cancer, monkeypatch):
    X, y = cancer
    seen, fit = [], ThresholdAt.fit

    def noting(self, X, y, groups=None):
        seen.append(groups)
        return fit(self, X, y, groups)

    monkeypatch.setattr(ThresholdAt, "fit", noting)
    patients = np.arange(len(y)) // 3
    models = {"held": ThresholdAt(GaussianNB(), sensitivity=0.95)}
    found = compare(models, X, y, groups=patients, cv=3, random_state=0, verbose=0, baseline=False)
    assert len(seen) == 3
    for split, groups in zip(found.splits, seen, strict=True):
        np.testing.assert_array_equal(groups, patients[split.train])


@pytest.mark.usefixtures("filters_put_back")
def test_the_order_of_jobs_does_not_matter(cancer):
    one = ThresholdAt(GaussianNB(), cost=3.0).fit(*cancer)
    with parallel_config(backend="threading"):
        two = ThresholdAt(GaussianNB(), cost=3.0, n_jobs=2).fit(*cancer)
    assert one.threshold_ == two.threshold_


@pytest.mark.parametrize(
    ("y", "message"),
    [(np.arange(30) % 3, "Unknown label type"), (np.zeros(30), "only one class")],
)
def test_anything_but_two_classes_raises(y, message):
    with pytest.raises(ValueError, match=message):
        ThresholdAt(GaussianNB()).fit(np.ones((30, 2)), y)


def test_an_estimator_that_learned_nothing_raises(cancer):
    with pytest.raises(ValueError, match="Every row got the score .* learned nothing"):
        ThresholdAt(DummyClassifier(), cv=[(np.arange(400), np.arange(400, 569))]).fit(*cancer)


def test_it_can_be_searched_and_scored(cancer):
    search = GridSearchCV(
        ThresholdAt(GaussianNB(), sensitivity=0.95),
        {"estimator__var_smoothing": [1e-9, 1e-3]},
        scoring=specificity_at_sensitivity_scorer(0.95),
        cv=3,
    ).fit(*cancer)
    assert search.best_score_ > 0.8
    assert clone(search.best_estimator_).sensitivity == 0.95


# Operating points -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_operating_points_are_read_off_all_thresholds(seed):
    draws = np.random.default_rng(seed)
    positive = draws.random(90) < 0.3
    scores = np.round(draws.normal(size=90) + positive, 1)
    table = every_threshold(positive, scores)
    assert specificity_at_sensitivity(positive, scores, sensitivity=0.8) == pytest.approx(
        max(b for _, a, b in table if a >= 0.8)
    )
    assert sensitivity_at_specificity(positive, scores, specificity=0.8) == pytest.approx(
        max(a for _, a, b in table if b >= 0.8)
    )


@pytest.mark.parametrize("k", range(1, 11))
def test_a_share_that_is_reached_just_so_is_reached(k):
    positive, scores = np.tile([True, False], 10), -np.arange(20)  # by turns from the top
    wanted = pytest.approx((11 - k) / 10)  # the first k positives cost k - 1 false alarms
    assert specificity_at_sensitivity(positive, scores, sensitivity=k / 10) == wanted
    assert sensitivity_at_specificity(positive, scores, specificity=k / 10) == wanted


@pytest.mark.parametrize("share", [0, -0.1, 1.01, "high"])
@pytest.mark.parametrize("scorer", SCORERS)
def test_a_promise_that_is_no_share_raises(scorer, share):
    with pytest.raises(ValueError, match=f"above 0, up to 1, but is {share!r}"):
        scorer(share)


@pytest.mark.parametrize("y", [[0, 1, 2], [0, 2, 2], [1, 1, 1]])
def test_operating_points_of_anything_but_two_classes_raise(y):
    with pytest.raises(ValueError, match=r"two classes, pos_label=1 one of them, but holds \["):
        specificity_at_sensitivity(y, [0.1, 0.2, 0.3])


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("estimator", [GaussianNB(), RidgeClassifier()])
def test_scorers_know_the_positive_class(cancer, scorer, estimator):
    X, y = cancer
    numbers = cross_val_score(estimator, X, y == 0, scoring=scorer(0.9, pos_label=True), cv=3)
    names = np.array(["ill", "well"])[y]
    named = cross_val_score(estimator, X, names, scoring=scorer(0.9, pos_label="ill"), cv=3)
    np.testing.assert_allclose(numbers, named, atol=0.02)


def test_a_scorer_reports_beside_the_other_scores(cancer):
    scoring = {"spec@95": specificity_at_sensitivity_scorer(0.95), "roc_auc": "roc_auc"}
    found = compare({"b": GaussianNB()}, *cancer, scoring=scoring, random_state=0, verbose=0)
    assert 0.7 < found.interval("b", "spec@95").mean <= 1


# Calibration ------------------------------------------------------------------------------------


def test_temperature_scaling_of_scikit_learn_calibrates_what_is_compared(cancer):
    X, y = cancer
    calibrated = CalibratedClassifierCV(GaussianNB(), method="temperature", cv=5)
    models = {"plain": GaussianNB(), "calibrated": calibrated}
    found = compare(models, X, y, random_state=0, verbose=0)
    for metric in ("log_loss", "ece"):
        plain, better = (found.interval(name, metric).mean for name in models)
        assert better < plain
    held = ThresholdAt(calibrated, sensitivity=0.98).fit(X, y)
    assert confusion_matrix(y, held.predict(X))[1, 0] < 20
