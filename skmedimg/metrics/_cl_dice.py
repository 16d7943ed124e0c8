"""Centerline Dice (clDice): whether the branches of vessels are found and connected."""

import numpy as np

from skmedimg.metrics._averages import AVERAGES, check_empty
from skmedimg.metrics._outlines import bounding_box
from skmedimg.metrics._pairs import check_pair, check_sides

_AVERAGES = tuple(average for average in AVERAGES if average != "pooled")


def cl_dice(
    y_true,
    y_pred,
    *,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the centerline Dice (clDice [1]_) of masks of vessels and other thin structures.

    It is the harmonic mean of two shares: of the centerline of the predicted mask that lies in the
    true one, and of the centerline of the true mask that lies in the predicted one.

    Parameters
    ----------
    y_true : array-like (n, height, width) or (n, height, width, depth)
        True masks of class labels.
    y_pred : array-like
        Predicted masks of the same size.
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
        Between 0 and 1; 1 also where a vessel is drawn too thick or too thin.

    See Also
    --------
    dice : Return the Dice coefficient, ``2 |A and B| / (|A| + |B|)``, of each image and class.

    References
    ----------
    .. [1] S. Shit, J. C. Paetzold, A. Sekuboyina et al. "clDice - A Novel Topology-Preserving Loss
           Function for Tubular Structure Segmentation". CVPR 2021, 16560-16569.
           https://doi.org/10.1109/CVPR46437.2021.01629

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.metrics import cl_dice, dice
    >>> y_true, y_pred = np.zeros((2, 1, 9, 40), dtype=int)
    >>> y_true[0, 3:6], y_pred[0, 4] = 1, 1  # a third of the vessel's width
    >>> round(dice(y_true, y_pred), 2), round(cl_dice(y_true, y_pred), 2)
    (0.5, 0.99)
    """
    check_empty(empty)
    pair, weights = check_pair(
        y_true, y_pred, labels, ignore_label, average, groups, sample_weight, _AVERAGES
    )
    check_sides(pair.true, "Centerlines")
    table, absent = np.zeros(pair.shape), np.zeros(pair.shape, dtype=bool)
    for i, k, true, pred in pair.each():
        held = true.any(), pred.any()
        absent[i, k] = not any(held)
        if all(held):
            precision, recall = _share_inside(pred, true), _share_inside(true, pred)
            total = precision + recall
            table[i, k] = 2 * precision * recall / total if total else 0.0
    return weights.summarize(pair.fill_absent(table, absent, empty))


def _share_inside(mask, other):
    """Return the share of the centerline of a mask that lies in another mask."""
    from skimage.morphology import skeletonize

    box = bounding_box(mask)
    mask, other = mask[box], other[box]
    line = skeletonize(mask)
    line = line if line.any() else mask  # thinning leaves nothing of a few smallest shapes
    return np.count_nonzero(line & other) / np.count_nonzero(line)
