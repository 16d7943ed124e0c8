"""Precision, recall and F1 of masks, with pixels as the samples."""

from skmedimg.metrics._pairs import check_pair, pixel_score


def pixel_precision(
    y_true,
    y_pred,
    *,
    labels=None,
    ignore_label=None,
    average="pooled",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the precision over pixels: the share of predicted pixels of a class that are right.

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
    average : {"mean", "image", "class", "group", "pooled", None}, default="pooled"
        "pooled" counts the pixels of all images together; the others are those of `dice`.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray

    See Also
    --------
    pixel_recall
        Return the recall over pixels: the share of true pixels of a class that were found.
    pixel_f1 : Return the F1 score over pixels, which per image is the Dice coefficient.

    Examples
    --------
    >>> from skmedimg.metrics import pixel_precision
    >>> pixel_precision([[0, 1, 1, 0]], [[0, 1, 1, 1]])
    0.666...
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    return pixel_score(_precision, pair, weights, empty)


def pixel_recall(
    y_true,
    y_pred,
    *,
    labels=None,
    ignore_label=None,
    average="pooled",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the recall over pixels: the share of true pixels of a class that were found.

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
    average : {"mean", "image", "class", "group", "pooled", None}, default="pooled"
        "pooled" counts the pixels of all images together; the others are those of `dice`.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray

    See Also
    --------
    pixel_precision
        Return the precision over pixels: the share of predicted pixels of a class that are
        right.
    pixel_f1 : Return the F1 score over pixels, which per image is the Dice coefficient.

    Examples
    --------
    >>> from skmedimg.metrics import pixel_recall
    >>> pixel_recall([[0, 1, 1, 0]], [[0, 1, 0, 1]])
    0.5
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    return pixel_score(_recall, pair, weights, empty)


def pixel_f1(
    y_true,
    y_pred,
    *,
    labels=None,
    ignore_label=None,
    average="pooled",
    groups=None,
    empty=1.0,
    sample_weight=None,
):
    """Return the F1 score over pixels, which per image is the Dice coefficient.

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
    average : {"mean", "image", "class", "group", "pooled", None}, default="pooled"
        "pooled" counts the pixels of all images together; the others are those of `dice`.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray

    See Also
    --------
    dice : Return the Dice coefficient, ``2 |A and B| / (|A| + |B|)``, of each image and class.
    pixel_precision
        Return the precision over pixels: the share of predicted pixels of a class that are
        right.

    Examples
    --------
    Pooled, large objects decide; in the mean over images every image has the same weight.

    >>> from skmedimg.metrics import dice, pixel_f1
    >>> y_true, y_pred = [[1, 1, 1, 1], [0, 0, 0, 1]], [[1, 1, 1, 1], [0, 0, 1, 0]]
    >>> pixel_f1(y_true, y_pred), dice(y_true, y_pred)
    (0.8, 0.5)
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    return pixel_score(_f1, pair, weights, empty)


# Numerator and denominator, as `pixel_score` expects them.


def _precision(tp, fp, fn):
    return tp, tp + fp


def _recall(tp, fp, fn):
    return tp, tp + fn


def _f1(tp, fp, fn):
    return 2 * tp, 2 * tp + fp + fn
