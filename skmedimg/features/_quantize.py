"""Pixels as whole levels of a range of values."""

import numpy as np

from skmedimg.features._chunks import stored_chunks
from skmedimg.images._pixels import pixel_limits

# Images in which the smallest and largest value are searched at a time.
_CHUNK = 64


def resolve_range(images, value_range):
    """Return the smallest and the largest value that levels are made for."""
    if not isinstance(value_range, str):
        return _checked_range(tuple(value_range))
    if value_range == "auto":
        limits = pixel_limits(images.dtype)
        if limits is not None:
            return limits
    # Chunk by chunk: a lazy stack never lies in memory as a whole.
    ends = [(chunk.min(), chunk.max()) for _, chunk in stored_chunks(images, _CHUNK)]
    low, high = float(min(low for low, _ in ends)), float(max(high for _, high in ends))
    # All values equal: any width will do but 0. Above 2**53 low + 1 is low itself.
    return low, high if low < high else float(max(low + 1, np.nextafter(low, np.inf)))


def to_levels(planes, n_levels, value_range):
    """Return the level of each pixel; values outside the range get the nearest level."""
    low, high = value_range
    # Integers from 0 to 255 are 256 values: with 32 levels each holds 8 of them. Without the 1
    # the last level would hold the value 255 alone.
    width = high - low + (planes.dtype.kind in "bui")
    levels = (planes.astype(float) - low) * n_levels / width
    return np.floor(levels, out=levels).clip(0, n_levels - 1).astype(np.intp)


def _checked_range(ends):
    if len(ends) != 2 or not np.all(np.isfinite(ends)) or not ends[0] < ends[1]:
        raise ValueError(f"value_range needs two numbers (low, high), low < high, got {ends!r}.")
    return float(ends[0]), float(ends[1])
