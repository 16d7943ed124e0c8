"""Parameters that all metrics of masks share: ignored pixels, patients, weights and labels."""

import math

import numpy as np
import pytest
from scipy import ndimage

from skmedimg import metrics

METRICS = {
    name: getattr(metrics, name)
    for name in metrics.__all__
    if name not in ("as_scorer", "sensitivity", "specificity")
}
PIXEL_COUNTS = (
    "dice",
    "iou",
    "pixel_f1",
    "pixel_precision",
    "pixel_recall",
    "volume_error",
    "volumetric_similarity",
)
OBJECT_SCORES = [METRICS[name] for name in METRICS if "object" in name or "panoptic" in name]
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


@pytest.fixture
def masks():
    """True and predicted masks of two classes (2, 6, 24, 20), in every image at least one."""
    noise = np.random.default_rng(0).normal(size=(2, 6, 24, 20))
    smooth = ndimage.gaussian_filter(noise, (0, 0, 2, 2))
    smooth[1] = 0.7 * smooth[0] + 0.3 * smooth[1]
    return np.digitize(smooth, [0.3 * smooth.std(), smooth.std()])


@each_metric
def test_ignored_pixels_are_those_cut_off_by_hand(metric, masks):
    true, pred = masks
    whole = metric(true, pred, average=None)
    marked = true.copy()
    marked[:, :5], marked[:, :, -3:] = 255, 255
    found = metric(marked, pred, ignore_label=255, average=None)
    np.testing.assert_array_equal(found, metric(true[:, 5:, :-3], pred[:, 5:, :-3], average=None))
    assert not np.array_equal(found, whole)
    np.testing.assert_array_equal(metric(true, pred, ignore_label=255, average=None), whole)


@each_metric
def test_ignored_pixels_inside_of_an_image_are_background_in_both_masks(metric, masks):
    true, pred = masks
    scattered = np.random.default_rng(1).random(true.shape) < 0.2
    expected = metric(np.where(scattered, 0, true), np.where(scattered, 0, pred), average=None)
    marked = np.where(scattered, -1, true)
    np.testing.assert_array_equal(metric(marked, pred, ignore_label=-1, average=None), expected)
    marked = np.where(scattered, 7, true).astype(np.uint8)
    found = metric(marked, pred.astype(np.int16), ignore_label=7, average=None)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", PIXEL_COUNTS)
def test_pixel_counts_are_those_of_the_pixels_that_are_left(name, masks):
    metric, (true, pred) = METRICS[name], masks
    for labels in (None, [0, 1, 2], [0]):  # the background too: ignored pixels are not in it
        for row in range(len(true)):
            ignored = np.random.default_rng(row).random(true.shape[1:]) < 0.3
            marked = np.where(ignored, 255, true[row])
            found = metric(marked[None], pred[row][None], labels=labels, ignore_label=255)
            left = metric(true[row][None, ~ignored], pred[row][None, ~ignored], labels=labels)
            assert found == left


@each_metric
def test_an_image_that_is_ignored_as_a_whole_is_left_out(metric, masks):
    true, pred = masks
    marked = true.copy()
    marked[2] = 255
    kept = [0, 1, 3, 4, 5]
    options = {"ignore_label": 255, "average": "mean"}
    assert metric(marked, pred, **options) == pytest.approx(
        metric(true[kept], pred[kept], average="mean")
    )
    assert math.isnan(metric(marked, pred, ignore_label=255, average="image")[2])
    assert math.isnan(metric(marked[2:3], pred[2:3], **options))


@each_metric
def test_files_of_0_and_255_do_not_clash_with_an_ignored_255(metric, masks):
    true, pred = (masks > 0).astype(np.uint8)
    marked = true.copy()
    marked[:, :4] = 255
    expected = metric(true[:, 4:], pred[:, 4:], average="image")
    found = metric(marked, pred * np.uint8(255), ignore_label=255, average="image")
    np.testing.assert_array_equal(found, expected)


@each_metric
@pytest.mark.parametrize("dtype", [np.float32, np.uint64, np.int8, ">i2"])
def test_masks_of_any_type_of_number_score_alike(metric, dtype, masks):
    true, pred = masks
    found = metric(true.astype(dtype), pred.astype(dtype), average=None)
    np.testing.assert_array_equal(found, metric(true, pred, average=None))
    if metric in OBJECT_SCORES:
        found = metric(true.astype(dtype), pred.astype(dtype), average=None, instances=True)
        np.testing.assert_array_equal(found, metric(true, pred, average=None, instances=True))


@each_metric
def test_groups_count_alike_however_many_images_they_have(metric, masks):
    true, pred = masks
    patients = np.array(["b", "a", "b", "b", "c", "a"])
    per_image = metric(true, pred, average="image")
    expected = [per_image[patients == each].mean() for each in "abc"]
    by_group = metric(true, pred, average="group", groups=patients)
    np.testing.assert_allclose(by_group, expected)
    overall = metric(true, pred, average="mean", groups=patients)
    assert overall == pytest.approx(np.mean(expected))
    assert overall != pytest.approx(per_image.mean())
    table = metric(true, pred, average=None)
    expected = np.mean([np.nanmean(table[patients == each], axis=0) for each in "abc"], axis=0)
    np.testing.assert_allclose(metric(true, pred, average="class", groups=patients), expected)


@each_metric
def test_weights_are_repeated_images_within_groups_too(metric, masks):
    true, pred = masks
    patients, weights = np.array([0, 0, 1, 1, 2, 2]), np.array([3, 1, 2, 0, 0, 0])
    rows = np.repeat(np.arange(6), weights)
    for average in ("mean", "class"):
        for groups in (None, patients):
            weighted = metric(true, pred, average=average, groups=groups, sample_weight=weights)
            kept = None if groups is None else groups[rows]
            repeated = metric(true[rows], pred[rows], average=average, groups=kept)
            np.testing.assert_allclose(weighted, repeated)


@each_metric
def test_labels_that_occur_nowhere_or_are_no_labels_raise(metric, masks):
    true, pred = masks
    with pytest.raises(ValueError, match=r"labels=\[9\] occur in no mask.*\[0, 1, 2\]"):
        metric(true, pred, labels=[9])
    with pytest.raises(ValueError, match=r"labels=\[3, 9\] occur in no mask"):
        metric(true * 85, pred * 85, labels=[3, 9])
    with pytest.raises(TypeError, match="labels needs mask values.*'foo'"):
        metric(true, pred, labels="foo")
    with pytest.raises(TypeError, match="labels needs mask values.*0.5"):
        metric(true, pred, labels=[0.5])
    with pytest.raises(ValueError, match="labels needs at least one"):
        metric(true, pred, labels=[])


@each_metric
def test_ignored_labels_and_groups_that_make_no_sense_raise(metric, masks):
    true, pred = masks
    with pytest.raises(ValueError, match=r"ignore_label=1 is one of the labels=\[1, 2\]"):
        metric(true, pred, labels=[1, 2], ignore_label=1)
    with pytest.raises(TypeError, match="ignore_label needs a mask value.*'void'"):
        metric(true, pred, ignore_label="void")
    with pytest.raises(TypeError, match="ignore_label"):
        metric(true, pred, ignore_label=True)
    with pytest.raises(ValueError, match="groups needs 6 values.*\\(5,\\)"):
        metric(true, pred, groups=[1, 2, 3, 4, 5], average="mean")
    with pytest.raises(ValueError, match="needs groups"):
        metric(true, pred, average="group")
    with pytest.raises(ValueError, match="groups are averaged .*'image'"):
        metric(true, pred, average="image", groups=[1] * 6)
    with pytest.raises(TypeError, match="empty"):
        metric(true, pred, empty=None)
