"""Surface Dice and distances agree with the published tests of their authors, MONAI and MedPy."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.morphology import skeletonize

from skmedimg.metrics import (
    average_surface_distance,
    boundary_f1,
    cl_dice,
    hausdorff_distance,
    surface_dice,
    volume_error,
)


def blank(*shape):
    return np.zeros((2, 1, *shape), dtype=bool)


@pytest.fixture
def blobs():
    """Pairs of smooth masks (2, 6, 48, 64) of several parts, some at the border."""
    noise = np.random.default_rng(0).normal(size=(2, 6, 48, 64))
    smooth = ndimage.gaussian_filter(noise, (0, 0, 4, 4))
    smooth[1] = 0.6 * smooth[0] + 0.4 * smooth[1]
    return smooth > 0.6 * smooth.std()


# Tables of the authors' code, surface_distance_test.py: pixels 2 mm apart, a plane moved by one.


def test_subpixel_surface_dice_of_two_pixels_is_the_authors():
    true, pred = blank(128, 128)
    true[0, 50, 70] = pred[0, 50, 72] = True
    assert surface_dice(true, pred, tolerance=1, spacing=(2, 1), subpixel=True) == 0.5
    true, pred = blank(64, 64, 80)
    true[0, 50, 60, 70] = pred[0, 50, 60, 72] = True
    assert surface_dice(true, pred, tolerance=1, spacing=(3, 2, 1), subpixel=True) == 0.5
    for one in (true, pred):
        assert surface_dice(one, one & False, tolerance=1, spacing=(3, 2, 1), subpixel=True) == 0.0


def test_subpixel_surface_dice_of_shifted_cubes_is_the_authors():
    true, pred = blank(100, 100, 100)
    true[0, :50], pred[0, :51] = True, True
    found = surface_dice(true, pred, tolerance=1, spacing=(2, 1, 1), subpixel=True)
    assert found == pytest.approx(0.836145, abs=1e-6)


def test_subpixel_surface_dice_of_shifted_squares_is_the_authors():
    true, pred = blank(6, 6)
    true[0, 1:3, 1:3], pred[0, 1:4, 1:3] = True, True
    tall, wide = 2, 1
    diagonal = math.hypot(tall, wide) / 2
    # Around the square: corner, side, corner, ...; around the other one two tall sides more.
    lengths = [4 * diagonal + 2 * (tall + wide), 4 * diagonal + 2 * (2 * tall + wide)]
    # 1 mm away: the lower side of the square; 2 mm: the lower side and corners of the other one.
    far = wide + 2 * diagonal
    at_0, at_1 = (
        surface_dice(true, pred, tolerance=t, spacing=(tall, wide), subpixel=True) for t in (0, 1)
    )
    assert at_1 == pytest.approx(1 - far / sum(lengths))
    assert at_0 == pytest.approx(1 - (far + wide) / sum(lengths))


# Tables of MONAI's tests/metrics/test_surface_dice.py.


@pytest.mark.parametrize("label", [0, 1])
def test_surface_dice_of_shifted_halves_is_monais(label):
    true, pred = blank(480, 640)
    true[0, :, 60:], pred[0, :, 50:] = True, True
    widths = {0: (48, 58), 1: (588, 578)}[label]
    expected = 1 - (478 + 480 + 9 * 2) / (480 * 4 + 2 * sum(widths))
    scores = [
        surface_dice(true, pred, labels=[label], tolerance=tolerance, spacing=spacing)
        for spacing, tolerances in ((1.0, (0, 1, 9, 10, 11)), ((0.85, 1.2), (0, 1, 9, 11, 12, 13)))
        for tolerance in tolerances
    ]
    assert scores[0] == scores[5] == pytest.approx(expected)
    assert scores[:4] == sorted(set(scores[:4]))
    assert scores[3] == scores[4] == 1.0
    assert scores[5:10] == sorted(set(scores[5:10]))
    assert scores[9] == scores[10] == 1.0


def test_surface_dice_of_shifted_volumes_is_monais():
    true, pred = blank(200, 110, 80)
    true[0, :, :, 30:], pred[0, :, :, 20:] = True, True
    far = 200 * 110 + 198 * 108 + 9 * 200 * 2 + 9 * 108 * 2
    whole = 200 * 110 * 4 + (58 + 48) * 200 * 2 + (58 + 48) * 108 * 2
    assert surface_dice(true, pred, tolerance=0) == pytest.approx(1 - far / whole)


@pytest.mark.parametrize(
    ("label", "tolerance", "expected"),
    [(0, 0, 1 - 12 / 84), (0, 2.8, 1 - 3 / 84), (0, 3, 1 - 1 / 84), (1, 0, 0), (1, 5.5, 1 / 3)],
)
def test_surface_dice_of_two_lines_is_monais(label, tolerance, expected):
    true, pred = blank(10, 10)
    true[0, 5:8, 6], pred[0, 1:4, 1] = True, True
    found = surface_dice(true, pred, labels=[label], tolerance=tolerance)
    assert found == pytest.approx(expected)


def sphere(radius, center, spacing=(1.0, 1.0, 1.0)):
    grid = np.ogrid[:99, :99, :99]
    axes = zip(grid, spacing, center, strict=True)
    return sum((a * s - c) ** 2 for a, s, c in axes)[None] <= radius**2


@pytest.mark.parametrize(
    ("one", "other", "spacing", "percentile", "expected"),
    [
        ((20, (20, 20, 20)), (20, (19, 19, 19)), 1.0, 100, 1.7320508),
        ((20, (20, 33, 22)), (40, (20, 33, 22)), 1.0, 100, 20.2237484),
        ((20, (20, 33, 22)), (40, (20, 33, 22)), 1.0, 95, 20.0997512),
        ((15, (20, 33, 22)), (30, (20, 33, 22)), (0.85, 1.2, 0.9), 100, 15.62594),
    ],
)
def test_hausdorff_distance_of_spheres_is_monais(one, other, spacing, percentile, expected):
    # MONAI's tests/metrics/test_hausdorff_distance.py, its symmetric Euclidean column.
    masks = [sphere(*each, np.broadcast_to(spacing, 3)) for each in (one, other)]
    found = hausdorff_distance(*masks, percentile=percentile, spacing=spacing)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")
def test_all_agree_with_monai_on_random_shapes(blobs):
    monai = pytest.importorskip("monai.metrics")
    true, pred = blobs
    hot_true, hot_pred = (torch.tensor(np.stack([~each, each], axis=1)) for each in (true, pred))
    for spacing in ((1.0, 1.0), (0.7, 1.3)):
        for subpixel in (False, True):
            expected = monai.compute_surface_dice(
                hot_pred, hot_true, [1.5], spacing=spacing, use_subvoxels=subpixel
            )
            ours = surface_dice(
                true, pred, tolerance=1.5, spacing=spacing, subpixel=subpixel, average=None
            )
            np.testing.assert_allclose(ours, expected, atol=1e-6)
        options = {"spacing": spacing, "average": None}
        expected = monai.compute_hausdorff_distance(
            hot_pred, hot_true, percentile=95, spacing=spacing
        )
        np.testing.assert_allclose(hausdorff_distance(true, pred, **options), expected, rtol=1e-6)
        expected = monai.compute_average_surface_distance(
            hot_pred, hot_true, symmetric=True, spacing=spacing
        )
        ours = average_surface_distance(true, pred, **options)
        np.testing.assert_allclose(ours, expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(48, 64), (24, 16, 8)])
def test_distances_are_those_of_a_distance_transform(blobs, shape):
    spacing = (0.7, 1.3, 2.1)[: len(shape)]
    for true, pred in zip(*blobs.reshape(2, 6, *shape), strict=True):
        a, b = (each & ~ndimage.binary_erosion(each) for each in (true, pred))
        to = [ndimage.distance_transform_edt(~each, sampling=spacing) for each in (a, b)]
        both = np.concatenate([to[0][b], to[1][a]])
        pair, options = (true[None], pred[None]), {"spacing": spacing}
        assert average_surface_distance(*pair, **options) == pytest.approx(both.mean())
        # MedPy takes the percentile of the distances of both directions together.
        for percentile in (95, 50):
            found = hausdorff_distance(*pair, **options, percentile=percentile, pooled=True)
            assert found == pytest.approx(np.percentile(both, percentile))
        # Every distance is also a tolerance that is met.
        for tolerance in np.unique(both)[::10]:
            near = np.mean(both <= tolerance)
            assert surface_dice(*pair, **options, tolerance=tolerance) == near


def test_outlines_of_unequal_length_count_by_pixels_and_not_by_mask():
    true, pred = blank(20, 20)
    true[0, 5, :], pred[0, 5, :10] = True, True
    assert surface_dice(true, pred, tolerance=0) == pytest.approx((10 + 10) / (20 + 10))
    assert boundary_f1(true, pred, tolerance=0) == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_centerline_dice_is_the_mean_of_the_shares_inside_of_each_other():
    true, pred = blank(9, 40)
    true[0, 4, :], pred[0, 3:6, :30] = True, True
    # 30 of the 40 true pixels are found; the predicted centerline lies in the true one.
    assert cl_dice(true, pred) == pytest.approx(2 * 0.75 / 1.75, abs=0.02)
    shares = true[0][skeletonize(pred[0])].mean(), pred[0][skeletonize(true[0])].mean()
    assert cl_dice(true, pred) == pytest.approx(2 * shares[0] * shares[1] / sum(shares))


def test_centerline_dice_sees_a_cut_vessel_that_dice_does_not():
    true, pred = blank(20, 60)
    true[0, 6:14] = True
    pred[0] = true[0]
    pred[0, :, 28:31] = False
    assert cl_dice(true, pred) < 0.98
    assert cl_dice(true, true) == cl_dice(np.roll(true, 2, 1), true) == 1.0


def test_the_smallest_shapes_have_a_centerline_too():
    for side in (1, 2, 3):
        true, _ = blank(8, 8)
        true[0, 2 : 2 + side, 2 : 2 + side] = True
        assert cl_dice(true, true) == 1.0


def test_volume_error_is_relative_to_the_true_area():
    true, pred = np.array([[0, 1, 1, 1, 1], [0, 0, 0, 0, 1]]), np.array([[0, 1, 1, 1, 0], [1] * 5])
    np.testing.assert_allclose(volume_error(true, pred, average="image"), [0.25, 4])
    np.testing.assert_allclose(volume_error(true, pred, average="image", signed=True), [-0.25, 4])
    assert volume_error(true, pred, average="pooled") == 3 / 5
    nothing = np.zeros_like(true)
    assert volume_error(true, nothing) == 1.0
    assert volume_error(nothing, pred) == math.inf
    assert volume_error(nothing, pred, missing=1.0) == 1.0
    assert volume_error(nothing, nothing) == 0.0
    assert volume_error(nothing, nothing, empty=0.5) == 0.5
