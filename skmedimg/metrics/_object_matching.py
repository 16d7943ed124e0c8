"""Objects of two masks, which of them match, and how many do."""

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from skmedimg.metrics._outlines import bounding_box

_FEW_PAIRS = 1 << 20


def object_counts(pair, thresholds, instances):
    """Return (n_thresholds, 4, n, n_labels): true positive, false positive and false negative.

    The fourth is the sum of the intersections over union of the true positive objects.
    """
    n, n_labels = pair.shape
    counts = np.zeros((len(thresholds), 4, n, 1 if instances else n_labels))
    found = pair.instances() if instances else _components(pair)
    for i, k, true, pred in found:
        overlaps = object_overlaps(true, pred)
        for place, threshold in enumerate(thresholds):
            matched = matches(overlaps, threshold)
            hits = len(matched)
            counts[place, :, i, k] = (
                hits,
                pred.max(initial=0) - hits,
                true.max(initial=0) - hits,
                overlaps[matched, 2].sum(),
            )
    return counts


def connected_objects(mask):
    """Return the connected parts of a mask as 1, 2, ...; pixels touch along axes and diagonals."""
    return ndimage.label(mask, structure=np.ones((3,) * mask.ndim))[0]


def object_overlaps(true, pred):
    """Return (true object, predicted object, intersection over union) of all that overlap.

    Objects are 1, 2, ... in masks of the same shape, whose background is 0.
    """
    true, pred = true.ravel(), pred.ravel()
    common = np.flatnonzero((true > 0) & (pred > 0))
    areas_true, areas_pred = np.bincount(true), np.bincount(pred)
    codes = true[common].astype(np.int64) * len(areas_pred) + pred[common]
    if len(areas_true) * len(areas_pred) < _FEW_PAIRS:
        shared = np.bincount(codes)
        codes = np.flatnonzero(shared)
        shared = shared[codes]
    else:  # the table of all pairs would be larger than the masks
        codes, shared = np.unique(codes, return_counts=True)
    t, p = np.divmod(codes, len(areas_pred))
    return np.column_stack([t, p, shared / (areas_true[t] + areas_pred[p] - shared)])


def matches(overlaps, threshold):
    """Return the rows of `overlaps` that match objects one to one, above a threshold of IoU.

    As many objects are matched as possible, and among such choices those of the largest IoU.
    """
    rows = np.flatnonzero(overlaps[:, 2] > threshold)
    if threshold >= 0.5 or len(rows) == 0:
        return rows  # above one half, no object can overlap two others
    t, p = (overlaps[rows, column].astype(np.int64) for column in (0, 1))
    n_true, n_pred = t.max() + 1, p.max() + 1
    edges = coo_array((np.ones(len(t)), (t, n_true + p)), shape=(n_true + n_pred,) * 2)
    cluster = connected_components(edges, directed=False)[1][t]
    # Clusters of objects that overlap each other are small: each is an assignment of its own.
    order = np.argsort(cluster, kind="stable")
    parts = np.split(rows[order], np.flatnonzero(np.diff(cluster[order])) + 1)
    return np.sort(np.concatenate([_assigned(overlaps, part) for part in parts]))


def _assigned(overlaps, rows):
    """Return the rows of one cluster that match as many of its objects as possible."""
    if len(rows) == 1:
        return rows
    t, p = (np.unique(overlaps[rows, column], return_inverse=True)[1] for column in (0, 1))
    gain, row_of = np.zeros((t.max() + 1, p.max() + 1)), np.zeros((t.max() + 1, p.max() + 1), int)
    # One more match is worth more than all intersections over union together.
    gain[t, p], row_of[t, p] = 1 + overlaps[rows, 2] / (len(rows) + 1), rows
    chosen = linear_sum_assignment(gain, maximize=True)
    return row_of[chosen][gain[chosen] > 0]


def _components(pair):
    """Yield (image, position of the label, true, predicted objects) of every image and label."""
    for i, k, true, pred in pair.each():
        either = true | pred
        if either.any():
            box = bounding_box(either)
            yield i, k, connected_objects(true[box]), connected_objects(pred[box])
