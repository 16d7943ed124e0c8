"""Pairs of true and predicted masks: validation, pixel counts per label, and averages."""

from numbers import Real

import numpy as np

AVERAGES = ("mean", "image", "class", "pooled", None)


def check_pair(y_true, y_pred, labels=None):
    """Return both masks in one shape and with the same values, and the labels to score."""
    y_true, y_pred = _as_mask(y_true, "y_true"), _as_mask(y_pred, "y_pred")
    y_true, y_pred = _one_shape(y_true, y_pred)
    if y_true.size == 0:
        raise ValueError(f"y_true needs at least one mask with pixels, but is {y_true.shape}.")
    found_true, found_pred = mask_values(y_true), mask_values(y_pred)
    if labels is None:
        labels = np.union1d(found_true, found_pred)
        # Where all masks are blank one label is kept, so that `empty` has an entry to fill.
        labels = labels[labels != 0] if labels.any() else [1]
    labels = np.atleast_1d(labels)
    # 0/255 against 0/1 becomes foreground or not: compared as stored, they share no label.
    if _spelled_twice(found_true, found_pred):
        return y_true != 0, y_pred != 0, np.unique(labels != 0)
    return y_true, y_pred, labels


def mask_values(masks):
    """Return the sorted distinct values of integer or boolean masks."""
    if masks.dtype.kind not in "iu" or masks.size == 0 or masks.min() < 0 or masks.max() > 255:
        return np.unique(masks)
    # Labels from 0 to 255 are counted, mask by mask: np.unique would sort all pixels.
    counts = np.zeros(256, dtype=np.int64)
    for mask in masks:
        counts += np.bincount(mask.ravel().astype(np.intp, copy=False), minlength=256)
    return np.flatnonzero(counts).astype(masks.dtype)


def count_pixels(y_true, y_pred, labels):
    """Return (3, n, n_labels) pixels: true positive, false positive and false negative."""
    n = len(y_true)
    y_true, y_pred = y_true.reshape(n, -1), y_pred.reshape(n, -1)
    counts = np.zeros((3, n, len(labels)), dtype=np.int64)
    for k, label in enumerate(labels):
        true, pred = y_true == label, y_pred == label
        # Three counts of booleans; false ones follow by subtraction, without further masks.
        hits = np.count_nonzero(true & pred, axis=1)
        counts[0, :, k] = hits
        counts[1, :, k] = np.count_nonzero(pred, axis=1) - hits
        counts[2, :, k] = np.count_nonzero(true, axis=1) - hits
    return counts


def overlap_score(formula, y_true, y_pred, labels, average, empty, sample_weight):
    """Return the average of a formula of (tp, fp, fn) over images and labels."""
    check_average(average)
    check_empty(empty)
    y_true, y_pred, labels = check_pair(y_true, y_pred, labels)
    weights = check_image_weights(sample_weight, len(y_true))
    counts = count_pixels(y_true, y_pred, labels)
    if average == "pooled":
        # Pixels of all images are added up before the formula: one large image.
        counts = np.einsum("cnk,n->ck", counts, weights)[:, None, :]
    table = fill_absent(_divide(*formula(*counts)), counts.sum(axis=0) == 0, empty)
    if average == "pooled":
        return float(mean_of(table[0]))
    return summarize(table, average, weights)


def check_empty(empty):
    """Raise where the score of blank images is not a number."""
    if not isinstance(empty, Real):
        raise TypeError(f"empty needs a number, or nan to leave blank images out, got {empty!r}.")


def fill_absent(table, absent, empty):
    """Return a table with nan for classes that neither mask holds, and `empty` for blank images."""
    # Counted as 1, absent classes would lift the score of predicting nothing, with three classes
    # from 0.33 to 0.67. An image without any class counts: finding nothing is right there.
    table = np.where(absent, np.nan, table)
    table[absent.all(axis=1)] = empty
    return table


def summarize(table, average, weights):
    """Return the average of a table (n, n_labels) over labels, images or both; nan is left out."""
    if average is None:
        return table
    if average == "class":
        return mean_of(table, weights[:, None])
    # Classes first, then images: every image counts alike, however many classes it shows.
    per_image = mean_of(table.T)
    return per_image if average == "image" else float(mean_of(per_image, weights))


def mean_of(values, weights=1.0):
    """Return the weighted mean along the first axis without nan; nan where nothing else is left."""
    weights = np.where(np.isnan(values), 0.0, weights)
    # Replaced, because 0 * nan and 0 * inf are nan.
    kept = np.where(weights > 0, values, 0.0)
    return _divide((weights * kept).sum(axis=0), weights.sum(axis=0), nothing=np.nan)


def check_average(average, known=AVERAGES):
    """Raise where `average` is not one of `known`."""
    if average not in known:
        raise ValueError(f"average needs one of {known}, but is {average!r}.")


def check_image_weights(sample_weight, n):
    """Return one non-negative weight per image."""
    if sample_weight is None:
        return np.ones(n)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,) or not np.all(weights >= 0):
        raise ValueError(
            f"sample_weight needs {n} non-negative weights, one per image, but has shape "
            f"{weights.shape}."
        )
    return weights


def _as_mask(masks, name):
    """Return masks as an array of numbers; raise where it holds fractions or text."""
    masks = np.asarray(masks)
    if masks.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} needs integer or boolean masks, but holds {masks.dtype}. Read mask files "
            "with skmedimg.images.load_masks(paths) first."
        )
    if masks.dtype.kind == "f" and not np.array_equal(masks, np.round(masks)):
        raise ValueError(
            f"{name} needs class labels, but holds fractions such as "
            f"{masks[masks != np.round(masks)][0]}. Threshold probabilities first."
        )
    return masks


def _one_shape(y_true, y_pred):
    """Return two masks in the shape of the one with more axes."""
    if y_true.ndim == 0 or y_pred.ndim == 0 or len(y_true) != len(y_pred):
        raise ValueError(
            f"y_true and y_pred need as many images each, but have shapes {y_true.shape} and "
            f"{y_pred.shape}."
        )
    n = len(y_true)
    whole = max(y_true.shape, y_pred.shape, key=len)
    pair = []
    for masks in (y_true, y_pred):
        # One label per image is a constant mask; rows of pixels are folded like the other side.
        if masks.ndim == 1 and len(whole) > 1:
            masks = np.broadcast_to(masks.reshape(n, *[1] * (len(whole) - 1)), whole)
        if masks.size != np.prod(whole) or (masks.ndim == len(whole) and masks.shape != whole):
            raise ValueError(
                f"y_true and y_pred need masks of one size, but have shapes {y_true.shape} and "
                f"{y_pred.shape}."
            )
        pair.append(masks.reshape(whole))
    return pair


def _spelled_twice(found_true, found_pred):
    """Return whether one side stores binary masks as 0/255 and the other as 0/1."""
    for large, small in ((found_true, found_pred), (found_pred, found_true)):
        if 255 in large and 1 in small and set(large) <= {0, 255} and set(small) <= {0, 1}:
            return True
    return False


def _divide(numerator, denominator, nothing=0.0):
    """Return the quotient, and `nothing` where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    out = np.full(shape, nothing, dtype=np.float64)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
