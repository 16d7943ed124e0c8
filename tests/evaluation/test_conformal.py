"""Conformal sets: those of MAPIE, the closed form, patients as units, coverage."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

from skmedimg.evaluation import ConformalClassifier, compare

X, Y = load_iris(return_X_y=True)
ORDER = np.random.RandomState(0).permutation(150)
X, Y = X[ORDER, :2], Y[ORDER]
TEST = X[110:]

# MAPIE 1.6.0: SplitConformalClassifier(prefit=True) with the rows 0 to 59 for training and 60 to
# 109 for calibration, CrossConformalClassifier(cv=StratifiedKFold(5)) with agg_scores="crossval",
# conformity_score="lac"; a digit per row of TEST, 4 + 2 + 1 for the classes 0, 1 and 2.
MAPIE = {
    ("split", 0.8): "4414121140414414022211014212412024441214",
    ("split", 0.9): "4434121143414414323231314213412324443314",
    ("cross", 0.8): "4414121143414414122211214212412324441214",
    ("cross", 0.9): "4434161143414414333231314213433334443314",
}


class Given(ClassifierMixin, BaseEstimator):
    """The probability of class 1 is the only column of X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])


def fitted(p, y, coverage=0.9, groups=None, **options):
    # the first two rows train, the others calibrate
    X, y = np.concatenate([[0, 1], p])[:, None], np.concatenate([[0, 1], y]).astype(int)
    groups = None if groups is None else np.concatenate([[-2, -1], groups])
    model = ConformalClassifier(Given(), coverage, cv=[([0, 1], np.arange(2, len(y)))], **options)
    return model.fit(X, y, groups=groups)


@pytest.mark.parametrize(("how", "coverage"), MAPIE)
def test_the_sets_are_those_of_mapie(how, coverage):
    cv = StratifiedKFold(5) if how == "cross" else [(np.arange(60), np.arange(60, 110))]
    model = ConformalClassifier(GaussianNB(), coverage, cv=cv).fit(X[:110], Y[:110])
    digits = model.predict_set(TEST) @ [4, 2, 1]
    assert "".join(map(str, digits)) == MAPIE[how, coverage]


def test_the_limit_is_the_quantile_of_the_closed_form():
    # 9 patients at 80 %: the ceil(.8 * 10) = 8th smallest score is the largest that stays.
    p = np.arange(0.1, 0.95, 0.1)
    model = fitted(p, np.ones(9), 0.8)
    limit = np.sort(1 - p)[7]
    inside, outside = limit - 1e-6, limit + 1e-6
    sets = model.predict_set(1 - np.array([[inside], [outside]]))
    assert sets[:, 1].tolist() == [True, False]


def test_a_patient_counts_once_however_many_images_it_has():
    p = np.array([0.9, 0.8, 0.7, 0.6])
    once = fitted(p, np.ones(4), 0.5)
    many = fitted(np.repeat(p, [1, 7, 1, 3]), np.ones(12), 0.5, np.repeat(range(4), [1, 7, 1, 3]))
    grid = np.linspace(0, 1, 101)[:, None]
    np.testing.assert_array_equal(many.predict_set(grid), once.predict_set(grid))
    assert many.n_patients_.tolist() == [4, 4]


def test_class_conditional_compares_each_class_with_its_own():
    p, y = np.array([0.9, 0.8, 0.7, 0.2, 0.1, 0.4]), np.array([1, 1, 1, 0, 0, 0])
    model = fitted(p, y, 0.5, class_conditional=True)
    # ceil(.5 * 4) = 2nd smallest score of each class: .2 and .2
    grid = np.array([[0.1], [0.19], [0.21], [0.79], [0.81]])
    expected = [[True, False]] * 2 + [[False, False]] * 2 + [[False, True]]
    assert model.predict_set(grid).tolist() == expected
    assert model.n_patients_.tolist() == [3, 3]


def test_probabilities_are_the_mean_of_the_models():
    cv = StratifiedKFold(4)
    model = ConformalClassifier(GaussianNB(), cv=cv).fit(X, Y)
    members = [GaussianNB().fit(X[train], Y[train]) for train, _ in cv.split(X, Y)]
    expected = np.mean([member.predict_proba(X) for member in members], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), expected.argmax(1))


def test_too_few_patients_for_the_coverage_warn_with_the_number():
    with pytest.warns(UserWarning, match="has 18 rows to .*coverage=0.95 takes 19 or more: every"):
        model = fitted(np.full(18, 0.9), np.ones(18), 0.95)
    assert model.predict_set(np.array([[0.0], [1.0]])).all()
    fitted(np.full(19, 0.9), np.ones(19), 0.95)
    with pytest.warns(UserWarning, match="has 2 patients to .*0.9 takes 9"):
        fitted(np.full(18, 0.9), np.ones(18), 0.9, np.arange(18) // 9)


def test_a_class_of_few_patients_is_named():
    p, y = np.full(12, 0.6), np.array([1] * 10 + [0] * 2)
    with pytest.warns(UserWarning, match="2 rows of class 0 to .* takes 9 or more: every .* 0"):
        model = fitted(p, y, class_conditional=True)
    assert model.predict_set(np.array([[0.99]])).tolist() == [[True, True]]


def test_a_model_that_is_fitted_already_is_calibrated_and_left_alone():
    trained = FrozenEstimator(GaussianNB().fit(X[:60], Y[:60]))
    cv = [(np.arange(60), np.arange(60, 110))]
    model = ConformalClassifier(trained, 0.8, cv=cv).fit(X[:110], Y[:110])
    digits = model.predict_set(TEST) @ [4, 2, 1]
    assert "".join(map(str, digits)) == MAPIE["split", 0.8]


def test_patients_stay_together_and_compare_takes_it():
    groups = np.arange(150) // 3
    with pytest.raises(ValueError, match="on both sides"):
        ConformalClassifier(GaussianNB(), cv=StratifiedKFold(5)).fit(X, Y, groups=groups)
    model = ConformalClassifier(GaussianNB(), 0.8, cv=3)
    result = compare(model, X, Y, groups=groups, cv=3, repeats=1, random_state=0, verbose=0)
    assert not result.warnings or all("failed" not in each for each in result.warnings)


def test_sets_of_new_patients_hold_the_true_class_as_often_as_stated():
    random = np.random.RandomState(0)
    covered = []
    for _ in range(25):
        y = random.randint(0, 2, 300)
        x = y[:, None] + 0.8 * random.normal(size=(300, 1)) + 0.5 * random.normal(size=(300, 1))
        model = ConformalClassifier(GaussianNB(), 0.8, random_state=0).fit(x[:100], y[:100])
        covered.append(model.predict_set(x[100:])[np.arange(200), y[100:]].mean())
    # The standard deviation of a mean over 25 studies of 100 patients is about .009.
    assert 0.775 < np.mean(covered) < 0.84
