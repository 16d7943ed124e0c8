"""Precision, recall and F1 of masks, with pixels as the samples."""

from skmedimg.metrics._pairs import overlap_score


def pixel_precision(
    y_true, y_pred, *, labels=None, average="pooled", empty=1.0, sample_weight=None
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
    average : {"mean", "image", "class", "pooled", None}, default="pooled"
        "pooled" counts the pixels of all images together; the others are those of `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes; nan leaves it out. In
        other images a class that neither mask holds is left out (nan where nothing is averaged),
        and a class that only one of them holds scores 0.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray

    Examples
    --------
    >>> from skmedimg.metrics import pixel_precision
    >>> pixel_precision([[0, 1, 1, 0]], [[0, 1, 1, 1]])
    0.666...
    """
    return overlap_score(_precision, y_true, y_pred, labels, average, empty, sample_weight)


def pixel_recall(y_true, y_pred, *, labels=None, average="pooled", empty=1.0, sample_weight=None):
    """Return the recall over pixels: the share of true pixels of a class that were found.

    Parameters
    ----------
    y_true : array-like (n, height, width), (n, height * width) or (n,)
        True masks of class labels; 1-D labels mean constant masks. 0/255 and 0/1 are the same.
    y_pred : array-like
        Predicted masks, in the same layout or another one of the same size.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    average : {"mean", "image", "class", "pooled", None}, default="pooled"
        "pooled" counts the pixels of all images together; the others are those of `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes; nan leaves it out. In
        other images a class that neither mask holds is left out (nan where nothing is averaged),
        and a class that only one of them holds scores 0.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray

    Examples
    --------
    >>> from skmedimg.metrics import pixel_recall
    >>> pixel_recall([[0, 1, 1, 0]], [[0, 1, 0, 1]])
    0.5
    """
    return overlap_score(_recall, y_true, y_pred, labels, average, empty, sample_weight)


def pixel_f1(y_true, y_pred, *, labels=None, average="pooled", empty=1.0, sample_weight=None):
    """Return the F1 score over pixels, which per image is the Dice coefficient.

    Parameters
    ----------
    y_true : array-like (n, height, width), (n, height * width) or (n,)
        True masks of class labels; 1-D labels mean constant masks. 0/255 and 0/1 are the same.
    y_pred : array-like
        Predicted masks, in the same layout or another one of the same size.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    average : {"mean", "image", "class", "pooled", None}, default="pooled"
        "pooled" counts the pixels of all images together; the others are those of `dice`.
    empty : float, default=1.0
        Value of an image in which neither mask holds any of the classes; nan leaves it out. In
        other images a class that neither mask holds is left out (nan where nothing is averaged),
        and a class that only one of them holds scores 0.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    score : float or ndarray

    Examples
    --------
    Pooled, large objects decide; in the mean over images every image has the same weight.

    >>> from skmedimg.metrics import dice, pixel_f1
    >>> y_true, y_pred = [[1, 1, 1, 1], [0, 0, 0, 1]], [[1, 1, 1, 1], [0, 0, 1, 0]]
    >>> pixel_f1(y_true, y_pred), dice(y_true, y_pred)
    (0.8, 0.5)
    """
    return overlap_score(_f1, y_true, y_pred, labels, average, empty, sample_weight)


# Numerator and denominator, as `overlap_score` expects them.


def _precision(tp, fp, fn):
    return tp, tp + fp


def _recall(tp, fp, fn):
    return tp, tp + fn


def _f1(tp, fp, fn):
    return 2 * tp, 2 * tp + fp + fn
