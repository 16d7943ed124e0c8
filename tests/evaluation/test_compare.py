"""compare() asks everybody the same, keeps the answers in order, and gives the same twice."""

import json
import signal
import subprocess
import sys
import warnings
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, make_scorer, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmedimg import ImageLoader, UNetSegmenter, compare
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison
from skmedimg.images import LazyImages
from skmedimg.metrics import dice
from tests.evaluation._estimators import (
    Brighter,
    Counted,
    CountedBayes,
    CountedTree,
    Echo,
)

QUIET = {"repeats": 1, "random_state": 0, "verbose": 0}


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X[::2], y[::2]


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def two(cancer):
    models = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(max_depth=3)}
    return compare(models, *cancer, **QUIET)


@pytest.fixture
def fits(monkeypatch):
    """Return a function: how many fits of counted estimators there were since its last call."""
    monkeypatch.setattr(Counted, "fits", 0)
    monkeypatch.setattr(Counted, "before_fit", None)

    def since_last_call():
        new, Counted.fits = Counted.fits, 0
        return new

    return since_last_call


def same(first, second):
    """Tell whether two comparisons hold the same scores, predictions and splits."""
    assert first.names == second.names
    for name in first.names:
        pairs = zip(first.fold_results[name], second.fold_results[name], strict=True)
        for one, other in pairs:
            assert one.scores == other.scores
            given, again = one.predictions, other.predictions
            np.testing.assert_array_equal(given.predicted, again.predicted)
            np.testing.assert_array_equal(given.decision_scores, again.decision_scores)
    for one, other in zip(first.splits, second.splits, strict=True):
        np.testing.assert_array_equal(one.test, other.test)
        np.testing.assert_array_equal(one.train, other.train)
    return True


# Folds and order --------------------------------------------------------------------------------


def test_scores_and_predictions_are_those_of_scikit_learn(cancer):
    X, y = cancer
    cv = StratifiedKFold(5, shuffle=True, random_state=7)
    found = compare({"bayes": GaussianNB()}, X, y, cv=cv, **QUIET)
    wanted = cross_validate(GaussianNB(), X, y, cv=cv, scoring=["accuracy", "roc_auc", "f1"])
    for metric in ("accuracy", "roc_auc", "f1"):
        assert found.values("bayes", metric) == pytest.approx(wanted[f"test_{metric}"])
    np.testing.assert_array_equal(
        found.predictions("bayes"), cross_val_predict(GaussianNB(), X, y, cv=cv)
    )
    np.testing.assert_array_equal(
        found.probabilities("bayes"),
        cross_val_predict(GaussianNB(), X, y, cv=cv, method="predict_proba"),
    )


@pytest.mark.parametrize("cv", [5, ShuffleSplit(4, random_state=0), GroupKFold(3)])
def test_predictions_cannot_get_out_of_order(cv):
    draws = np.random.RandomState(0)
    y = draws.randint(3, size=200)
    names = np.array(["covid", "normal", "opacity"])[y]
    found = compare(
        {"echo": Echo()}, y[:, None].astype(float), names, cv=cv, groups=np.arange(200), **QUIET
    )
    for repeat in {split.repeat for split in found.splits}:
        np.testing.assert_array_equal(found.predictions("echo", repeat), found.truth(repeat))
        rows = found.rows(repeat)
        assert (found.probabilities("echo", repeat).argmax(1) == y[rows]).all()
    assert (found.values("echo", "accuracy") == 1).all()


def test_every_row_is_tested_once_in_every_repeat(cancer):
    found = compare({"bayes": GaussianNB()}, *cancer, cv=4, **QUIET | {"repeats": 3})
    assert [split.repeat for split in found.splits] == [0] * 4 + [1] * 4 + [2] * 4
    for repeat in range(3):
        np.testing.assert_array_equal(found.rows(repeat), np.arange(len(cancer[1])))


def test_a_repeating_splitter_is_told_apart_into_repeats(cancer):
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    found = compare({"bayes": GaussianNB()}, *cancer, cv=cv, **QUIET)
    assert [(split.repeat, split.fold) for split in found.splits] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)
    ]  # fmt: skip


def test_one_given_test_set_is_enough(cancer):
    X, y = cancer
    rows = np.arange(len(y))
    found = compare({"bayes": GaussianNB()}, X, y, cv=[(rows[100:], rows[:100])], **QUIET)
    np.testing.assert_array_equal(found.rows(), rows[:100])
    assert found.predictions("bayes").shape == (100,)
    assert found.interval("bayes").method == "t interval over samples, for the models as fitted"
    [conclusion] = found.tests().conclusions
    assert conclusion.test == "cluster-robust t-test"
    assert "of the models as fitted" in conclusion.text


def test_no_patient_is_on_both_sides(cancer):
    X, y = cancer
    patients = np.repeat(np.arange(len(y)), 3)[: len(y)]
    found = compare({"bayes": GaussianNB()}, X, y, groups=patients, **QUIET | {"repeats": 2})
    for split in found.splits:
        assert not set(patients[split.train]) & set(patients[split.test])


@pytest.mark.parametrize("cv", [StratifiedKFold(5), ShuffleSplit(2, random_state=0)])
def test_patients_on_both_sides_raise(cancer, cv):
    X, y = cancer
    patients = np.repeat([f"patient {i}" for i in range(len(y))], 3)[: len(y)]
    with pytest.raises(ValueError, match="patients on both sides .*grouped"):
        compare({"bayes": GaussianNB()}, X, y, groups=patients, cv=cv, **QUIET)


def test_a_split_that_tests_what_it_trains_on_raises(cancer):
    rows = np.arange(50)
    with pytest.raises(ValueError, match="tests rows that it trains on"):
        compare({"bayes": GaussianNB()}, *cancer, cv=[(rows, rows[:10])], **QUIET)


def test_a_class_that_a_training_set_lacks_keeps_its_column(iris):
    X, y = iris
    even, odd = np.arange(0, 150, 2), np.arange(1, 150, 2)
    cv = [(even[y[even] > 0], odd), (odd, even)]
    found = compare({"bayes": GaussianNB()}, X, y, cv=cv, **QUIET)
    first = found.fold_results["bayes"][0].predictions.decision_scores
    assert first.shape == (75, 3)
    assert (first[:, 0] == 0).all()
    np.testing.assert_allclose(first.sum(1), 1)


# What is computed -------------------------------------------------------------------------------


def test_the_baseline_is_the_majority_class(two):
    assert two.names == ("bayes", "tree", "majority class")
    assert two.baseline == "majority class"
    assert set(two.predictions("majority class")) == {1}
    assert (two.values("majority class", "roc_auc") == 0.5).all()
    assert (two.values("majority class", "balanced_accuracy") == 0.5).all()


def test_the_baseline_can_be_left_out(cancer):
    assert compare({"b": GaussianNB()}, *cancer, baseline=False, **QUIET).names == ("b",)


def test_an_estimator_may_not_take_the_name_of_the_baseline(cancer):
    with pytest.raises(ValueError, match="majority class"):
        compare({"majority class": GaussianNB()}, *cancer, **QUIET)


def test_scores_may_be_ours_scikit_learns_or_ones_own(cancer):
    X, y = cancer
    cv = StratifiedKFold(3)
    mine = make_scorer(lambda truth, predicted: accuracy_score(truth, predicted) / 2)
    scoring = {"auc": "roc_auc", "neg_log_loss": "neg_log_loss", "half": mine}
    found = compare({"bayes": GaussianNB()}, X, y, cv=cv, scoring=scoring, **QUIET)
    wanted = cross_validate(GaussianNB(), X, y, cv=cv, scoring=scoring)
    assert found.values("bayes", "roc_auc") == pytest.approx(wanted["test_auc"])
    for name in ("neg_log_loss", "half"):
        assert found.values("bayes", name) == pytest.approx(wanted[f"test_{name}"])
    assert [metric.title for metric in found.metrics] == ["auc", "neg_log_loss", "half"]


@pytest.mark.parametrize(
    ("scoring", "message"),
    [("acuracy", "neither one of"), ([], "at least one"), (["f1", "f1"], "named once")],
)
def test_unknown_or_doubled_scores_raise(cancer, scoring, message):
    with pytest.raises(ValueError, match=message):
        compare({"bayes": GaussianNB()}, *cancer, scoring=scoring, **QUIET)


def test_many_classes_have_top_3_accuracy_and_few_have_not(two):
    X = np.tile(np.arange(6.0), 20)[:, None]
    found = compare({"echo": Echo()}, X, X[:, 0].astype(int), **QUIET)
    assert found.metric("top_3_accuracy").title == "top-3 accuracy"
    with pytest.raises(ValueError, match="was not computed"):
        two.metric("top_3_accuracy")


def test_a_classifier_without_probabilities_has_its_decision_values_ranked(cancer):
    X, y = cancer
    cv = StratifiedKFold(3)
    found = compare({"ridge": RidgeClassifier()}, X, y, cv=cv, **QUIET)
    wanted = cross_validate(RidgeClassifier(), X, y, cv=cv, scoring="roc_auc")["test_score"]
    assert found.values("ridge", "roc_auc") == pytest.approx(wanted)
    assert np.isnan(found.values("ridge", "log_loss")).all()
    with pytest.raises(ValueError, match="no predict_proba"):
        found.probabilities("ridge")


class Sure(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_a_classifier_that_only_predicts_is_compared_by_its_labels(cancer):
    found = compare({"sure": Sure()}, *cancer, **QUIET)
    assert np.isnan(found.values("sure", "roc_auc")).all()
    assert {record.test for record in found.tests().records} == {
        "corrected resampled t-test", "McNemar's test"
    }  # fmt: skip
    with pytest.raises(ValueError, match="gives no decision_scores"):
        found.decision_scores("sure")


class Unsure(Echo):
    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)


def test_probabilities_that_are_nan_raise(cancer):
    y = cancer[1]
    with pytest.raises(ValueError, match="nan or infinity") as caught:
        compare({"unsure": Unsure()}, y[:, None].astype(float), y, **QUIET)
    assert "fold 0 of Unsure()" in caught.value.__notes__[0]


def test_costs_and_epochs_are_kept(cancer):
    X, y = cancer
    mlp = MLPClassifier((4,), max_iter=7, tol=0, n_iter_no_change=99)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")
        found = compare({"mlp": make_pipeline(StandardScaler(), mlp)}, X, y, cv=2, **QUIET)
    _, fold = found.fold_results["mlp"]
    assert fold.parameters == {"trainable": 129, "all": 129}  # 30 x 4 + 4 + 4 + 1
    assert [record["epoch"] for record in fold.history] == list(range(1, 8))
    assert fold.fit_time > 0
    assert isinstance(fold.memory, float)
    fits = found.to_frame("fits").set_index("estimator").loc["mlp"]
    assert fits["fit_time"].median() == found.costs("mlp").fit_time
    assert (fits["epochs"] == 7).all()
    assert found.versions["sklearn"]


def test_more_than_two_classes_have_macro_averages_and_no_column_twice(iris):
    found = compare({"bayes": GaussianNB()}, *iris, **QUIET)
    titles = {metric.name: metric.title for metric in found.metrics}
    assert titles["f1"] == "macro F1"
    assert titles["balanced_accuracy"] == "balanced accuracy"
    assert "sensitivity" not in titles
    columns = [tuple(found.values("bayes", name)) for name in titles if name != "accuracy"]
    assert len(set(columns)) == len(columns)  # equal classes: accuracy is balanced accuracy too
    [asked] = compare({"b": GaussianNB()}, *iris, scoring="sensitivity", **QUIET).metrics
    assert asked.title == "macro sensitivity"


def test_a_scorer_called_like_a_metric_is_not_computed_again_from_predictions(cancer):
    X, y = cancer
    scoring = {"accuracy": make_scorer(lambda truth, predicted: np.mean(truth == predicted) / 4)}
    found = compare({"b": GaussianNB()}, X, y, groups=np.arange(len(y)), scoring=scoring, **QUIET)
    limits = found.interval("b")
    assert limits.mean == pytest.approx(found.values("b", "accuracy").mean())
    assert limits.method.startswith("t interval")  # it cannot be resampled
    with pytest.raises(ValueError, match="scorers of estimators"):
        found.by_patient()


def test_a_fit_takes_as_long_in_the_summary_as_in_the_table_of_fits(two):
    seconds = two.to_frame("fits").groupby("estimator")["fit_time"].median()
    for name in two.names:
        assert two.summary().loc[name, "fit_time"] == two.costs(name).fit_time == seconds[name]


def test_the_best_is_the_first_of_the_summary_that_is_no_baseline(two):
    assert two.ranked("brier") == list(two.summary(metrics=["brier"]).index)
    assert two.best == two.summary().index[0] == two.ranked()[0]
    y = np.tile([0, 0, 1], 20)
    wrong = compare({"wrong": Echo()}, 1.0 - y[:, None], y, scoring="accuracy", **QUIET)
    assert wrong.ranked() == ["majority class", "wrong"]
    assert wrong.best == "wrong"


# The positive class -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "positive"),
    [
        (("NORMAL", "PNEUMONIA"), "PNEUMONIA"),
        (("covid", "normal"), "covid"),
        (("benign", "malignant"), "malignant"),
        (("no", "yes"), "yes"),
        (("Cancer", "Healthy controls"), "Cancer"),
        (("no_tumor", "tumor"), "tumor"),
        (("HIV_negative", "HIV"), "HIV"),
        (("abnormal", "normal"), "abnormal"),
        ((1, 2), 2),
    ],
)
def test_a_class_named_as_healthy_is_never_guessed_positive(cancer, classes, positive):
    X, y = cancer
    with pytest.warns(UserWarning, match=f"pos_label was not given: {positive!r} is taken"):
        found = compare({"b": GaussianNB()}, X, np.array(classes)[y], cv=2, **QUIET)
    assert found.pos_label == positive


def test_the_positive_class_can_be_asked_for(cancer):
    X, y = cancer
    one = compare({"b": GaussianNB()}, X, y, cv=3, pos_label=0, **QUIET)
    other = compare({"b": GaussianNB()}, X, y, cv=3, **QUIET)
    np.testing.assert_allclose(one.values("b", "sensitivity"), other.values("b", "specificity"))


@pytest.mark.parametrize(("pos_label", "message"), [("ill", "none of"), (2, "none of")])
def test_a_positive_class_that_is_not_there_raises(cancer, pos_label, message):
    with pytest.raises(ValueError, match=message):
        compare({"b": GaussianNB()}, *cancer, pos_label=pos_label, **QUIET)


def test_more_classes_have_no_positive_one(iris):
    with pytest.raises(ValueError, match="needs two classes"):
        compare({"b": GaussianNB()}, *iris, pos_label=1, **QUIET)
    assert compare({"b": GaussianNB()}, *iris, **QUIET).pos_label is None


# The same again ---------------------------------------------------------------------------------


def test_a_seed_gives_the_same_and_another_one_other_folds(cancer):
    models = {"tree": DecisionTreeClassifier(max_features=1)}
    first = compare(models, *cancer, **QUIET)
    assert same(first, compare(models, *cancer, **QUIET))
    other = compare(models, *cancer, random_state=1, verbose=0, repeats=1)
    assert not other.to_frame().equals(first.to_frame())


def test_a_seed_that_was_drawn_is_remembered(cancer):
    models = {"tree": DecisionTreeClassifier(max_features=1)}
    drawn = compare(models, *cancer, verbose=0, repeats=1)
    assert same(
        drawn, compare(models, *cancer, random_state=drawn.random_state, verbose=0, repeats=1)
    )


def test_the_estimators_given_are_left_as_they_were(cancer):
    tree = DecisionTreeClassifier()
    compare({"tree": tree}, *cancer, **QUIET)
    assert tree.random_state is None
    assert not hasattr(tree, "tree_")


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.usefixtures("filters_put_back")
def test_fits_side_by_side_give_what_they_give_one_by_one(cancer, two, backend):
    models = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(max_depth=3)}
    # Workers of loky are those that the session has; other settings would start new ones.
    with parallel_config() if backend == "loky" else parallel_config(backend):
        assert same(two, compare(models, *cancer, n_jobs=2, **QUIET))


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("filters_put_back")
def test_fits_spread_over_a_dask_cluster_give_the_same(cancer, two):
    distributed = pytest.importorskip("distributed")
    models = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(max_depth=3)}
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        assert same(two, compare(models, *cancer, n_jobs=2, **QUIET))


# Checkpoints ------------------------------------------------------------------------------------


def test_an_interrupted_comparison_goes_on_and_gives_the_same(cancer, tmp_path, fits):
    models = {"tree": CountedTree(max_features=1), "bayes": CountedBayes()}

    def interrupt_the_sixth():
        if Counted.fits == 5:
            raise KeyboardInterrupt

    Counted.before_fit = interrupt_the_sixth
    with pytest.raises(KeyboardInterrupt) as stopped:
        compare(models, *cancer, checkpoint=tmp_path, **QUIET)
    part = stopped.value.comparison  # two folds of all models
    done = len(list(tmp_path.glob("*.npz")))
    assert done == 7  # two folds of three models, and one of the third fold
    assert fits() == 5  # the baseline is not counted
    Counted.before_fit = None
    resumed = compare(models, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 10 - 5
    assert same(resumed, compare(models, *cancer, **QUIET))
    assert "interrupted after 2 of 5 splits" in str(part.warnings[0])
    assert "tree" in repr(part) + repr(part.tests())
    for name in resumed.names:
        for one, other in zip(part.fold_results[name], resumed.fold_results[name], strict=False):
            assert one.scores == other.scores


KILLED = """
import os, signal, sys
import numpy as np
from skmedimg import compare
from tests.evaluation._estimators import Counted, CountedBayes

def kill():
    if len(os.listdir(sys.argv[1])) > 3:
        os.kill(os.getpid(), signal.SIGKILL)

Counted.before_fit = kill
X = np.random.RandomState(0).normal(size=(90, 3))
y = (X[:, 0] > 0).astype(int)
compare(
    {"bayes": CountedBayes()}, X, y, repeats=1, checkpoint=sys.argv[1], random_state=0,
    baseline=False,
)
"""


def test_a_killed_process_loses_one_fit(tmp_path, fits):
    command = [sys.executable, "-c", KILLED, tmp_path]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert run.returncode == -signal.SIGKILL, run.stderr
    done = len(list(tmp_path.glob("*.npz")))
    assert done == 3
    X = np.random.RandomState(0).normal(size=(90, 3))
    y = (X[:, 0] > 0).astype(int)
    models, more = {"bayes": CountedBayes()}, QUIET | {"baseline": False}
    resumed = compare(models, X, y, checkpoint=tmp_path, **more)
    assert fits() == 5 - done
    assert same(resumed, compare(models, X, y, **more))


def test_a_finished_comparison_is_not_fitted_again(cancer, tmp_path, fits):
    first = compare({"bayes": CountedBayes()}, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 5
    again = compare({"bayes": CountedBayes()}, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 0
    assert same(first, again)
    assert first.to_frame("fits").equals(again.to_frame("fits"))


def test_another_estimator_may_join_a_checkpoint(cancer, tmp_path, fits):
    compare({"bayes": CountedBayes()}, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 5
    models = {"bayes": CountedBayes(), "changed": CountedBayes(var_smoothing=1e-3)}
    compare(models, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 5


def test_changed_parameters_under_an_old_name_are_fitted_again(cancer, tmp_path, fits):
    compare({"bayes": CountedBayes()}, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 5
    compare({"bayes": CountedBayes(var_smoothing=1.0)}, *cancer, checkpoint=tmp_path, **QUIET)
    assert fits() == 5


@pytest.mark.parametrize(
    ("change", "named"),
    [({"random_state": 1}, "seed"), ({"cv": 3}, "number of splits"), ({}, "data digest")],
)
def test_a_checkpoint_of_something_else_raises(cancer, tmp_path, change, named):
    X, y = cancer
    compare({"bayes": GaussianNB()}, X, y, checkpoint=tmp_path, **QUIET)
    X = X if change else X + 1
    with pytest.raises(ValueError, match=f"another comparison: its {named}"):
        compare({"bayes": GaussianNB()}, X, y, checkpoint=tmp_path, **QUIET | change)


def test_a_damaged_file_is_said_and_fitted_again(cancer, tmp_path, fits):
    more = {"checkpoint": tmp_path, "baseline": False, **QUIET}
    first = compare({"bayes": CountedBayes()}, *cancer, **more)
    assert fits() == 5
    damaged = sorted(tmp_path.glob("*.npz"))[0]
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.warns(UserWarning, match="damaged"):
        again = compare({"bayes": CountedBayes()}, *cancer, **more)
    assert fits() == 1
    assert same(first, again)


def test_a_checkpoint_holds_no_pickle(cancer, tmp_path):
    X, y = cancer
    names = np.array(["ill", "well"], dtype=object)[y]
    compare({"bayes": GaussianNB()}, X, names, pos_label="ill", checkpoint=tmp_path, **QUIET)
    for path in tmp_path.glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(array.dtype.kind != "O" for array in arrays.values())
    assert not list(tmp_path.glob("*.part"))


# Failures ---------------------------------------------------------------------------------------


class Failing(GaussianNB):
    def fit(self, X, y):
        if X[0, 0] == self.bad:
            raise ArithmeticError("it diverged")
        return super().fit(X, y)


def test_a_fit_that_fails_stops_the_comparison_and_says_where(cancer):
    Failing.bad = cancer[0][0, 0]
    with pytest.raises(ArithmeticError, match="it diverged") as caught:
        compare({"failing": Failing()}, *cancer, **QUIET)
    assert "repeat 0, fold" in caught.value.__notes__[0]


def test_a_fit_may_fail_for_a_score_and_is_named(cancer, tmp_path):
    Failing.bad = cancer[0][0, 0]
    models = {"failing": Failing(), "bayes": GaussianNB()}
    found = compare(models, *cancer, error_score=0.25, checkpoint=tmp_path, **QUIET)
    assert np.isnan(found.values("failing", "accuracy")).sum() == 4
    assert any("failing failed on 4 of 5 splits: ArithmeticError" in w.text for w in found.warnings)
    with pytest.raises(ValueError, match="failed on 4 of 5 splits"):
        found.predictions("failing")
    assert "failed on 4 of 5" in found.summary().loc["failing", "warnings"]
    assert len(list(tmp_path.glob("*.npz"))) == 11
    assert {r.test for r in found.tests("failing").records} == {"corrected resampled t-test"}


@pytest.mark.parametrize("n_failed", [4, 5])
@pytest.mark.parametrize(("metric", "error_score"), [("log_loss", 0.0), ("accuracy", 1.0)])
def test_a_failed_fit_is_missing_and_wins_nothing(cancer, metric, error_score, n_failed):
    X, y = cancer
    cv = list(StratifiedKFold(5).split(X, y))
    # a fit fails where the first row of its training set is the row named here
    Failing.bad = X[cv[1][0][0], 0]
    cv = cv if n_failed == 4 else cv[1:] + cv[1:2]
    models = {"failing": Failing(), "bayes": GaussianNB()}
    more = {"cv": cv, "scoring": metric, "audit": False}
    found = compare(models, X, y, error_score=error_score, **more, **QUIET)
    values = found.values("failing", metric)
    assert np.isnan(values).sum() == n_failed
    assert found.ranked()[0] == found.summary().index[0] != "failing"
    interval = found.interval("failing")
    known = values[np.isfinite(values)]
    assert interval.mean == pytest.approx(known[0] if len(known) else np.nan, nan_ok=True)
    assert np.isnan(interval.low)  # at most one fold is left
    for conclusion in found.tests("failing").conclusions:
        assert (conclusion.decided, conclusion.winner) == (False, None)
        assert f"failing failed on {n_failed} of 5 splits" in conclusion.text
        assert np.isnan(conclusion.p_value)
    assert not found.tests("failing").to_frame()["p_value"].notna().any()
    # the other pair is corrected for itself alone
    [other] = [r for r in found.tests().records if "failing" not in (r.first, r.second)][:1]
    assert other.n_pairs == 1


def test_a_failed_fit_sorts_as_error_score_where_that_is_worse(cancer):
    Failing.bad = cancer[0][0, 0]
    models = {"failing": Failing(), "bayes": GaussianNB()}
    found = compare(models, *cancer, error_score=-50, scoring="accuracy", **QUIET)
    assert found.ranked()[-1] == "failing"
    assert found.error_score == -50


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"estimators": {}}, ValueError, "empty"),
        ({"estimators": {1: GaussianNB()}}, ValueError, "text"),
        ({"estimators": {"a": GaussianNB}}, TypeError, "needs an estimator"),
        ({"estimators": {"a": LinearRegression()}}, ValueError, "regressor"),
        ({"estimators": {"a": StandardScaler()}}, ValueError, "transformer"),
        ({"y": None}, ValueError, "needs y"),
        ({"y": np.zeros(285)}, ValueError, "two classes"),
        ({"y": np.arange(9) % 2}, ValueError, "X has 285 rows, but y has 9"),
        ({"y": np.array([None, "a", "b"] * 95, dtype=object)}, ValueError, "without a label"),
        ({"groups": np.arange(9)}, ValueError, "9 groups"),
        ({"groups": np.append(np.arange(284.0), np.nan)}, ValueError, "1 of 285 images"),
        ({"groups": np.arange(285) % 3}, ValueError, "as many patients"),
        ({"cv": 1}, ValueError, "at least 2 folds"),
        ({"cv": StratifiedKFold(3), "repeats": 2}, ValueError, "leave repeats out"),
        ({"repeats": 0}, ValueError, "positive integer"),
        ({"error_score": "ignore"}, ValueError, "error_score"),
        ({"audit": "some"}, ValueError, "audit"),
    ],
)
def test_wrong_input_is_refused_with_a_reason(cancer, change, error, message):
    given = {"estimators": {"b": GaussianNB()}, "X": cancer[0], "y": cancer[1]} | change
    with pytest.raises(error, match=message):
        compare(**QUIET | given)


def test_estimators_without_names_are_named_after_their_classes(cancer):
    found = compare([GaussianNB(), GaussianNB(var_smoothing=0.1)], *cancer, cv=2, **QUIET)
    assert found.names[:2] == ("GaussianNB", "GaussianNB 2")


# Shared steps and patients ----------------------------------------------------------------------


class Halve(TransformerMixin, BaseEstimator):
    """A step that learns nothing; it counts the rows it sees."""

    seen = 0
    learns_from_rows = False

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        Halve.seen += len(X)
        return X / 2


class Centre(Halve):
    """A step that says it learns nothing, but looks at all rows at once."""

    def transform(self, X):
        return X - X.mean(0)


def test_a_step_that_learns_nothing_runs_once_for_all(cancer):
    X, y = cancer
    models = {
        "bayes": make_pipeline(Halve(), GaussianNB()),
        "lda": make_pipeline(Halve(), StandardScaler(), LinearDiscriminantAnalysis()),
    }
    Halve.seen = 0
    shared = compare(models, X, y, **QUIET)
    assert Halve.seen == len(X) + 9  # and a few rows to make sure
    apart = compare(models, X, y, share=False, **QUIET)
    assert Halve.seen > 10 * len(X)
    assert same(shared, apart)
    assert shared.shared_times["bayes"] > 0
    assert not hasattr(models["lda"].steps[0][1], "fitted_")
    assert shared.estimators["bayes"].startswith("Pipeline(steps=[('halve', Halve())")


@pytest.mark.parametrize("step", [Centre(), FunctionTransformer(lambda X: X - X.mean(0))])
def test_a_step_that_looks_at_all_rows_at_once_is_not_shared(cancer, step):
    models = {"bayes": make_pipeline(step, GaussianNB())}
    assert same(
        compare(models, *cancer, **QUIET),
        compare(models, *cancer, share=False, **QUIET),
    )


class Patients(GaussianNB):
    seen = ()

    def fit(self, X, y, groups=None):
        Patients.seen = groups
        return super().fit(X, y)


def test_patients_reach_a_fit_that_asks_for_them(cancer):
    X, y = cancer
    patients = np.arange(len(y)) // 2
    models = {"scaled": make_pipeline(StandardScaler(), Patients())}
    found = compare(models, X, y, groups=patients, cv=2, baseline=False, **QUIET)
    np.testing.assert_array_equal(Patients.seen, patients[found.splits[1].train])


def test_a_search_whose_inner_folds_split_patients_is_named(cancer):
    X, y = cancer
    grid = {"var_smoothing": [1e-9, 1e-3]}
    models = {
        "careless": GridSearchCV(GaussianNB(), grid, cv=2),
        "careful": GridSearchCV(GaussianNB(), grid, cv=GroupKFold(2)),
    }
    found = compare(models, X, y, groups=np.arange(len(y)) // 2, cv=2, **QUIET)
    named = [warning.name for warning in found.warnings if "inner folds" in warning.text]
    assert named == ["careless"]


# Reading a comparison ---------------------------------------------------------------------------


def test_a_comparison_is_frozen(two):
    with pytest.raises(FrozenInstanceError):
        two.fold_results = {}


def test_the_summary_is_sorted_and_marks_the_baseline(two):
    summary = two.summary()
    assert list(summary["balanced_accuracy"]) == sorted(summary["balanced_accuracy"])[::-1]
    assert summary.index[-1] == "majority class"
    assert summary["baseline"].tolist() == [False, False, True]
    losses = two.summary(metrics=["log_loss"])["log_loss"]
    assert list(losses) == sorted(losses)
    for metric in two.metrics:
        rows = summary.loc[["bayes", "tree"]]
        assert (rows[f"{metric.name} low"] <= rows[metric.name]).all()
        assert (rows[metric.name] <= rows[f"{metric.name} high"]).all()


def test_small_and_uncertain_comparisons_say_so():
    X, y = load_breast_cancer(return_X_y=True)
    found = compare({"tree": DecisionTreeClassifier()}, X[:60], y[:60], cv=5, **QUIET)
    assert any("Only 60 samples" in warning.text for warning in found.warnings)
    assert "points wide" in found.summary().loc["tree", "warnings"]
    assert found.summary().attrs["warnings"] == [str(warning) for warning in found.warnings]


class Stuck(GaussianNB):
    """Learns nothing from one training set, as a network whose units have died."""

    def predict_proba(self, X):
        chances = super().predict_proba(X)
        return np.full_like(chances, 0.5) if self.class_count_[0] % 2 else chances


def test_a_fold_in_which_a_model_learned_nothing_is_named(cancer):
    found = compare({"stuck": Stuck(), "bayes": GaussianNB()}, *cancer, **QUIET)
    odd = sum(np.sum(cancer[1][split.train] == 0) % 2 for split in found.splits)
    assert 0 < odd < 5
    [warning] = [each for each in found.warnings if "learned nothing" in each.text]
    assert (warning.source, warning.name) == ("model", "stuck")
    assert f"on {odd} of 5 splits" in warning.text


class Timid(GaussianNB):
    """Ranks well, and predicts the more frequent class for all."""

    def predict(self, X):
        return np.full(len(X), self.classes_[self.class_count_.argmax()])


def test_a_fold_in_which_a_model_predicts_one_class_is_named(cancer):
    found = compare({"timid": Timid(), "bayes": GaussianNB()}, *cancer, **QUIET)
    [warning] = [each for each in found.warnings if "one class" in each.text]
    assert (warning.source, warning.name) == ("model", "timid")
    assert "on 5 of 5 splits" in warning.text


def test_a_segmenter_of_empty_masks_is_named():
    data = make_lesions(30, size=16, random_state=0)
    empty = UNetSegmenter((2,), learning_rate=1e-9, threshold=0.999, max_epochs=1)
    found = compare({"empty": empty}, data.images, data.masks, cv=3, **QUIET)
    assert any("empty predicted one class for every pixel" in str(w) for w in found.warnings)


def test_a_fold_that_lacks_a_class_is_named(iris):
    X, y = iris
    patients = np.where(y == 2, 0, np.arange(len(y)))
    found = compare({"b": GaussianNB()}, X, y, groups=patients, cv=3, **QUIET)
    assert any("lack a class" in warning.text for warning in found.warnings)


def test_patient_intervals_are_wider_than_row_intervals_where_images_repeat(cancer):
    X, y = cancer
    X, y = np.repeat(X, 5, axis=0), np.repeat(y, 5)
    rows = np.arange(len(y))
    cv = [(rows[:700], rows[700:])]
    one = compare({"tree": DecisionTreeClassifier(max_depth=2)}, X, y, cv=cv, **QUIET)
    patients = compare(
        {"tree": DecisionTreeClassifier(max_depth=2)}, X, y, cv=cv, groups=rows // 5, **QUIET
    )
    width = [width_of(found.interval("tree")) for found in (one, patients)]
    assert width[1] / width[0] == pytest.approx(np.sqrt(5), rel=0.15)


def width_of(interval):
    return interval.high - interval.low


def test_the_interval_of_a_constant_prediction_holds_its_mean():
    patients = np.arange(80) // 2
    y = patients % 2
    model = {"always": DummyClassifier(strategy="constant", constant=1)}
    found = compare(model, y[:, None], y, groups=patients, cv=3, **QUIET)
    for metric in found.metrics:
        interval = found.interval("always", metric.name)
        assert interval.low <= interval.mean <= interval.high, metric.name


def test_a_perfect_score_is_not_taken_for_certain():
    y = np.arange(60) % 2
    found = compare({"echo": Echo()}, y[:, None].astype(float), y, **QUIET)
    interval = found.interval("echo")
    assert (interval.mean, interval.high) == (1, 1)
    assert interval.low == pytest.approx(0.025 ** (1 / 30))


def test_confusion_and_report_are_those_of_the_predictions(two):
    counts = two.confusion("bayes")
    assert counts.sum() == len(two.y)
    report = two.report("bayes")
    assert report["support"].tolist() == counts.sum(1).tolist()
    assert report.loc[1, "recall"] == counts[1, 1] / counts[1].sum()


def test_predictions_come_as_a_table_in_row_order(two):
    frame = two.to_frame("predictions")
    assert frame["row"].tolist() == list(range(len(two.y)))
    np.testing.assert_array_equal(frame["truth"], two.y)
    np.testing.assert_array_equal(frame["tree"], two.predictions("tree"))
    folds = np.array(frame["fold"])
    assert all((folds[split.test] == split.fold).all() for split in two.splits)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda c: c.predictions("forest"), "not compared"),
        (lambda c: c.predictions("tree", repeat=7), "numbered 0 to"),
        (lambda c: c.tests(reference="forest"), "not compared"),
        (lambda c: c.summary(confidence=95), "between 0 and 1"),
        (lambda c: c.to_frame("folds"), "'scores', 'fits', 'predictions' or 'patients'"),
        (lambda c: c.to_frame("patients"), "needs masks and groups"),
        (lambda c: c.by_patient(), "pass groups="),
    ],
)
def test_what_a_comparison_does_not_hold_is_refused(two, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(two)


# Conclusions ------------------------------------------------------------------------------------


def test_conclusions_name_a_winner_and_none_where_nothing_shows(two):
    conclusions = two.tests(reference="majority class").conclusions
    assert {each.loser for each in conclusions} == {"majority class"}
    assert {each.metric for each in conclusions} == {"balanced_accuracy"}
    twins = {"one": DecisionTreeClassifier(max_features=1), "two": DecisionTreeClassifier()}
    draws = np.random.RandomState(0)
    noise = compare(twins, draws.normal(size=(120, 4)), draws.randint(2, size=120), **QUIET)
    assert [each.winner for each in noise.tests().conclusions] == [None] * 3


def test_where_less_is_better_the_winner_has_less(two):
    conclusion = two.tests(reference="majority class", metric="brier").conclusions[0]
    assert conclusion.loser == "majority class"
    assert conclusion.difference < 0


def test_the_table_has_every_test_of_every_pair(two):
    tests = two.tests()
    assert len(tests.to_frame()) == len(tests.records) == 3 * 3
    assert {record.n_pairs for record in tests.records if record.decisive} == {1, 2}


# JSON -------------------------------------------------------------------------------------------


def test_json_gives_back_everything(cancer, tmp_path):
    X, y = cancer
    labels = np.array(["ill", "well"], dtype=object)[y]
    groups = np.array([f"p{i // 2}" for i in range(len(y))])
    models = {"ridge": RidgeClassifier(), "array": MLPClassifier((2,), max_iter=2, tol=1e9)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare(models, X, labels, groups=groups, pos_label="ill", cv=3, **QUIET)
    found.to_json(tmp_path / "comparison.json")
    again = Comparison.from_json(tmp_path / "comparison.json")
    assert repr(again) == repr(found)
    assert repr(again.tests()) == repr(found.tests())
    for what in ("scores", "fits", "predictions"):
        assert again.to_frame(what).equals(found.to_frame(what))
    for name in found.__dataclass_fields__:
        assert type(getattr(again, name)) is type(getattr(found, name)), name
    for name in ("estimators", "versions", "shared_times", "digest", "warnings", "metrics"):
        assert getattr(again, name) == getattr(found, name)
    assert again.histories("array") == found.histories("array") != []
    np.testing.assert_array_equal(again.groups, groups)


def rename(content):
    content["names"][0] = "forest"


def rename_result(content):
    content["fold_results"]["forest"] = content["fold_results"].pop("bayes")


def drop_a_score(content):
    del content["fold_results"]["bayes"][0]["scores"]["f1"]


def drop_a_split(content):
    content["fold_results"]["tree"].pop()


def shorten_predictions(content):
    content["fold_results"]["tree"][1]["predictions"]["predicted"]["array"].pop()


def point_beyond(content):
    content["splits"][0]["test"]["array"][0] = 10**6


def add_a_field(content):
    content["color"] = "red"


def forget_a_class(content):
    content["pos_label"] = 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename, "forest"),
        (rename_result, "forest"),
        (drop_a_score, "scores"),
        (drop_a_split, "shorter"),
        (shorten_predictions, "shape"),
        (point_beyond, "rows from 0 to 284"),
        (add_a_field, "color"),
        (forget_a_class, "pos_label=7"),
    ],
)
def test_a_changed_file_is_refused(two, tmp_path, change, message):
    path = tmp_path / "comparison.json"
    two.to_json(path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"comparison.json.*{message}"):
        Comparison.from_json(path)


def test_a_file_of_an_older_version_says_what_to_do(tmp_path):
    (tmp_path / "old.json").write_text('{"skmedimg_comparison": 1, "names": []}')
    with pytest.raises(ValueError, match=r"format 2.*is 1\. .*to_json"):
        Comparison.from_json(tmp_path / "old.json")


@pytest.mark.parametrize("text", ["[]", '{"scores": []}', '{"skmedimg_comparison": 99}'])
def test_another_json_file_is_refused(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="other.json"):
        Comparison.from_json(path)


def test_the_digest_follows_the_data_and_not_their_place(cancer, tmp_path):
    X, y = cancer
    digest = compare({"b": GaussianNB()}, X, y, cv=2, **QUIET).digest
    assert compare({"b": GaussianNB()}, X.copy(), list(y), cv=2, **QUIET).digest == digest
    assert compare({"b": GaussianNB()}, X, 1 - y, cv=2, **QUIET).digest != digest


# Images and masks -------------------------------------------------------------------------------


class Flatten(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        X = X.load() if hasattr(X, "load") else X
        return np.asarray(X, dtype=float).reshape(len(X), -1)


@pytest.fixture
def folder(tmp_path):
    """Forty pictures of two shades, two of them duplicates with different labels."""
    draws = np.random.RandomState(0)
    paths, labels = [], np.arange(40) % 2
    for i, label in enumerate(labels):
        pixels = draws.randint(0, 120, size=(16, 16)) + 80 * label
        paths.append(tmp_path / f"{i:02d}.png")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    Image.open(paths[0]).save(paths[39])
    return [str(path) for path in paths], labels


def test_lazy_images_are_what_their_arrays_are(folder):
    paths, y = folder
    lazy = LazyImages(paths, size=(8, 8))
    model = {"lda": make_pipeline(Flatten(), LinearDiscriminantAnalysis())}
    one = compare(model, lazy, y, cv=4, **QUIET)
    other = compare(model, lazy.load(), y, cv=4, **QUIET)
    assert same(one, other)


def test_paths_are_compared_and_audited(folder, tmp_path):
    paths, y = folder
    model = make_pipeline(ImageLoader((8, 8)), Flatten(), LinearDiscriminantAnalysis())
    found = compare({"lda": model}, paths, y, cv=4, **QUIET)
    assert found.interval("lda", "accuracy").mean > 0.9
    assert found.audit is not None
    [found_twice] = [w for w in found.warnings if "duplicates with different labels" in w.text]
    assert found_twice.source == "audit"
    found.to_json(tmp_path / "found.json")
    assert repr(Comparison.from_json(tmp_path / "found.json").audit) == repr(found.audit)


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(24, size=24, patients=12, random_state=0)


def gray(lesions):
    images = np.asarray(lesions.images, dtype=float)
    return images if images.ndim == 3 else images[..., 0]


def test_segmenters_are_compared_by_the_dice_of_each_image(lesions, tmp_path):
    X, masks = gray(lesions), np.asarray(lesions.masks)
    found = compare({"brighter": Brighter()}, X, masks, groups=lesions.groups, cv=3, **QUIET)
    assert found.task == "segmentation"
    assert found.names == ("brighter", "majority mask")
    split = found.splits[1]
    model = clone(Brighter()).fit(X[split.train], masks[split.train])
    wanted = dice(masks[split.test], model.predict(X[split.test]))
    assert found.values("brighter", "dice")[1] == pytest.approx(wanted)
    assert found.predictions("brighter").shape == masks.shape
    tests = {record.test for record in found.tests().records}
    assert tests == {"corrected resampled t-test", "Wilcoxon's signed-rank test"}
    assert not set(lesions.groups[split.train]) & set(lesions.groups[split.test])
    found.to_json(tmp_path / "masks.json")
    again = Comparison.from_json(tmp_path / "masks.json")
    np.testing.assert_array_equal(again.predictions("brighter"), found.predictions("brighter"))
    assert repr(again) == repr(found)
    with pytest.raises(ValueError, match="counts classes"):
        found.confusion("brighter")


class FromPaths(Brighter):
    """Segment pictures named by their paths, learning from masks named by theirs."""

    def fit(self, X, y):
        return super().fit(*(np.stack([np.array(Image.open(path)) for path in part])
                             for part in (X, y)))  # fmt: skip

    def predict(self, X):
        return super().predict(np.stack([np.array(Image.open(path)) for path in X]))


def test_masks_may_be_paths(lesions, tmp_path):
    X, masks = gray(lesions).astype(np.uint8), np.asarray(lesions.masks) > 0
    for i, (image, mask) in enumerate(zip(X, masks, strict=True)):
        Image.fromarray(image).save(tmp_path / f"image{i:02d}.png")
        Image.fromarray((255 * mask).astype(np.uint8)).save(tmp_path / f"mask{i:02d}.png")
    names = [sorted(map(str, tmp_path.glob(f"{kind}*.png"))) for kind in ("image", "mask")]
    files = compare({"m": FromPaths()}, *names, cv=3, audit=False, **QUIET)
    arrays = compare({"m": Brighter()}, X, (255 * masks).astype(np.uint8), cv=3, **QUIET)
    for name in ("m", "majority mask"):
        np.testing.assert_array_equal(files.values(name, "dice"), arrays.values(name, "dice"))


def test_a_classifier_and_a_segmenter_cannot_be_compared(lesions):
    models = {"a": Brighter(), "b": GaussianNB()}
    with pytest.raises(ValueError, match="cannot be compared with each other"):
        compare(models, gray(lesions), np.asarray(lesions.masks), **QUIET)


class Coarse(Brighter):
    def predict(self, X):
        return super().predict(X)[:, ::2, ::2]


def test_masks_of_another_size_are_brought_to_the_size_of_the_true_ones(lesions):
    X, masks = gray(lesions), np.asarray(lesions.masks)
    found = compare({"coarse": Coarse(), "fine": Brighter()}, X, masks, cv=2, **QUIET)
    coarse, fine = found.predictions("coarse"), found.predictions("fine")
    np.testing.assert_array_equal(coarse[:, ::2, ::2], fine[:, ::2, ::2])
    np.testing.assert_array_equal(coarse[:, 1::2, 1::2], fine[:, ::2, ::2])


def test_scores_of_one_fold_agree_with_scikit_learn_on_its_predictions(two):
    fold = two.fold_results["tree"][2]
    assert fold.split is two.splits[2]
    wanted = roc_auc_score(two.y[fold.split.test], fold.predictions.decision_scores[:, 1])
    assert two.values("tree", "roc_auc")[2] == pytest.approx(wanted)
