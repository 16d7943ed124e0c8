"""Pixels as whole levels of a range of values."""

import numpy as np

from skmedimg.features._chunks import stored_chunks
from skmedimg.images._pixels import pixel_limits

# Images whose smallest and largest value are looked for at a time.
_CHUNK = 64


def resolve_range(images, value_range):
    """Return the smallest and the largest value that levels are made for."""
    if not isinstance(value_range, str):
        return _checked_range(tuple(value_range))
    if value_range == "auto":
        limits = pixel_limits(images.dtype)
        if limits is not None:
            return limits
    ends = [(chunk.min(), chunk.max()) for _, chunk in stored_chunks(images, _CHUNK)]
    low, high = float(min(low for low, _ in ends)), float(max(high for _, high in ends))
    return low, high if low < high else float(max(low + 1, np.nextafter(low, np.inf)))


def to_levels(planes, n_levels, value_range):
    """Return the level of each pixel; what lies outside the range goes to the nearest.

    Levels of whole numbers are equally many numbers wide: of 0 to 255, each of 32 levels holds 8.
    """
    low, high = value_range
    width = high - low + (planes.dtype.kind in "bui")
    levels = (planes.astype(float) - low) * n_levels / width
    return np.floor(levels, out=levels).clip(0, n_levels - 1).astype(np.intp)


def _checked_range(ends):
    if len(ends) != 2 or not np.all(np.isfinite(ends)) or not ends[0] < ends[1]:
        raise ValueError(f"value_range needs two numbers (low, high), low < high, got {ends!r}.")
    return float(ends[0]), float(ends[1])
