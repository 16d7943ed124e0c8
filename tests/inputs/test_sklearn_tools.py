"""scikit-learn's utilities work on every kind of X: rows, stacks, tensors, paths, lazy stacks."""

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import Pipeline as ImbalancedPipeline
from imblearn.under_sampling import RandomUnderSampler
from PIL import Image
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline as SklearnPipeline

from skmedimg import HOG, Pipeline, Resample, ScratchCNN, ShallowMLP
from skmedimg.datasets import make_lesions
from skmedimg.images import LazyImages

DATA = make_lesions(48, size=16, noise=0.05, random_state=0)
MODEL = ScratchCNN((4,), dense_units=(), max_epochs=2, image_shape=(16, 16), random_state=0)
SEARCH = {"cv": 2, "error_score": "raise"}
KINDS = ["rows", "stack", "channels", "tensor", "lazy", "paths", "list", "series", "column"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    paths = [str(folder / f"{row}.png") for row in range(len(DATA.images))]
    for path, image in zip(paths, DATA.images, strict=True):
        Image.fromarray(image).save(path)
    return {
        "rows": DATA.images.reshape(48, -1),
        "stack": DATA.images,
        "channels": DATA.images[..., None],
        "tensor": torch.from_numpy(DATA.images),
        "lazy": LazyImages(paths),
        "paths": np.array(paths, dtype=object),
        "list": paths,
        "series": pd.Series(paths, index=range(100, 148)),
        "column": np.array(paths, dtype=object)[:, None],
    }


@pytest.fixture(params=KINDS)
def X(request, stored):
    return stored[request.param]


@pytest.fixture(params=["rows", "column"])
def rows(request, stored):
    return stored[request.param]


def finite(scores):
    return np.isfinite(scores).all()


def test_train_test_split(X):
    train, test, y_train, _ = train_test_split(X, DATA.target, random_state=0)
    assert clone(MODEL).fit(train, y_train).predict(test).shape == (12,)


@pytest.mark.slow
def test_cross_validation(X):
    assert finite(cross_val_score(MODEL, X, DATA.target, **SEARCH))
    assert cross_val_predict(MODEL, X, DATA.target, cv=2, method="predict_proba").shape == (48, 2)
    result = cross_validate(
        MODEL, X, DATA.target, scoring=["roc_auc", "f1"], return_train_score=True, **SEARCH
    )
    assert finite(result["test_roc_auc"])


def test_every_kind_of_X_gives_the_same_scores(stored):
    scores = [cross_val_score(MODEL, stored[kind], DATA.target, **SEARCH) for kind in KINDS]
    for other in scores[1:]:
        np.testing.assert_array_equal(scores[0], other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(MODEL, {"filters": [(2,), (4,)]}, **SEARCH),
        RandomizedSearchCV(MODEL, {"filters": [(2,), (4,)]}, n_iter=2, **SEARCH),
        HalvingGridSearchCV(
            MODEL, {"filters": [(2,), (4,)]}, resource="max_epochs", min_resources=1,
            max_resources=2, **SEARCH,
        ),
    ],
    ids=lambda search: type(search).__name__,
)  # fmt: skip
def test_searches(search, X):
    assert clone(search).fit(X, DATA.target).predict(X).shape == (48,)


def test_searches_in_two_processes(X):
    grid = GridSearchCV(MODEL, {"filters": [(2,), (4,)]}, n_jobs=2, **SEARCH)
    assert finite(grid.fit(X, DATA.target).cv_results_["mean_test_score"])


@pytest.mark.slow
def test_a_nested_search_by_several_scores_keeps_groups_together(X):
    groups = np.arange(48) // 3
    grid = GridSearchCV(
        Pipeline([MODEL]), {"scratchcnn__filters": [(2,), (4,)]}, cv=GroupKFold(2),
        scoring=["accuracy", "roc_auc"], refit="roc_auc", error_score="raise",
    )  # fmt: skip
    outer = cross_val_score(
        grid, X, DATA.target, groups=groups, cv=GroupKFold(2), params={"groups": groups},
        error_score="raise",
    )  # fmt: skip
    assert finite(outer)


@pytest.mark.slow
def test_curves(X):
    sizes, _, scores = learning_curve(
        MODEL, X, DATA.target, train_sizes=[0.5, 1.0], cv=2, error_score="raise"
    )
    assert len(sizes) == 2
    assert finite(scores)
    _, scores = validation_curve(
        MODEL, X, DATA.target, param_name="max_epochs", param_range=[1, 2], **SEARCH
    )
    assert finite(scores)


@pytest.mark.parametrize("kind", [SklearnPipeline, ImbalancedPipeline, Pipeline])
def test_pipelines(kind, X):
    hog = HOG(pixels_per_cell=(8, 8), cells_per_block=(1, 1), image_shape=(16, 16))
    model = kind([("hog", hog), ("mlp", ShallowMLP((4,), max_epochs=2, random_state=0))])
    assert model.fit(X, DATA.target).predict_proba(X).shape == (48, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: StackingClassifier([("cnn", model)], LogisticRegression(), cv=2),
        lambda model: VotingClassifier([("a", model), ("b", model)], voting="soft"),
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: CalibratedClassifierCV(model, cv=2, method="temperature"),
        lambda model: TunedThresholdClassifierCV(model, cv=2),
        lambda model: OneVsRestClassifier(model),
    ],
    ids=["stacking", "voting", "sigmoid", "temperature", "threshold", "one-vs-rest"],
)
def test_wrappers(wrap, X):
    assert wrap(clone(MODEL)).fit(X, DATA.target).predict(X).shape == (48,)


def test_bagging_takes_rows_and_columns(rows):
    bag = BaggingClassifier(MODEL, n_estimators=2, random_state=0).fit(rows, DATA.target)
    assert bag.predict(rows).shape == (48,)


def test_permutation_importance_takes_rows_and_columns(rows):
    model = clone(MODEL).fit(rows, DATA.target)
    found = permutation_importance(
        model, rows, DATA.target, n_repeats=1, random_state=0, max_samples=8
    )
    assert found.importances.shape == (rows.shape[1], 1)


def test_random_samplers_of_imbalanced_learn_take_rows_and_columns(rows):
    model = Pipeline([RandomUnderSampler(random_state=0), clone(MODEL)]).fit(rows, DATA.target)
    assert model.predict(rows).shape == (48,)


def test_random_samplers_take_everything_through_resample(X):
    sampler = Resample(RandomUnderSampler(sampling_strategy={0: 10, 1: 12}, random_state=0))
    kept, labels = sampler.fit_resample(X, DATA.target)
    assert len(kept) == len(labels) == 22
    model = Pipeline([sampler, clone(MODEL)]).fit(X, DATA.target)
    assert model.predict(X).shape == (48,)
