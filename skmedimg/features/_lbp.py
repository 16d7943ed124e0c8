"""Local binary patterns, equal to scikit-image's, as histograms over several radii."""

from numbers import Integral, Real

import numpy as np

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.features._chunks import check_stack
from skmedimg.features._descriptor import (
    ImageDescriptor,
    check_planes,
    describe_planes,
    list_of,
    pair_of,
    plane_names,
)
from skmedimg.features._lbp_codes import code_names, pattern_counts
from skmedimg.images._n_jobs import N_JOBS

_CONSTRAINTS = {
    "radii": ["array-like", Real],
    "points": ["array-like", Interval(Integral, 1, 32, closed="both"), None],
    "method": [StrOptions({"uniform", "nri_uniform", "default", "ror"})],
    "cells": ["array-like", Integral],
    "channels": [StrOptions({"gray", "each"})],
    "normalize": ["boolean"],
    "n_jobs": N_JOBS,
}

# "default" and "ror" tabulate 2**points patterns: 65,536 with 16 points. The others tabulate the
# uniform patterns only, and a pattern has 32 bits.
_MOST_POINTS = {"uniform": 32, "nri_uniform": 32, "default": 16, "ror": 16}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def lbp(
    images,
    *,
    radii=(1, 2, 3),
    points=None,
    method="uniform",
    cells=(1, 1),
    channels="gray",
    normalize=True,
    n_jobs=None,
):
    """Describe images by histograms of local binary patterns (LBP), one row of features per image.

    The pattern of a pixel [1]_ has one bit per point on a circle around it, which is set where the
    point is at least as bright as the pixel. Patterns are bit-for-bit identical to those of
    :func:`skimage.feature.local_binary_pattern`; they are computed for whole stacks.

    Parameters
    ----------
    images : array-like (n, height, width) or (n, height, width, channels), or LazyImages
        Of any boolean, integer or floating dtype.
    radii : float or sequence of float, default=(1, 2, 3)
        Radii of the circles, in pixels; each gives histograms of its own.
    points : int, sequence of int or None, default=None
        Points on each circle; None is eight per pixel of radius.
    method : {"uniform", "nri_uniform", "default", "ror"}, default="uniform"
        "uniform": patterns with one arc of brighter points are counted by its length, all others
        together. "nri_uniform": by the direction of the arc too. "default": every pattern has
        its own bin, up to 16 points. "ror": every pattern, rotated to its smallest number.
    cells : int or tuple of int (rows, columns), default=(1, 1)
        Grid of parts of the image that have a histogram each; an integer means as many rows as
        columns.
    channels : {"gray", "each"}, default="gray"
        "gray": RGB is converted to gray. "each": every channel is described by itself.
    normalize : bool, default=True
        Whether each histogram is divided by its sum.
    n_jobs : int or None, default=None
        Threads; None is one, -1 all cores.

    Returns
    -------
    features : ndarray (n, n_features) of float32
        Channel by channel, radius by radius, cell by cell, pattern by pattern.

    See Also
    --------
    LBP : The same as a transformer.

    References
    ----------
    .. [1] T. Ojala, M. Pietikäinen, T. Mäenpää. "Multiresolution Gray-Scale and Rotation Invariant
           Texture Classification with Local Binary Patterns". IEEE Transactions on Pattern
           Analysis and Machine Intelligence 24(7), 971-987, 2002.
           https://doi.org/10.1109/TPAMI.2002.1017623

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.features import lbp
    >>> stripes = np.tile(np.array([[0], [9]], np.uint8), (1, 16, 32))
    >>> features = lbp(stripes, radii=1).round(2)
    >>> features[0, 8:]  # dark pixels: nothing around is darker; bright ones: two brighter arcs
    array([0.5 , 0.47], dtype=float32)
    """
    images = check_stack(images)
    circles, cells = _circles(radii, points, method), _checked_cells(cells, images.shape)
    check_planes(images.shape, channels)

    def describe(planes):
        counts = [pattern_counts(planes, *circle, method, cells) for circle in circles]
        if normalize:
            counts = [count / count.sum(2, keepdims=True) for count in counts]  # no cell is empty
        return np.concatenate([count.reshape(len(planes), -1) for count in counts], axis=1)

    return describe_planes(describe, images, channels, n_jobs)


class LBP(ImageDescriptor):
    """Describe images by histograms of local binary patterns (LBP), one row of features per image.

    The pattern of a pixel [1]_ has one bit per point on a circle around it, which is set where the
    point is at least as bright as the pixel. Patterns are bit-for-bit identical to those of
    :func:`skimage.feature.local_binary_pattern`.

    Parameters
    ----------
    radii : float or sequence of float, default=(1, 2, 3)
        Radii of the circles, in pixels; each gives histograms of its own.
    points : int, sequence of int or None, default=None
        Points on each circle; None is eight per pixel of radius.
    method : {"uniform", "nri_uniform", "default", "ror"}, default="uniform"
        "uniform": patterns with one arc of brighter points are counted by its length, all others
        together. "nri_uniform": by the direction of the arc too. "default": every pattern has
        its own bin, up to 16 points. "ror": every pattern, rotated to its smallest number.
    cells : int or tuple of int (rows, columns), default=(1, 1)
        Grid of parts of the image that have a histogram each; an integer means as many rows as
        columns.
    channels : {"gray", "each"}, default="gray"
        "gray": RGB is converted to gray. "each": every channel is described by itself.
    normalize : bool, default=True
        Whether each histogram is divided by its sum.
    image_shape : tuple of int or None, default=None
        (height, width[, channels]) of images that come as rows, with at most one -1, or that
        paths are decoded to. None takes rows for square images, gray or RGB.
    n_jobs : int or None, default=None
        Threads; None is one, -1 all cores.

    Attributes
    ----------
    image_shape_ : tuple of int
        (height, width, channels) of the images seen in `fit`.
    n_features_in_ : int
        height * width * channels; not set when fitted on paths.
    feature_names_in_ : ndarray (n_features_in_,) of str objects
        Only when fitted on a DataFrame with string column names.

    See Also
    --------
    lbp : The same as a function.
    Haralick : Texture by neighboring gray levels.

    References
    ----------
    .. [1] T. Ojala, M. Pietikäinen, T. Mäenpää. "Multiresolution Gray-Scale and Rotation Invariant
           Texture Classification with Local Binary Patterns". IEEE Transactions on Pattern
           Analysis and Machine Intelligence 24(7), 971-987, 2002.
           https://doi.org/10.1109/TPAMI.2002.1017623

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import LBP
    >>> X, y = load_digits(return_X_y=True)  # rows of 64 values: images of 8 x 8
    >>> LBP(radii=1).fit_transform(X).shape
    (1797, 10)
    >>> LBP(radii=1).fit(X).get_feature_names_out()[-2:]
    array(['lbp_radius1_8', 'lbp_radius1_other'], dtype=object)
    """

    _parameter_constraints = {**_CONSTRAINTS, "image_shape": ["array-like", None]}

    def __init__(
        self,
        radii=(1, 2, 3),
        *,
        points=None,
        method="uniform",
        cells=(1, 1),
        channels="gray",
        normalize=True,
        image_shape=None,
        n_jobs=None,
    ):
        self.radii = radii
        self.points = points
        self.method = method
        self.cells = cells
        self.channels = channels
        self.normalize = normalize
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _check(self, images):
        _circles(self.radii, self.points, self.method)
        _checked_cells(self.cells, images.shape)
        check_planes(images.shape, self.channels)

    def _describe(self, images):
        return lbp(images, **{name: getattr(self, name) for name in _CONSTRAINTS})

    def _names(self):
        rows, columns = pair_of("cells", self.cells)
        cells = [f"_r{row}_c{column}" for row in range(rows) for column in range(columns)]
        return [
            f"lbp_radius{radius:g}{cell if len(cells) > 1 else ''}{plane}_{code}"
            for plane in plane_names(check_planes((1, *self.image_shape_), self.channels))
            for radius, points in _circles(self.radii, self.points, self.method)
            for cell in cells
            for code in code_names(points, self.method)
        ]


def _circles(radii, points, method):
    """Return (radius, points) of each circle."""
    radii = tuple(list_of(radii))
    if not radii or not all(isinstance(radius, Real) and radius > 0 for radius in radii):
        raise ValueError(f"radii needs positive numbers, at least one, got {radii!r}.")
    if points is None:
        # Ojala's choice: (8, 1), (16, 2) and (24, 3).
        points = [round(8 * radius) for radius in radii]
    counts = [points] * len(radii) if isinstance(points, Integral) else list(points)
    if len(counts) != len(radii):
        raise ValueError(f"points needs one number per radius, got {len(counts)} for {radii}.")
    most = _MOST_POINTS[method]
    if not all(isinstance(count, Integral) and 1 <= count <= most for count in counts):
        raise ValueError(
            f"points needs integers of 1 to {most} with method={method!r}, got {counts}. Set "
            "points, or use method='uniform', which takes up to 32."
        )
    return list(zip(radii, counts, strict=True))


def _checked_cells(cells, shape):
    cells = pair_of("cells", cells)
    if cells[0] > shape[1] or cells[1] > shape[2]:
        raise ValueError(
            f"cells={cells} needs images of at least {cells[0]}x{cells[1]} pixels, "
            f"but they have {shape[1]}x{shape[2]}."
        )
    return cells
