"""Local binary patterns of whole stacks, computed as scikit-image computes them, and counted."""

import functools
import math

import numpy as np


def pattern_counts(planes, radius, points, method, cells):
    """Return how often each pattern occurs in each cell of each image, (n, n_cells, n_codes)."""
    codes = _codes(_bits(planes, radius, points), points, method)
    n, height, width = codes.shape
    n_cells, n_codes = cells[0] * cells[1], len(code_names(points, method))
    # Cells of nearly equal size: sides need not be divisible by their number.
    rows = np.arange(height) * cells[0] // height
    columns = np.arange(width) * cells[1] // width
    # (image, cell, code) as one number, so that one bincount makes all histograms.
    place = np.arange(n)[:, None, None] * n_cells + (rows[:, None] * cells[1] + columns)
    counts = np.bincount((place * n_codes + codes).ravel(), minlength=n * n_cells * n_codes)
    return counts.reshape(n, n_cells, n_codes)


def code_names(points, method):
    """Return a name for every code that a pattern can have, in the order of the codes."""
    if method == "default":
        return [*map(str, range(2**points))]
    if method == "ror":
        return [*map(str, _smallest_turns(points)[0])]
    n_uniform = points + 1 if method == "uniform" else points * (points - 1) + 2
    return [*map(str, range(n_uniform)), "other"]


def _bits(planes, radius, points):
    """Return a number for each pixel whose bit p is set where point p is at least as bright."""
    # One pixel more than the circle reaches: interpolation reads the next one too.
    margin = math.ceil(radius) + 1
    pixels = planes.astype(float)
    padded = np.pad(pixels, [(0, 0), (margin, margin), (margin, margin)])
    bits = np.zeros(planes.shape, np.uint32)
    # The last point comes first, so that after all shifts point p stands at bit p.
    for down, right in reversed(_circle(radius, points)):
        np.left_shift(bits, 1, out=bits)
        np.bitwise_or(bits, _shifted(padded, margin, down, right) >= pixels, out=bits)
    return bits


def _circle(radius, points):
    """Return (down, right) from the center to each point, rounded as in scikit-image."""
    angles = 2 * np.pi * np.arange(points) / points
    # Counterclockwise from the right. Five decimals, so that points on the grid stay on it.
    down, right = -radius * np.sin(angles), radius * np.cos(angles)
    return list(zip(np.round(down, 5), np.round(right, 5), strict=True))


def _shifted(padded, margin, down, right):
    """Return the bilinear value at (down, right) from every pixel; outside the image it is 0.

    On a plain area a point is as bright as the center, or darker by a rounding error, which makes
    another pattern: sums are taken in scikit-image's order to get the same errors.
    """
    height, width = (side - 2 * margin for side in padded.shape[1:])
    (row, lower), (column, righter) = _split(height, down), _split(width, right)
    part = padded[:, margin + row :, margin + column :]
    part = part[:, : height + 1, : width + 1]
    lines = _between(part[:, :, :-1], part[:, :, 1:], righter)
    return _between(lines[:, :-1], lines[:, 1:], lower[:, None])


def _split(side, shift):
    """Return the whole pixels of a shift, and its fraction at each pixel of a side."""
    # The fraction of position + shift differs from that of shift by rounding, from pixel to pixel.
    moved = np.arange(side) + shift
    return math.floor(shift), moved - np.floor(moved)


def _between(near, far, fraction):
    """Return the linear interpolation between two arrays."""
    if not fraction.any():
        return near
    mixed = (1 - fraction) * near
    mixed += fraction * far
    return mixed


def _codes(bits, points, method):
    """Return the code of each pattern: the position of its bin in `code_names`."""
    if method == "default":
        return bits
    if method == "ror":
        return _smallest_turns(points)[1][bits]
    if method == "uniform":
        # Ojala's LBP riu2: the number of brighter points, or points + 1 where it is not uniform.
        n_ones = np.bitwise_count(bits)
        return np.where(_is_uniform(bits, points), n_ones, np.uint8(points + 1))
    # Patterns that are not uniform may be found past the last one, hence the clip; `where`
    # replaces their codes.
    patterns, codes = _uniform_patterns(points)
    found = np.searchsorted(patterns, bits)
    return np.where(_is_uniform(bits, points), codes[found.clip(max=len(codes) - 1)], len(codes))


def _is_uniform(bits, points):
    """Return where neighboring points differ at most twice.

    As in scikit-image, the last point is not compared with the first.
    """
    changes = (bits ^ (bits >> 1)) & np.uint32(2 ** (points - 1) - 1)
    return np.bitwise_count(changes) <= 2


@functools.lru_cache(maxsize=16)
def _uniform_patterns(points):
    """Return the uniform patterns in ascending order, and the code of each."""
    # Codes are numbered as scikit-image numbers them: by length of the arc, then by its direction.
    codes = {0: 0, 2**points - 1: points * (points - 1) + 1}
    for n_ones in range(1, points):
        arc = 2**n_ones - 1
        for turn in range(points):
            pattern = (arc << turn | arc >> (points - turn)) & (2**points - 1)
            codes[pattern] = 1 + (n_ones - 1) * points + (points - turn) % points
    patterns = sorted(codes)
    return np.array(patterns, np.uint32), np.array([codes[pattern] for pattern in patterns])


@functools.lru_cache(maxsize=16)
def _smallest_turns(points):
    """Return the patterns that no turn makes smaller, and which of them each pattern turns to."""
    turned = np.arange(2**points, dtype=np.uint32)
    smallest = turned.copy()
    # All turns of all patterns, one bit further each time; the smallest stands for them.
    for _ in range(points - 1):
        turned = (turned >> 1) | ((turned & 1) << np.uint32(points - 1))
        np.minimum(smallest, turned, out=smallest)
    return np.unique(smallest, return_inverse=True)
