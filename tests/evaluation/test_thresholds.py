"""Thresholds keep their promise, on rows the model has not seen."""

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from scipy import stats
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    make_scorer,
    recall_score,
    roc_curve,
)
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
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmedimg import PatientAggregator, Pipeline, ThresholdAt, compare
from skmedimg.evaluation import (
    positives_needed,
    sensitivity_at_specificity,
    sensitivity_at_specificity_scorer,
    specificity_at_sensitivity,
    specificity_at_sensitivity_scorer,
)
from skmedimg.evaluation.decisions._threshold_choice import choose_threshold, share_interval

CHECKED = [
    ThresholdAt(RidgeClassifier(tol=1e-12)),
    ThresholdAt(RidgeClassifier(tol=1e-12), sensitivity=0.9),
    ThresholdAt(RidgeClassifier(tol=1e-12), specificity=0.9, cv=3),
    ThresholdAt(RidgeClassifier(tol=1e-12), sensitivity=0.9, ensemble=True),
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "check"), [pair for each in CHECKED for pair in checks(each)], ids=named
)
@pytest.mark.filterwarnings("ignore:pos_label was not given")
@pytest.mark.filterwarnings("ignore:The threshold may not keep")  # a dozen rows of noise
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
    found = compare(
        models, X, y, groups=patients, cv=3, random_state=0, verbose=0, baseline=False, repeats=1
    )
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


# Ensembles ----------------------------------------------------------------------------------------


def near_separation(seed=0, n=100, p=36, distance=3.0):
    """Return X, y of two Gaussian classes with almost as many features as separate them."""
    draws, y = np.random.default_rng(seed), np.repeat([0, 1], n)
    X = draws.normal(size=(2 * n, p))
    X[:, :5] += distance / np.sqrt(5) * y[:, None]
    return X, y


@pytest.mark.parametrize("estimator", [GaussianNB(), LinearDiscriminantAnalysis()])
def test_an_ensemble_predicts_by_the_inner_models(cancer, estimator):
    X, y = cancer
    held = ThresholdAt(estimator, sensitivity=0.97, pos_label=1, ensemble=True).fit(X, y)
    inner = [clone(estimator).fit(X[a], y[a]) for a, _ in StratifiedKFold(5).split(X, y)]
    scores = np.array([model.predict_proba(X)[:, 1] for model in inner])
    votes = (scores >= held.threshold_).sum(0)
    np.testing.assert_array_equal(held.predict(X), votes >= 3)
    np.testing.assert_array_equal(held.decision_function(X) >= 0, votes >= 3)
    # The mean of probabilities, as scikit-learn's ensemble of calibrated classifiers.
    calibrated = CalibratedClassifierCV(estimator, method="sigmoid", cv=5, ensemble=True).fit(X, y)
    theirs = [each.estimator.predict_proba(X) for each in calibrated.calibrated_classifiers_]
    np.testing.assert_allclose(held.predict_proba(X), np.mean(theirs, axis=0))
    refit = ThresholdAt(estimator, sensitivity=0.97, pos_label=1).fit(X, y)
    assert (held.threshold_, held.curve_["sensitivity"].tolist()) == (
        refit.threshold_,
        refit.curve_["sensitivity"].tolist(),
    )


def test_only_the_models_of_the_last_fit_are_kept(cancer):
    model = ThresholdAt(GaussianNB(), cost=2).fit(*cancer)
    assert not hasattr(model, "estimators_")
    model.set_params(ensemble=True, cv=3).fit(*cancer)
    assert len(model.estimators_) == 3
    assert not hasattr(model, "estimator_")
    model.set_params(ensemble=False).fit(*cancer)
    assert not hasattr(model, "estimators_")


@pytest.mark.filterwarnings("ignore:The threshold may not keep")
def test_an_ensemble_keeps_its_sensitivity_near_separation_where_a_refitted_model_does_not():
    # The expected sensitivity of a linear model is known: no fresh rows are needed for it.
    estimator = LogisticRegression(C=1e4, max_iter=1000)
    promise = {"sensitivity": 0.95, "confidence": 0.95, "pos_label": 1}
    fresh, _ = near_separation(999, 4000)
    kept = {True: [], False: []}
    for seed in range(25):
        X, y = near_separation(seed)
        for ensemble, told in kept.items():
            model = ThresholdAt(estimator, **promise, ensemble=ensemble).fit(X, y)
            told.append(model.predict(fresh[4000:]).mean() >= 0.95)
    assert np.mean(kept[True]) >= 0.92
    assert np.mean(kept[False]) <= 0.85


def test_scores_of_another_scale_warn_where_a_sensitivity_is_promised():
    X, y = near_separation()
    loose, tight = LogisticRegression(C=1e4, max_iter=1000), LogisticRegression(C=0.1)
    promise = {"sensitivity": 0.95, "pos_label": 1}
    with pytest.warns(UserWarning, match="sensitivity: .* times as far .* ensemble=True"):
        ThresholdAt(loose, **promise).fit(X, y)
    # None of these warns, which would be an error.
    ThresholdAt(tight, **promise).fit(X, y)
    ThresholdAt(loose, **promise, ensemble=True).fit(X, y)
    ThresholdAt(loose, pos_label=1).fit(X, y)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "estimator", [LinearDiscriminantAnalysis(), GaussianNB(), KNeighborsClassifier()]
)
def test_models_of_the_same_scale_do_not_warn(estimator, seed):
    X, y = near_separation(seed, p=10, distance=2.0)
    ThresholdAt(estimator, specificity=0.9, pos_label=1).fit(X, y)


# What more patients would give --------------------------------------------------------------------


@pytest.mark.parametrize("missed", [0, 1, 4, 30])
@pytest.mark.parametrize(("share", "confidence"), [(0.95, 0.95), (0.9, 0.8), (0.5, 0.99)])
def test_the_number_of_positives_that_is_needed_is_that_of_the_binomial_test(
    share, confidence, missed
):
    def low(n):
        found = stats.binomtest(n - missed, n, alternative="greater")
        return found.proportion_ci(confidence, "exact").low

    n = positives_needed(share, confidence, missed=missed)
    assert low(n) >= share - 1e-12
    assert low(n - 1) < share


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"sensitivity": 1.0}, "sensitivity"),
        ({"sensitivity": 0.9, "confidence": 1.0}, "confidence"),
        ({"sensitivity": 0.9, "missed": -1}, "missed"),
    ],
)
def test_a_number_of_positives_that_nobody_can_tell_raises(bad, message):
    with pytest.raises(ValueError, match=message):
        positives_needed(**bad)


@pytest.mark.slow
@pytest.mark.parametrize("confidence", [None, 0.95])
def test_a_plan_foretells_what_studies_of_that_size_find(confidence):
    # One feature is the score, of which the truth is known; so many rows tell the curve well.
    draws, n = np.random.default_rng(0), 20_000
    X, y = draws.normal(size=(2 * n, 1)), np.repeat([0, 1], n)
    X[y == 1] += 2
    promise = {"sensitivity": 0.9, "confidence": confidence}
    planned = ThresholdAt(LogisticRegression(), **promise, pos_label=1).fit(X, y).plan([40, 150])
    for size, row in planned.iterrows():
        found = []
        positive = np.repeat([False, True], [2000, size])
        for _ in range(400):
            scores = draws.normal(size=2000 + size) + 2 * positive
            threshold = choose_threshold(positive, scores, **promise).threshold
            found.append((stats.norm.sf(threshold - 2) >= 0.9, stats.norm.cdf(threshold)))
        kept, specificity = np.mean(found, axis=0)
        error = np.std(found, axis=0) / np.sqrt(len(found))
        assert row["specificity"] == pytest.approx(specificity, abs=3 * error[1] + 0.01)
        assert row["probability"] == pytest.approx(kept, abs=3 * error[0] + 0.01)


@pytest.mark.parametrize("n", [59, 92, 93, 150, 257])
def test_a_plan_allows_as_many_misses_as_the_threshold_does(n):
    promise = {"sensitivity": 0.95, "confidence": 0.95}
    positive, scores = np.arange(2 * n) >= n, np.arange(2.0 * n)
    point = choose_threshold(positive, scores, **promise)
    model = ThresholdAt(GaussianNB(), **promise, pos_label=1).fit(scores[:, None], positive * 1)
    table = model.plan([20, n])
    assert table["misses_allowed"].isna().tolist() == [True, False]
    assert table.loc[n, "misses_allowed"] == round((1 - point.sensitivity) * n)


def test_a_plan_of_a_specificity_counts_negatives(cancer):
    X, y = cancer
    held = ThresholdAt(GaussianNB(), specificity=0.9, confidence=0.9, pos_label=1).fit(X, y)
    mirrored = ThresholdAt(GaussianNB(), sensitivity=0.9, confidence=0.9, pos_label=0).fit(X, y)
    table, wanted = held.plan(), mirrored.plan()
    assert table.index.name == "n_negatives"
    np.testing.assert_allclose(table["sensitivity"], wanted["specificity"], atol=0.01)
    np.testing.assert_array_equal(table["false_alarms_allowed"], wanted["misses_allowed"])
    with pytest.raises(ValueError, match="n_patients .* 0.5"):
        held.plan([100, 0.5])
    with pytest.raises(ValueError, match="sensitivity= or specificity="):
        ThresholdAt(GaussianNB()).fit(X, y).plan()


def test_fit_says_what_the_threshold_gives(cancer):
    X, y = cancer
    patients = np.arange(len(y)) // 3
    model = ThresholdAt(GaussianNB(), sensitivity=0.9, confidence=0.9, pos_label=0)
    text = model.fit(X, y, groups=patients).describe()
    assert model.n_positives_ == len(np.unique(patients[y == 0]))
    assert model.n_negatives_ == len(np.unique(patients[y == 1]))
    for value in (model.sensitivity_, model.specificity_, model.bound_):
        assert f"{value:.3f}" in text
    low, high = model.specificity_interval_
    assert low < model.specificity_ < high
    assert f"{low:.3f} to {high:.3f}" in text
    assert f"{model.plan()['specificity'].loc[200]:.2f} (200)" in text
    assert "expected" not in ThresholdAt(GaussianNB()).fit(X, y).describe()


def test_rows_that_several_inner_splits_test_count_once(cancer):
    X, y = cancer
    folds = list(StratifiedKFold(5).split(X, y))
    model = ThresholdAt(GaussianNB(), cv=folds + folds).fit(X, y)
    assert model.n_positives_ + model.n_negatives_ == len(y)


@pytest.mark.parametrize("images", [1, 4])
@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_intervals_of_a_share_hold_the_truth_by_patient(images, alike):
    draws, covered = np.random.default_rng(0), []
    patients = np.repeat(np.arange(60), images)
    for _ in range(400):
        latent = np.sqrt(alike) * draws.normal(size=60)[patients]
        latent += np.sqrt(1 - alike) * draws.normal(size=60 * images)
        low, high = share_interval(latent < 1, patients, np.ones(len(latent)))
        covered.append(low <= stats.norm.cdf(1) <= high)
    assert 0.925 <= np.mean(covered) <= 0.99


def test_an_interval_of_independent_rows_is_clopper_and_pearsons():
    hit = np.arange(80) < 70
    exact = stats.binomtest(70, 80).proportion_ci(0.95, "exact")
    found = share_interval(hit, np.arange(80), np.ones(80))
    assert found == pytest.approx((exact.low, exact.high), abs=2e-3)
    sure = share_interval(np.ones(30, dtype=bool), np.arange(30) // 3, np.ones(30))
    assert sure[0] == pytest.approx(stats.binomtest(10, 10).proportion_ci(0.95, "exact").low)


# Weights and metadata -----------------------------------------------------------------------------


def test_rows_of_weight_zero_are_as_if_absent(cancer):
    X, y = cancer
    kept = np.random.default_rng(0).random(len(y)) < 0.7
    patients = np.arange(len(y)) // 3
    for groups in (None, patients):
        weighted = ThresholdAt(GaussianNB(), sensitivity=0.95)
        weighted.fit(X, y, groups=groups, sample_weight=kept)
        absent = ThresholdAt(GaussianNB(), sensitivity=0.95)
        absent.fit(X[kept], y[kept], groups=None if groups is None else groups[kept])
        np.testing.assert_allclose(weighted.decision_function(X), absent.decision_function(X))
        assert weighted.n_positives_ == absent.n_positives_
        assert weighted.specificity_interval_ == absent.specificity_interval_


def test_sensitivity_and_specificity_are_weighted(cancer):
    X, y = cancer
    weights = np.random.default_rng(0).integers(1, 5, len(y))
    model = ThresholdAt(GaussianNB(), sensitivity=0.95, pos_label=1)
    model.fit(X, y, sample_weight=weights)
    scores = cross_val_predict(
        GaussianNB(), X, y, cv=5, method="predict_proba", params={"sample_weight": weights}
    )[:, 1]
    found = scores >= model.threshold_
    wanted = recall_score(y, found, sample_weight=weights)
    assert model.sensitivity_ == pytest.approx(wanted)
    assert model.sensitivity_ >= 0.95
    wanted = recall_score(y, found, pos_label=0, sample_weight=weights)
    assert model.specificity_ == pytest.approx(wanted)


@pytest.mark.parametrize("promise", [{"sensitivity": 0.9}, {"specificity": 0.9}, {"cost": 3}, {}])
def test_a_threshold_of_whole_weights_is_that_of_repeated_rows(draws, promise):
    positive = draws.random(60) < 0.4
    scores = np.round(draws.normal(size=60) + positive, 1)
    weights = draws.integers(0, 4, 60)
    repeated = choose_threshold(positive.repeat(weights), scores.repeat(weights), **promise)
    used = weights > 0
    weighted = choose_threshold(
        positive[used], scores[used], weights=weights[used].astype(float), **promise
    )
    assert weighted.threshold == repeated.threshold
    assert weighted.sensitivity == pytest.approx(repeated.sensitivity)
    assert weighted.specificity == pytest.approx(repeated.specificity)


def test_weights_do_not_make_more_patients(cancer):
    X, y = cancer
    twice = ThresholdAt(GaussianNB(), sensitivity=0.9, confidence=0.9, pos_label=0)
    twice.fit(X, y, sample_weight=np.full(len(y), 2.0))
    assert twice.n_positives_ == (y == 0).sum()
    uneven = np.where(np.arange(len(y)) % 2, 1.0, 9.0)
    twice.fit(X, y, sample_weight=uneven)
    kish = uneven[y == 0].sum() ** 2 / (uneven[y == 0] ** 2).sum()
    assert twice.n_positives_ == pytest.approx(kish)


@pytest.mark.parametrize(
    "estimator",
    [
        GaussianNB(),
        make_pipeline(StandardScaler(), GaussianNB()),
        Pipeline([StandardScaler(), GaussianNB()]),
        GridSearchCV(make_pipeline(GaussianNB()), {}, cv=2),
    ],
)
def test_weights_reach_the_model(cancer, estimator):
    X, y = cancer
    X = X[:, :3]  # few features, on which the prevalence of the class still tells
    weights = np.where(y == 1, 50.0, 1.0)
    plain = ThresholdAt(estimator, pos_label=1).fit(X, y)
    weighted = ThresholdAt(estimator, pos_label=1).fit(X, y, sample_weight=weights)
    assert weighted.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.01


def test_weights_that_the_model_cannot_use_are_not_dropped_in_silence(cancer):
    X, y = cancer
    with pytest.warns(UserWarning, match="KNeighborsClassifier.fit takes no sample_weight"):
        ThresholdAt(KNeighborsClassifier()).fit(X, y, sample_weight=np.arange(1.0, len(y) + 1))


class Noting(GaussianNB):
    """It notes what its fits are given."""

    seen = []

    def fit(self, X, y, sample_weight=None, groups=None, extra=None):
        self.seen.append((X[:, 0], sample_weight, groups, extra))
        return super().fit(X, y, sample_weight)


def test_what_fit_is_given_is_split_with_the_rows(cancer, monkeypatch):
    X, y = cancer
    X = X.copy()
    X[:, 0] = np.arange(len(y))
    monkeypatch.setattr(Noting, "seen", [])
    weights, patients = np.arange(len(y)) + 1.0, np.arange(len(y)) // 3
    model = ThresholdAt(Noting(), cv=3)
    model.fit(X, y, groups=patients, sample_weight=weights, extra=weights * 2)
    assert len(Noting.seen) == 4
    for rows, weight, groups, extra in Noting.seen:
        np.testing.assert_array_equal(weight, rows + 1)
        np.testing.assert_array_equal(groups, rows // 3)
        np.testing.assert_array_equal(extra, 2 * weight)
    with pytest.raises(TypeError, match="nonsense"):
        model.fit(X, y, nonsense=1)


def test_metadata_are_routed(cancer, monkeypatch):
    X, y = cancer
    monkeypatch.setattr(Noting, "seen", [])
    weights, patients = np.arange(len(y)) + 1.0, np.arange(len(y)) // 3
    given = {"groups": patients, "sample_weight": weights}
    plain = ThresholdAt(Noting(), cv=3).fit(X, y, **given)
    with sklearn.config_context(enable_metadata_routing=True):
        with pytest.raises(UnsetMetadataPassedError, match="Noting.fit"):
            ThresholdAt(Noting(), cv=3).fit(X, y, **given)
        with pytest.raises(TypeError, match="nonsense"):
            ThresholdAt(Noting(), cv=3).fit(X, y, nonsense=1)
        inner = Noting().set_fit_request(sample_weight=True, groups=True, extra="other")
        routed = ThresholdAt(inner, cv=3).fit(X, y, **given, other=weights)
        assert routed.threshold_ == plain.threshold_
        assert Noting.seen[-1][3] is not None
        inner = Noting().set_fit_request(sample_weight=False, groups=False)
        ThresholdAt(inner, cv=3).fit(X, y, **given)
        assert Noting.seen[-1][1:] == (None, None, None)


def test_metadata_are_routed_through_a_search(cancer, monkeypatch):
    X, y = cancer
    monkeypatch.setattr(Noting, "seen", [])
    weights, patients = np.arange(len(y)) + 1.0, np.arange(len(y)) // 3
    with sklearn.config_context(enable_metadata_routing=True):
        inner = Noting().set_fit_request(sample_weight=True, groups=False)
        held = ThresholdAt(inner, cv=GroupKFold(3)).set_fit_request(sample_weight=True, groups=True)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=False)
        search = GridSearchCV(held, {"cost": [1.0]}, cv=GroupKFold(2), scoring=scorer)
        search.fit(X, y, groups=patients, sample_weight=weights)
    assert len(Noting.seen) == 3 * 4
    assert all(weight is not None for _, weight, _, _ in Noting.seen)
    assert search.best_estimator_.n_positives_ < (y == 1).sum() / 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sample_weight": np.zeros(12)}, "(?i)sample.weight"),
        ({"sample_weight": np.arange(12) % 2}, "sample_weight .* class 0 are zero"),
        ({"sample_weight": -np.ones(12)}, "[Nn]egative"),
        ({"sample_weight": np.full(12, np.nan)}, "NaN"),
        ({"sample_weight": np.ones(11)}, "sample_weight"),
        ({"groups": np.arange(12) % 2}, "two patients of each class .* class 0 has 1"),
        ({"groups": np.where(np.arange(12) % 2, 1, np.arange(12))}, "two patients .* 1 has 1"),
        ({"groups": np.ones(12)}, "two patients .* class 0 has 1"),
    ],
)
def test_weights_and_patients_that_cannot_be_used_are_named(given, message):
    X, y = np.arange(12.0)[:, None], np.arange(12) % 2
    with pytest.raises(ValueError, match=message):
        ThresholdAt(GaussianNB(), pos_label=1).fit(X, y, **given)


def test_inner_splits_that_lack_a_class_are_named():
    X, y = np.arange(12.0)[:, None], np.arange(12) // 6
    with pytest.raises(ValueError, match="inner split 1 of cv has only one class, 1"):
        ThresholdAt(GaussianNB(), cv=[(np.arange(6, 12), np.arange(6))]).fit(X, y)
    with pytest.raises(ValueError, match="test rows of cv, together, has only one class, 0"):
        ThresholdAt(GaussianNB(), cv=[(np.arange(4, 12), np.arange(4))]).fit(X, y)


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
    found = compare(
        {"b": GaussianNB()}, *cancer, scoring=scoring, random_state=0, verbose=0, repeats=1
    )
    assert 0.7 < found.interval("b", "spec@95").mean <= 1


# Calibration ------------------------------------------------------------------------------------


def test_temperature_scaling_of_scikit_learn_calibrates_what_is_compared(cancer):
    X, y = cancer
    calibrated = CalibratedClassifierCV(GaussianNB(), method="temperature", cv=5)
    models = {"plain": GaussianNB(), "calibrated": calibrated}
    found = compare(models, X, y, random_state=0, verbose=0, repeats=1)
    for metric in ("log_loss", "ece"):
        plain, better = (found.interval(name, metric).mean for name in models)
        assert better < plain
    held = ThresholdAt(calibrated, sensitivity=0.98).fit(X, y)
    assert confusion_matrix(y, held.predict(X))[1, 0] < 20
