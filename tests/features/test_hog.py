"""Histograms of oriented gradients: scikit-image's numbers, whatever the options and the input."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data
from skimage.feature import hog as skimage_hog
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skmedimg import HOG
from skmedimg.features import hog
from skmedimg.images import LazyImages


def one_by_one(images, **options):
    """What scikit-image says of every image."""
    axis = -1 if images.ndim == 4 else None
    native = images.astype(images.dtype.newbyteorder("="))
    return np.array([skimage_hog(image, channel_axis=axis, **options) for image in native])


def largest_error(images, **options):
    return np.abs(hog(images, **options) - one_by_one(images, **options)).max()


def crops(image, height, width, count=3):
    starts = range(0, 20 * count, 20)
    return np.stack([image[k : k + height, 2 * k : 2 * k + width] for k in starts])


def stack(dtype, shape, seed=0):
    """Random images: whole numbers in integer dtypes, real numbers in floating ones."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    low, high = (0, 2) if np.dtype(dtype) == bool else (0, min(np.iinfo(dtype).max, 5000))
    return rng.integers(low, high, size=shape).astype(dtype)


@st.composite
def cases(draw):
    """Options of scikit-image's function and images that hold at least one block."""
    cell = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    block = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    height, width = (c * (b + draw(st.integers(0, 2))) + draw(st.integers(0, c - 1))
                     for c, b in zip(cell, block, strict=True))  # fmt: skip
    channels = draw(st.sampled_from([(), (1,), (2,), (3,), (4,)]))
    dtype = draw(
        st.sampled_from(["?", "u1", "i1", "u2", "i2", "i4", "u8", "f2", "f4", "f8", ">f4"])
    )
    images = stack(dtype, (2, height, width, *channels), draw(st.integers(0, 99)))
    root = draw(st.booleans())
    options = {
        "orientations": draw(st.integers(1, 40)),
        "pixels_per_cell": cell,
        "cells_per_block": block,
        "block_norm": draw(st.sampled_from(["L1", "L1-sqrt", "L2", "L2-Hys"])),
        "transform_sqrt": root,
    }
    return np.abs(images) if root and images.dtype.kind == "f" else images, options


@settings(max_examples=150, deadline=None)
@given(cases())
def test_every_option_and_dtype_gives_the_numbers_of_scikit_image(case):
    images, options = case
    assert largest_error(images, **options) < 1e-6


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("scale", [1, 255], ids=["whole", "fractions"])
@pytest.mark.parametrize("picture", [data.camera, data.astronaut], ids=["gray", "rgb"])
def test_photographs_give_the_numbers_of_scikit_image(picture, dtype, scale):
    images = crops(picture(), 130, 97)
    if np.dtype(dtype).kind == "f":
        images = images / np.array(scale, dtype)
    assert largest_error(images.astype(dtype)) < 1e-6


@pytest.mark.parametrize("orientations", [1, 2, 4, 6, 8, 9, 12, 36, 38, 76, 140, 180])
def test_edges_at_45_and_90_degrees_fall_where_scikit_image_puts_them(orientations):
    rows, columns = np.mgrid[:24, :24]
    slopes = [rows, columns, rows + columns, rows - columns, columns - rows, -rows, -columns]
    images = np.stack(slopes) / 255
    assert largest_error(images, orientations=orientations) < 1e-6
    assert largest_error(np.stack(slopes), orientations=orientations) < 1e-6


def test_an_angle_that_rounds_to_180_degrees_counts_nowhere():
    image = np.zeros((1, 8, 8))
    image[0, :, 4:] = 1
    image[0, 5] -= 1e-17 * np.arange(8)
    assert largest_error(image, cells_per_block=(1, 1)) < 1e-6


def test_pixels_too_large_to_be_squared_in_float32_are_described():
    assert largest_error(stack("f8", (2, 24, 24)) * 1e25) < 1e-6


def test_whole_and_fractional_images_in_one_stack_are_described_each_its_own_way():
    images = stack("u1", (6, 30, 30)).astype(float)
    images[1] += 0.25
    images[2] -= 1000
    images[3] *= 100
    images[4] /= 255
    assert largest_error(images) < 1e-6


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_the_batch_size_does_not_change_a_bit(dtype):
    images = stack(np.uint8, (23, 32, 40)).astype(dtype) / dtype(1)
    whole = hog(images)
    for batch_size in (1, 2, 7, 100):
        np.testing.assert_array_equal(hog(images, batch_size=batch_size), whole)


def test_gray_is_the_gray_of_pillow():
    images = crops(data.astronaut(), 40, 50)
    gray = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
    np.testing.assert_array_equal(hog(images, channels="gray"), hog(gray))


def test_gray_of_floats_is_their_weighted_sum():
    images = stack("f8", (3, 30, 30, 3))
    expected = one_by_one(images @ [0.299, 0.587, 0.114])
    np.testing.assert_allclose(hog(images, channels="gray"), expected, atol=1e-6)


def test_bars_are_those_of_scikit_image():
    for images, cell in [(crops(data.camera(), 70, 61), (9, 12)), (stack("f8", (2, 9, 9)), (1, 3))]:
        transformer = HOG(pixels_per_cell=cell, cells_per_block=(2, 2)).fit(images)
        expected = [
            skimage_hog(image, pixels_per_cell=cell, cells_per_block=(2, 2), visualize=True)[1]
            for image in images
        ]
        np.testing.assert_allclose(transformer.visualize(images), expected, rtol=1e-5, atol=1e-6)


def test_rows_images_channels_and_lists_give_the_same_features():
    images = stack("u1", (4, 24, 24))
    expected = hog(images)
    for X in (images, images[..., None], images.reshape(4, -1), images.reshape(4, -1).tolist()):
        np.testing.assert_array_equal(HOG().fit_transform(X), expected)
    wide = HOG(image_shape=(16, -1), cells_per_block=(2, 2))
    expected = hog(images.reshape(4, 16, 36), cells_per_block=(2, 2))
    np.testing.assert_array_equal(wide.fit_transform(images.reshape(4, -1)), expected)


def test_rows_of_square_rgb_images_are_recognised():
    images = stack("u1", (4, 24, 24, 3))
    np.testing.assert_array_equal(HOG().fit_transform(images.reshape(4, -1)), hog(images))


@pytest.mark.parametrize("color", ["gray", "rgb"])
def test_files_and_lazy_stacks_are_decoded_as_they_are_needed(tmp_path, color):
    image_shape = (32, 32) if color == "gray" else (32, 32, 3)
    paths = [tmp_path / f"{k:03}.png" for k in range(70)]
    for k, path in enumerate(paths):
        Image.fromarray(stack("u1", (40, 36, 3), k)).save(path)
    images = LazyImages(paths, size=(32, 32), color=color)
    expected = hog(images.load(), cells_per_block=(2, 2))
    transformer = HOG(cells_per_block=(2, 2), image_shape=image_shape)
    np.testing.assert_array_equal(transformer.fit_transform(paths), expected)
    assert not hasattr(transformer, "n_features_in_")
    np.testing.assert_array_equal(clone(transformer).fit_transform(images), expected)
    np.testing.assert_array_equal(hog(images, cells_per_block=(2, 2), batch_size=3), expected)


@pytest.mark.parametrize("view", ["read-only", "reversed", "strided", "Fortran"])
def test_arrays_in_any_layout_are_taken_and_left_alone(view):
    images = stack("u1", (6, 30, 30))
    before = images.copy()
    taken = {
        "read-only": images.view(),
        "reversed": images[:, ::-1],
        "strided": images[::2, :, ::1],
        "Fortran": np.asfortranarray(images),
    }[view]
    taken.flags.writeable = view != "read-only"
    np.testing.assert_array_equal(hog(taken), hog(np.ascontiguousarray(taken)))
    for dtype in (np.float32, np.float64):
        hog(taken.astype(dtype, order="K"))
    np.testing.assert_array_equal(images, before)


def test_floats_are_left_alone():
    images = stack("f8", (3, 24, 24))
    before = images.copy()
    hog(images, transform_sqrt=False)
    np.testing.assert_array_equal(images, before)


def test_threads_give_the_same_bits():
    images = stack("f8", (40, 32, 32))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: hog(images), range(8)))
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_torch_is_left_as_it_was():
    before = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    state = torch.get_rng_state()
    hog(stack("f4", (3, 24, 24)))
    assert before == (
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
    )
    assert torch.equal(state, torch.get_rng_state())


def test_names_tell_block_cell_and_orientation():
    images = stack("u1", (2, 24, 32))
    names = HOG(orientations=2, cells_per_block=(2, 3)).fit(images).get_feature_names_out()
    assert len(names) == hog(images, orientations=2, cells_per_block=(2, 3)).shape[1]
    assert names[0] == "hog_r0_c0_br0_bc0_o0"
    assert names[-1] == "hog_r1_c1_br1_bc2_o1"
    single = HOG(orientations=2, cells_per_block=(1, 1)).fit(images).get_feature_names_out()
    assert list(single[-3:]) == ["hog_r2_c2_o1", "hog_r2_c3_o0", "hog_r2_c3_o1"]


def test_a_named_feature_is_the_value_at_its_place():
    image = np.zeros((1, 24, 32), np.uint8)
    image[0, 8:16, 20] = 255  # a vertical line in the second row and third column of cells
    transformer = HOG(cells_per_block=(1, 1)).set_output(transform="pandas")
    features = transformer.fit_transform(image).iloc[0]
    assert features["hog_r1_c2_o0"] > 0.8
    assert features["hog_r1_c1_o0"] == features["hog_r0_c2_o0"] == 0


def test_pandas_come_out_when_asked_for_with_the_index_of_the_input():
    frame = pd.DataFrame(stack("u1", (3, 576)), index=[7, 8, 9])
    frame.columns = [f"p{k}" for k in range(576)]
    out = HOG().set_output(transform="pandas").fit_transform(frame)
    assert list(out.index) == [7, 8, 9]
    assert list(out.columns) == list(HOG().fit(frame).get_feature_names_out())


def test_images_too_small_for_a_block_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"at least 24x24 .* have 8x8.*ImageLoader\(\(24, 24\)\)"):
        HOG().fit(np.zeros((2, 64)))
    with pytest.raises(ValueError, match="at least 24x24"):
        hog(np.zeros((2, 23, 80)))


def test_rows_that_are_no_square_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="set image_shape"):
        HOG().fit(np.zeros((2, 10)))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pixels_per_cell": (8, 0)}, r"pixels_per_cell needs two positive integers.*\(8, 0\)"),
        ({"cells_per_block": (3,)}, "cells_per_block needs two positive integers"),
        ({"cells_per_block": (1.5, 1)}, "cells_per_block needs two positive integers"),
        ({"orientations": 0}, "orientations"),
        ({"block_norm": "L3"}, "block_norm"),
        ({"channels": "red"}, "channels"),
        ({"device": "tpu"}, "device"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    images = np.zeros((2, 24, 24))
    with pytest.raises(ValueError, match=message):
        hog(images, **parameters)
    with pytest.raises(ValueError, match=message):
        HOG(**parameters).fit(images).transform(images)


def test_four_channels_have_no_gray():
    images = stack("u1", (2, 24, 24, 4))
    with pytest.raises(ValueError, match="1 or 3 channels, but they have 4.*max-gradient"):
        hog(images, channels="gray")
    with pytest.raises(ValueError, match="1 or 3 channels"):
        HOG(channels="gray").fit(images)


def test_the_square_root_of_negative_pixels_is_refused():
    with pytest.raises(ValueError, match="transform_sqrt=True needs pixels.*smallest is -2"):
        hog(np.full((1, 24, 24), -2.0), transform_sqrt=True)


@pytest.mark.parametrize("images", [np.zeros((24, 24)), np.zeros((2, 24, 24), complex), [["a"]]])
def test_the_function_refuses_what_is_no_stack_of_images(images):
    with pytest.raises(ValueError, match=r"images needs an array .*image\[None\]"):
        hog(images)


def test_pixels_that_are_not_numbers_are_refused():
    images = np.zeros((2, 24, 24))
    images[1, 3, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        hog(images)
    with pytest.raises(ValueError, match="NaN"):
        HOG().fit(images)


def test_another_shape_than_in_fit_is_refused():
    fitted = HOG().fit(np.zeros((2, 24, 24)))
    with pytest.raises(ValueError, match=r"24x24x1 images and cannot take 32x32x1.*ImageLoader"):
        fitted.transform(np.zeros((2, 32, 32)))


def test_before_fit_nothing_is_described():
    for method in ("transform", "visualize", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(HOG(), method)(np.zeros((2, 24, 24)))


def test_it_works_in_a_cross_validated_pipeline():
    model = make_pipeline(HOG(cells_per_block=(2, 2)), LogisticRegression())
    rows, columns = np.mgrid[:24, :24]
    noise = stack("f8", (20, 24, 24))
    images = np.where(np.arange(20)[:, None, None] % 2, rows, columns) + noise
    scores = cross_val_score(model, images, np.arange(20) % 2, cv=5, error_score="raise")
    assert scores.mean() == 1


def test_one_integer_means_square_cells_and_blocks():
    images = np.random.default_rng(0).integers(0, 256, (3, 24, 24), np.uint8)
    pairs = HOG(pixels_per_cell=(6, 6), cells_per_block=(2, 2)).fit(images)
    numbers = HOG(pixels_per_cell=6, cells_per_block=2).fit(images)
    np.testing.assert_array_equal(numbers.transform(images), pairs.transform(images))
    np.testing.assert_array_equal(numbers.visualize(images), pairs.visualize(images))
    assert list(numbers.get_feature_names_out()) == list(pairs.get_feature_names_out())
