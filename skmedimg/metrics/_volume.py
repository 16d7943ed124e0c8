"""Sizes of two masks: volumetric similarity and relative volume error."""

import math

import numpy as np

from skmedimg.metrics._pairs import check_pair, pixel_score


def volumetric_similarity(
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
    """Return the volumetric similarity [1]_ of masks, ``1 - abs(|A| - |B|) / (|A| + |B|)``.

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
        Between 0 and 1; 1 also for equal areas without a common pixel.

    See Also
    --------
    volume_error : Return the relative volume (area) error of masks, ``abs(|B| - |A|) / |A|``.

    References
    ----------
    .. [1] A. A. Taha, A. Hanbury. "Metrics for evaluating 3D medical image segmentation:
           analysis, selection, and tool". BMC Medical Imaging 15, 29, 2015.
           https://doi.org/10.1186/s12880-015-0068-x

    Examples
    --------
    >>> from skmedimg.metrics import volumetric_similarity
    >>> volumetric_similarity([[0, 1, 1]], [[1, 1, 0]])
    1.0
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    return pixel_score(_similarity, pair, weights, empty)


def volume_error(
    y_true,
    y_pred,
    *,
    signed=False,
    labels=None,
    ignore_label=None,
    average="mean",
    groups=None,
    missing=math.inf,
    empty=0.0,
    sample_weight=None,
):
    """Return the relative volume (area) error of masks [1]_, ``abs(|B| - |A|) / |A|``.

    Parameters
    ----------
    y_true : array-like (n, height, width), (n, height * width) or (n,)
        True masks of class labels; 1-D labels mean constant masks. 0/255 and 0/1 are the same.
    y_pred : array-like
        Predicted masks, in the same layout or another one of the same size.
    signed : bool, default=False
        True: ``(|B| - |A|) / |A|``, above 0 where predicted masks are too large.
    labels : sequence of int or None, default=None
        Classes to score. None: every value found in either but 0, the background.
    ignore_label : int or None, default=None
        As in `dice`.
    average : {"mean", "image", "class", "group", "pooled", None}, default="mean"
        As in `dice`.
    groups : array-like (n,) or None, default=None
        Patient of each image, as in `dice`.
    missing : float, default=inf
        Error where only the predicted mask holds the class; nan leaves it out.
    empty : float, default=0.0
        Value of an image in which neither mask holds any of the classes, as in `dice`.
    sample_weight : array-like (n,) or None, default=None
        Weight of each image in the average.

    Returns
    -------
    error : float or ndarray
        0 for equal areas, also without a common pixel; 1 where nothing is predicted.

    See Also
    --------
    volumetric_similarity
        Return the volumetric similarity of masks, ``1 - abs(|A| - |B|) / (|A| +
        |B|)``.

    References
    ----------
    .. [1] T. Heimann, B. van Ginneken, M. A. Styner et al. "Comparison and Evaluation of Methods
           for Liver Segmentation From CT Datasets". IEEE Transactions on Medical Imaging 28(8),
           1251-1265, 2009. https://doi.org/10.1109/TMI.2009.2013851

    Examples
    --------
    >>> from skmedimg.metrics import volume_error
    >>> volume_error([[0, 1, 1, 1, 1]], [[0, 0, 1, 1, 1]], signed=True)
    -0.25
    """
    pair, weights = check_pair(y_true, y_pred, labels, ignore_label, average, groups, sample_weight)
    formula = _signed_error if signed else _error
    return pixel_score(formula, pair, weights, empty, missing)


# |A| = tp + fn and |B| = tp + fp, so their difference is fn - fp.


def _similarity(tp, fp, fn):
    both = 2 * tp + fp + fn
    return both - np.abs(fp - fn), both


def _error(tp, fp, fn):
    return np.abs(fp - fn), tp + fn


def _signed_error(tp, fp, fn):
    return fp - fn, tp + fn
