"""Warnings name the line of the user's code, whatever lies between it and the package."""

import ast
import linecache
from pathlib import Path

import numpy as np
import pytest
from imblearn.pipeline import Pipeline as BalancedPipeline
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline as SklearnPipeline

import skmedimg
from skmedimg import PatientAggregator, Pipeline, ShallowMLP

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 16)).astype(np.uint8)
LABELS = np.tile([0, 1], 6)
PATIENTS = np.arange(12) // 2


@pytest.fixture
def damaged(tmp_path):
    """A checkpoint that a fit cannot read, and says so."""
    (tmp_path / "training.pt").write_bytes(b"damaged")
    return tmp_path


def mlp():
    return ShallowMLP((2,), max_epochs=1, device="cpu", random_state=0)


def line_of(caught):
    """Return the source of the line that the only warning names; it has to be in this file."""
    assert [warning.filename for warning in caught] == [__file__]
    return linecache.getline(__file__, caught[0].lineno)


def test_fit_of_an_estimator(damaged):
    model = mlp()
    with pytest.warns(UserWarning, match="training.pt") as caught:
        model.fit(PIXELS, LABELS, checkpoint=damaged)  # the user's line
    assert "the user's line" in line_of(caught)


def test_fit_inside_a_search(damaged):
    search = GridSearchCV(mlp(), {"batch_size": [4]}, cv=[(range(8), range(8, 12))], refit=False)
    with pytest.warns(UserWarning, match="training.pt") as caught:
        search.fit(PIXELS, LABELS, checkpoint=damaged)  # the user's line
    assert "the user's line" in line_of(caught)


@pytest.mark.parametrize("kind", [Pipeline, SklearnPipeline, BalancedPipeline])
def test_prediction_of_a_pipeline(kind):
    pipeline = kind([("images", "passthrough"), ("mlp", mlp())]).fit(PIXELS, LABELS)
    with pytest.warns(UserWarning, match="float64") as caught:
        pipeline.predict(PIXELS.astype(float))  # the user's line
    assert "the user's line" in line_of(caught)


def test_an_aggregator_around_an_estimator():
    patients = PatientAggregator(mlp()).fit(PIXELS, LABELS, groups=PATIENTS)
    with pytest.warns(UserWarning, match="float64") as caught:
        patients.predict(PIXELS.astype(float), PATIENTS)  # the user's line
    assert "the user's line" in line_of(caught)


def test_no_other_module_warns_by_itself():
    package = Path(skmedimg.__file__).parent
    others = [path for path in package.rglob("*.py") if path.name != "_warnings.py"]
    assert [path for path in others if warns(ast.parse(path.read_text("utf-8")))] == []


def test_a_module_that_warns_by_itself_is_found():
    assert warns(ast.parse("import warnings\nwarnings.warn('so')"))
    assert warns(ast.parse("from warnings import warn"))


def warns(tree):
    """Tell whether a module calls warnings.warn or imports it by name."""
    return any(
        (isinstance(node, ast.Attribute) and ast.unparse(node) == "warnings.warn")
        or (isinstance(node, ast.ImportFrom) and node.module == "warnings")
        for node in ast.walk(tree)
    )
