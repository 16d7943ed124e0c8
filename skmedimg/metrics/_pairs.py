"""Pairs of true and predicted masks: validation, labels to score, and pixel counts per label."""

from numbers import Integral

import numpy as np

from skmedimg.metrics._averages import AVERAGES, ImageWeights, check_empty, divide, mean_of

# Pixels that are compared at once: the booleans of a chunk stay in the cache.
_CHUNK = 1 << 19
_FEW_VALUES = 8


class MaskPair:
    """True and predicted masks (n, ...) of one shape, and the labels of them to score.

    `counted` tells which pixels count, or is None where all do.
    """

    def __init__(self, true, pred, labels, counted):
        self.true = true
        self.pred = pred
        self.labels = labels
        self.counted = counted

    @property
    def shape(self):
        """tuple of int: one entry per image and label."""
        return len(self.true), len(self.labels)

    def fill_absent(self, table, absent, empty):
        """Return a table with nan for absent classes, and `empty` for images that hold none."""
        # Counted as 1, absent classes would lift the score of predicting nothing, with three
        # classes from 0.33 to 0.67. An image without any class counts: finding nothing is right.
        table = np.where(absent, np.nan, table)
        table[absent.all(axis=1)] = empty
        if self.counted is not None:  # an image that is ignored as a whole is no blank image
            table[~self.counted.reshape(len(table), -1).any(axis=1)] = np.nan
        return table

    def of_label(self, label, images):
        """Return where the true and the predicted masks of some images hold a label."""
        true, pred = self.true[images] == label, self.pred[images] == label
        if self.counted is not None:
            true &= self.counted[images]
            pred &= self.counted[images]
        return true, pred

    def each(self):
        """Yield (image, position of the label, true, predicted) of every image and label."""
        for i in range(len(self.true)):
            for k, label in enumerate(self.labels):
                yield i, k, *self.of_label(label, i)

    def instances(self):
        """Yield (image, 0, true, predicted), values but 0 numbered as the objects 1, 2, ..."""
        for i, (true, pred) in enumerate(zip(self.true, self.pred, strict=True)):
            if self.counted is not None:
                true, pred = np.where(self.counted[i], (true, pred), 0)
            yield i, 0, _numbered(true), _numbered(pred)

    def count_pixels(self):
        """Return (3, n, n_labels) pixels: true positive, false positive and false negative."""
        n, axes = len(self.true), tuple(range(1, self.true.ndim))
        counts = np.zeros((3, n, len(self.labels)), dtype=np.int64)
        step = max(1, _CHUNK * n // self.true.size)
        for images in (slice(start, start + step) for start in range(0, n, step)):
            for k, label in enumerate(self.labels):
                true, pred = self.of_label(label, images)
                # Three counts of booleans; false ones follow by subtraction.
                hits = np.count_nonzero(true & pred, axis=axes)
                counts[0, images, k] = hits
                counts[1, images, k] = np.count_nonzero(pred, axis=axes) - hits
                counts[2, images, k] = np.count_nonzero(true, axis=axes) - hits
        return counts


def check_pair(
    y_true, y_pred, labels, ignore_label, average, groups, sample_weight, known=AVERAGES
):
    """Return a MaskPair and ImageWeights; raise where something cannot be scored."""
    pair = _check_masks(y_true, y_pred, labels, ignore_label)
    return pair, ImageWeights(len(pair.true), average, sample_weight, groups, known)


def check_sides(masks, what):
    """Raise where masks are rows of pixels, in which `what` cannot be found."""
    if masks.ndim < 3:
        raise ValueError(
            f"{what} need masks (n, height, width), but got rows of shape {masks.shape}. "
            "Reshape them first."
        )


def _check_masks(y_true, y_pred, labels, ignore_label):
    """Return a MaskPair of masks of any layout and type."""
    y_true, y_pred = _as_mask(y_true, "y_true"), _as_mask(y_pred, "y_pred")
    y_true, y_pred = _one_shape(y_true, y_pred)
    if y_true.size == 0:
        raise ValueError(f"y_true needs at least one mask with pixels, but is {y_true.shape}.")
    labels = None if labels is None else _check_labels(labels)
    counted = _counted(y_true, labels, ignore_label)
    found_true, found_pred = mask_values(y_true, counted), mask_values(y_pred, counted)
    found = np.union1d(found_true, found_pred)
    if labels is None:
        # Where all masks are blank one label is kept, so that `empty` has an entry to fill.
        labels = found[found != 0] if found.any() else np.array([1])
    elif found.any() and not np.isin(labels, found).any():
        raise ValueError(
            f"labels={labels.tolist()} occur in no mask: y_true holds {_few(found_true)}, y_pred "
            f"holds {_few(found_pred)}."
        )
    # 0/255 against 0/1 becomes foreground or not: compared as stored, they share no label.
    if _spelled_twice(found_true, found_pred):
        return MaskPair(y_true != 0, y_pred != 0, np.unique(labels != 0), counted)
    return MaskPair(y_true, y_pred, labels, counted)


def mask_values(masks, counted=None):
    """Return the sorted distinct values of integer or boolean masks, of `counted` pixels only."""
    if masks.size == 0 or masks.dtype.kind not in "biu":
        return np.unique(masks if counted is None else masks[counted])
    # All values are often in the first mask. That the others hold no more is counted.
    found = masks.ravel()[:0]
    for place, mask in enumerate(masks):
        mask = mask if counted is None else mask[counted[place]]
        if len(found) > _FEW_VALUES or sum(np.count_nonzero(mask == v) for v in found) < mask.size:
            found = np.union1d(found, _distinct(mask.ravel()))
    return found


def pixel_score(formula, pair, weights, empty, nothing=0.0):
    """Return the average of a formula of (tp, fp, fn) pixels; `nothing` is its x / 0."""
    return count_score(formula, pair, pair.count_pixels(), weights, empty, nothing)


def count_score(formula, pair, counts, weights, empty, nothing=0.0):
    """Return the average of a formula of counts, each (n, n_labels)."""
    check_empty(empty)
    if weights.average == "pooled":
        # Counts of all images are added up before the formula: one large image.
        counts = weights.pooled(counts)
        absent = counts[:3].sum(axis=0) == 0
        values = np.where(absent, np.nan, divide(*formula(*counts), nothing=nothing))[0]
        return float(empty if absent.all() else mean_of(values))
    absent = counts[:3].sum(axis=0) == 0
    table = pair.fill_absent(divide(*formula(*counts), nothing=nothing), absent, empty)
    return weights.summarize(table)


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


def _check_labels(labels):
    """Return labels to score as an array (n_labels,) of whole numbers."""
    found = np.atleast_1d(np.asarray(labels))
    if found.dtype.kind not in "biuf" or not np.array_equal(found, np.round(found)):
        raise TypeError(f"labels needs mask values, which are whole numbers, but is {labels!r}.")
    if found.ndim != 1 or len(found) == 0:
        raise ValueError(f"labels needs at least one mask value, but is {labels!r}.")
    return found


def _counted(y_true, labels, ignore_label):
    """Return where pixels count, (n, ...) of bool, or None where all do."""
    if ignore_label is None:
        return None
    if not isinstance(ignore_label, Integral) or isinstance(ignore_label, bool):
        raise TypeError(f"ignore_label needs a mask value, an int, but is {ignore_label!r}.")
    if labels is not None and ignore_label in labels:
        raise ValueError(f"ignore_label={ignore_label} is one of the labels={labels.tolist()}.")
    counted = y_true != ignore_label
    return None if counted.all() else counted


def _distinct(pixels):
    """Return the sorted distinct values of pixels (n,); small ones are counted, not sorted."""
    if pixels.size == 0 or pixels.dtype.kind not in "iu" or pixels.min() < 0:
        return np.unique(pixels)
    if pixels.max() > max(255, pixels.size):
        return np.unique(pixels)
    return np.flatnonzero(np.bincount(pixels.astype(np.intp, copy=False))).astype(pixels.dtype)


def _numbered(mask):
    """Return a mask with its values but 0 as 1, 2, ... in their order."""
    values = _distinct(mask.ravel())
    numbers = np.cumsum(values != 0) * (values != 0)
    return numbers[np.searchsorted(values, mask)]


def _spelled_twice(found_true, found_pred):
    """Return whether one side stores binary masks as 0/255 and the other as 0/1."""
    for large, small in ((found_true, found_pred), (found_pred, found_true)):
        if 255 in large and 1 in small and set(large) <= {0, 255} and set(small) <= {0, 1}:
            return True
    return False


def _few(values, n=8):
    """Return the first values of a list for a message."""
    return f"{values[:n].tolist()}" if len(values) <= n else f"{values[:n].tolist()} and others"
