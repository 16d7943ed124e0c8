"""Whether some place in the images tells the classes apart, such as a burnt-in marker."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

_PERMUTATIONS = 499
_LARGEST_P = 0.002  # the least that so many permutations can give


@dataclass(frozen=True)
class Place:
    """A place where a class differs from the rest.

    Attributes
    ----------
    label : object
        The class.
    down, right : float
        Where, as shares of height and width.
    auc : float
        Area under the ROC curve of the brightness or the contrast there.
    p_value : float
        Of the largest difference over all places, by permuting the labels of leakage groups.
    """

    label: object
    down: float
    right: float
    auc: float
    p_value: float


def probe_places(facts, y, groups, random_state=0):
    """Return the Place where each class differs most, where that is no chance."""
    rows = np.flatnonzero(facts.readable)
    cells = local_values(facts, rows)
    # One value per group: images of a patient are not independent.
    _, first, member = np.unique(groups[rows], return_index=True, return_inverse=True)
    sums = np.zeros((len(first), cells.shape[1]), dtype=np.float32)
    np.add.at(sums, member, cells)
    means = sums / np.bincount(member)[:, None]
    labels = y[rows][first]
    found = []
    classes = np.unique(y)
    # With two classes both differ from the other at the same place.
    for label in classes[1:] if len(classes) == 2 else classes:
        cell, p_value = largest_difference(means, labels == label, random_state)
        # Of twelve classes one would differ by chance in 2 % of all sets.
        if p_value <= _LARGEST_P:
            area = roc_auc_score(y[rows] == label, cells[:, cell])
            side = facts.thumbnails.shape[1]
            place = np.unravel_index(cell % side**2, (side, side))
            down, right = ((k + 0.5) / side for k in place)
            found.append(Place(label, down, right, max(area, 1 - area), p_value))
    return found


def local_values(facts, rows):
    """Return brightness, and contrast where it is known, at each place (n, n_places)."""
    thumbnails = facts.thumbnails[rows].reshape(len(rows), -1)
    # The brightness of the whole image is a probe of its own.
    parts = [_standardized(thumbnails)]
    if facts.details is not None:
        details = facts.details[rows].astype(np.float32)
        fine = np.abs(details - gaussian_filter(details, (0, 1.5, 1.5), truncate=3))
        half = fine.shape[1] // 2
        fine = fine.reshape(len(rows), half, 2, half, 2).mean(axis=(2, 4))
        parts.append(_standardized(fine.reshape(len(rows), -1)))
    return np.concatenate(parts, axis=1)


def largest_difference(values, positive, random_state=0):
    """Return the column whose means differ most, in standard errors, and its p-value.

    The p-value counts permuted labels whose largest difference over all columns is as large.
    """
    rng = np.random.default_rng(random_state)
    deviation = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, np.inf)
    n, ones = len(scaled), int(positive.sum())
    if not 1 < ones < n - 1:
        return 0, 1.0
    labels = np.stack([positive, *(rng.permutation(positive) for _ in range(_PERMUTATIONS))])
    # The columns have mean 0, so the mean of the rest follows from that of the positive ones.
    means = labels.astype(np.float32) @ scaled.astype(np.float32) / ones
    largest = np.abs(means).max(axis=1)
    p_value = float((largest >= largest[0] - 1e-6).mean())
    return int(np.abs(means[0]).argmax()), p_value


def _standardized(rows):
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(rows.std(axis=1, keepdims=True), 1e-6)
