"""Arrays on disk, as h5py and zarr keep them, are read in slices and never whole."""

import pickle

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

from skmedimg import HOG, ImageLoader, Resample, ScratchCNN, ShallowMLP, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import compare
from skmedimg.features import hog
from skmedimg.images import Augmenter, LazyImages

DATA = make_lesions(150, size=16, random_state=0)
IMAGES, LABELS = DATA.images, DATA.target
SMALL_HOG = HOG(pixels_per_cell=4, cells_per_block=1)


class Stored:
    """An array on disk: it gives slices of its first axis only, and counts what was read."""

    chunks = (1, 16, 16)

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype
        self.ndim, self.most, self.total = array.ndim, 0, 0

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        assert type(key) is slice
        assert type(key.start) is type(key.stop) is int
        self.most = max(self.most, key.stop - key.start)
        self.total += key.stop - key.start
        return self._array[key]

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("the array was read whole")


@pytest.fixture
def stored():
    return Stored(IMAGES)


def test_a_network_reads_batches_and_learns_what_it_learns_in_memory(stored):
    model = ScratchCNN((2,), dense_units=(), max_epochs=2, batch_size=32, random_state=0)
    expected = model.fit(IMAGES, LABELS).predict_proba(IMAGES)
    found = model.fit(stored, LABELS).predict_proba(stored)
    assert_allclose(found, expected, atol=1e-6)
    assert model.n_features_in_ == 256
    # once for mean and deviation, in each of two epochs and to predict
    assert stored.most <= 64
    assert stored.total == 4 * len(IMAGES)


def test_descriptors_read_blocks(stored):
    assert_allclose(SMALL_HOG.fit_transform(stored), SMALL_HOG.fit_transform(IMAGES), atol=1e-6)
    assert stored.most <= 64
    settings = {"pixels_per_cell": 4, "cells_per_block": 1}
    assert_array_equal(hog(stored, **settings), hog(IMAGES, **settings))


def test_compare_reads_blocks_and_knows_the_data_again(stored):
    models = {"hog": make_pipeline(SMALL_HOG, LogisticRegression())}
    options = {"cv": 2, "repeats": 1, "scoring": "accuracy", "random_state": 0, "verbose": 0}
    expected = compare(models, IMAGES, LABELS, **options)
    found = compare(models, stored, LABELS, **options)
    assert found.digest == expected.digest
    assert found.summary()["accuracy"].equals(expected.summary()["accuracy"])
    assert [finding.title for finding in found.audit.findings] == [
        finding.title for finding in expected.audit.findings
    ]
    assert stored.most <= 64


def test_wrapped_it_goes_through_what_takes_rows(stored):
    lazy = LazyImages.from_array(stored)
    assert repr(lazy) == "LazyImages(shape=(150, 16, 16), dtype=uint8)"
    model = make_pipeline(SMALL_HOG, LogisticRegression())
    found = cross_val_score(model, lazy, LABELS, cv=3, error_score="raise")
    assert_array_equal(found, cross_val_score(model, IMAGES, LABELS, cv=3))
    train, test = train_test_split(lazy, random_state=0)
    expected, _ = train_test_split(IMAGES, random_state=0)
    assert_array_equal(train.load(), expected)
    assert len(train) + len(test) == 150
    assert stored.most <= 64


@pytest.mark.parametrize("rows", [[3, 1, 1, 2], slice(5, 140), slice(None, None, -7), [], [-1]])
def test_any_rows_come_in_their_order(stored, rows):
    assert_array_equal(LazyImages.from_array(stored)[rows].load(), IMAGES[rows])


def test_one_row_is_one_image(stored):
    assert_array_equal(LazyImages.from_array(stored)[-1], IMAGES[-1])


def test_loader_resample_and_masks_take_it(stored):
    assert_array_equal(ImageLoader(8).fit_transform(stored), ImageLoader(8).fit_transform(IMAGES))
    over, uneven = Resample(RandomOverSampler(random_state=0)), np.arange(150) < 40
    kept, _ = over.fit_resample(stored, uneven)
    expected, _ = over.fit_resample(IMAGES, uneven)
    assert_array_equal(kept.load(), expected)
    segmenter = UNetSegmenter((2,), max_epochs=1, random_state=0)
    masks = segmenter.fit(stored, DATA.masks).predict(stored)
    assert_array_equal(masks, segmenter.fit(IMAGES, DATA.masks).predict(IMAGES))
    with pytest.raises(ValueError, match="masks of shape"):
        segmenter.fit(stored, np.zeros((150, 8, 8), np.uint8))


def test_what_cannot_be_used_is_refused():
    broken = IMAGES.astype(np.float32)
    broken[140, 0, 0] = np.nan
    with pytest.raises(ValueError, match="X contains NaN"):
        ShallowMLP(max_epochs=1).fit(Stored(broken), LABELS)
    with pytest.raises(ValueError, match="channels first"):
        LazyImages.from_array(np.zeros((5, 3, 16, 16)))
    with pytest.raises(ValueError, match=r"array needs images of numbers.* shape \(5, 256\)"):
        LazyImages.from_array(np.zeros((5, 256)))
    with pytest.raises(ValueError, match="array is empty"):
        LazyImages.from_array(np.zeros((0, 16, 16)))
    with pytest.raises(TypeError, match="needs images in memory"):
        Augmenter().fit_resample(Stored(IMAGES), LABELS)


def test_h5py(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "scans.h5", "w") as file:
        file.create_dataset("images", data=IMAGES, chunks=(1, 16, 16))
    with h5py.File(tmp_path / "scans.h5") as file:
        array = file["images"]
        assert_allclose(SMALL_HOG.fit_transform(array), SMALL_HOG.fit_transform(IMAGES), atol=1e-6)
        lazy = LazyImages.from_array(array)
        assert_array_equal(pickle.loads(pickle.dumps(lazy))[3:5].load(), IMAGES[3:5])


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(tmp_path / "scans.zarr", data=IMAGES, chunks=(10, 16, 16))
    assert_allclose(SMALL_HOG.fit_transform(array), SMALL_HOG.fit_transform(IMAGES), atol=1e-6)
    lazy = LazyImages.from_array(array)
    assert_array_equal(pickle.loads(pickle.dumps(lazy))[[5, 2]].load(), IMAGES[[5, 2]])
