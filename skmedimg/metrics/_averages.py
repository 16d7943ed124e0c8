"""Averages of scores over classes, images and groups of images (patients)."""

from numbers import Real

import numpy as np

AVERAGES = ("mean", "image", "class", "group", "pooled", None)


class ImageWeights:
    """What each of n images counts in an average, and which group it belongs to."""

    def __init__(self, n, average, sample_weight=None, groups=None, known=AVERAGES):
        if average not in known:
            raise ValueError(f"average needs one of {known}, but is {average!r}.")
        self.average = average
        self.weights = _check_weights(sample_weight, n)
        self.groups = None if groups is None else _check_groups(groups, n, average)
        if average == "group" and groups is None:
            raise ValueError('average="group" needs groups, the patient of each image.')

    def pooled(self, counts):
        """Return counts (..., n, n_labels) as those of one large image, (..., 1, n_labels)."""
        return np.einsum("...nk,n->...k", counts, self.weights)[..., None, :]

    def summarize(self, table):
        """Return the average of a table (n, n_labels); nan is left out."""
        if self.average is None:
            return table
        if self.average == "class":
            return mean_of(*self._of_groups(table))
        # Classes first, then images: every image counts alike, however many classes it shows.
        per_image = mean_of(table.T)
        if self.average == "image":
            return per_image
        per_group, weights = self._of_groups(per_image[:, None])
        return per_group[:, 0] if self.average == "group" else float(mean_of(per_group, weights)[0])

    def _of_groups(self, table):
        """Return the mean of each group, and what it counts: (n_groups, n_labels) each."""
        if self.groups is None:
            return table, self.weights[:, None]
        rows = [self.groups == group for group in range(self.groups.max() + 1)]
        means = [mean_of(table[each], self.weights[each, None]) for each in rows]
        # Every patient counts alike, however many images there are of it.
        return np.array(means), np.array([[self.weights[each].any()] for each in rows], dtype=float)


def check_empty(empty):
    """Raise where the score of blank images is not a number."""
    if not isinstance(empty, Real):
        raise TypeError(f"empty needs a number, or nan to leave blank images out, got {empty!r}.")


def mean_of(values, weights=1.0):
    """Return the weighted mean along the first axis without nan; nan where nothing else is left."""
    weights = np.where(np.isnan(values), 0.0, weights)
    # Replaced, because 0 * nan and 0 * inf are nan.
    kept = np.where(weights > 0, values, 0.0)
    return divide((weights * kept).sum(axis=0), weights.sum(axis=0), nothing=np.nan)


def divide(numerator, denominator, nothing=0.0):
    """Return the quotient, and `nothing` where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    out = np.full(shape, nothing, dtype=np.float64)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)


def _check_weights(sample_weight, n):
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


def _check_groups(groups, n, average):
    """Return the number of the group of each image, in sorted order of the groups."""
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(
            f"groups needs {n} values, the patient of each image, but has shape {groups.shape}."
        )
    if average not in ("mean", "class", "group"):
        raise ValueError(
            f"groups are averaged by average='mean', 'class' and 'group', not by {average!r}."
        )
    return np.unique(groups, return_inverse=True)[1]
