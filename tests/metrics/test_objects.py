"""Scores of objects agree with definitions written out pair by pair, and with MONAI."""

from functools import partial
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy import ndimage

from skmedimg.metrics import (
    object_average_precision,
    object_f1,
    object_precision,
    object_recall,
    panoptic_quality,
)

SCORES = (object_precision, object_recall, object_f1, panoptic_quality)


def objects_of(mask):
    """Return the connected parts of a mask as sets of pixels."""
    numbers, count = ndimage.label(mask, structure=np.ones((3, 3)))
    return [set(zip(*np.nonzero(numbers == k + 1), strict=True)) for k in range(count)]


def by_hand(true, pred, threshold):
    """Return precision, recall, F1 and panoptic quality from all pairs of objects."""
    ious = [[len(a & b) / len(a | b) for b in pred] for a in true]
    hits = [v for row in ious for v in row if v > threshold]
    precision, recall = len(hits) / len(pred), len(hits) / len(true)
    f1 = 2 * len(hits) / (len(true) + len(pred))
    return precision, recall, f1, 2 * sum(hits) / (len(true) + len(pred))


@pytest.fixture
def lesions():
    """Pairs of masks (2, 8, 40, 40) with several objects each, most of them in both."""
    noise = np.random.default_rng(1).normal(size=(3, 8, 40, 40))
    a, b, c = ndimage.gaussian_filter(noise, (0, 0, 2, 2))
    masks = np.stack([a + 0.3 * b, a + 0.3 * c])
    return (masks > masks.std()).astype(np.uint8)


@pytest.mark.parametrize("threshold", [0.5, 0.75])
def test_scores_of_objects_are_those_of_all_pairs(lesions, threshold):
    seen = set()
    for true, pred in zip(*lesions, strict=True):
        expected = by_hand(objects_of(true), objects_of(pred), threshold)
        found = [score(true[None], pred[None], iou_threshold=threshold) for score in SCORES]
        np.testing.assert_allclose(found, expected)
        seen.add(expected)
    assert len(seen) > 4  # images are scored differently


def test_average_precision_is_the_mean_over_thresholds(lesions):
    expected = []
    for threshold in (0.5, 0.6, 0.9):
        pairs = [
            by_hand(objects_of(true), objects_of(pred), threshold)
            for true, pred in zip(*lesions, strict=True)
        ]
        expected.append([f1 / (2 - f1) for *_, f1, _ in pairs])  # TP / (TP + FP + FN)
    found = object_average_precision(*lesions, iou_thresholds=(0.5, 0.6, 0.9), average="image")
    np.testing.assert_allclose(found, np.mean(expected, axis=0))
    one = object_average_precision(*lesions, iou_thresholds=0.9)
    assert one == pytest.approx(np.mean(expected[2]))


def test_pooled_scores_count_the_objects_of_all_images(lesions):
    n_true, n_pred = (sum(len(objects_of(mask)) for mask in masks) for masks in lesions)
    hits = sum(
        by_hand(objects_of(true), objects_of(pred), 0.5)[1] * len(objects_of(true))
        for true, pred in zip(*lesions, strict=True)
    )
    found = object_f1(*lesions, average="pooled")
    assert found == pytest.approx(2 * hits / (n_true + n_pred))
    assert object_recall(*lesions, average="pooled") == pytest.approx(hits / n_true)
    assert object_recall(*lesions) != pytest.approx(hits / n_true)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3])
def test_below_one_half_as_many_objects_match_as_any_choice_allows(threshold):
    rng = np.random.default_rng(2)
    for _ in range(30):
        # Stripes of three objects each, cut at random: objects overlap several others.
        true, pred = (np.searchsorted(np.sort(rng.integers(1, 30, 2)), np.arange(30)) + 1,) * 2
        pred = np.searchsorted(np.sort(rng.integers(1, 30, 2)), np.arange(30)) + 1
        ids_true, ids_pred = np.unique(true), np.unique(pred)
        ious = np.array(
            [
                [
                    np.sum((true == a) & (pred == b)) / np.sum((true == a) | (pred == b))
                    for b in ids_pred
                ]
                for a in ids_true
            ]
        )
        wide = ious if len(ids_true) <= len(ids_pred) else ious.T
        choices = [
            [wide[row, column] for row, column in enumerate(columns)]
            for columns in permutations(range(wide.shape[1]), wide.shape[0])
        ]
        best = max(
            (sum(v > threshold for v in c), sum(v for v in c if v > threshold)) for c in choices
        )
        options = {"iou_threshold": threshold, "instances": True}
        pair = true[None, None], pred[None, None]
        total = (len(ids_true) + len(ids_pred)) / 2
        assert object_f1(*pair, **options) == pytest.approx(best[0] / total)
        assert panoptic_quality(*pair, **options) == pytest.approx(best[1] / total)


# MONAI's tests/metrics/test_compute_panoptic_quality.py.
PRED = np.array([[[0, 1, 1, 1], [0, 0, 0, 0], [2, 0, 3, 3], [4, 2, 2, 0]]])
TRUE = np.array([[[1, 1, 2, 1], [0, 0, 0, 0], [1, 3, 0, 0], [4, 3, 3, 3]]])


def test_panoptic_quality_of_instances_is_monais_table():
    quality, f1 = (partial(score, TRUE, instances=True) for score in (panoptic_quality, object_f1))
    assert quality(PRED, iou_threshold=0.5) == pytest.approx(0.25)
    assert quality(PRED, iou_threshold=0.3) / f1(PRED, iou_threshold=0.3) == pytest.approx(0.6)
    numbered = np.array([0, 7, 1, 8, 9])[PRED]
    assert f1(numbered, iou_threshold=0.3) == pytest.approx(0.75)
    assert panoptic_quality(TRUE, TRUE, instances=True, iou_threshold=0.99) == 1.0


def test_panoptic_quality_agrees_with_monai_on_random_shapes(lesions):
    monai = pytest.importorskip("monai.metrics")
    for true, pred in zip(*lesions, strict=True):
        numbers = [ndimage.label(mask, structure=np.ones((3, 3)))[0] for mask in (pred, true)]
        expected = monai.compute_panoptic_quality(*(torch.as_tensor(each) for each in numbers))
        ours = panoptic_quality(true[None], pred[None])
        assert ours == pytest.approx(float(expected), abs=1e-5)


def test_cells_that_touch_are_told_apart_by_their_numbers():
    cells = np.array([[[1, 1, 2, 2], [1, 1, 2, 2]]])
    assert object_f1(cells, cells > 0, instances=True) == 0.0
    assert object_f1(cells, cells * 70000 + 5, instances=True) == 1.0
    assert object_f1(cells > 0, cells > 0) == 1.0


def test_objects_of_different_classes_never_match():
    true, pred = np.zeros((2, 1, 12, 12), dtype=int)
    true[0, 1:4, 1:4], true[0, 6:9, 6:9] = 1, 2
    pred[0, 1:4, 1:4], pred[0, 6:9, 6:9] = 1, 1
    np.testing.assert_array_equal(object_f1(true, pred, average="class"), [2 / 3, 0])
    np.testing.assert_array_equal(object_recall(true, pred, average=None), [[1, 0]])


def test_noise_of_many_objects_is_matched_without_a_table_of_all_pairs():
    true = np.zeros((1, 80, 120), dtype=int)
    true[0, ::2, ::3] = 1  # 1,600 objects of one pixel
    pred = true.copy()
    pred[0, :20] = 0
    assert object_f1(true, pred) == pytest.approx(2 * 1200 / (1600 + 1200))
    wide = np.maximum(true, np.roll(true, 1, axis=2))
    assert object_f1(true, wide, iou_threshold=0.5) == 0.0
    assert panoptic_quality(true, wide, iou_threshold=0.4) == pytest.approx(0.5)


def test_masks_without_objects_raise_and_say_why(lesions):
    true, pred = lesions
    with pytest.raises(ValueError, match="rows of shape"):
        object_f1(true.reshape(8, -1), pred.reshape(8, -1))
    with pytest.raises(ValueError, match="iou_threshold .*1.5"):
        object_f1(true, pred, iou_threshold=1.5)
    with pytest.raises(ValueError, match="instances=True .*labels"):
        object_f1(true, pred, instances=True, labels=[1])
