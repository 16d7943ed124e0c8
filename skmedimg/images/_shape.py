"""The shape of one image: given by the user, or inferred from the length of a row."""

import math

import numpy as np


def resolve_image_shape(image_shape, n_features):
    """Return (height, width, channels) of images that come as rows of `n_features` values.

    Examples
    --------
    >>> from skmedimg.images._shape import resolve_image_shape
    >>> resolve_image_shape(None, 64), resolve_image_shape((1, -1), 64)
    ((8, 8, 1), (1, 64, 1))
    """
    if image_shape is None:
        return _square(n_features)
    shape = check_image_shape(image_shape)
    # The product of the given sides; the open one (-1) gets the rest, as in numpy's reshape.
    known = math.prod(side for side in shape if side != -1)
    sizes = [n_features // known if side == -1 else side for side in shape]
    if math.prod(sizes) != n_features or 0 in sizes:
        raise ValueError(
            f"image_shape={tuple(image_shape)} holds {known if -1 not in shape else f'k*{known}'} "
            f"values, but X has rows with n_features={n_features} values."
        )
    return (*sizes, 1) if len(sizes) == 2 else tuple(sizes)


def check_image_shape(image_shape):
    """Return `image_shape` as a tuple of two or three sides, at most one of them -1."""
    shape = tuple(image_shape)
    whole = all(isinstance(side, (int, np.integer)) and (side > 0 or side == -1) for side in shape)
    if len(shape) not in (2, 3) or not whole or shape.count(-1) > 1:
        raise ValueError(
            "image_shape needs (height, width) or (height, width, channels), positive integers "
            f"of which at most one may be -1, but is {image_shape!r}."
        )
    return tuple(int(side) for side in shape)


def _square(n_features):
    # Unambiguous: no number is both a square and three times a square.
    for channels in (1, 3):
        side = math.isqrt(n_features // channels)
        if channels * side * side == n_features:
            return (side, side, channels)
    raise ValueError(
        f"X has rows with n_features={n_features} values, which is neither side*side (gray) nor "
        "side*side*3 (RGB); set image_shape=(height, width[, channels])."
    )
