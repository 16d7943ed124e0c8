"""Resample: imbalanced-learn's own choice of rows, on whatever the rows are."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTEN, RandomOverSampler
from imblearn.pipeline import Pipeline as ImblearnPipeline
from imblearn.under_sampling import NearMiss, RandomUnderSampler, TomekLinks
from imblearn.utils.estimator_checks import estimator_checks_generator
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from skmedimg import Augmenter, Pipeline, Resample
from skmedimg.datasets import make_lesions
from skmedimg.images import LazyImages

SAMPLERS = [RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)]
Y = np.array([0, 0, 1, 0, 0, 1, 0, 0, 1, 0] * 2)  # 14 and 6, mixed


class Recorder(ClassifierMixin, BaseEstimator):
    """A last step that keeps what it is given."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.classes_ = np.unique(y)
        self.X_, self.y_, self.weight_, self.groups_ = X, y, sample_weight, groups
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.fixture
def files(tmp_path):
    """Twenty small images, each of one gray."""
    paths = [tmp_path / f"{k}.png" for k in range(20)]
    for k, path in enumerate(paths):
        Image.new("L", (8, 8), k).save(path)
    return paths


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_come_out_as_imbalanced_learn_itself_returns_them(sampler):
    rows = np.random.default_rng(0).random((20, 5))
    expected_X, expected_y = sampler.fit_resample(rows, Y)
    X, y = Resample(sampler).fit_resample(rows, Y)
    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(y, expected_y)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_stacks_keep_their_shape_dtype_and_order(sampler, channels):
    images = make_lesions(20, size=16, channels=channels, random_state=0).images
    resample = Resample(sampler)
    X, y = resample.fit_resample(images, Y)
    assert X.dtype == np.uint8
    np.testing.assert_array_equal(X, images[resample.sample_indices_])
    np.testing.assert_array_equal(y, Y[resample.sample_indices_])
    counts = np.bincount(y)
    assert counts[0] == counts[1] == (14 if isinstance(sampler, RandomOverSampler) else 6)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, "column", "frame"])
def test_paths_stay_paths_of_their_kind(kind, files):
    paths = [str(path) for path in files]
    column = np.array(paths, dtype=object)[:, None]
    X = {"column": column, "frame": pd.DataFrame({"path": paths})}.get(kind)
    X = kind(paths) if X is None else X
    resample = Resample(SAMPLERS[1])
    chosen, y = resample.fit_resample(X, Y.tolist())
    assert type(chosen) is type(X)
    assert isinstance(y, list)
    flat = np.asarray(chosen, dtype=object).ravel().tolist()
    assert flat == [paths[row] for row in resample.sample_indices_]


def test_path_objects_stay_path_objects(files):
    chosen, _ = Resample(SAMPLERS[1]).fit_resample(files, Y)
    assert all(isinstance(path, Path) for path in chosen)


def test_a_lazy_stack_stays_undecoded(files):
    lazy = LazyImages(files, size=(8, 8))
    for path in files:
        path.unlink()  # whoever decodes now fails
    resample = Resample(SAMPLERS[0])
    X, _ = resample.fit_resample(lazy, Y)
    assert isinstance(X, LazyImages)
    assert X.shape == (28, 8, 8)
    assert list(X.paths) == [str(files[row]) for row in resample.sample_indices_]


@pytest.mark.parametrize("step", [Resample(SAMPLERS[1]), Augmenter(noise=0.1, balance=True)])
def test_weights_and_patients_follow_their_images_through_a_pipeline(step):
    images = np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), dtype=np.uint8)
    pipeline = Pipeline([Resample(SAMPLERS[0]), step, Recorder()])
    pipeline.fit(images, Y, sample_weight=np.arange(20.0), groups=np.arange(20) + 100)
    last = pipeline[-1]
    np.testing.assert_array_equal(last.y_, Y[last.groups_ - 100])
    np.testing.assert_array_equal(last.weight_, last.groups_ - 100)
    if isinstance(step, Resample):
        np.testing.assert_array_equal(last.X_[:, 0, 0], last.weight_)


def test_it_works_in_imbalanced_learns_pipeline_and_its_sampler_can_be_tuned():
    images = make_lesions(20, size=16, random_state=0).images
    pipeline = ImblearnPipeline([("balance", Resample(SAMPLERS[1])), ("last", DummyClassifier())])
    grid = {"balance__sampler__sampling_strategy": [0.8, 1.0], "balance__sampler": SAMPLERS}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(images, Y)
    assert len(search.cv_results_["params"]) == 4
    assert search.predict(images).shape == (20,)


def test_the_given_sampler_stays_unfitted_and_the_strategy_is_reported():
    sampler = RandomUnderSampler(random_state=0)
    resample = Resample(sampler).fit(np.zeros((20, 4, 4)), Y)
    assert not hasattr(sampler, "sample_indices_")
    assert dict(resample.sampling_strategy_) == {0: 6}
    assert resample.image_shape_ == (4, 4, 1)


@pytest.mark.parametrize(
    "sampler",
    [SMOTE(), SMOTEN(), NearMiss(), TomekLinks(), RandomOverSampler(shrinkage=1.0, random_state=0)],
)
def test_samplers_that_compute_with_pixels_are_refused(sampler):
    with pytest.raises(ValueError, match=r"sampler=.* computes with .* Augmenter\(balance=True\)"):
        Resample(sampler).fit_resample(np.zeros((20, 4, 4)), Y)


def test_something_else_than_a_sampler_is_refused():
    with pytest.raises(ValueError, match="'sampler' parameter of Resample"):
        Resample(DummyClassifier()).fit_resample(np.zeros((20, 4, 4)), Y)


@pytest.mark.usefixtures("numpy_generator_put_back")
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_scikit_learns_checks_pass(sampler):
    results = check_estimator(Resample(sampler), on_skip=None, on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 41


@pytest.mark.usefixtures("numpy_generator_put_back")
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_imbalanced_learns_checks_pass_but_for_sparse_images(sampler):
    passed = []
    for estimator, check in estimator_checks_generator(Resample(sampler)):
        if check.func.__name__ == "check_samplers_pandas_sparse":
            with pytest.raises(TypeError, match="Sparse data"):  # the contract has no sparse X
                check(estimator)
        else:
            check(estimator)
            passed.append(check.func.__name__)
    assert len(passed) >= 14
