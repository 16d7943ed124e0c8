"""Perturbed images, each against a library, and the scores of kept models on them."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import Normalizer

from skmedimg import HOG, ImageLoader, Pipeline, compare
from skmedimg.datasets import make_lesions
from skmedimg.evaluation.robustness._perturbations import (
    PERTURBATIONS,
    check_perturbations,
    perturb_image,
)
from tests.evaluation._estimators import Brighter

IMAGE = make_lesions(2, size=32, random_state=0).images[0]
COLOR = make_lesions(2, size=32, channels=3, random_state=0).images[0]
QUIET = {"random_state": 0, "verbose": 0, "audit": False}


def assert_close(name, value, expected, image=IMAGE, atol=1):
    found = perturb_image(image, name, value, 0)
    assert found.dtype == image.dtype
    np.testing.assert_allclose(found.astype(float), np.asarray(expected).astype(float), atol=atol)


def test_brightness_and_contrast_are_pillows():
    picture = Image.fromarray(IMAGE)
    assert_close("brightness", 1.3, ImageEnhance.Brightness(picture).enhance(1.3))
    assert_close("contrast", 0.6, ImageEnhance.Contrast(picture).enhance(0.6))
    picture = Image.fromarray(COLOR)
    assert_close("contrast", 0.6, ImageEnhance.Contrast(picture).enhance(0.6), COLOR)


def test_blur_spreads_a_point_as_the_normal_density():
    point = np.zeros((33, 33), dtype=np.float32)
    point[16, 16] = 1
    x = np.arange(33) - 16
    density = np.exp(-(x**2) / (2 * 2.0**2))
    expected = np.outer(density, density) / density.sum() ** 2
    np.testing.assert_allclose(perturb_image(point, "blur", 2.0, 0), expected, atol=1e-4)


def test_jpeg_is_what_a_saved_file_holds(tmp_path):
    for image in (IMAGE, COLOR):
        Image.fromarray(image).save(tmp_path / "image.jpg", quality=40, subsampling=0)
        assert_close("JPEG", 40, Image.open(tmp_path / "image.jpg"), image)


def test_rotation_is_scipys():
    # scipy counts counterclockwise
    expected = ndimage.rotate(IMAGE.astype(float), -10, reshape=False, order=1, mode="nearest")
    assert_close("rotation", 10, expected)


def test_resolution_is_pillows():
    picture = Image.fromarray(IMAGE)
    small = picture.resize((16, 16), Image.Resampling.BOX)
    assert_close("resolution", 0.5, small.resize((32, 32), Image.Resampling.BILINEAR), atol=2)


def test_noise_has_the_stated_deviation_and_belongs_to_the_seed():
    flat = np.full((64, 64), 30_000, dtype=np.uint16)
    noisy = perturb_image(flat, "noise", 0.05, 0)
    assert noisy.std() / 65535 == pytest.approx(0.05, rel=0.05)
    assert (noisy == perturb_image(flat, "noise", 0.05, 0)).all()
    assert (noisy != perturb_image(flat, "noise", 0.05, 1)).any()


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_neutral_value_changes_nothing(name):
    neutral = PERTURBATIONS[name][2]
    if name != "JPEG":  # which always loses something
        assert_close(name, neutral, IMAGE)
    floats = IMAGE.astype(np.float32) * 7 - 300
    changed = perturb_image(floats, name, PERTURBATIONS[name][0][0], 0)
    assert floats.min() - 1e-2 <= changed.min() <= changed.max() <= floats.max() + 1e-2


def spots(n=60):
    """Return images whose second class has a bright spot."""
    rng = np.random.RandomState(0)
    X, y = rng.randint(0, 150, (n, 16, 16)).astype(np.uint8), np.arange(n) % 2
    X[y == 1, 6:10, 6:10] += 90
    return X, y


@pytest.fixture(scope="module")
def result():
    X, y = spots()
    model = Pipeline([Normalizer(), LogisticRegression(C=100.0)])
    rows = X.reshape(len(X), -1).astype(float)
    return compare(
        {"logistic": model}, rows, y, scoring="roc_auc", cv=3, repeats=2, keep_models=True, **QUIET
    )


def test_kept_models_are_those_of_the_folds(result):
    X, y = spots()
    rows = X.reshape(len(X), -1).astype(float)
    for fold, model in zip(
        result.fold_results["logistic"], result.models.folds["logistic"], strict=True
    ):
        expected = fold.predictions.decision_scores
        np.testing.assert_allclose(model.predict_proba(rows[fold.split.test]), expected)
        assert fold.model is None  # kept once


def test_scores_fall_with_severity_and_drops_are_paired(result):
    X, _ = spots()
    rows = X.reshape(len(X), -1).astype(float)
    given = {"blur": (0, 2, 6), "noise": (0,)}
    found = result.robustness(rows, given, image_shape=(16, 16), verbose=0)
    frame = found.to_frame().set_index(["perturbation", "value"])
    before = result.interval("logistic")
    assert frame.loc[("blur", 0), "score"] == pytest.approx(before.mean)
    assert frame.loc[("blur", 0), "drop"] == pytest.approx(0)
    row = frame.loc[("blur", 6)]
    assert row["drop"] == pytest.approx(before.mean - row["score"])
    assert row["drop low"] < row["drop"] < row["drop high"]
    assert row["score"] < before.mean - 0.1
    assert found.plot().axes_.size == 2


def test_a_report_shows_severity_curves_and_the_checklist_links_to_them(result, tmp_path):
    X, _ = spots()
    rows = X.reshape(len(X), -1).astype(float)
    found = result.robustness(
        rows, {"blur": (2, 6), "noise": (0.1,)}, image_shape=(16, 16), verbose=0
    )
    result.to_html(tmp_path / "report.html", robustness=found)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert '<section id="robustness">' in page
    last = found.to_frame().set_index(["perturbation", "value"]).loc[("blur", 6)]
    assert f"ROC AUC by the severity of blur; at the last: logistic {last.score:.3f}." in page
    assert "ROC AUC is the probability that the model ranks" in page
    assert f"{last['drop low']:.3f} to {last['drop high']:.3f}" in page

    items = result.checklist("CLAIM", robustness=found).to_frame().set_index("number")
    assert items.loc["30", ["status", "anchor"]].tolist() == ["answered", "robustness"]
    assert re.search(r'<a href="#robustness">[^<]*</a>', page.partition("Checklists")[2])
    assert result.checklist("CLAIM").to_frame().set_index("number").status["30"] == "not met"
    with pytest.raises(ValueError, match="robustness is of another comparison"):
        replace(result, digest="").to_html(tmp_path / "no.html", robustness=found)
    with pytest.raises(TypeError, match="needs what result.robustness"):
        result.checklist("CLAIM", robustness=True)


def test_files_are_perturbed_and_read_again(tmp_path):
    X, y = spots(24)
    paths = [tmp_path / f"{row}.png" for row in range(24)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    steps = [ImageLoader(16, color="gray"), HOG(pixels_per_cell=4, cells_per_block=1)]
    model = Pipeline([*steps, LogisticRegression()])
    options = {"scoring": "roc_auc", "cv": 2, "repeats": 1, "keep_models": True, **QUIET}
    of_files = compare({"model": model}, paths, y, **options)
    rows = of_files.robustness(paths, {"contrast": (0.5,)}, verbose=0).to_frame()
    of_arrays = compare({"model": model}, list(X), y, **options)
    again = of_arrays.robustness(list(X), {"contrast": (0.5,)}, verbose=0).to_frame()
    assert rows["score"].tolist() == pytest.approx(again["score"].tolist())
    larger = [np.kron(X[0], np.ones((2, 2), dtype=np.uint8)), *X[1:]]
    mixed = of_arrays.robustness(larger, {"contrast": (0.5,)}, verbose=0).to_frame()
    assert mixed["score"].tolist() == pytest.approx(again["score"].tolist(), abs=0.2)


def test_masks_are_not_turned():
    data = make_lesions(12, size=16, noise=0.0, random_state=0)
    masks = (data.masks > 0).astype(np.uint8)
    found = compare(
        {"bright": Brighter()}, data.images, masks, cv=2, repeats=1, keep_models=True, **QUIET
    )
    frame = found.robustness(data.images, {"brightness": (1, 0.5)}, verbose=0).to_frame()
    assert frame["drop"].tolist()[0] == pytest.approx(0)
    assert abs(frame["drop"].tolist()[1]) > 0.01
    assert "rotation" not in check_perturbations(None, "segmentation")
    with pytest.raises(ValueError, match="'rotation', but the perturbations of masks"):
        found.robustness(data.images, ["rotation"])
