"""Sensitivity and specificity of the decisions of a classifier."""

import numpy as np
from sklearn.metrics import multilabel_confusion_matrix

from skmedimg.metrics._averages import mean_of


def sensitivity(y_true, y_pred, *, pos_label=1, average="binary", sample_weight=None):
    """Return the sensitivity of predicted labels: true positives / all positives.

    Parameters
    ----------
    y_true, y_pred : array-like (n,)
        True and predicted labels.
    pos_label : label, default=1
        The positive class (ill), for `average="binary"`.
    average : {"binary", "macro", None}, default="binary"
        "macro" is the mean over the classes, each against the rest and left out where it has no
        sample to count; None returns one value per class, in sorted order.
    sample_weight : array-like (n,) or None, default=None
        Weight of each sample. None: all count the same.

    Returns
    -------
    score : float or ndarray (n_classes,)
        nan where no sample is positive.

    See Also
    --------
    specificity : Return the specificity of predicted labels: true negatives / all negatives.

    Examples
    --------
    >>> from skmedimg.metrics import sensitivity
    >>> sensitivity(["ill", "ill", "well"], ["ill", "well", "well"], pos_label="ill")
    0.5
    """
    (_, (missed, found)) = _rates(y_true, y_pred, pos_label, average, sample_weight)
    return _share(found, missed, average)


def specificity(y_true, y_pred, *, pos_label=1, average="binary", sample_weight=None):
    """Return the specificity of predicted labels: true negatives / all negatives.

    Parameters
    ----------
    y_true, y_pred : array-like (n,)
        True and predicted labels.
    pos_label : label, default=1
        The positive class (ill), for `average="binary"`.
    average : {"binary", "macro", None}, default="binary"
        "macro" is the mean over the classes, each against the rest and left out where it has no
        sample to count; None returns one value per class, in sorted order.
    sample_weight : array-like (n,) or None, default=None
        Weight of each sample. None: all count the same.

    Returns
    -------
    score : float or ndarray (n_classes,)
        nan where no sample is negative.

    See Also
    --------
    sensitivity : Return the sensitivity of predicted labels: true positives / all positives.

    Examples
    --------
    >>> from skmedimg.metrics import specificity
    >>> specificity([0, 0, 0, 1], [0, 0, 1, 1])
    0.666...
    """
    ((cleared, alarmed), _) = _rates(y_true, y_pred, pos_label, average, sample_weight)
    return _share(cleared, alarmed, average)


def _rates(y_true, y_pred, pos_label, average, sample_weight):
    """Return ((tn, fp), (fn, tp)), each of shape (n_classes,)."""
    if average not in ("binary", "macro", None):
        raise ValueError(f"average needs 'binary', 'macro' or None, but is {average!r}.")
    classes = np.union1d(y_true, y_pred)
    if average == "binary":
        # A single label in all of y is fine (a small fold), even if it is not `pos_label`.
        if len(classes) > 2 or (len(classes) == 2 and pos_label not in classes.tolist()):
            raise ValueError(
                f"pos_label={pos_label!r} does not name one of two classes; the labels hold "
                f"{classes.tolist()}. Set pos_label, or average='macro' for more than two."
            )
        classes = [pos_label]
    # scikit-learn's matrices of each class against the rest, (n_classes, 2, 2).
    counts = multilabel_confusion_matrix(
        y_true, y_pred, labels=classes, sample_weight=sample_weight
    )
    return np.moveaxis(counts, 0, -1)


def _share(right, wrong, average):
    """Return right / (right + wrong) per class, nan without samples, or its mean."""
    total = np.asarray(right + wrong, dtype=np.float64)
    share = np.divide(right, total, out=np.full(total.shape, np.nan), where=total > 0)
    return share if average is None else float(mean_of(share))
