"""Gray has one formula, that of Pillow and scikit-image, wherever RGB becomes gray."""

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2yuv

from skmedimg import HOG, ImageLoader, IntensityHistogram

# Every sum of bytes that lies next to a rounding boundary is among these.
BYTES = np.stack(np.meshgrid(*[np.arange(0, 256, 5, np.uint8)] * 3), axis=-1).reshape(52, -1, 3)


def gray_of(images):
    return ImageLoader(color="gray").fit_transform(images)


def test_gray_of_bytes_is_pillows():
    gray = np.asarray(Image.fromarray(BYTES).convert("L"))
    np.testing.assert_array_equal(gray_of(np.stack([BYTES, BYTES[::-1]])), [gray, gray[::-1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gray_of_floats_is_scikit_images_luma(dtype):
    images = np.random.default_rng(0).random((2, 9, 7, 3)).astype(dtype)
    gray = gray_of(images)
    assert gray.dtype == dtype
    np.testing.assert_allclose(gray, rgb2yuv(images)[..., 0], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int16, np.int32])
def test_gray_of_other_integers_is_the_nearest(dtype):
    limits = np.iinfo(dtype)
    images = np.random.default_rng(0).integers(limits.min, limits.max, (2, 9, 7, 3), dtype)
    gray = gray_of(images)
    assert gray.dtype == dtype
    exact = (images.astype(object) * [299, 587, 114]).sum(-1)
    assert (abs(gray.astype(object) * 1000 - exact) <= 500).all()


def test_gray_images_come_out_as_they_are():
    images = np.random.default_rng(0).random((3, 4, 5, 1))
    np.testing.assert_array_equal(gray_of(images), images[..., 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_all_who_make_gray_make_the_same(dtype):
    images = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (3, 16, 16, 3), dtype)
    loaded = gray_of(images)
    hog = HOG(channels="gray", pixels_per_cell=4, cells_per_block=1)
    np.testing.assert_array_equal(hog.fit_transform(images), hog.fit_transform(loaded))
    histogram = IntensityHistogram(statistics="mean")
    np.testing.assert_array_equal(histogram.fit_transform(images), histogram.fit_transform(loaded))
