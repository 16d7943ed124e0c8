"""Our Pipeline: unnamed steps, samplers, patients and scikit-learn's callbacks."""

import numpy as np
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    cross_val_score,
)
from sklearn.preprocessing import StandardScaler

from skmedimg import HOG, Pipeline, Resample, ScratchCNN, ShallowMLP, ThresholdAt
from skmedimg.evaluation import TrainingCurvesDisplay
from skmedimg.inspection import grad_cam, parameter_table
from skmedimg.neural import lr_find

X, Y = load_digits(return_X_y=True)
X, Y = X[:300].reshape(-1, 8, 8), Y[:300]
ROWS, IS_EVEN = X.reshape(len(X), -1), Y % 2 == 0
HOG_4 = HOG(pixels_per_cell=(4, 4), cells_per_block=(1, 1))
QUICK = ShallowMLP((16,), max_epochs=5, random_state=0)


class Remember(BaseEstimator):
    """A last step that keeps what its fit was given."""

    def fit(self, X, y, groups=None, sample_weight=None):
        self.seen_ = X, y, groups, sample_weight
        return self

    def predict(self, X):
        return np.zeros(len(X))


class Same(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


def test_unnamed_steps_work_as_written():
    model = Pipeline([HOG_4, ShallowMLP(random_state=0)]).fit(X, Y)
    assert list(model.named_steps) == ["hog", "shallowmlp"]
    assert model.score(X, Y) > 0.8
    np.testing.assert_array_equal(model.classes_, np.arange(10))


def test_it_predicts_what_the_same_steps_in_scikit_learns_pipeline_predict():
    oracle = sklearn.pipeline.make_pipeline(clone(HOG_4), clone(QUICK)).fit(X, Y)
    ours = Pipeline([clone(HOG_4), clone(QUICK)]).fit(X, Y)
    np.testing.assert_array_equal(ours.predict_proba(X), oracle.predict_proba(X))


def test_names_are_readable_unique_and_yours_are_kept():
    steps = [Same(), Same(), ("same_3", Same()), ("last", Same())]
    assert list(Pipeline(steps).named_steps) == ["same", "same_2", "same_3", "last"]
    assert list(Pipeline([StandardScaler(), "passthrough"]).named_steps)[1] == "passthrough"


def test_it_clones_and_its_steps_are_tuned_by_name():
    model = clone(Pipeline([HOG_4, QUICK]))
    model.set_params(hog__orientations=5, shallowmlp__hidden_units=(7,))
    assert model.named_steps["hog"].orientations == 5
    grid = {"shallowmlp__hidden_units": [(4,), (16,)], "hog__orientations": [4]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_params_["shallowmlp__hidden_units"] == (16,)


@pytest.mark.parametrize("steps", [HOG_4, "hog", None])
def test_steps_that_are_no_list_are_refused(steps):
    with pytest.raises(TypeError, match="steps needs a list"):
        Pipeline(steps).fit(X, Y)


def test_steps_given_one_by_one_are_refused_with_the_line_to_write():
    with pytest.raises(TypeError, match=r"write Pipeline\(\[HOG\(\), Same\(\)\]\)"):
        Pipeline(HOG_4, Same())


def test_pipelines_may_be_steps_of_pipelines():
    inner = Pipeline([Same(), HOG_4])
    nested = Pipeline([inner, Remember()]).fit(X, Y, groups=np.arange(300))
    flat = Pipeline([Same(), HOG_4, Remember()]).fit(X, Y)
    np.testing.assert_array_equal(nested[-1].seen_[0], flat[-1].seen_[0])
    np.testing.assert_array_equal(nested[-1].seen_[2], np.arange(300))


def test_a_sampler_inside_an_inner_pipeline_is_refused():
    inner = Pipeline([Resample(RandomOverSampler(random_state=0)), HOG_4])
    with pytest.raises(TypeError, match="put the sampler into the outer Pipeline"):
        Pipeline([inner, Remember()]).fit(X, Y)


@pytest.mark.parametrize("method", ["fit_transform", "fit_predict"])
def test_groups_and_weights_reach_the_last_step_by_every_way_to_fit(method):
    class Both(Remember):
        def fit_transform(self, X, y=None, **params):
            return self.fit(X, y, **params)

        fit_predict = fit_transform

    given = {"groups": np.arange(300) // 3, "sample_weight": np.arange(300.0)}
    last = getattr(Pipeline([Same(), Both()]), method)(X, Y, **given)
    np.testing.assert_array_equal(last.seen_[2], given["groups"])


def test_groups_and_weights_reach_the_last_step():
    groups, weights = np.arange(300) // 3, np.arange(300.0)
    last = Pipeline([Same(), Remember()]).fit(X, Y, groups=groups, sample_weight=weights)[-1]
    np.testing.assert_array_equal(last.seen_[2], groups)
    np.testing.assert_array_equal(last.seen_[3], weights)


def test_score_drops_nothing_that_it_is_given():
    class Scored(LogisticRegression):
        def score(self, X, y, sample_weight=None, groups=None):
            return X.mean(), sample_weight, groups

    rows, groups = X.reshape(300, -1), np.arange(300) // 3
    pipeline = Pipeline([StandardScaler(), Scored()]).fit(rows, Y)
    mean, weights, patients = pipeline.score(rows, Y, groups, groups=groups)
    assert abs(mean) < 1e-6
    assert weights is groups
    assert patients is groups
    pipeline = Pipeline([StandardScaler(), LogisticRegression()]).fit(rows, Y)
    with pytest.raises(TypeError, match="unexpected keyword argument 'groups'"):
        pipeline.score(rows, Y, groups=groups)


def test_groups_and_weights_follow_a_sampler():
    y = (Y == 0).astype(int)
    groups = np.arange(300)
    model = Pipeline([Resample(RandomOverSampler(random_state=0)), Remember()])
    images, labels, patients, weights = model.fit(X, y, groups, groups * 2.0)[-1].seen_
    np.testing.assert_array_equal(images, X[patients])
    np.testing.assert_array_equal(labels, y[patients])
    np.testing.assert_array_equal(weights, patients * 2.0)
    assert labels.mean() == 0.5


def test_a_sampler_that_does_not_say_which_rows_it_kept_is_named():
    class Silent(BaseEstimator):
        def fit_resample(self, X, y):
            return X[:10], y[:10]

    with pytest.raises(ValueError, match="cannot follow step 'silent'"):
        Pipeline([Silent(), Remember()]).fit(X, Y, groups=np.arange(300))


def test_groups_pass_through_cross_validation_with_and_without_routing():
    groups = np.arange(300) // 3
    model = Pipeline([HOG_4, clone(QUICK).set_params(early_stopping=True, validation_fraction=0.2)])
    plain = cross_val_score(
        model, X, Y, groups=groups, cv=GroupKFold(2), params={"groups": groups}, error_score="raise"
    )
    with sklearn.config_context(enable_metadata_routing=True):
        model[-1].set_fit_request(groups=True, sample_weight=False)
        routed = cross_val_score(
            model, X, Y, cv=GroupKFold(2), params={"groups": groups}, error_score="raise"
        )
    np.testing.assert_array_equal(plain, routed)


def test_a_prefix_still_works():
    weights = np.ones(300)
    last = Pipeline([Same(), Remember()]).fit(X, Y, remember__sample_weight=weights)[-1]
    assert last.seen_[3] is weights


def test_it_shows_as_html_and_text():
    model = Pipeline([HOG_4, QUICK])
    assert "ShallowMLP" in model._repr_html_()
    assert "('hog', HOG(" in repr(model)


def test_memory_caches_the_transformers(tmp_path):
    once = Pipeline([HOG_4, QUICK], memory=str(tmp_path)).fit(X, Y)
    again = Pipeline([HOG_4, QUICK], memory=str(tmp_path)).fit(X, Y)
    np.testing.assert_array_equal(once.predict_proba(X), again.predict_proba(X))
    assert any(tmp_path.rglob("*.pkl"))


def test_a_last_step_may_be_passthrough_or_a_plain_estimator():
    assert Pipeline([HOG_4, "passthrough"]).fit(X).transform(X).shape == (300, 36)
    model = Pipeline([HOG_4, LogisticRegression(max_iter=500)]).fit(X, Y)
    assert model.score(X, Y) > 0.9


class KeepHalf(BaseEstimator):
    """A sampler that keeps every second row."""

    def fit_resample(self, X, y):
        return X[::2], y[::2]


def nested(last):
    """Return a pipeline in a pipeline, with steps that do nothing."""
    inner = Pipeline([("nothing", None), ("scale", StandardScaler()), ("last", last)])
    return Pipeline([("sampler", KeepHalf()), ("pass", "passthrough"), ("inner", inner)])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: GridSearchCV(model, {"inner__last__max_epochs": [1]}, cv=2),
        lambda model: FixedThresholdClassifier(model, threshold=0.4),
        lambda model: ThresholdAt(model, sensitivity=0.9, pos_label=1, cv=2),
        lambda model: FrozenEstimator(model.fit(ROWS, IS_EVEN)),
        lambda model: Pipeline([GridSearchCV(model, {"inner__last__max_epochs": [1]}, cv=2)]),
    ],
)
def test_the_final_estimator_is_found_inside_pipelines_searches_and_wrappers(wrap):
    network = ScratchCNN((2,), image_shape=(8, 8), max_epochs=1, device="cpu", random_state=0)
    model = wrap(nested(network)).fit(ROWS, IS_EVEN)
    scaler = StandardScaler().fit(ROWS[::2])
    alone = clone(network).fit(scaler.transform(ROWS[::2]), IS_EVEN[::2])
    # The map is that of the network for what the steps before it hand on, the sampler left out.
    found, expected = grad_cam(model, ROWS), grad_cam(alone, scaler.transform(ROWS))
    np.testing.assert_array_equal(found, expected)
    assert found.any()
    assert parameter_table(model).parameters == parameter_table(alone).parameters


def test_ensembles_and_feature_selectors_are_final_themselves():
    ensemble = BaggingClassifier(LogisticRegression(max_iter=1000), 2, random_state=0)
    selector = RFE(LogisticRegression(max_iter=1000), step=40)
    for model in (ensemble, selector):
        with pytest.raises(TypeError, match=f"{type(model).__name__} has no layers"):
            parameter_table(Pipeline([model]).fit(ROWS, IS_EVEN))


def test_an_unfitted_search_is_final_for_it_has_not_chosen_yet():
    search = GridSearchCV(nested(LogisticRegression()), {})
    with pytest.raises(TypeError, match="GridSearchCV has no layers"):
        parameter_table(search)


def test_counts_histories_and_cards_see_the_network_inside_a_search():
    search = GridSearchCV(Pipeline([HOG_4, QUICK]), {"shallowmlp__max_epochs": [2]}, cv=2)
    wrapped = ThresholdAt(search, cv=2, pos_label=True).fit(X, IS_EVEN)
    network = wrapped.estimator_.best_estimator_[-1]
    n_weights = sum(p.numel() for p in network.net_.module_.parameters())
    assert parameter_table(wrapped).parameters == n_weights
    assert len(TrainingCurvesDisplay.from_estimator(wrapped, plot=False).histories[0]) == 2
    assert lr_find(wrapped, X, IS_EVEN, steps=20).suggestion > 0
