"""Distances between the outlines of masks, and the share of the outlines within a tolerance."""

import math

import numpy as np

from skmedimg.metrics._averages import AVERAGES, check_empty
from skmedimg.metrics._outlines import outline_distances, surface_distances
from skmedimg.metrics._pairs import check_pair, check_sides

_AVERAGES = tuple(average for average in AVERAGES if average != "pooled")


def hausdorff_distance(
    y_true,
    y_pred,
    *,
    percentile=95.0,
    pooled=False,
    spacing=1.0,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    missing=math.inf,
    empty=0.0,
    sample_weight=None,
):
    """Return the Hausdorff distance [1]_ between outlines of masks, or its 95th percentile.

    From each outline, the given percentile of the distances to the other one is taken; the
    larger of the two counts, as in MONAI. `percentile=100` is the Hausdorff distance itself.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
    percentile : float, default=95.0
        Percentile of the distances of each direction; 100 is the largest one.
    pooled : bool, default=False
        True: the percentile of the distances of both outlines together, as in MedPy, which is
        the smaller of the two conventions as a rule.
    spacing : float, sequence of float, or array-like (n, n_axes), default=1.0
        Size of a pixel along each axis, of all images or of each; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", None}, default="mean"
        As in `dice`.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    missing : float or "diagonal", default=inf
        Distance where only one of the masks holds the class; "diagonal" is the image's diagonal,
        the worst distance that can be; nan leaves it out. A class that neither holds is left out.
    empty : float, default=0.0
        Distance of an image in which neither mask holds any of the classes; nan leaves it out.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    distance : float or ndarray
        0 for equal masks.

    See Also
    --------
    average_surface_distance
        Return the average symmetric surface distance (ASSD) between the outlines of
        masks.
    surface_dice
        Return the surface Dice of masks: the share of both outlines within a
        tolerance.

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

    def farthest(true, pred, spacing):
        directions = outline_distances(true, pred, spacing)
        directions = [np.concatenate(directions)] if pooled else directions
        return max(np.percentile(each, percentile) for each in directions)

    pair, weights = check_pair(
        y_true, y_pred, labels, ignore_label, average, groups, sample_weight, _AVERAGES
    )
    return _surface_score(farthest, pair, weights, spacing, empty, missing)


def average_surface_distance(
    y_true,
    y_pred,
    *,
    spacing=1.0,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    missing=math.inf,
    empty=0.0,
    sample_weight=None,
):
    """Return the average symmetric surface distance (ASSD [1]_) between the outlines of masks.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
    spacing : float, sequence of float, or array-like (n, n_axes), default=1.0
        Size of a pixel along each axis, of all images or of each; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", None}, default="mean"
        As in `dice`.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    missing : float or "diagonal", default=inf
        Distance where only one of the masks holds the class, as in `hausdorff_distance`.
    empty : float, default=0.0
        Distance of an image in which neither mask holds any of the classes; nan leaves it out.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    distance : float or ndarray
        0 for equal masks.

    See Also
    --------
    hausdorff_distance
        Return the Hausdorff distance between outlines of masks, or its 95th
        percentile.
    surface_dice
        Return the surface Dice of masks: the share of both outlines within a
        tolerance.

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

    def mean(true, pred, spacing):
        # All outline pixels count alike, so the longer outline has the larger share.
        return np.concatenate(outline_distances(true, pred, spacing)).mean()

    pair, weights = check_pair(
        y_true, y_pred, labels, ignore_label, average, groups, sample_weight, _AVERAGES
    )
    return _surface_score(mean, pair, weights, spacing, empty, missing)


def surface_dice(
    y_true,
    y_pred,
    *,
    tolerance=2.0,
    subpixel=False,
    spacing=1.0,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the surface Dice [1]_ of masks: the share of both outlines within a tolerance.

    It is also called the normalized surface distance (NSD).

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
    tolerance : float, default=2.0
        Largest distance that is still right, in the unit of `spacing`.
    subpixel : bool, default=False
        False: outline pixels count alike, as in MONAI. True: outlines run between pixels and count
        by their length (in volumes, area), as in the authors' code.
    spacing : float, sequence of float, or array-like (n, n_axes), default=1.0
        Size of a pixel along each axis, of all images or of each; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", None}, default="mean"
        As in `dice`.
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
    boundary_f1 : F1 of the two outlines' shares, in which a short outline counts as a long one.

    References
    ----------
    .. [1] S. Nikolov, S. Blackwell, A. Zverovitch et al. "Clinically Applicable Segmentation of
           Head and Neck Anatomy for Radiotherapy: Deep Learning Algorithm Development and
           Validation Study". Journal of Medical Internet Research 23(7), e26151, 2021.
           https://doi.org/10.2196/26151

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import surface_dice
    >>> y_true, y_pred = np.zeros((2, 1, 16, 16), dtype=int)
    >>> y_true[0, 4:8, 4:8] = y_pred[0, 4:8, 5:9] = 1
    >>> surface_dice(y_true, y_pred, tolerance=1), surface_dice(y_true, y_pred, tolerance=0)
    (1.0, 0.5)
    """
    _check_tolerance(tolerance)

    def share(true, pred, spacing):
        if subpixel:
            sides = surface_distances(true, pred, spacing)
            near = sum(sizes[distances <= tolerance].sum() for distances, sizes in sides)
            return near / sum(sizes.sum() for _, sizes in sides)
        return np.mean(np.concatenate(outline_distances(true, pred, spacing)) <= tolerance)

    pair, weights = check_pair(
        y_true, y_pred, labels, ignore_label, average, groups, sample_weight, _AVERAGES
    )
    return _surface_score(share, pair, weights, spacing, empty)


def boundary_f1(
    y_true,
    y_pred,
    *,
    tolerance=2.0,
    spacing=1.0,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
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
    spacing : float, sequence of float, or array-like (n, n_axes), default=1.0
        Size of a pixel along each axis, of all images or of each; 1.0 measures in pixels.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", None}, default="mean"
        As in `dice`.
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
    surface_dice : The share of both outlines together, which other software reports as NSD.

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
    _check_tolerance(tolerance)

    def f1(true, pred, spacing):
        to_pred, to_true = outline_distances(true, pred, spacing)
        # to_pred holds the distances of true outline pixels, so it gives the recall.
        recall, precision = np.mean(to_pred <= tolerance), np.mean(to_true <= tolerance)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    pair, weights = check_pair(
        y_true, y_pred, labels, ignore_label, average, groups, sample_weight, _AVERAGES
    )
    return _surface_score(f1, pair, weights, spacing, empty)


def _surface_score(summary, pair, weights, spacing, empty, missing=0.0):
    """Return the average over images and labels of summary(true, predicted, spacing)."""
    check_empty(empty)
    spacings = _check_spacing(pair.true, spacing)
    if isinstance(missing, str) and missing != "diagonal":
        raise ValueError(f'missing needs to be a distance or "diagonal", but is {missing!r}.')
    if missing == "diagonal":
        missing = np.linalg.norm(pair.true.shape[1:] * spacings, axis=1, keepdims=True)
    # `missing` stays where one mask lacks the class; where both lack it, fill_absent replaces it.
    table, absent = np.full(pair.shape, missing, float), np.zeros(pair.shape, dtype=bool)
    for i, k, true, pred in pair.each():
        held = true.any(), pred.any()
        absent[i, k] = not any(held)
        if all(held):
            table[i, k] = summary(true, pred, spacings[i])
    return weights.summarize(pair.fill_absent(table, absent, empty))


def _check_tolerance(tolerance):
    if not tolerance >= 0:
        raise ValueError(f"tolerance needs to be at least 0, but is {tolerance!r}.")


def _check_spacing(masks, spacing):
    """Return the size of a pixel along each axis of each mask, (n, n_axes)."""
    check_sides(masks, "Distances")
    sides, shape = np.asarray(spacing, dtype=np.float64), (len(masks), masks.ndim - 1)
    if sides.shape not in ((), shape[1:], shape) or not np.all(sides > 0):
        raise ValueError(
            f"spacing needs positive sizes, one, {shape[1]} or {shape}, but is {spacing!r}."
        )
    return np.broadcast_to(sides, shape)
