"""Descriptors of texture and brightness: the numbers of scikit-image, numpy and scipy."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats
from skimage import data
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmedimg import HOG, LBP, CleanMasks, CropForeground, Haralick, IntensityHistogram
from skmedimg.features import haralick, intensity_histogram, lbp
from skmedimg.images import LazyImages

FUNCTIONS = {LBP: lbp, Haralick: haralick, IntensityHistogram: intensity_histogram}
DESCRIPTORS = pytest.mark.parametrize("descriptor", FUNCTIONS, ids=lambda d: d.__name__)

PROPERTIES = ["contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM"]
PROPERTIES += ["entropy", "mean", "variance", "std"]
N_CODES = {
    "uniform": lambda p: p + 2,
    "nri_uniform": lambda p: p * (p - 1) + 3,
    "default": lambda p: 2**p,
    "ror": lambda p: 2**p,
}


def photographs(dtype=np.uint8, side=48):
    """Skin, sky, a plain area and noise: patterns of all sorts, many of them ties."""
    camera = data.camera()
    noise = np.random.default_rng(0).integers(0, 3, (side, side)) * 100
    plain = np.full((side, side), 77)
    crops = [camera[k : k + side, 3 * k : 3 * k + side] for k in (10, 70, 130)]
    return np.stack([*crops, plain, noise]).astype(dtype)


def patterns(image, radius, points, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-image warns of floats
        return local_binary_pattern(image, points, radius, method).astype(int)


def counted(codes, n_codes):
    return np.bincount(codes.ravel(), minlength=n_codes)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.5, 4),
    st.integers(1, 24),
    st.sampled_from(["uniform", "nri_uniform", "default"]),
    st.sampled_from(["u1", "u2", "i4", "f4", "f8"]),
    st.sampled_from([1, 7, 255]),
)
def test_patterns_are_those_of_scikit_image(radius, points, method, dtype, scale):
    points = min(points, 10) if method == "default" else points
    images = photographs(dtype)
    images = images / np.array(scale, dtype) if dtype[0] == "f" else images
    features = lbp(images, radii=(radius,), points=points, method=method, normalize=False)
    n_codes = N_CODES[method](points)
    expected = [counted(patterns(image, radius, points, method), n_codes) for image in images]
    np.testing.assert_array_equal(features, expected)


@pytest.mark.parametrize("points", [1, 2, 5, 8, 12])
def test_turned_patterns_are_those_of_scikit_image(points):
    images = photographs()
    features = lbp(images, radii=(1.5,), points=points, method="ror", normalize=False)
    model = LBP(radii=(1.5,), points=points, method="ror").fit(images)
    codes = [int(name.split("_")[-1]) for name in model.get_feature_names_out()]
    for image, row in zip(images, features, strict=True):
        expected = counted(patterns(image, 1.5, points, "ror"), 2**points)
        np.testing.assert_array_equal(row, expected[codes])
        assert expected.sum() == row.sum()


def test_eight_points_have_36_turned_and_59_uniform_patterns():
    images = photographs()
    assert lbp(images, radii=(1,), method="ror").shape[1] == 36  # Ojala et al., 2002
    assert lbp(images, radii=(1,), method="nri_uniform").shape[1] == 59
    assert lbp(images).shape[1] == 10 + 18 + 26


def test_radii_and_cells_follow_each_other():
    images = photographs()
    grid = lbp(images, radii=(1, 2), points=8, cells=(2, 3), normalize=False).reshape(
        5, 2, 2, 3, 10
    )
    codes = patterns(images[0], 2, 8, "uniform")
    np.testing.assert_array_equal(grid[0, 1, 1, 2], counted(codes[24:, 32:], 10))
    whole = lbp(images, radii=(1, 2), points=8, normalize=False).reshape(5, 2, 10)
    np.testing.assert_array_equal(grid.sum((2, 3)), whole)


def test_normalized_histograms_sum_to_one():
    rows = lbp(photographs(), cells=(7, 5)).reshape(5, -1)
    assert rows.sum(1) == pytest.approx(3 * 7 * 5, abs=1e-3)
    assert intensity_histogram(photographs()).sum(1) == pytest.approx(1, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(np.arange(12) * np.pi / 6), min_size=1, max_size=3, unique=True),
    st.sampled_from([2, 16, 64, 256]),
    st.booleans(),
    st.integers(0, 99),
)
def test_neighbours_have_the_properties_scikit_image_finds(distances, angles, levels, both, seed):
    images = np.random.default_rng(seed).integers(0, 256, (3, 9, 11)).astype(np.uint8)
    images[1] = 130
    features = haralick(
        images, distances=distances, angles=angles, levels=levels, symmetric=both
    ).reshape(3, 10, len(distances), len(angles))
    for image, found in zip(images // (256 // levels), features, strict=True):
        joint = graycomatrix(image, distances, angles, levels, symmetric=both, normed=True)
        expected = [graycoprops(joint, name) for name in PROPERTIES]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_photographs_have_the_properties_scikit_image_finds():
    images = photographs()
    features = haralick(images, distances=(1, 4), levels=256).reshape(5, 10, 2, 4)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    for image, found in zip(images, features, strict=True):
        joint = graycomatrix(image, [1, 4], angles, symmetric=True, normed=True)
        expected = [graycoprops(joint, name) for name in PROPERTIES]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_pooled_angles_are_their_mean():
    images = photographs()
    each = haralick(images, distances=(1, 2)).reshape(5, 10, 2, 4)
    pooled = haralick(images, distances=(1, 2), pool_angles=True).reshape(5, 10, 2)
    np.testing.assert_allclose(pooled, each.mean(3), rtol=1e-5)


def test_levels_are_the_same_for_pixels_of_any_depth():
    images = photographs()
    expected = haralick(images)
    np.testing.assert_allclose(haralick(images.astype("u2") * 257), expected)
    np.testing.assert_allclose(haralick(images.astype("i4"), value_range=(0, 255)), expected)
    np.testing.assert_allclose(haralick((images + 0.5) / 256, value_range=(0, 1)), expected)


@pytest.mark.parametrize("bins", [1, 7, 32, 256])
def test_bins_are_those_of_numpy(bins):
    values = np.random.default_rng(0).normal(size=(3, 20, 30))
    for images, ends in [(values, (values.min(), values.max())), (photographs(), (0, 256))]:
        features = intensity_histogram(images, bins=bins, normalize=False)
        expected = [np.histogram(image, bins, ends)[0] for image in images]
        np.testing.assert_array_equal(features, expected)


def test_values_outside_the_range_count_at_its_ends():
    image = np.array([[[-5.0, 0.1, 0.9, 7.0]]])
    features = intensity_histogram(image, bins=4, value_range=(0, 1), normalize=False)
    assert features.tolist() == [[2, 0, 0, 2]]


def test_whole_numbers_share_the_bins_equally():
    image = np.arange(100).reshape(1, 10, 10)
    assert set(intensity_histogram(image, bins=20, normalize=False)[0]) == {5}


@pytest.mark.parametrize("bins", range(1, 13))
def test_no_whole_number_slips_into_the_bin_below(bins):
    image = np.arange(12 * bins).reshape(1, 12, bins)
    assert set(intensity_histogram(image, bins=bins, normalize=False)[0]) == {12}


def test_statistics_are_those_of_scipy():
    images = photographs()[[0, 1, 4]]
    names = ["mean", "std", "skewness", "kurtosis", "min", "median", "max"]
    features = intensity_histogram(images, bins=1, statistics=names)[:, 1:]
    flat = images.reshape(3, -1).astype(float)
    expected = [
        *(flat.mean(1), flat.std(1), stats.skew(flat, axis=1), stats.kurtosis(flat, axis=1)),
        *(flat.min(1), np.median(flat, axis=1), flat.max(1)),
    ]
    np.testing.assert_allclose(features.T, expected, rtol=1e-5)


def test_plain_images_have_no_skewness():
    names = ["mean", "std", "skewness", "kurtosis"]
    features = intensity_histogram(np.full((1, 4, 4), 0.1), bins=1, statistics=names)
    np.testing.assert_allclose(features, [[1, 0.1, 0, 0, 0]])


@pytest.mark.parametrize("descriptor", [Haralick, IntensityHistogram])
def test_the_range_of_floats_is_learned_in_fit(descriptor):
    train = np.random.default_rng(0).normal(size=(6, 8, 8))
    fitted = descriptor().fit(train)
    assert fitted.value_range_ == (train.min(), train.max())
    test = train[:2] / 2
    expected = FUNCTIONS[descriptor](test, value_range=(train.min(), train.max()))
    np.testing.assert_array_equal(fitted.transform(test), expected)


def test_images_of_one_value_fill_the_first_level():
    images = np.full((2, 6, 6), 3.5)
    fitted = IntensityHistogram(bins=3).fit(images)
    assert fitted.value_range_ == (3.5, 4.5)
    assert fitted.transform(images).tolist() == [[1, 0, 0]] * 2


def test_the_range_of_bytes_is_that_of_the_dtype_unless_the_data_is_asked_for():
    images = photographs()[:3]
    assert IntensityHistogram().fit(images).value_range_ == (0, 255)
    assert Haralick().fit(images.astype("i2")).value_range_ == (-32768, 32767)
    assert Haralick().fit(images > 100).value_range_ == (0, 1)
    learned = IntensityHistogram(value_range="data").fit(images)
    assert learned.value_range_ == (images.min(), images.max())
    assert IntensityHistogram(value_range=[10, 20]).fit(images).value_range_ == (10, 20)


@DESCRIPTORS
def test_rows_images_channels_and_lists_give_the_same_features(descriptor):
    images = photographs()
    expected = FUNCTIONS[descriptor](images)
    for X in (images, images[..., None], images.reshape(5, -1)):
        np.testing.assert_array_equal(descriptor().fit_transform(X), expected)


@DESCRIPTORS
def test_colors_turn_to_the_gray_of_pillow_or_are_described_each(descriptor):
    images = np.stack([data.astronaut()[k : k + 40, k : k + 50] for k in (0, 90, 200)])
    gray = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
    describe = FUNCTIONS[descriptor]
    np.testing.assert_array_equal(describe(images), describe(gray))
    each = np.hstack([describe(images[..., channel]) for channel in range(3)])
    np.testing.assert_array_equal(describe(images, channels="each"), each)
    names = descriptor(channels="each").fit(images).get_feature_names_out()
    assert len(names) == len(set(names)) == each.shape[1]
    assert [name.count("_ch1") for name in names].index(1) == each.shape[1] // 3


@DESCRIPTORS
def test_files_and_lazy_stacks_are_decoded_as_they_are_needed(tmp_path, descriptor):
    paths = [tmp_path / f"{k:03}.png" for k in range(70)]
    for k, path in enumerate(paths):
        Image.fromarray(photographs()[k % 5] // (1 + k % 3)).save(path)
    images = LazyImages(paths, size=(32, 32))
    expected = FUNCTIONS[descriptor](images.load())
    fitted = descriptor(image_shape=(32, 32)).fit(paths)
    np.testing.assert_array_equal(fitted.transform(paths), expected)
    np.testing.assert_array_equal(clone(fitted).fit_transform(images), expected)
    assert not hasattr(fitted, "n_features_in_")


def test_the_range_of_a_lazy_stack_is_found_without_holding_it(tmp_path, monkeypatch):
    held, load = [], LazyImages.load
    monkeypatch.setattr(LazyImages, "load", lambda self: held.append(len(self)) or load(self))
    for k in range(130):
        Image.fromarray(np.full((4, 4), 100 + k, np.uint8)).save(tmp_path / f"{k:03}.png")
    images = LazyImages(sorted(tmp_path.iterdir()))
    assert IntensityHistogram(value_range="data").fit(images).value_range_ == (100, 229)
    assert held == [64, 64, 2]


@DESCRIPTORS
def test_threads_and_chunks_do_not_change_a_bit(descriptor):
    images = np.tile(photographs(), (40, 1, 1))
    expected = FUNCTIONS[descriptor](images)
    np.testing.assert_array_equal(descriptor(n_jobs=3).fit_transform(images), expected)
    one_by_one = [FUNCTIONS[descriptor](image[None])[0] for image in images[:5]]
    np.testing.assert_array_equal(one_by_one, expected[:5])
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: FUNCTIONS[descriptor](images), range(4)):
            np.testing.assert_array_equal(result, expected)


@DESCRIPTORS
def test_images_are_left_alone(descriptor):
    images = photographs(float)
    before = images.copy()
    images.flags.writeable = False
    descriptor().fit_transform(images)
    np.testing.assert_array_equal(images, before)


@DESCRIPTORS
def test_pandas_come_out_when_asked_for_with_the_index_of_the_input(descriptor):
    frame = pd.DataFrame(photographs()[:3].reshape(3, -1), index=[7, 8, 9])
    frame.columns = [f"p{k}" for k in range(48 * 48)]
    out = descriptor().set_output(transform="pandas").fit_transform(frame)
    assert list(out.index) == [7, 8, 9]
    assert list(out.columns) == list(descriptor().fit(frame).get_feature_names_out())


def test_names_tell_what_was_counted():
    images = photographs()
    names = LBP(radii=(1, 2.5), cells=(1, 2)).fit(images).get_feature_names_out()
    assert names[0] == "lbp_radius1_r0_c0_0"
    assert names[-1] == "lbp_radius2.5_r0_c1_other"
    names = Haralick(distances=(1, 3)).fit(images).get_feature_names_out()
    assert names[0] == "haralick_contrast_d1_a0"
    assert names[-1] == "haralick_std_d3_a135"
    names = IntensityHistogram(statistics=["mean"]).fit(images).get_feature_names_out()
    assert list(names[-2:]) == ["intensity_bin31", "intensity_mean"]


@pytest.mark.parametrize(
    ("descriptor", "parameters", "message"),
    [
        (LBP, {"radii": ()}, r"radii needs positive numbers.*\(\)"),
        (LBP, {"radii": (1, -2)}, "radii needs positive numbers"),
        (LBP, {"points": (8,)}, "points needs one number per radius, got 1"),
        (LBP, {"points": 40}, "points"),
        (LBP, {"points": 20, "method": "default"}, "1 to 16 with method='default'.*'uniform'"),
        (LBP, {"radii": (5,)}, "1 to 32.*Set points"),
        (LBP, {"cells": (0, 1)}, "cells needs two positive integers"),
        (LBP, {"cells": (100, 1)}, "at least 100x1 pixels, but they have 48x48"),
        (LBP, {"method": "var"}, "method"),
        (Haralick, {"distances": (80,)}, "fit into 48x48 images .*got 80"),
        (Haralick, {"distances": ("a",)}, "distances needs numbers"),
        (Haralick, {"angles": ()}, "angles needs numbers, at least one"),
        (Haralick, {"levels": 1}, "levels"),
        (Haralick, {"properties": ["shine"]}, "properties needs some of contrast.*shine"),
        (Haralick, {"value_range": (3, 3)}, r"low < high, got \(3, 3\)"),
        (IntensityHistogram, {"value_range": (0, np.inf)}, "value_range needs two numbers"),
        (IntensityHistogram, {"bins": 0}, "bins"),
        (IntensityHistogram, {"statistics": ["mode"]}, "statistics needs some of mean.*mode"),
    ],
)
def test_wrong_parameters_are_named(descriptor, parameters, message):
    with pytest.raises(ValueError, match=message):
        descriptor(**parameters).fit(photographs())
    with pytest.raises(ValueError, match=message):
        FUNCTIONS[descriptor](photographs(), **parameters)


@DESCRIPTORS
def test_two_channels_have_no_gray(descriptor):
    images = np.zeros((2, 8, 8, 2))
    with pytest.raises(ValueError, match="1 or 3 channels, but they have 2.*channels='each'"):
        descriptor().fit(images)
    descriptor(channels="each").fit_transform(images)


@DESCRIPTORS
def test_before_fit_nothing_is_described(descriptor):
    for method in ("transform", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(descriptor(), method)(photographs())


@DESCRIPTORS
def test_it_works_in_a_cross_validated_pipeline(descriptor):
    noise = np.random.default_rng(0).normal(size=(40, 16, 16))
    smooth = noise.cumsum(1).cumsum(2)
    images = np.where(np.arange(40)[:, None, None] % 2, smooth, noise)
    model = make_pipeline(descriptor(), StandardScaler(), LogisticRegression())
    scores = cross_val_score(model, images, np.arange(40) % 2, cv=5, error_score="raise")
    assert scores.mean() > 0.9


@pytest.mark.parametrize(
    ("kind", "single", "several"),
    [
        (LBP, {"radii": 2, "cells": 2}, {"radii": (2,), "cells": (2, 2)}),
        (Haralick, {"distances": 2, "angles": 0, "properties": "ASM"},
         {"distances": (2,), "angles": (0,), "properties": ["ASM"]}),
        (IntensityHistogram, {"statistics": "mean"}, {"statistics": ["mean"]}),
    ],
)  # fmt: skip
def test_one_value_means_a_sequence_of_it(kind, single, several):
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 12), np.uint8)
    one, many = kind(**single).fit(images), kind(**several).fit(images)
    np.testing.assert_array_equal(one.transform(images), many.transform(images))
    assert list(one.get_feature_names_out()) == list(many.get_feature_names_out())


@pytest.mark.parametrize(
    "kind", [HOG, LBP, Haralick, IntensityHistogram, CropForeground, CleanMasks]
)
def test_all_parameters_but_the_first_are_given_by_name(kind):
    with pytest.raises(TypeError, match="positional"):
        kind(8, 0.5)
