"""Metrics of masks and decisions agree with scikit-learn, SciPy, scikit-image and closed forms."""

import math
from functools import partial

import numpy as np
import pytest
from scipy.spatial.distance import directed_hausdorff
from skimage.metrics import hausdorff_distance as skimage_hausdorff
from skimage.segmentation import find_boundaries
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score
from sklearn.model_selection import GridSearchCV

from skmedimg import metrics
from skmedimg.metrics import (
    as_scorer,
    average_surface_distance,
    boundary_f1,
    cl_dice,
    dice,
    hausdorff_distance,
    iou,
    object_average_precision,
    object_f1,
    object_precision,
    object_recall,
    panoptic_quality,
    pixel_f1,
    pixel_precision,
    pixel_recall,
    sensitivity,
    specificity,
    surface_dice,
    volume_error,
    volumetric_similarity,
)

OVERLAPS = (dice, iou, volumetric_similarity, pixel_precision, pixel_recall, pixel_f1)
DISTANCES = (hausdorff_distance, average_surface_distance)
OBJECT_SCORES = (
    object_average_precision,
    object_f1,
    object_precision,
    object_recall,
    panoptic_quality,
)
IMAGE_SCORES = (boundary_f1, surface_dice, cl_dice, *OBJECT_SCORES)


@pytest.fixture
def masks():
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, (2, 6, 12, 10))


@pytest.fixture
def blobs():
    """Smooth binary shapes: an outline of random pixels would be the shape itself."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:40, :50]
    found = np.zeros((2, 5, 40, 50), dtype=bool)
    for mask in found.reshape(10, 40, 50):
        y, x, r = rng.uniform(12, 28), rng.uniform(12, 38), rng.uniform(4, 11)
        mask |= (rows - y) ** 2 + (columns - x) ** 2 < r**2
    return found


def square(top, left, side, shape=(32, 32)):
    mask = np.zeros((1, *shape), dtype=np.uint8)
    mask[0, top : top + side, left : left + side] = 1
    return mask


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (dice, f1_score),
        (iou, jaccard_score),
        (pixel_precision, precision_score),
        (pixel_recall, recall_score),
        (pixel_f1, f1_score),
    ],
)
def test_overlap_agrees_with_scikit_learn_on_flat_pixels(ours, theirs, masks):
    true, pred = masks
    table = ours(true, pred, average=None)
    for image in range(len(true)):
        expected = theirs(true[image].ravel(), pred[image].ravel(), labels=[1, 2, 3], average=None)
        np.testing.assert_allclose(table[image], expected, atol=1e-12)
    pooled = theirs(true.ravel(), pred.ravel(), labels=[1, 2, 3], average="macro")
    assert ours(true, pred, average="pooled") == pytest.approx(pooled, abs=1e-12)


def test_hausdorff_at_100_is_scipys_and_scikit_images_distance_between_outlines(blobs):
    for true, pred in zip(*blobs, strict=True):
        outlines = [find_boundaries(mask, mode="inner", connectivity=1) for mask in (true, pred)]
        points = [np.argwhere(outline) for outline in outlines]
        expected = max(directed_hausdorff(*points)[0], directed_hausdorff(*points[::-1])[0])
        ours = hausdorff_distance(true[None], pred[None], percentile=100)
        assert ours == pytest.approx(expected, abs=1e-12)
        assert ours == pytest.approx(skimage_hausdorff(*outlines), abs=1e-12)


def test_percentile_of_hausdorff_agrees_with_pairwise_distances(blobs):
    true, pred = blobs[0][0], blobs[1][0]
    a, b = (np.argwhere(find_boundaries(m, mode="inner", connectivity=1)) for m in (true, pred))
    pairwise = np.linalg.norm((a[:, None] - b[None]) * (2.0, 0.5), axis=-1)
    expected = max(np.percentile(pairwise.min(1), 95), np.percentile(pairwise.min(0), 95))
    ours = hausdorff_distance(true[None], pred[None], spacing=(2.0, 0.5))
    assert ours == pytest.approx(expected, abs=1e-12)
    both = np.concatenate([pairwise.min(1), pairwise.min(0)]).mean()
    ours = average_surface_distance(true[None], pred[None], spacing=(2.0, 0.5))
    assert ours == pytest.approx(both, abs=1e-12)


def test_the_lowest_percentile_is_the_nearest_pair_of_outline_pixels(blobs):
    for true, pred in zip(*blobs, strict=True):
        a, b = (np.argwhere(find_boundaries(m, mode="inner", connectivity=1)) for m in (true, pred))
        nearest = np.linalg.norm(a[:, None] - b[None], axis=-1).min()
        ours = hausdorff_distance(true[None], pred[None], percentile=0)
        assert ours == pytest.approx(nearest, abs=1e-12)


@pytest.mark.parametrize("high", [1, 255, 256, 300])
@pytest.mark.parametrize("low", [0, -1])
def test_the_labels_of_masks_are_the_values_that_numpy_finds(low, high):
    true = np.tile([[low, low, 0, high]], (3, 5, 1))
    pred = np.roll(true, 1, axis=2)
    labels = np.setdiff1d(true, [0])
    expected = dice(true, pred, labels=labels, average=None)
    np.testing.assert_array_equal(dice(true, pred, average=None), expected)
    assert expected.shape == (3, len(labels))


def test_concentric_squares_are_as_far_apart_as_their_sides():
    inner, outer = square(12, 12, 8), square(9, 9, 14)
    assert hausdorff_distance(inner, outer, percentile=100) == pytest.approx(3 * math.sqrt(2))
    # The inner outline (28 pixels) is 3 away everywhere; the outer one (52) is 3 away beside the
    # inner sides (4 * 8 pixels) and further at the corners: sides 3, i for i = 1, 2, 3.
    corner = [math.hypot(3, i) for i in (1, 2)] * 2 + [math.hypot(3, 3)]
    expected = (28 * 3 + 32 * 3 + 4 * sum(corner)) / (28 + 52)
    assert average_surface_distance(inner, outer) == pytest.approx(expected)


def test_lines_two_pixels_apart_are_two_apart_in_every_distance():
    true, pred = np.zeros((2, 1, 20, 20), dtype=int)
    true[0, :, 5], pred[0, :, 7] = 1, 1
    for distance in DISTANCES:
        assert distance(true, pred) == 2.0
        assert distance(true, pred, spacing=(1.0, 0.7)) == pytest.approx(1.4)
    assert boundary_f1(true, pred, tolerance=2.0) == 1.0
    assert boundary_f1(true, pred, tolerance=1.9) == 0.0


def test_boundary_f1_counts_the_share_of_outline_within_the_tolerance():
    true, pred = np.zeros((2, 1, 20, 20), dtype=int)
    true[0, 5, :] = 1
    pred[0, 5, :10] = 1
    # every predicted pixel is right; 10 of the 20 true ones are found, and 3 more within 3 pixels
    assert boundary_f1(true, pred, tolerance=0) == pytest.approx(2 * 0.5 / 1.5)
    assert boundary_f1(true, pred, tolerance=3) == pytest.approx(2 * 0.65 / 1.65)
    # the other way round half of the outline is right, and all of it is found
    assert boundary_f1(pred, true, tolerance=0) == pytest.approx(2 * 0.5 / 1.5)
    assert boundary_f1(pred, true, tolerance=3) == pytest.approx(2 * 0.65 / 1.65)


def test_an_outline_includes_pixels_at_the_image_border():
    full, hole = np.ones((2, 1, 9, 9), dtype=int)
    hole[0, 4, 4] = 0
    assert hausdorff_distance(full, full) == 0.0
    assert hausdorff_distance(full, hole, percentile=100) == 3.0


def test_distances_work_on_volumes():
    true, pred = np.zeros((2, 1, 8, 8, 8), dtype=int)
    true[0, 2], pred[0, 5] = 1, 1
    assert hausdorff_distance(true, pred, spacing=(2.0, 1.0, 1.0)) == 6.0


def test_volumetric_similarity_compares_areas_wherever_they_lie():
    assert volumetric_similarity(square(0, 0, 4), square(20, 20, 4)) == 1.0
    assert volumetric_similarity(square(0, 0, 4), square(0, 0, 2)) == 1 - 12 / 20


@pytest.mark.parametrize("metric", [*OVERLAPS, *IMAGE_SCORES])
def test_an_image_without_any_of_the_classes_takes_the_value_of_empty(metric):
    nothing, something = np.zeros((1, 8, 8), dtype=int), square(2, 2, 3, (8, 8))
    assert metric(nothing, nothing) == 1.0
    assert metric(nothing, nothing, labels=[1, 2], empty=0.5) == 0.5
    assert math.isnan(metric(nothing, nothing, labels=[1], empty=math.nan))
    true, pred = np.concatenate([nothing, something]), np.concatenate([nothing, something[:, ::-1]])
    alone = metric(something, something[:, ::-1], average="mean")
    assert metric(true, pred, empty=math.nan, average="mean") == pytest.approx(alone)
    assert metric(true, pred, empty=1.0, average="mean") == pytest.approx((1 + alone) / 2)


@pytest.mark.parametrize("metric", [*OVERLAPS, *DISTANCES, *IMAGE_SCORES, volume_error])
def test_a_class_that_neither_mask_holds_is_left_out_of_the_image(metric):
    true, pred = square(2, 2, 4, (12, 12)), square(3, 2, 4, (12, 12))
    alone = metric(true, pred, labels=[1])
    assert metric(true, pred, labels=[1, 2]) == alone
    if metric not in (pixel_precision, pixel_recall, pixel_f1):
        table = metric(true, pred, labels=[1, 2], average=None)
        np.testing.assert_array_equal(table, [[alone, np.nan]])


@pytest.mark.parametrize("metric", [*OVERLAPS, *IMAGE_SCORES])
def test_a_class_in_only_one_of_the_masks_scores_zero(metric):
    nothing, something = np.zeros((1, 8, 8), dtype=int), square(2, 2, 3, (8, 8))
    assert metric(nothing, something) == 0.0
    assert metric(something, nothing) == 0.0


@pytest.mark.parametrize("metric", DISTANCES)
def test_distance_of_a_missing_class_is_infinite_or_the_diagonal(metric):
    nothing, something = np.zeros((1, 8, 6), dtype=int), square(2, 2, 3, (8, 6))
    assert metric(nothing, something) == math.inf
    assert metric(something, nothing, missing="diagonal", spacing=0.5) == pytest.approx(5.0)
    assert metric(something, nothing, missing=3.0) == 3.0
    assert metric(nothing, nothing, labels=[1]) == 0.0
    assert metric(nothing, nothing, empty=2.0) == 2.0
    assert math.isnan(metric(nothing, nothing, empty=math.nan))


def test_averages_are_taken_over_classes_then_images_and_never_over_a_batch(masks):
    true, pred = masks
    table = dice(true, pred, average=None)
    assert table.shape == (6, 3)
    np.testing.assert_allclose(dice(true, pred, average="image"), table.mean(axis=1))
    np.testing.assert_allclose(dice(true, pred, average="class"), table.mean(axis=0))
    assert dice(true, pred) == pytest.approx(table.mean())
    halves = [dice(true[rows], pred[rows]) for rows in (slice(3), slice(3, 6))]
    assert dice(true, pred) == pytest.approx(np.mean(halves))


def test_weights_of_images_equal_repeated_images(masks):
    true, pred = masks
    weights = np.array([0, 1, 2, 0, 1, 3])
    rows = np.repeat(np.arange(6), weights)
    for metric in OVERLAPS:
        for average in ("mean", "class", "pooled"):
            repeated = metric(true[rows], pred[rows], average=average)
            weighted = metric(true, pred, average=average, sample_weight=weights)
            np.testing.assert_allclose(weighted, repeated)


def test_rows_constant_labels_and_both_spellings_of_binary_are_the_same_masks(blobs):
    true, pred = blobs
    expected = dice(true, pred)
    assert dice(true.reshape(5, -1), pred) == expected
    assert dice(true.astype(np.uint8) * 255, pred.astype(np.int64)) == expected
    assert dice(true.astype(np.uint8) * 255, pred.astype(np.int64), labels=[255]) == expected
    assert dice(true.astype(np.uint8) * 255, pred.astype(np.uint8) * 255) == expected
    constant = np.ones((5, 40, 50), dtype=int)
    assert dice(np.ones(5, dtype=int), pred) == dice(constant, pred)
    assert dice(np.ones(5, dtype=int), pred.reshape(5, -1)) == dice(constant, pred)


def test_masks_that_cannot_be_compared_raise_and_say_why(masks):
    true, pred = masks
    with pytest.raises(ValueError, match=r"one size.*\(6, 12, 10\) and \(6, 12, 9\)"):
        dice(true, pred[..., :9])
    with pytest.raises(ValueError, match=r"as many images"):
        dice(true, pred[:5])
    with pytest.raises(ValueError, match=r"one size"):
        dice(true, pred.swapaxes(1, 2))
    with pytest.raises(ValueError, match=r"fractions such as 0\.5\."):
        dice(true, np.where(np.arange(720).reshape(6, 12, 10) == 7, 0.5, pred))
    with pytest.raises(TypeError, match="load_masks"):
        dice(["a.png", "b.png"], pred)
    with pytest.raises(ValueError, match="average needs one of"):
        dice(true, pred, average="macro")
    with pytest.raises(ValueError, match="got rows of shape"):
        hausdorff_distance(true.reshape(6, -1), pred.reshape(6, -1))
    with pytest.raises(ValueError, match="spacing needs positive .* 0.0"):
        hausdorff_distance(true, pred, spacing=0.0)
    for percentile in (-0.5, 100.5):
        with pytest.raises(ValueError, match="percentile needs to be from 0 to 100"):
            hausdorff_distance(true, pred, percentile=percentile)
    with pytest.raises(ValueError, match="non-negative weights"):
        dice(true, pred, sample_weight=[-1, 1, 1, 1, 1, 1])


def test_sensitivity_and_specificity_are_recalls_of_the_two_classes():
    rng = np.random.default_rng(0)
    true, pred, weight = rng.integers(0, 2, 50), rng.integers(0, 2, 50), rng.uniform(size=50)
    assert sensitivity(true, pred, sample_weight=weight) == pytest.approx(
        recall_score(true, pred, sample_weight=weight)
    )
    assert specificity(true, pred, sample_weight=weight) == pytest.approx(
        recall_score(true, pred, sample_weight=weight, pos_label=0)
    )


def test_specificity_of_several_classes_is_each_against_the_rest():
    true, pred = np.random.default_rng(1).integers(0, 3, (2, 60))
    expected = [recall_score(true != k, pred != k) for k in range(3)]
    np.testing.assert_allclose(specificity(true, pred, average=None), expected)
    assert specificity(true, pred, average="macro") == pytest.approx(np.mean(expected))
    np.testing.assert_allclose(
        sensitivity(true, pred, average=None), recall_score(true, pred, average=None)
    )


def test_decisions_without_a_row_to_count_are_nan_and_unknown_labels_raise():
    assert math.isnan(sensitivity([0, 0], [0, 1]))
    assert math.isnan(specificity([1, 1], [1, 1]))
    assert math.isnan(sensitivity([0, 0], [0, 0]))
    with pytest.raises(ValueError, match=r"pos_label=1 .*\['ill', 'well'\]"):
        sensitivity(["ill", "well"], ["ill", "ill"])
    with pytest.raises(ValueError, match="macro"):
        sensitivity([0, 1, 2], [0, 1, 2])


def test_scorers_of_distances_are_negative_and_search_with_every_metric():
    X, y = np.zeros((12, 2)), np.array([0, 1, 1] * 4)
    grid = {"strategy": ["most_frequent", "constant"], "constant": [0]}
    needs_images = [boundary_f1, surface_dice, cl_dice, *OBJECT_SCORES, *DISTANCES]
    for name in set(metrics.__all__) - {"as_scorer", *(each.__name__ for each in needs_images)}:
        search = GridSearchCV(DummyClassifier(), grid, scoring=as_scorer(name), cv=3)
        search.fit(X, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all(), name
    assert as_scorer(hausdorff_distance)._sign == -1
    assert as_scorer(partial(hausdorff_distance, percentile=50))._sign == -1
    with pytest.raises(ValueError, match="metric needs one of .*accuracy"):
        as_scorer("accuracy")
    with pytest.raises(ValueError, match="make_scorer"):
        as_scorer(f1_score)


def test_every_public_metric_can_be_made_a_scorer():
    for name in set(metrics.__all__) - {"as_scorer"}:
        assert name in repr(as_scorer(name))
