"""Scores of objects, such as lesions or cells: connected parts of masks, found or missed."""

from numbers import Real

import numpy as np

from skmedimg.metrics._object_matching import object_counts
from skmedimg.metrics._pairs import check_pair, check_sides, count_score

_MANY_THRESHOLDS = tuple(np.round(np.arange(0.5, 1.0, 0.05), 2).tolist())


def object_precision(
    y_true,
    y_pred,
    *,
    iou_threshold=0.5,
    instances=False,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the precision over objects: the share of predicted objects that match a true one.

    An object is a connected part of a class, along axes and diagonals.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels. The connected parts of a class are its objects.
    y_pred : array-like
        Predicted masks of the same size.
    iou_threshold : float, default=0.5
        Objects match where their intersection over union is above it, as in `object_f1`.
    instances : bool, default=False
        True: each value of a mask but 0 is one object, as in `object_f1`.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        As in `dice`; "pooled" counts the objects of all images together.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 and 1.

    See Also
    --------
    object_recall
        Return the recall over objects: the share of true objects that a predicted one
        matches.
    object_f1
        Return the F1 score over objects: whether lesions or cells were found, whatever
        their size.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import object_precision
    >>> y_true, y_pred = np.zeros((2, 1, 8, 8), dtype=int)
    >>> y_true[0, 1:3, 1:3] = y_pred[0, 1:3, 1:3] = 1  # found
    >>> y_true[0, 5:7, 1:3] = y_pred[0, 1, 5:7] = 1  # missed, and a false alarm
    >>> object_precision(y_true, y_pred)
    0.5
    """
    [score] = _object_scores(
        _precision,
        [iou_threshold],
        instances,
        y_true,
        y_pred,
        labels,
        ignore_label,
        average,
        groups,
        empty,
        sample_weight,
    )
    return score


def object_recall(
    y_true,
    y_pred,
    *,
    iou_threshold=0.5,
    instances=False,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the recall over objects: the share of true objects that a predicted one matches.

    An object is a connected part of a class, along axes and diagonals.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels. The connected parts of a class are its objects.
    y_pred : array-like
        Predicted masks of the same size.
    iou_threshold : float, default=0.5
        Objects match where their intersection over union is above it, as in `object_f1`.
    instances : bool, default=False
        True: each value of a mask but 0 is one object, as in `object_f1`.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        As in `dice`; "pooled" counts the objects of all images together.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 and 1.

    See Also
    --------
    object_precision
        Return the precision over objects: the share of predicted objects that match a true
        one.
    object_f1
        Return the F1 score over objects: whether lesions or cells were found, whatever
        their size.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import object_recall
    >>> y_true, y_pred = np.zeros((2, 1, 8, 8), dtype=int)
    >>> y_true[0, 1:3, 1:3] = y_pred[0, 1:3, 1:3] = 1  # found
    >>> y_true[0, 5:7, 1:3] = y_pred[0, 1, 5:7] = 1  # missed, and a false alarm
    >>> y_pred[0, 3:5, 5:7] = 1  # another one
    >>> object_recall(y_true, y_pred)
    0.5
    """
    [score] = _object_scores(
        _recall,
        [iou_threshold],
        instances,
        y_true,
        y_pred,
        labels,
        ignore_label,
        average,
        groups,
        empty,
        sample_weight,
    )
    return score


def object_f1(
    y_true,
    y_pred,
    *,
    iou_threshold=0.5,
    instances=False,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the F1 score over objects: whether lesions or cells were found, whatever their size.

    An object is a connected part of a class, along axes and diagonals.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels. The connected parts of a class are its objects.
    y_pred : array-like
        Predicted masks of the same size.
    iou_threshold : float, default=0.5
        Objects match where their intersection over union is above it. Below 0.5 an object may
        overlap several: as many are matched one to one as possible. 0: any overlap.
    instances : bool, default=False
        True: each value of a mask but 0 is one object, so that cells may touch (all of one class).
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        As in `dice`; "pooled" counts the objects of all images together.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 and 1.

    See Also
    --------
    panoptic_quality : How many objects are found, and how well they overlap.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import dice, object_f1
    >>> y_true, y_pred = np.zeros((2, 1, 16, 16), dtype=int)
    >>> y_true[0, :9, :9] = y_pred[0, :9, :9] = 1  # a large lesion that is found
    >>> y_true[0, 12:14, 12:14] = 1  # a small one that is missed
    >>> round(dice(y_true, y_pred), 2), round(object_f1(y_true, y_pred), 2)
    (0.98, 0.67)
    """
    [score] = _object_scores(
        _f1,
        [iou_threshold],
        instances,
        y_true,
        y_pred,
        labels,
        ignore_label,
        average,
        groups,
        empty,
        sample_weight,
    )
    return score


def object_average_precision(
    y_true,
    y_pred,
    *,
    iou_thresholds=_MANY_THRESHOLDS,
    instances=False,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the average precision of objects [1]_, ``TP / (TP + FP + FN)`` over IoU thresholds.

    It is the score of cell segmentation. Masks hold no confidences, so that there is no curve of
    precision over recall, whose area has the same name in object detection.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels. The connected parts of a class are its objects.
    y_pred : array-like
        Predicted masks of the same size.
    iou_thresholds : sequence of float, default=(0.5, 0.55, ..., 0.95)
        Objects match where their intersection over union is above a threshold; the mean over the
        thresholds counts.
    instances : bool, default=False
        True: each value of a mask but 0 is one object, as in `object_f1`.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        As in `dice`; "pooled" counts the objects of all images together.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 and 1.

    See Also
    --------
    object_f1
        Return the F1 score over objects: whether lesions or cells were found, whatever
        their size.
    panoptic_quality
        Return the panoptic quality: the F1 score over objects times the mean IoU of
        matches.

    References
    ----------
    .. [1] J. C. Caicedo, A. Goodman, K. W. Karhohs et al. "Nucleus segmentation across imaging
           experiments: the 2018 Data Science Bowl". Nature Methods 16, 1247-1253, 2019.
           https://doi.org/10.1038/s41592-019-0612-7

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import object_average_precision
    >>> y_true, y_pred = np.zeros((2, 1, 8, 8), dtype=int)
    >>> y_true[0, 1:3, 1:3] = y_pred[0, 1:3, 1:3] = 1  # found
    >>> y_true[0, 5:7, 1:3] = y_pred[0, 1, 5:7] = 1  # missed, and a false alarm
    >>> object_average_precision(y_true, y_pred)
    0.333...
    """
    thresholds = np.atleast_1d(iou_thresholds).tolist()
    scores = _object_scores(
        _threat,
        thresholds,
        instances,
        y_true,
        y_pred,
        labels,
        ignore_label,
        average,
        groups,
        empty,
        sample_weight,
    )
    mean = np.mean(scores, axis=0)
    return float(mean) if mean.ndim == 0 else mean


def panoptic_quality(
    y_true,
    y_pred,
    *,
    iou_threshold=0.5,
    instances=False,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the panoptic quality [1]_: the F1 score over objects times the mean IoU of matches.

    Divide it by `object_f1`, the recognition quality, to get the segmentation quality.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels. The connected parts of a class are its objects.
    y_pred : array-like
        Predicted masks of the same size.
    iou_threshold : float, default=0.5
        Objects match where their intersection over union is above it, as in `object_f1`.
    instances : bool, default=False
        True: each value of a mask but 0 is one object, as in `object_f1`.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        As in `dice`; "pooled" counts the objects of all images together, as in the reference.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 and 1.

    See Also
    --------
    object_f1
        Return the F1 score over objects: whether lesions or cells were found, whatever
        their size.

    References
    ----------
    .. [1] A. Kirillov, K. He, R. Girshick, C. Rother, P. Dollar. "Panoptic Segmentation". CVPR
           2019, 9404-9413. https://doi.org/10.1109/CVPR.2019.00963

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import panoptic_quality
    >>> y_true, y_pred = np.zeros((2, 1, 8, 8), dtype=int)
    >>> y_true[0, 1:3, 1:3] = y_pred[0, 1:3, 1:3] = 1  # found
    >>> y_true[0, 5:7, 1:3] = y_pred[0, 1, 5:7] = 1  # missed, and a false alarm
    >>> y_pred[0, 2, 2] = 0  # the found one is 3 of 4 pixels large
    >>> panoptic_quality(y_true, y_pred)
    0.375
    """
    [score] = _object_scores(
        _quality,
        [iou_threshold],
        instances,
        y_true,
        y_pred,
        labels,
        ignore_label,
        average,
        groups,
        empty,
        sample_weight,
    )
    return score


def _object_scores(
    formula,
    thresholds,
    instances,
    y_true,
    y_pred,
    labels,
    ignore_label,
    average,
    groups,
    empty,
    sample_weight,
):
    """Return the score of a formula of (tp, fp, fn, sum of IoU) of objects at each threshold."""
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    _check_objects(pair, thresholds, instances, labels)
    return [
        count_score(formula, pair, counts, weights, empty)
        for counts in object_counts(pair, thresholds, instances)
    ]


def _check_objects(pair, thresholds, instances, labels):
    """Raise where masks hold no objects: rows of pixels, classes of an instance map, odd IoU."""
    check_sides(pair.true, "Objects")
    if instances and labels is not None:
        raise ValueError(
            f"instances=True takes each value as one object, so labels={labels!r} name no classes."
        )
    for threshold in thresholds:
        if not isinstance(threshold, Real) or not 0 <= threshold < 1:
            raise ValueError(f"iou_threshold needs to be from 0 to below 1, but is {threshold!r}.")


# Numerator and denominator of true positive, false positive, false negative and the sum of IoU.


def _precision(tp, fp, fn, iou_sum):
    return tp, tp + fp


def _recall(tp, fp, fn, iou_sum):
    return tp, tp + fn


def _f1(tp, fp, fn, iou_sum):
    return 2 * tp, 2 * tp + fp + fn


def _threat(tp, fp, fn, iou_sum):
    return tp, tp + fp + fn


def _quality(tp, fp, fn, iou_sum):
    return iou_sum, tp + fp / 2 + fn / 2
