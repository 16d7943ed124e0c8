"""Overlap of two masks: Dice coefficient and intersection over union."""

from skmedimg.metrics._pairs import check_pair, pixel_score


def dice(
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
    """Return the Dice coefficient [1]_, ``2 |A and B| / (|A| + |B|)``, of each image and class.

    Parameters
    ----------
    y_true : array-like (n, height, width), (n, height * width) or (n,)
        True masks of class labels; 1-D labels mean constant masks. 0/255 and 0/1 are the same.
    y_pred : array-like
        Predicted masks, in the same layout or another one of the same size.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        Value of `y_true` whose pixels do not count, such as 255 for pixels that nobody labeled;
        they are background in both masks. An image of such pixels only is left out.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        "mean" averages the classes of each image, then the images; "image" and "class" stop at
        one value per image or per class, "group" at one per group, in sorted order; None returns
        images and classes, (n, n_labels); "pooled" counts the pixels of all images together, as
        one large image.
    groups : array-like (n,) or None, default=None
        Patient of each image. "mean" and "class" then average the images of each patient first,
        so that every patient has the same weight.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes; nan leaves it out. In
        other images a class that neither mask holds is left out (nan where nothing is averaged),
        and a class that only one of them holds scores 0.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray
        Between 0 (nothing in common) and 1.

    See Also
    --------
    hausdorff_distance : How far the outlines are apart, which overlap does not tell.

    References
    ----------
    .. [1] L. R. Dice. "Measures of the Amount of Ecologic Association Between Species". Ecology
           26(3), 297-302, 1945. https://doi.org/10.2307/1932409

    Examples
    --------
    >>> from skmedimg.metrics import dice
    >>> dice([[[0, 1], [1, 1]]], [[[0, 1], [1, 0]]])
    0.8
    >>> dice([[0, 0], [1, 2], [0, 1]], [[0, 0], [1, 1], [0, 1]], average=None)
    array([[1.        , 1.        ],
           [0.66666667, 0.        ],
           [1.        ,        nan]])
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    return pixel_score(_dice, pair, weights, empty)


def iou(
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
    """Return the intersection over union [1]_, ``|A and B| / |A or B|``, of each image and class.

    It is also called the Jaccard index.

    Parameters
    ----------
    y_true : array-like (n, height, width), (n, height * width) or (n,)
        True masks of class labels; 1-D labels mean constant masks. 0/255 and 0/1 are the same.
    y_pred : array-like
        Predicted masks, in the same layout or another one of the same size.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
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
        Between 0 (nothing in common) and 1.

    See Also
    --------
    dice : Return the Dice coefficient, ``2 |A and B| / (|A| + |B|)``, of each image and class.

    References
    ----------
    .. [1] A. A. Taha, A. Hanbury. "Metrics for evaluating 3D medical image segmentation:
           analysis, selection, and tool". BMC Medical Imaging 15, 29, 2015.
           https://doi.org/10.1186/s12880-015-0068-x

    Examples
    --------
    >>> from skmedimg.metrics import iou
    >>> iou([[[0, 1], [1, 1]], [[0, 0], [0, 0]]], [[[0, 1], [0, 0]], [[0, 0], [0, 0]]])
    0.666...
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    return pixel_score(_iou, pair, weights, empty)


# Formulas return numerator and denominator, because `pixel_score` decides about 0 / 0.


def _dice(tp, fp, fn):
    return 2 * tp, 2 * tp + fp + fn


def _iou(tp, fp, fn):
    return tp, tp + fp + fn
