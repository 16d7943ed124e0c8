"""OptunaSearch has what scikit-learn's searches have: parameters, weights, errors and callbacks.

tests/foreign/test_sklearn_search.py runs scikit-learn's own tests of its searches.
"""

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy.stats import loguniform, randint, uniform
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import FitFailedWarning, UnsetMetadataPassedError
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmedimg.search import OptunaSearch

X, Y = load_breast_cancer(return_X_y=True)
TREE = DecisionTreeClassifier(random_state=0)
DEPTHS = {"max_depth": [1, 2, 3]}


def search(**options):
    return OptunaSearch(TREE, DEPTHS, **{"n_trials": 8, "cv": 3, "random_state": 0} | options)


class Fussy(ClassifierMixin, BaseEstimator):
    """Fails where its value is large."""

    def __init__(self, value=0.0):
        self.value = value

    def fit(self, X, y):
        if self.value > 0.7:
            raise MemoryError("out of memory")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_several_estimators_have_parameters_that_set_params_reaches():
    trees = OptunaSearch(
        {"tree": make_pipeline(DecisionTreeClassifier()), "bayes": GaussianNB()},
        {"tree": {}, "bayes": {}},
    )
    trees.set_params(estimators__tree__decisiontreeclassifier__max_depth=2, n_trials=3)
    assert trees.get_params()["estimators__tree"][0].max_depth == 2
    assert trees.get_params()["estimators__tree__decisiontreeclassifier__max_depth"] == 2
    assert trees.n_trials == 3
    given = trees.estimators
    trees.set_params(estimators__tree__max_depth=1, estimators__tree=DecisionTreeClassifier())
    assert trees.estimators["tree"].max_depth == 1
    assert isinstance(given["tree"], type(make_pipeline("passthrough")))
    with pytest.raises(ValueError, match="'estimators__forest__max_depth'.*'tree', 'bayes'"):
        trees.set_params(estimators__forest__max_depth=1)
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        trees.set_params(estimators__tree__depth=1)
    assert clone(trees).get_params()["estimators__tree__max_depth"] == 1
    assert "DecisionTreeClassifier" in trees._repr_html_()
    assert "GaussianNB" in trees._repr_html_()


def test_train_scores_times_and_names_are_those_of_scikit_learn():
    frame, _ = load_breast_cancer(return_X_y=True, as_frame=True)
    grid = GridSearchCV(TREE, DEPTHS, cv=3, return_train_score=True).fit(frame, Y)
    ours = OptunaSearch(
        TREE,
        DEPTHS,
        cv=3,
        n_trials=6,
        return_train_score=True,
        random_state=0,
    ).fit(frame, Y)
    tried = ours.cv_results_["param_max_depth"]
    assert tried.dtype == grid.cv_results_["param_max_depth"].dtype
    complete = ours.cv_results_["state"] == "complete"
    for key in ("mean_train_score", "std_train_score", "split1_train_score", "mean_test_score"):
        theirs = dict(zip([1, 2, 3], grid.cv_results_[key], strict=True))
        wanted = [theirs[depth] for depth in tried[complete]]
        np.testing.assert_array_equal(ours.cv_results_[key][complete], wanted)
    assert (ours.cv_results_["mean_fit_time"] > 0).all()  # of pruned trials too
    assert list(ours.feature_names_in_) == list(frame.columns)
    assert ours.refit_time_ > 0
    assert not ours.multimetric_
    table = ours.trials_dataframe()
    assert list(table["params_max_depth"]) == list(tried)
    assert list(table["value"][complete]) == list(ours.cv_results_["mean_test_score"][complete])


def test_weights_reach_the_fits_and_the_scores_of_the_folds():
    weights = np.random.RandomState(0).randint(0, 4, size=len(Y))
    grid = GridSearchCV(TREE, DEPTHS, cv=3).fit(X, Y, sample_weight=weights)
    ours = OptunaSearch(TREE, DEPTHS, cv=3, n_trials=3, random_state=0)
    ours.fit(X, Y, sample_weight=weights)
    theirs = dict(zip([1, 2, 3], grid.cv_results_["mean_test_score"], strict=True))
    assert ours.best_score_ == theirs[ours.best_params_["max_depth"]]
    assert ours.best_score_ != ours.fit(X, Y).best_score_


def test_each_estimator_gets_the_metadata_that_it_requests():
    weights = np.arange(len(Y)) % 3 + 0.0
    models = {"bayes": GaussianNB(), "neighbors": KNeighborsClassifier()}
    spaces = {"bayes": {}, "neighbors": {}}
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        mixed = OptunaSearch(models, spaces, n_trials=4, cv=2, scoring=scorer, random_state=0)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight.*GaussianNB.fit"):
            mixed.fit(X, Y, sample_weight=weights)
        models["bayes"].set_fit_request(sample_weight=True)
        mixed.fit(X, Y, sample_weight=weights)
        alone = cross_val_score(
            models["bayes"], X, Y, cv=2, scoring=scorer, params={"sample_weight": weights}
        )
    results = mixed.cv_results_
    assert set(results["estimator"]) == set(models)
    bayes = results["mean_test_score"][results["estimator"] == "bayes"]
    assert (bayes == alone.mean()).all()


def test_a_stored_study_does_not_go_on_with_other_weights(tmp_path):
    storage = f"journal:{tmp_path}/study.log"
    search(storage=storage, n_trials=2).fit(X, Y)
    weighted = search(storage=storage, n_trials=2).fit(X, Y, sample_weight=np.ones(len(Y)))
    assert len(weighted.study_.trials) == 2
    assert (
        weighted.study_.study_name
        != search(storage=storage, n_trials=2).fit(X, Y).study_.study_name
    )


def test_a_patient_on_both_sides_of_a_split_of_ones_own_is_refused():
    groups = np.arange(len(Y)) // 2 % 50
    with pytest.raises(ValueError, match="cv has .* on both sides"):
        search(cv=KFold(3, shuffle=True, random_state=0)).fit(X, Y, groups=groups)


def test_distributions_of_scipy_are_those_of_optuna():
    space = {
        "max_depth": randint(1, 4),
        "ccp_alpha": uniform(0, 0.01),
        "min_impurity_decrease": loguniform(1e-6, 1e-3),
        "min_samples_leaf": np.array([1, 5]),
        "splitter": ("best", "random"),
    }
    found = OptunaSearch(TREE, space, n_trials=3, cv=2, random_state=0).fit(X, Y)
    drawn = found.study_.trials[0].distributions
    assert drawn["max_depth"] == IntDistribution(1, 3)
    assert drawn["ccp_alpha"] == FloatDistribution(0, 0.01)
    assert drawn["min_impurity_decrease"] == FloatDistribution(1e-6, 1e-3, log=True)
    assert drawn["min_samples_leaf"] == CategoricalDistribution((1, 5))
    assert drawn["splitter"] == CategoricalDistribution(("best", "random"))


def test_a_fold_that_fails_may_count_as_a_number():
    fussy = OptunaSearch(Fussy(), {"value": [0.6, 0.9]}, n_trials=4, cv=2, random_state=0)
    with pytest.warns(FitFailedWarning, match="of 4 trials failed .*error_score=0.25"):
        found = fussy.set_params(error_score=0.25).fit(X, Y)
    failed = found.cv_results_["param_value"] == 0.9
    assert (found.cv_results_["mean_test_score"][failed] == 0.25).all()
    assert (found.cv_results_["state"] == "complete").all()
    assert ((found.cv_results_["error"] != "") == failed).all()
    with pytest.raises(ValueError, match="4 failed, .* out of memory"):
        fussy.set_params(spaces={"value": [0.9]}).fit(X, Y)


def test_an_error_may_end_the_search_at_once():
    study = optuna.create_study(direction="maximize")
    fussy = OptunaSearch(Fussy(), {"value": [0.9]}, study=study, cv=2, error_score="raise")
    with pytest.raises(MemoryError, match="out of memory"):
        fussy.fit(X, Y)
    assert [trial.state.name for trial in study.trials] == ["FAIL"]
    assert study.trials[0].user_attrs["error"] == "MemoryError: out of memory"
    with pytest.raises(MemoryError):
        OptunaSearch(Fussy(), {"value": [0.9]}, cv=2, catch=(ValueError, OSError)).fit(X, Y)
    with pytest.raises(ValueError, match="No trial is complete"):
        OptunaSearch(Fussy(), {"value": [0.9]}, cv=2, n_trials=2, catch=MemoryError).fit(X, Y)


def test_a_score_of_several_metrics_needs_a_name():
    metrics = ["accuracy", "roc_auc"]
    found = search(scoring=metrics, refit=lambda results: 1, n_trials=2).fit(X, Y)
    assert found.best_index_ == 1
    assert found.scorer_["roc_auc"](found.best_estimator_, X, Y) > 0.9
    with pytest.raises(ValueError, match="score needs one metric"):
        found.score(X, Y)


def test_labels_of_an_unknown_kind_are_named_at_once():
    with pytest.raises(ValueError, match="Unknown label type"):
        search().fit(X[:4], np.array([{}, 1, {}, 1], dtype=object))


def test_callbacks_of_optuna_see_every_trial_and_may_stop_the_study():
    seen = []

    def stop_at_third(study, trial):
        seen.append((trial.number, trial.state.name))
        if trial.number == 2:
            study.stop()

    found = search(callbacks=[stop_at_third]).fit(X, Y)
    assert [number for number, _ in seen] == [0, 1, 2]
    assert len(found.cv_results_["params"]) == 3
    assert found.study_.stop.__self__ is found.study_  # as it was


def test_a_line_per_trial_says_what_was_tried_and_what_is_best(capsys):
    model = make_pipeline(StandardScaler(), GaussianNB())
    space = {
        "standardscaler": [StandardScaler(with_mean=False)],
        "gaussiannb__var_smoothing": FloatDistribution(1e-12, 1e-2),
    }
    found = OptunaSearch(
        {"bayes": model}, {"bayes": space}, n_trials=2, cv=2, verbose=1, random_state=0
    ).fit(X, Y)
    first, second = capsys.readouterr().out.splitlines()
    smoothing = found.cv_results_["param_gaussiannb__var_smoothing"][0]
    score = found.cv_results_["mean_test_score"][0]
    assert first.startswith(
        "trial 0: bayes, standardscaler=StandardScaler, "
        f"gaussiannb__var_smoothing={smoothing:.4g}: {score:.4g} "
        f"(best {score:.4g} in trial 0, 1 of 2 done, "
    )
    assert f"(best {found.best_score_:.4g} in trial {found.best_index_}, 2 of 2 done" in second


@pytest.mark.filterwarnings("ignore:The estimator .* does not support callbacks")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_progress_bar_shows_trials_and_the_best_so_far(n_jobs, capsys, filters_put_back):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.8 has no callbacks")
    pytest.importorskip("rich")
    bar = callback.ProgressBar()
    found = search(n_trials=3, n_jobs=n_jobs).set_callbacks(bar).fit(X, Y)
    shown = capsys.readouterr().out
    assert "OptunaSearch - search" in shown
    assert "OptunaSearch - trial #0" in shown
    if n_jobs == 1:
        best = found.cv_results_["mean_test_score"][0]
        assert f"trial (best so far {best:.4g}) #1" in shown
    assert len(found.cv_results_["params"]) == 3


def test_a_callback_of_scikit_learn_may_stop_the_search(tmp_path):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.8 has no callbacks")

    class Stopping:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context):
            return context.task_name.startswith("trial") and context.task_id == 1

    storage = f"journal:{tmp_path}/study.log"
    stopped = search(storage=storage).set_callbacks(Stopping())
    assert len(stopped.fit(X, Y).cv_results_["params"]) == 2
    assert len(stopped.fit(X, Y).cv_results_["params"]) == 8  # trial 1 is over
