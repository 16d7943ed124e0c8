"""Odd but honest input: whatever holds the same numbers gives the same answer."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from skmedimg import HOG, ScratchCNN, ShallowMLP, UNetSegmenter, compare
from skmedimg.metrics import dice

IMAGES = np.random.RandomState(0).randint(0, 256, (12, 16, 16)).astype(np.uint8)
LABELS = np.arange(12) % 2
MASKS = (IMAGES > 127).astype(np.uint8)
QUICK = {"max_epochs": 2, "random_state": 0}
MLP = ShallowMLP((4,), **QUICK)
CNN = ScratchCNN((2,), dense_units=(2,), **QUICK)
UNET = UNetSegmenter((2, 2), **QUICK)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def mapped(array):
    """The array in a file, as numpy.load(..., mmap_mode="r") gives it."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(array.tobytes())
        file.flush()
        return np.memmap(file, array.dtype, "r", shape=array.shape)


LAYOUTS = {
    "read-only": read_only,
    "memory-mapped": mapped,
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
    "mirrored twice": lambda a: a[..., ::-1].copy()[..., ::-1],
    "fortran": np.asfortranarray,
    "torch": torch.from_numpy,
    "list": lambda a: a.tolist(),
}
LABELLINGS = {
    "bool": lambda y: y == 1,
    "float": lambda y: y.astype(float),
    "text": lambda y: np.where(y == 1, "ü ill", "well"),
    "numbers as text": lambda y: y.astype(str),
    "objects": lambda y: y.astype(object),
    "categories": lambda y: pd.Series(pd.Categorical(np.where(y == 1, "b", "a"))),
    "unused category": lambda y: pd.Series(pd.Categorical(y, categories=[2, 1, 0])),
    "odd index": lambda y: pd.Series(y, index=np.arange(len(y))[::-1] * 7),
    "big-endian": lambda y: y.astype(">i8"),
    "read-only": read_only,
    "torch": torch.from_numpy,
    "list": lambda y: y.tolist(),
    "int8": lambda y: y.astype(np.int8),
    "negative": lambda y: y * 2 - 1,
    "huge": lambda y: y * (2**62),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("model", [MLP, CNN], ids=["mlp", "cnn"])
def test_the_layout_of_images_in_memory_changes_nothing(model, layout):
    images = LAYOUTS[layout](IMAGES)
    plain = IMAGES if layout != "list" else IMAGES.astype(np.int64)  # lists hold wide integers
    expected = clone(model).fit(plain, LABELS).predict_proba(plain)
    np.testing.assert_array_equal(clone(model).fit(images, LABELS).predict_proba(images), expected)


def test_big_endian_images_are_the_same_images():
    deep = IMAGES.astype(np.uint16) * 257
    expected = clone(CNN).fit(deep, LABELS).predict_proba(deep)
    swapped = deep.astype(">u2")
    np.testing.assert_array_equal(clone(CNN).fit(swapped, LABELS).predict_proba(swapped), expected)


@pytest.mark.parametrize("labelling", LABELLINGS)
def test_labels_of_any_kind_come_back_as_they_went_in(labelling):
    labels = LABELLINGS[labelling](LABELS)
    model = clone(MLP).fit(IMAGES, labels)
    names = list(dict.fromkeys(np.asarray(labels).tolist()))  # of label 0, of label 1
    assert sorted(names) == model.classes_.tolist()
    flipped = names != sorted(names)
    expected = clone(MLP).fit(IMAGES, 1 - LABELS if flipped else LABELS).predict(IMAGES) ^ flipped
    np.testing.assert_array_equal(model.predict(IMAGES), np.asarray(names, object)[expected])


@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"list"}))
def test_the_layout_of_masks_in_memory_changes_nothing(layout):
    expected = clone(UNET).fit(IMAGES, MASKS).predict(IMAGES)
    masks = LAYOUTS[layout](MASKS)
    np.testing.assert_array_equal(clone(UNET).fit(IMAGES, masks).predict(IMAGES), expected)
    assert dice(masks, masks) == 1


def test_as_many_classes_as_images_are_learned():
    model = clone(MLP).fit(IMAGES, np.arange(12))
    assert model.predict_proba(IMAGES).shape == (12, 12)


def test_frames_with_an_odd_index_are_described_row_by_row():
    frame = pd.DataFrame(IMAGES.reshape(12, -1), index=list("lkjihgfedcba"))
    hog = HOG(pixels_per_cell=(4, 4))
    np.testing.assert_array_equal(hog.fit_transform(frame), hog.fit_transform(IMAGES))


def test_a_comparison_takes_series_of_an_odd_index():
    rows = pd.DataFrame(IMAGES.reshape(12, -1) + LABELS[:, None], index=np.arange(12)[::-1])
    labels = pd.Series(LABELS, index=np.arange(12)[::-1])
    options = {"cv": 2, "verbose": 0, "random_state": 0, "audit": False, "pos_label": 1}
    odd = compare({"mlp": MLP}, rows, labels, **options, repeats=1)
    plain = compare({"mlp": MLP}, rows.to_numpy(), LABELS, **options, repeats=1)
    assert odd.interval("mlp") == plain.interval("mlp")
