"""Mistakes that once ended in errors of other libraries are named: parameter, value, way out."""

import re

import numpy as np
import pytest
from PIL import Image
from sklearn.naive_bayes import GaussianNB

from skmedimg import (
    HOG,
    ImageLoader,
    Pipeline,
    ScratchCNN,
    ShallowMLP,
    UNetSegmenter,
    compare,
    load_image_folder,
)
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import aggregate_patients
from skmedimg.features import haralick
from skmedimg.inspection import grad_cam, occlusion
from skmedimg.metrics import boundary_f1, dice

LESIONS = make_lesions(40, size=16, random_state=0)
X, Y, MASKS = LESIONS.images, LESIONS.target, LESIONS.masks
ROWS = X.reshape(40, -1)
HIDDEN = np.ma.masked_greater(X, 100)


def mlp(**options):
    return ShallowMLP((4,), max_epochs=1, random_state=0, **options)


def compared(**options):
    return compare(GaussianNB(), ROWS, Y, audit=False, verbose=0, **options)


CALLS = {
    "callbacks": (lambda: mlp(callbacks=[1]).fit(X, Y), "callbacks needs .* holds 1"),
    "a class in a pipeline": (lambda: Pipeline([HOG, mlp()]).fit(X, Y), r"instance \(HOG\(\)\)"),
    "no folds": (lambda: compared(cv=[]), r"cv=\[\] has no folds"),
    "rows of folds": (
        lambda: compared(cv=[(np.arange(20), np.arange(20, 45))]),
        "Split 0 of cv needs rows from 0 to 39, .* from 20 to 44",
    ),
    "rows of folds below 0": (
        lambda: compared(cv=[(np.arange(20), np.arange(-5, 0))]),
        "Split 0 of cv needs rows from 0 to 39, .* from -5 to -1",
    ),
    "occlusion of a segmenter": (
        lambda: occlusion(UNetSegmenter((2,), max_epochs=1).fit(X, MASKS), X[:2]),
        "occlusion explains classifiers, but UNetSegmenter",
    ),
    "Grad-CAM of a segmenter": (
        lambda: grad_cam(UNetSegmenter((2,), max_epochs=1).fit(X, MASKS), X[:2]),
        "grad_cam explains classifiers, but UNetSegmenter .* predict_proba",
    ),
    "Grad-CAM of classes per pixel": (
        lambda: grad_cam(UNetSegmenter((2,), loss="ce", max_epochs=1).fit(X, MASKS), X[:2]),
        "grad_cam explains classifiers, but UNetSegmenter .* predict_proba",
    ),
    "a path that is None": (lambda: ImageLoader(8).fit([None, "a.png"]), "Row 0 of X has no path"),
    "a path that is NaN": (lambda: ImageLoader(8).fit(["a.png", np.nan]), "Row 1 of X has no path"),
    "a first path that is NaN": (
        lambda: ImageLoader(8).fit(np.array([np.nan, "a.png"], dtype=object)),
        "Row 0 of X has no path, but nan",
    ),
    "angles": (lambda: haralick(X[:2], angles=(np.nan,)), "angles needs numbers, .* all finite"),
    "empty": (lambda: dice(MASKS, MASKS, empty="foo"), "empty needs a number, .* 'foo'"),
    "empty of outlines": (
        lambda: boundary_f1(MASKS, MASKS, tolerance=1, empty="foo"),
        "empty needs a number, .* 'foo'",
    ),
    "no masks": (lambda: dice(MASKS[:0], MASKS[:0]), "y_true needs at least one mask"),
    "X is None": (lambda: mlp().fit(None, Y), "X needs images, .* but is a NoneType"),
    "X is bytes": (lambda: mlp().fit(b"abc", Y), "X needs images, .* but is a bytes"),
    "X is a dict": (lambda: ScratchCNN().fit({"a": 1}, Y), "X needs images, .* but is a dict"),
    "checkpoint of a fit": (lambda: mlp().fit(X, Y, checkpoint=5), "checkpoint needs .* but is 5"),
    "checkpoint": (lambda: compared(checkpoint=5), "checkpoint needs .* but is 5"),
    "probabilities": (
        lambda: aggregate_patients([[9.0, 0.0]], ["ann"]),
        "probabilities needs numbers from 0 to 1, but holds 0 to 9",
    ),
    "masked X": (lambda: mlp().fit(HIDDEN, Y), r"X is a masked array, .* X\.filled\(value\)"),
    "masked rows": (
        lambda: mlp().fit(HIDDEN.reshape(40, -1), Y),
        r"X is a masked array, .* X\.filled\(value\)",
    ),
    "masked y": (lambda: mlp().fit(X, np.ma.masked_equal(Y, 1)), r"y is a masked array"),
    "masked weights": (
        lambda: mlp().fit(X, Y, sample_weight=np.ma.masked_less(np.arange(40.0), 3)),
        r"sample_weight is a masked array, and 3 of its entries",
    ),
    "masked masks": (
        lambda: UNetSegmenter((2,)).fit(X, np.ma.masked_equal(MASKS, 1)),
        r"y is a masked array",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_mistake_is_named(name):
    call, message = CALLS[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert re.search(message, str(caught.value)), str(caught.value)


def test_a_masked_array_without_masked_entries_is_an_array():
    model = mlp().fit(np.ma.array(X), np.ma.array(Y))
    np.testing.assert_array_equal(model.predict_proba(X), mlp().fit(X, Y).predict_proba(X))


def test_labels_of_a_folder_that_have_no_order_are_named(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(X[0]).save(tmp_path / name)
    labels = {"a": 1, "b": "ill"}
    with pytest.raises(TypeError, match="labels mix int and str"):
        load_image_folder(tmp_path, labels_from=lambda path: labels[path.stem])
