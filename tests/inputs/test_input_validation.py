"""Input validation: every kind of X and y of the data contract is taken, all else is explained."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse
from skimage.util import img_as_float32
from sklearn.base import clone
from torch import nn

from skmedimg import BackboneFeatures, IntensityHistogram, ScratchCNN, ShallowMLP
from skmedimg.images import LazyImages


@pytest.fixture
def gray(rng):
    return rng.integers(0, 256, (12, 8, 8), dtype=np.uint8)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def paths(gray, tmp_path):
    names = [tmp_path / f"scan é {row}.png" for row in range(len(gray))]
    for name, image in zip(names, gray, strict=True):
        Image.fromarray(image).save(name)
    return names


def tensor_of(images):
    """Return what a network gets (n, channels, height, width): the features of one that copies."""
    copying = BackboneFeatures(
        nn.Identity(), pooling="flatten", cache=None, device="cpu", precision="float32"
    )
    n, height, width, channels = images.shape
    return copying.fit_transform(images).reshape(n, channels, height, width)


def checked(X, **options):
    """Return a transformer whose fit has checked X, and done nothing else."""
    return IntensityHistogram(**options).fit(X)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i1", "i2"])
def test_integers_are_scaled_as_scikit_image_scales_them(rng, dtype):
    limits = np.iinfo(dtype)
    images = rng.integers(limits.min + 1, limits.max, (4, 5, 6, 1), dtype=dtype, endpoint=True)
    ours = tensor_of(images)
    oracle = np.stack([img_as_float32(image) for image in images]).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ours, oracle, rtol=2e-7, atol=2e-7)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "i8", "u4"])
def test_floats_and_wide_integers_are_taken_as_they_are(rng, dtype):
    images = rng.integers(0, 200, (4, 5, 6, 2)).astype(dtype)
    np.testing.assert_array_equal(tensor_of(images), images.astype("f4").transpose(0, 3, 1, 2))


def test_booleans_become_zero_and_one(gray):
    assert set(np.unique(tensor_of(gray[..., None] > 127)).tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.astype(">u2"),
        lambda a: a[:, ::-1],
        lambda a: np.asfortranarray(a),
        lambda a: a.astype("u2"),
    ],
    ids=["big-endian", "mirrored", "fortran", "uint16"],
)
def test_any_memory_layout_gives_the_same_tensor(gray, change):
    images = change(gray.astype("u2") * 257)[..., None]
    expected = (images / 65535).astype("f4").transpose(0, 3, 1, 2)
    np.testing.assert_allclose(tensor_of(images), expected, rtol=1e-6)


def test_read_only_images_are_taken_and_left_alone(gray):
    gray.flags.writeable = False
    assert tensor_of(gray[..., None]).max() <= 1


def test_stacks_are_handed_on_without_a_copy_in_their_own_dtype(gray):
    large = np.resize(gray, (4096, 8, 8))
    checked(gray)  # what is allocated once and for all is allocated
    tracemalloc.start()
    estimator = checked(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < large.nbytes / 4
    assert estimator.image_shape_ == (8, 8, 1)
    assert estimator.n_features_in_ == 64


@pytest.mark.parametrize(
    "kind",
    [
        lambda gray, paths: gray,
        lambda gray, paths: gray[..., None],
        lambda gray, paths: list(gray),
        lambda gray, paths: gray.reshape(12, -1),
        lambda gray, paths: pd.DataFrame(gray.reshape(12, -1)),
        lambda gray, paths: LazyImages(paths),
        lambda gray, paths: LazyImages(paths)[:][..., :],
        lambda gray, paths: paths,
    ],
    ids=["stack", "channels", "list", "rows", "table", "lazy", "lazy view", "paths"],
)
def test_every_kind_of_gray_images_is_the_same_images(gray, paths, kind):
    X, y = kind(gray, paths), [0, 1] * 6
    model = ScratchCNN((2,), image_shape=(8, 8), max_epochs=1, device="cpu", random_state=0)
    of_stack, of_kind = clone(model).fit(gray, y), clone(model).fit(X, y)
    assert of_kind.image_shape_ == (8, 8, 1)
    expected = of_stack.predict_proba(gray)
    np.testing.assert_array_equal(of_stack.predict_proba(X), expected)
    np.testing.assert_array_equal(of_kind.predict_proba(gray), expected)


def test_an_axis_of_channels_for_validation_leaves_the_users_lazy_stack_alone(paths):
    lazy = LazyImages(paths)
    assert checked(lazy).image_shape_ == (8, 8, 1)
    assert lazy.shape == (12, 8, 8)
    assert lazy[0].shape == (8, 8)


def test_rows_are_read_as_square_gray_then_square_rgb(gray):
    assert checked(gray.reshape(12, 64)).image_shape_ == (8, 8, 1)
    assert checked(np.ones((2, 48))).image_shape_ == (4, 4, 3)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda p: pd.DataFrame({"p": p})])
def test_every_kind_of_path_list_is_decoded_to_image_shape(paths, kind):
    listed = kind([str(path) for path in paths])
    estimator = checked(listed, image_shape=(6, 5))
    assert estimator.image_shape_ == (6, 5, 1)
    assert not hasattr(estimator, "n_features_in_")
    decoded = LazyImages(paths, size=(6, 5)).load()
    np.testing.assert_array_equal(estimator.transform(listed), estimator.transform(decoded))


def test_a_column_of_pathlib_paths_is_a_list_of_paths(gray, paths):
    column = np.array(paths, dtype=object)[:, None]
    estimator = checked(column, image_shape=(8, 8))
    np.testing.assert_array_equal(estimator.transform(column), estimator.transform(gray))


def test_three_channels_of_image_shape_decode_to_rgb(paths):
    assert checked(paths, image_shape=(6, 5, 3)).image_shape_ == (6, 5, 3)


@pytest.mark.parametrize(
    ("X", "options", "kind", "words"),
    [
        ("one.png", {}, TypeError, "one path"),
        (["a.png", None], {"image_shape": (4, 4)}, TypeError, "Row 1"),
        (["a.png"], {}, ValueError, "image_shape=(height, width)"),
        (["a.png"], {"image_shape": (4, -1)}, ValueError, "leaves a side open"),
        (["a.png"], {"image_shape": (4, 4, 2)}, ValueError, "1 or 3 channels"),
        (np.ones((3, 50)), {}, ValueError, "image_shape=(height, width[, channels])"),
        (np.ones((3, 50)), {"image_shape": (7, 7)}, ValueError, "n_features=50"),
        (np.ones((3, 50)), {"image_shape": (7, -1)}, ValueError, "n_features=50"),
        (np.ones((3, 50)), {"image_shape": (-1, -1)}, ValueError, "at most one may be -1"),
        (np.ones((3, 50)), {"image_shape": (5, 2.5, 4)}, ValueError, "positive integers"),
        (np.ones((3, 2, 4, 4, 1)), {}, ValueError, "slice by slice"),
        (np.ones((5, 3, 32, 32)), {}, ValueError, "numpy.moveaxis(X, 1, -1)"),
        (np.ones((5, 0, 32)), {}, ValueError, "without pixels"),
        (np.full((2, 4, 4), np.nan), {}, ValueError, "NaN"),
        (np.full((2, 4, 4), np.inf), {}, ValueError, "infinity"),
        (np.ones((2, 4, 4), complex), {}, ValueError, "Pass numpy.abs(X)"),
        (sparse.eye(4, format="csr"), {}, TypeError, "dense"),
        ([np.ones((2, 2)), np.ones((3, 3))], {}, ValueError, "2x2 and 3x3 among them"),
        ([[1, 2, 3, 4], [5, 6]], {}, ValueError, "ragged"),
        ([Image.new("L", (4, 4)), Image.new("L", (6, 5))], {}, ValueError, "4x4 and 5x6"),
        (pd.Series([np.ones((4, 4))] * 3), {}, ValueError, "numpy.stack(list(X))"),
        ((path for path in ["a.png"]), {}, TypeError, "pass it as a list"),
        (pd.DataFrame({"path": ["a.png"], "label": ["ill"]}), {}, ValueError, 'table["path"]'),
        ({"a.png", "b.png"}, {}, TypeError, "an order and a length"),
        (np.ones(5), {}, ValueError, "2D array"),
        ([], {}, ValueError, "1D array"),
        (np.ones((0, 4, 4)), {}, ValueError, "0 sample"),
    ],
)
def test_a_bad_X_is_explained_before_any_work(X, options, kind, words):
    with pytest.raises(kind) as caught:
        checked(X, **options)
    assert words in str(caught.value)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_list_of_pictures_is_a_stack(gray, mode):
    pictures = [Image.fromarray(image).convert(mode) for image in gray]
    estimator = checked(pictures)
    assert estimator.image_shape_ == (8, 8, len(mode))
    stack = np.stack([gray] * len(mode), axis=-1)
    np.testing.assert_array_equal(estimator.transform(pictures), estimator.transform(stack))


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1)])
def test_a_single_image_is_told_to_become_a_stack(gray, shape):
    with pytest.raises(ValueError, match=r"pass X\[None\]"):
        checked(gray).transform(gray[0].reshape(shape))
    color = checked(np.repeat(gray[..., None], 3, axis=3))
    with pytest.raises(ValueError, match=r"pass X\[None\]"):
        color.transform(np.ones((8, 8, 3)))


def test_a_stack_of_as_many_images_as_each_has_lines_is_no_single_image():
    assert len(checked(np.ones((4, 8, 8))).transform(np.ones((8, 8, 8)))) == 8
    flat = checked(np.ones((3, 12)), image_shape=(1, -1))
    assert len(flat.transform(np.ones((1, 12)))) == 1


def test_images_of_another_shape_are_refused_with_the_way_out(gray):
    estimator = checked(gray)
    with pytest.raises(ValueError, match=r"8x8x1 images .* 6x6x1. Put ImageLoader"):
        estimator.transform(gray[:, :6, :6])
    with pytest.raises(ValueError, match='color="gray"'):
        estimator.transform(np.ones((2, 8, 8, 3)))


def test_floats_up_to_255_after_integers_are_warned_of(gray):
    model = ShallowMLP((), max_epochs=1).fit(gray, [0, 1] * 6)
    with pytest.warns(UserWarning, match="divide them by 255"):
        model.predict(gray.astype(float))


def test_integers_after_floats_up_to_255_are_warned_of(gray):
    model = ShallowMLP((), max_epochs=1).fit(gray.astype(float), [0, 1] * 6)
    with pytest.warns(UserWarning, match="pass X.astype"):
        model.predict(gray)


def test_rows_after_stacks_take_the_shape_seen_in_fit(gray):
    estimator = checked(gray)
    rows = gray.reshape(12, 64)
    np.testing.assert_array_equal(estimator.transform(rows), estimator.transform(gray))


def test_an_open_side_is_filled_in():
    assert checked(np.ones((2, 12)), image_shape=(1, -1)).image_shape_ == (1, 12, 1)
    assert checked(np.ones((2, 24)), image_shape=(2, -1, 3)).image_shape_ == (2, 4, 3)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (None, "requires y"),
        ([0.5, 1.5] * 6, "continuous"),
        (["a"] * 12, "only one class"),
        ([0, 1] * 5, "inconsistent numbers of samples"),
        ([[0, 1]] * 12, "1d array"),
        ([0.0, np.nan] * 6, "6 of 12 images have no label, first in row 1"),
        (["a", "b", None] * 4, "4 of 12 images have no label, first in row 2"),
        (pd.Series(["a", pd.NA] * 6, dtype="string"), "no label, first in row 1"),
        (np.array(["a", 1] * 6, dtype=object), r"mixes int and str.*numpy.asarray\(y, str\)"),
        (np.array([True, False] * 6, dtype=object), r"numpy.asarray\(y, bool\)"),
    ],
)
def test_a_bad_y_is_explained(gray, y, words):
    with pytest.raises(ValueError, match=words):
        ShallowMLP(max_epochs=1).fit(gray, y)


@pytest.mark.parametrize(
    ("fit_parameters", "words"),
    [
        ({"sample_weight": [-1.0] * 12}, "[Nn]egative"),
        ({"sample_weight": [0.0] * 12}, "zero"),
        ({"sample_weight": [1.0] * 3}, r"sample_weight.shape"),
        ({"groups": [1, 2, 3]}, "3 groups for 12 images"),
        ({"groups": ["p1", None] * 6}, "6 of 12 images have no patient, first in row 1"),
        ({"groups": [1.0, np.nan] * 6}, "no patient"),
    ],
)
def test_bad_weights_and_groups_are_explained(gray, fit_parameters, words):
    with pytest.raises(ValueError, match=words):
        ShallowMLP(max_epochs=1).fit(gray, [0, 1] * 6, **fit_parameters)


def test_integers_of_another_depth_than_in_fit_are_warned_of(gray):
    y = np.arange(12) % 2
    model = ShallowMLP((4,), max_epochs=1, random_state=0).fit(gray, y)
    for X in (gray.astype(np.uint16), gray.astype(np.uint16) * 16, gray.astype(np.int16)):
        with pytest.warns(UserWarning, match=rf"fitted on uint8.* {X.dtype} up to {X.max()}"):
            model.predict(X)


@pytest.mark.parametrize("factor", [257, 0])
def test_integers_of_another_depth_that_fill_it_are_not_warned_of(gray, factor):
    model = ShallowMLP((4,), max_epochs=1, random_state=0).fit(gray, np.arange(12) % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deep = model.predict_proba(gray.astype(np.uint16) * np.uint16(factor))
    np.testing.assert_allclose(deep, model.predict_proba(gray * bool(factor)), atol=1e-5)
