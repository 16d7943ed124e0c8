"""Distances between the outlines of two masks: Hausdorff, average distance, boundary F1."""

import math

import numpy as np
from scipy import ndimage

from skmedimg.metrics._pairs import (
    check_average,
    check_empty,
    check_image_weights,
    check_pair,
    fill_absent,
    summarize,
)

_AVERAGES = ("mean", "image", "class", None)


def hausdorff_distance(
    y_true,
    y_pred,
    *,
    percentile=95.0,
    spacing=1.0,
    labels=None,
    average="mean",
    missing=math.inf,
    sample_weight=None,
):
    """Return the Hausdorff distance [1]_ between outlines of masks, or its 95th percentile.

    From each outline, the given percentile of the distances to the other one is taken; the
    larger of the two counts. `percentile=100` is the Hausdorff distance itself.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
    percentile : float, default=95.0
    spacing : float or sequence of float, default=1.0
        Size of a pixel along each axis; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    average : {"mean", "image", "class", None}, default="mean"
        As in `dice`.
    missing : float or "diagonal", default=inf
        Distance where only one of the masks holds the class; "diagonal" is the image's diagonal,
        the worst distance that can be; nan leaves it out. A class that neither holds is left out,
        an image without any of the classes has distance 0.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    distance : float or ndarray
        0 for equal masks.

    References
    ----------
    .. [1] D. P. Huttenlocher, G. A. Klanderman, W. J. Rucklidge. "Comparing Images Using the
           Hausdorff Distance". IEEE Transactions on Pattern Analysis and Machine Intelligence
           15(9), 850-863, 1993. https://doi.org/10.1109/34.232073

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import hausdorff_distance
    >>> y_true, y_pred = np.zeros((2, 1, 16, 16), dtype=int)
    >>> y_true[0, 4:8, 4:8] = y_pred[0, 4:8, 7:11] = 1
    >>> hausdorff_distance(y_true, y_pred)
    3.0
    """

    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile needs to be from 0 to 100, but is {percentile!r}.")

    def farthest(to_pred, to_true):
        # The percentile of each direction, then the larger of the two; not the percentile of both
        # directions together.
        return max(np.percentile(to_pred, percentile), np.percentile(to_true, percentile))

    return _surface_score(
        farthest, y_true, y_pred, labels, average, spacing, 0.0, missing, sample_weight
    )


def average_surface_distance(
    y_true,
    y_pred,
    *,
    spacing=1.0,
    labels=None,
    average="mean",
    missing=math.inf,
    sample_weight=None,
):
    """Return the average symmetric surface distance (ASSD [1]_) between the outlines of masks.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
    spacing : float or sequence of float, default=1.0
        Size of a pixel along each axis; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    average : {"mean", "image", "class", None}, default="mean"
        As in `dice`.
    missing : float or "diagonal", default=inf
        Distance where only one of the masks holds the class, as in `hausdorff_distance`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    distance : float or ndarray
        0 for equal masks.

    References
    ----------
    .. [1] T. Heimann, B. van Ginneken, M. A. Styner et al. "Comparison and Evaluation of Methods
           for Liver Segmentation From CT Datasets". IEEE Transactions on Medical Imaging 28(8),
           1251-1265, 2009. https://doi.org/10.1109/TMI.2009.2013851

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import average_surface_distance
    >>> y_true, y_pred = np.zeros((2, 1, 16, 16), dtype=int)
    >>> y_true[0, :, 4], y_pred[0, :, 6] = 1, 1
    >>> average_surface_distance(y_true, y_pred, spacing=0.5)
    1.0
    """

    def mean(to_pred, to_true):
        # All outline pixels count alike, so the longer outline has the larger share.
        return (to_pred.sum() + to_true.sum()) / (len(to_pred) + len(to_true))

    return _surface_score(
        mean, y_true, y_pred, labels, average, spacing, 0.0, missing, sample_weight
    )


def boundary_f1(
    y_true,
    y_pred,
    *,
    tolerance=2.0,
    spacing=1.0,
    labels=None,
    average="mean",
    empty=1.0,
    sample_weight=None,
):
    """Return the boundary F1 score [1]_ of masks: outline pixels are right within a tolerance.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
    tolerance : float, default=2.0
        Largest distance that is still right, in the unit of `spacing`.
    spacing : float or sequence of float, default=1.0
        Size of a pixel along each axis; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    average : {"mean", "image", "class", None}, default="mean"
        As in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes; nan leaves it out. In
        other images a class that neither mask holds is left out (nan where nothing is averaged),
        and a class that only one of them holds scores 0.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 and 1.

    References
    ----------
    .. [1] G. Csurka, D. Larlus, F. Perronnin. "What is a good evaluation measure for semantic
           segmentation?". BMVC 2013, 32.1-32.11. https://doi.org/10.5244/C.27.32

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import boundary_f1
    >>> y_true, y_pred = np.zeros((2, 1, 16, 16), dtype=int)
    >>> y_true[0, 4:12, 4:12] = y_pred[0, 5:13, 5:13] = 1
    >>> boundary_f1(y_true, y_pred), boundary_f1(y_true, y_pred, tolerance=0)
    (1.0, 0.071...)
    """

    if not tolerance >= 0:
        raise ValueError(f"tolerance needs to be at least 0, but is {tolerance!r}.")

    def f1(to_pred, to_true):
        # to_pred holds the distances of true outline pixels, so it gives the recall.
        recall, precision = np.mean(to_pred <= tolerance), np.mean(to_true <= tolerance)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    return _surface_score(f1, y_true, y_pred, labels, average, spacing, empty, 0.0, sample_weight)


def _surface_score(
    summary, y_true, y_pred, labels, average, spacing, empty, missing, sample_weight
):
    """Return the average over images and labels of a summary of the distances between outlines."""
    check_average(average, _AVERAGES)
    check_empty(empty)
    y_true, y_pred, labels = check_pair(y_true, y_pred, labels)
    spacing = _check_spacing(y_true, spacing)
    weights = check_image_weights(sample_weight, len(y_true))
    if isinstance(missing, str) and missing != "diagonal":
        raise ValueError(f'missing needs to be a distance or "diagonal", but is {missing!r}.')
    if missing == "diagonal":
        missing = math.dist(np.multiply(y_true.shape[1:], spacing), np.zeros(len(spacing)))
    # `missing` stays where one mask lacks the class; where both lack it, fill_absent replaces it.
    table = np.full((len(y_true), len(labels)), float(missing))
    absent = np.zeros(table.shape, dtype=bool)
    for i, (true, pred) in enumerate(zip(y_true, y_pred, strict=True)):
        for k, label in enumerate(labels):
            is_true, is_pred = true == label, pred == label
            held = is_true.any(), is_pred.any()
            absent[i, k] = not any(held)
            if all(held):
                table[i, k] = summary(*_surface_distances(is_true, is_pred, spacing))
    return summarize(fill_absent(table, absent, empty), average, weights)


def _surface_distances(true, pred, spacing):
    """Return the distance from each outline pixel of one mask to the outline of the other.

    An outline is made of the mask's pixels that touch the outside, or the image's border,
    along an axis.
    """
    # Both outlines lie in the common bounding box, so distances computed inside it are the same; a
    # lesion of a large image takes a fraction of the time.
    box = ndimage.find_objects((true | pred).astype(np.uint8))[0]
    # The outline before the box: cut first, the box would look like the border of the image.
    true, pred = _outline(true)[box], _outline(pred)[box]
    return _distance_to(pred, spacing)[true], _distance_to(true, spacing)[pred]


def _outline(mask):
    # Erosion takes pixels beyond the image for background: a mask has an outline at the border too.
    return mask & ~ndimage.binary_erosion(mask)


def _distance_to(outline, spacing):
    # The exact Euclidean distance of every pixel to the nearest pixel of the outline.
    return ndimage.distance_transform_edt(~outline, sampling=spacing)


def _check_spacing(masks, spacing):
    """Return the size of a pixel along each axis of one mask."""
    if masks.ndim < 3:
        raise ValueError(
            f"Distances need masks (n, height, width), but got rows of shape {masks.shape}. "
            "Reshape them first."
        )
    sides = np.asarray(spacing, dtype=np.float64)
    if sides.shape not in ((), (masks.ndim - 1,)) or not np.all(sides > 0):
        raise ValueError(
            f"spacing needs positive sizes, one or {masks.ndim - 1}, but is {spacing!r}."
        )
    return np.broadcast_to(sides, (masks.ndim - 1,))
