"""Co-occurrence of gray levels in whole stacks, and its statistics, with scikit-image's numbers."""

import math

import numpy as np

from skmedimg.features._chunks import slices

# In the order of the columns.
PROPERTIES = (
    *("contrast", "dissimilarity", "homogeneity", "energy", "correlation"),
    *("ASM", "entropy", "mean", "variance", "std"),
)

# Entries of co-occurrence matrices held at a time: 4 MB of float64. One matrix of 256 levels has
# 65,536 of them.
_ENTRIES = 1 << 19


def neighbor_statistics(levels, n_levels, offsets, properties, symmetric):
    """Return the properties of the neighbors at each offset."""
    shape = (len(levels), len(properties), len(offsets), len(offsets[0]))
    statistics = np.empty(shape)
    for rows in slices(len(levels), max(1, _ENTRIES // n_levels**2)):
        for d, around in enumerate(offsets):
            for a, shift in enumerate(around):
                joint = _joint(levels[rows], n_levels, *shift, symmetric)
                statistics[rows, :, d, a] = _statistics(joint, properties)
    return statistics


def offset(distance, angle):
    """Return rows and columns to the pixel in that direction, rounded as scikit-image rounds."""
    # Rows grow downwards. C's round() takes halves away from zero, Python's to the even number.
    ways = math.sin(angle) * distance, math.cos(angle) * distance
    return tuple(math.trunc(way + math.copysign(0.5, way)) for way in ways)


def _joint(levels, n_levels, down, right, symmetric):
    """Return (n, n_levels, n_levels) shares of pairs; none where no pair fits in the image."""
    n, height, width = levels.shape
    # Two views of the image, shifted against each other: pixels that have a neighbor at this
    # offset, and those neighbors.
    here, there = (
        levels[:, max(0, -r) : max(0, height - max(0, r)), max(0, -c) : max(0, width - max(0, c))]
        for r, c in ((down, right), (-down, -right))
    )
    # (image, level here, level there) as one number, so that one bincount counts all matrices.
    pairs = (np.arange(n)[:, None, None] * n_levels + here) * n_levels + there
    counts = np.bincount(pairs.ravel(), minlength=n * n_levels**2)
    counts = counts.reshape(n, n_levels, n_levels)
    # Every pair seen from its other end has rows and columns exchanged.
    if symmetric:
        counts = counts + counts.transpose(0, 2, 1)
    # No pair fits where the distance exceeds a side: zeros then, instead of 0 / 0.
    return counts / np.maximum(counts.sum((1, 2), keepdims=True), 1)


def _statistics(joint, properties):
    """Return (n, n_properties) statistics of the shares of pairs."""
    level = np.arange(joint.shape[1], dtype=float)
    apart = level[:, None] - level
    first, second = _Moments(joint.sum(2), level), _Moments(joint.sum(1), level)

    def correlation():
        # Covariance E[ij] - E[i]E[j] over both deviations. A flat image has correlation 1, as
        # scikit-image defines it.
        product = level @ joint @ level - first.mean * second.mean
        spread = first.std * second.std
        flat = (first.std < 1e-15) | (second.std < 1e-15)
        return np.where(flat, 1.0, product / np.where(flat, 1.0, spread))

    def asm():
        return np.square(joint).sum((1, 2))

    def entropy():
        # In nats; 0 log 0 counts as 0.
        return -(joint * np.log(joint, where=joint > 0, out=np.zeros_like(joint))).sum((1, 2))

    def weighted(weights):
        return lambda: joint.reshape(len(joint), -1) @ weights.ravel()

    # Functions, so that only the properties asked for are computed.
    known = {
        "contrast": weighted(apart**2),
        "dissimilarity": weighted(np.abs(apart)),
        "homogeneity": weighted(1 / (1 + apart**2)),
        "energy": lambda: np.sqrt(asm()),
        "correlation": correlation,
        "ASM": asm,
        "entropy": entropy,
        # scikit-image takes these three from the first pixel of each pair alone.
        "mean": lambda: first.mean,
        "variance": lambda: first.variance,
        "std": lambda: first.std,
    }
    return np.stack([known[name]() for name in properties], axis=1)


class _Moments:
    """Mean, variance and deviation of levels by their shares (n, n_levels)."""

    def __init__(self, shares, level):
        self.mean = shares @ level
        self.variance = (shares * (level - self.mean[:, None]) ** 2).sum(1)
        self.std = np.sqrt(self.variance)
