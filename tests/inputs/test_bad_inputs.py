"""Bad input is refused in words: which parameter or file, what came, and the way out."""

import warnings
from importlib import import_module

import pytest

import skmedimg
from tests.inputs.bad_inputs import BAD_INPUTS, write_files

PACKAGES = (
    "datasets",
    "evaluation",
    "features",
    "images",
    "inspection",
    "metrics",
    "neural",
    "pipeline",
    "recipes",
    "saving",
    "search",
    "transfer",
)
NEEDS_NO_ROW = {
    "CHEST_XRAY_PATIENT": "a constant",
    "GROUP_PATTERNS": "a constant",
    "ModelCard": "read_card makes it, and has rows",
    "RecipeCard": "recipe_card makes it, and has rows",
    "DegenerateOutputWarning": "a warning",
    "LearningCurve": "learning_curve makes it, and has rows",
    "SiteScores": "Comparison.sites makes it, and has rows",
    "SiteForestDisplay": "made from SiteScores, which hold no input",
    "Robustness": "Comparison.robustness makes it, and has rows",
    "RobustnessDisplay": "made from a Robustness, whose test has its errors",
    "LearningCurveBandDisplay": "made from a LearningCurve, whose test has its errors",
    "testing": "instances for scikit-learn's checks, which take no input",
    "networks": "parts for torch, which check shapes when they run",
    "ImageReadError": "an error, which the rows of read_image expect",
    **dict.fromkeys(PACKAGES, "a package: its names have rows"),
}


def public_names():
    packages = [skmedimg, *(import_module(f"skmedimg.{name}") for name in PACKAGES)]
    return {name for package in packages for name in package.__all__}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad inputs é")
    write_files(folder)
    return folder


@pytest.mark.usefixtures("closed_figures")
@pytest.mark.parametrize("row", BAD_INPUTS, ids=lambda row: row.name)
def test_bad_input_is_refused_in_words(folder, row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is odd before it is refused is said elsewhere
        with pytest.raises(row.kind) as caught:
            row.call(folder)
    assert [words for words in row.words if words not in str(caught.value)] == []


def test_rows_have_different_names():
    names = [row.name for row in BAD_INPUTS]
    assert len(set(names)) == len(names)


def test_every_row_asks_for_words():
    assert [row.name for row in BAD_INPUTS if not row.words] == []


def test_every_public_name_is_put_to_the_test():
    tested = {row.name.partition(":")[0] for row in BAD_INPUTS}
    assert public_names() - tested - NEEDS_NO_ROW.keys() == set()
    assert NEEDS_NO_ROW.keys() - public_names() == set()
