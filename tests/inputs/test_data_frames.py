"""Tables of polars and pyarrow, and tensors under array API dispatch, as X."""

import numpy as np
import pytest
import sklearn
from PIL import Image
from sklearn.datasets import load_digits

from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, ShallowMLP, compare

X, Y = load_digits(return_X_y=True)
X, Y = X[:120], Y[:120] % 2
IMAGES = X.reshape(-1, 8, 8)
QUICK = ShallowMLP((8,), max_epochs=2, random_state=0)


def test_rows_of_polars_are_rows():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(X, schema=[f"pixel {k}" for k in range(64)])
    model = QUICK.fit(table, polars.Series(Y))
    assert list(model.feature_names_in_[:2]) == ["pixel 0", "pixel 1"]
    oracle = sklearn.base.clone(QUICK).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(table), oracle.predict_proba(X))


def test_transformers_may_put_out_polars():
    pytest.importorskip("polars")
    model = Pipeline([HOG(pixels_per_cell=4, cells_per_block=1), QUICK])
    expected = model.fit(IMAGES, Y).predict(IMAGES)
    with sklearn.config_context(transform_output="polars"):
        np.testing.assert_array_equal(model.fit(IMAGES, Y).predict(IMAGES), expected)
        found = compare({"model": model}, IMAGES, Y, cv=2, repeats=1, verbose=0)
    assert not any(result.failed for result in found.fold_results["model"])


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_paths_may_come_as_a_column(library, tmp_path):
    module = pytest.importorskip(library)
    paths = []
    for k in range(3):
        paths.append(str(tmp_path / f"{k}.png"))
        Image.new("L", (6, 5), 10 * k).save(paths[-1])
    column = module.Series(paths) if library == "polars" else module.array(paths)
    loader = ImageLoader((5, 6))
    np.testing.assert_array_equal(loader.fit_transform(column), loader.fit_transform(paths))


@pytest.mark.parametrize("model", [QUICK, ScratchCNN((4,), max_epochs=1, random_state=0)])
def test_tensors_are_taken_under_array_api_dispatch(model, monkeypatch):
    import torch

    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # as scipy needs it
    expected = model.fit(IMAGES, Y).predict_proba(IMAGES)
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(Y)
    with sklearn.config_context(array_api_dispatch=True):
        found = model.fit(images, labels).predict_proba(images)
    np.testing.assert_array_equal(found, expected)
