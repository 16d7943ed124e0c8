"""Pairs of true and predicted masks: checked, matched label by label, averaged."""

import numpy as np

AVERAGES = ("mean", "image", "class", "pooled", None)


def check_pair(y_true, y_pred, labels=None):
    """Return both masks in one shape and one spelling, and the labels to score."""
    y_true, y_pred = _as_mask(y_true, "y_true"), _as_mask(y_pred, "y_pred")
    y_true, y_pred = _one_shape(y_true, y_pred)
    found_true, found_pred = mask_values(y_true), mask_values(y_pred)
    if labels is None:
        labels = np.union1d(found_true, found_pred)
        labels = labels[labels != 0] if labels.any() else [1]
    labels = np.atleast_1d(labels)
    if _spelled_twice(found_true, found_pred):
        return y_true != 0, y_pred != 0, np.unique(labels != 0)
    return y_true, y_pred, labels


def mask_values(masks):
    """Return the sorted distinct values of integer or boolean masks, image by image."""
    if masks.dtype.kind not in "iu" or masks.size == 0 or masks.min() < 0 or masks.max() > 255:
        return np.unique(masks)
    counts = np.zeros(256, dtype=np.int64)
    for mask in masks:
        counts += np.bincount(mask.ravel().astype(np.intp, copy=False), minlength=256)
    return np.flatnonzero(counts).astype(masks.dtype)


def count_pixels(y_true, y_pred, labels):
    """Return true positive, false positive and false negative pixels of each image and label."""
    n = len(y_true)
    y_true, y_pred = y_true.reshape(n, -1), y_pred.reshape(n, -1)
    counts = np.zeros((3, n, len(labels)), dtype=np.int64)
    for k, label in enumerate(labels):
        true, pred = y_true == label, y_pred == label
        hits = np.count_nonzero(true & pred, axis=1)
        counts[0, :, k] = hits
        counts[1, :, k] = np.count_nonzero(pred, axis=1) - hits
        counts[2, :, k] = np.count_nonzero(true, axis=1) - hits
    return counts


def overlap_score(formula, y_true, y_pred, labels, average, empty, sample_weight):
    """Apply a formula of (tp, fp, fn) to every image and label, and average."""
    check_average(average)
    y_true, y_pred, labels = check_pair(y_true, y_pred, labels)
    weights = check_image_weights(sample_weight, len(y_true))
    counts = count_pixels(y_true, y_pred, labels)
    if average == "pooled":
        counts = np.einsum("cnk,n->ck", counts, weights)[:, None, :]
    table = fill_absent(_divide(*formula(*counts)), counts.sum(axis=0) == 0, empty)
    if average == "pooled":
        return float(mean_of(table[0]))
    return summarize(table, average, weights)


def fill_absent(table, absent, empty):
    """Leave out classes that neither mask holds; images without any of the classes are `empty`."""
    table = np.where(absent, np.nan, table)
    table[absent.all(axis=1)] = empty
    return table


def summarize(table, average, weights):
    """Average a table of values per image and label; nan means not counted."""
    if average is None:
        return table
    if average == "class":
        return mean_of(table, weights[:, None])
    per_image = mean_of(table.T)
    return per_image if average == "image" else float(mean_of(per_image, weights))


def mean_of(values, weights=1.0):
    """Return the weighted mean along the first axis of what is not nan; nan where nothing is."""
    weights = np.where(np.isnan(values), 0.0, weights)
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
    if y_true.ndim == 0 or y_pred.ndim == 0 or len(y_true) != len(y_pred):
        raise ValueError(
            f"y_true and y_pred need as many images each, but have shapes {y_true.shape} and "
            f"{y_pred.shape}."
        )
    n = len(y_true)
    whole = max(y_true.shape, y_pred.shape, key=len)
    pair = []
    for masks in (y_true, y_pred):
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
    """Tell whether one side writes 0/255 where the other writes 0/1: the same binary masks."""
    for large, small in ((found_true, found_pred), (found_pred, found_true)):
        if 255 in large and 1 in small and set(large) <= {0, 255} and set(small) <= {0, 1}:
            return True
    return False


def _divide(numerator, denominator, nothing=0.0):
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    out = np.full(shape, nothing, dtype=np.float64)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
