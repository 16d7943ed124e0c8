"""Resizing is antialiased, keeps dtypes, and does with proportions what it is told."""

import numpy as np
import pytest
from PIL import Image

from skmedimg.images import resize_image

NOISE = np.random.RandomState(0).randint(0, 256, (90, 120)).astype(np.uint8)
SMOOTH = (np.add.outer(np.arange(90), np.arange(120)) % 256).astype(np.uint8)


@pytest.mark.parametrize("interpolation", ["nearest", "box", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(40, 50), (13, 17), (200, 300)])
def test_it_equals_pillow(interpolation, size):
    filter = getattr(Image.Resampling, interpolation.upper())
    expected = np.asarray(Image.fromarray(SMOOTH).resize(size[::-1], filter)).astype(int)
    error = abs(resize_image(SMOOTH, size, interpolation=interpolation) - expected)
    assert error.mean() <= 0.7
    assert error.max() <= (0 if interpolation == "nearest" else 4)


def test_bilinear_equals_antialiased_interpolation_of_torch():
    import torch

    tensor = torch.from_numpy(NOISE.astype(np.float32))[None, None]
    expected = torch.nn.functional.interpolate(
        tensor, (30, 40), mode="bilinear", antialias=True, align_corners=False
    )[0, 0]
    error = abs(resize_image(NOISE, (30, 40)).astype(float) - expected.numpy())
    assert error.mean() < 1
    np.testing.assert_allclose(
        resize_image(NOISE.astype(np.float32), (30, 40)), expected, atol=1e-3
    )


def test_fine_stripes_turn_gray_and_do_not_alias():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    for fine in (stripes, stripes.astype(np.uint16) * 257, stripes / 255):
        small = resize_image(fine, (16, 16))[:, 1:-1]  # at the edges half a stripe is missing
        np.testing.assert_allclose(small / fine.max(), 0.5, atol=0.01)


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.uint16, np.int16, np.int32, np.float32, float]
)
def test_the_dtype_stays(dtype):
    image = (SMOOTH > 100).astype(dtype)
    for shape in (image, np.stack([image] * 3, -1), np.stack([image] * 5, -1)):
        small = resize_image(shape, (20, 20))
        assert (small.dtype, small.shape) == (np.dtype(dtype), (20, 20, *shape.shape[2:]))


def test_16_bit_values_are_not_cut():
    image = np.full((30, 30), 65535, np.uint16)
    image[:, :15] = 40_000
    small = resize_image(image, (10, 10))
    assert (small[:, 0] == 40_000).all()
    assert (small[:, -1] == 65535).all()


def test_overshoot_of_sharp_filters_is_clipped():
    image = np.zeros((8, 8), np.uint16)
    image[:, 4:] = 65535
    large = resize_image(image, (64, 64), interpolation="lanczos")
    assert large[0, 0] < 5000
    assert large[0, -1] > 60_000


def test_labels_survive_nearest():
    labels = np.random.RandomState(0).choice([0, 3, 200], (50, 60)).astype(np.uint8)
    assert set(np.unique(resize_image(labels, (20, 33), interpolation="nearest"))) <= {0, 3, 200}


def test_an_image_of_the_right_size_is_untouched():
    image = np.random.RandomState(0).rand(9, 7)
    np.testing.assert_array_equal(resize_image(image, (9, 7), aspect="crop"), image)


def test_pad_shows_the_whole_image_in_the_middle_of_black():
    image = np.full((100, 50), 200, np.uint8)
    padded = resize_image(image, (40, 40), aspect="pad")
    assert (padded[:, :10] == 0).all()
    assert (padded[:, 10:30] == 200).all()
    assert (padded[:, 30:] == 0).all()


def test_crop_shows_the_middle_in_true_proportions():
    image = np.zeros((100, 200), np.uint8)
    image[:, 50:150] = 200
    assert (resize_image(image, (10, 10), aspect="crop", interpolation="box") == 200).all()
    disk = np.hypot(*np.mgrid[-50:50, -100:100]) < 30
    cropped = resize_image(disk, (50, 50), aspect="crop")
    assert abs(cropped.any(axis=0).sum() - cropped.any(axis=1).sum()) <= 1


@pytest.mark.parametrize(
    ("sides", "shape"), [((100, 50), (64, 32)), ((50, 100), (32, 64)), ((7, 7), (32, 32))]
)
def test_shorter_keeps_the_proportions(sides, shape):
    assert resize_image(np.zeros(sides, np.uint8), (32, 32), aspect="shorter").shape == shape


@pytest.mark.parametrize("aspect", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("sides", [(1, 1), (1, 500), (500, 1), (3, 1000)])
def test_odd_shapes_come_out_in_the_wanted_size(aspect, sides):
    image = np.full(sides, 9, np.uint8)
    resized = resize_image(image, (16, 24), aspect=aspect)
    assert resized.shape == (16, 24)
    assert resized.max() == 9
