"""Haralick's texture features: statistics of gray-level co-occurrence matrices."""

import math
from numbers import Integral, Real

import numpy as np

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.features._chunks import check_stack
from skmedimg.features._cooccurrence import PROPERTIES, neighbor_statistics, offset
from skmedimg.features._descriptor import (
    ImageDescriptor,
    check_planes,
    describe_planes,
    list_of,
    plane_names,
)
from skmedimg.features._quantize import resolve_range, to_levels
from skmedimg.images._n_jobs import N_JOBS

# Haralick's four directions; counted in both orders they stand for all eight neighbors.
_ANGLES = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)

_CONSTRAINTS = {
    "distances": ["array-like", Real],
    "angles": ["array-like", Real],
    # A matrix has levels**2 entries, mostly zero where they are more than the pixels.
    "levels": [Interval(Integral, 2, 256, closed="both")],
    "properties": ["array-like", StrOptions({*PROPERTIES})],
    "value_range": [StrOptions({"auto", "data"}), "array-like"],
    "symmetric": ["boolean"],
    "pool_angles": ["boolean"],
    "channels": [StrOptions({"gray", "each"})],
    "n_jobs": N_JOBS,
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def haralick(
    images,
    *,
    distances=(1,),
    angles=_ANGLES,
    levels=32,
    properties=PROPERTIES,
    value_range="auto",
    symmetric=True,
    pool_angles=False,
    channels="gray",
    n_jobs=None,
):
    """Describe the texture of images by Haralick features, one row of features per image.

    The features [1]_ are statistics of the gray-level co-occurrence matrix: how often two levels
    are neighbors at a distance and an angle. The numbers are those of
    :func:`skimage.feature.graycomatrix` and :func:`skimage.feature.graycoprops`, computed for
    whole stacks.

    Parameters
    ----------
    images : array-like (n, height, width) or (n, height, width, channels), or LazyImages
        Of any boolean, integer or floating dtype.
    distances : float or sequence of float, default=(1,)
        Distances of the neighbors, in pixels.
    angles : float or sequence of float, default=(0, pi/4, pi/2, 3*pi/4)
        Directions of the neighbors, in radians.
    levels : int, default=32
        Number of gray levels.
    properties : str or sequence of str, default=all
        Statistics of the co-occurrence matrix: "contrast", "dissimilarity", "homogeneity",
        "energy", "correlation", "ASM" (angular second moment), "entropy", "mean", "variance" and
        "std".
    value_range : {"auto", "data"} or tuple of float (low, high), default="auto"
        Values that the levels divide equally; others get the first or last level.
        "auto": the range of the dtype where it is boolean or an integer of 8 or 16 bits,
        otherwise as "data". "data": from the smallest to the largest value of all images.
    symmetric : bool, default=True
        Whether neighbors count in both orders.
    pool_angles : bool, default=False
        Whether each property is averaged over the angles.
    channels : {"gray", "each"}, default="gray"
        "gray": RGB is converted to gray. "each": every channel is described by itself.
    n_jobs : int or None, default=None
        Threads; None is one, -1 all cores.

    Returns
    -------
    features : ndarray (n, n_features) of float32
        Channel by channel, property by property, distance by distance, angle by angle.

    See Also
    --------
    Haralick : The same as a transformer.

    References
    ----------
    .. [1] R. M. Haralick, K. Shanmugam, I. Dinstein. "Textural Features for Image Classification".
           IEEE Transactions on Systems, Man, and Cybernetics SMC-3(6), 610-621, 1973.
           https://doi.org/10.1109/TSMC.1973.4309314

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.features import haralick
    >>> stripes = np.tile(np.array([[0], [255]], np.uint8), (1, 8, 16))
    >>> haralick(stripes, angles=(0, np.pi / 2), properties="contrast")  # along, across
    array([[  0., 961.]], dtype=float32)
    """
    images = check_stack(images)
    check_planes(images.shape, channels)
    offsets = _offsets(distances, angles, images.shape)
    names = _checked_properties(properties)
    ends = resolve_range(images, value_range)

    def describe(planes):
        whole = to_levels(planes, levels, ends)
        statistics = neighbor_statistics(whole, levels, offsets, names, symmetric)
        if pool_angles:
            statistics = statistics.mean(3)
        return statistics.reshape(len(planes), -1)

    return describe_planes(describe, images, channels, n_jobs)


class Haralick(ImageDescriptor):
    """Describe the texture of images by Haralick features, one row of features per image.

    The features [1]_ are statistics of the gray-level co-occurrence matrix: how often two levels
    are neighbors at a distance and an angle. The numbers are those of
    :func:`skimage.feature.graycomatrix` and :func:`skimage.feature.graycoprops`, computed for
    whole stacks.

    Parameters
    ----------
    distances : float or sequence of float, default=(1,)
        Distances of the neighbors, in pixels.
    angles : float or sequence of float, default=(0, pi/4, pi/2, 3*pi/4)
        Directions of the neighbors, in radians.
    levels : int, default=32
        Number of gray levels.
    properties : str or sequence of str, default=all
        Statistics of the co-occurrence matrix: "contrast", "dissimilarity", "homogeneity",
        "energy", "correlation", "ASM" (angular second moment), "entropy", "mean", "variance" and
        "std".
    value_range : {"auto", "data"} or tuple of float (low, high), default="auto"
        Values that the levels divide equally; others get the first or last level.
        "auto": the range of the dtype where it is boolean or an integer of 8 or 16 bits,
        otherwise as "data". "data": from the smallest to the largest value seen in `fit`.
    symmetric : bool, default=True
        Whether neighbors count in both orders.
    pool_angles : bool, default=False
        Whether each property is averaged over the angles.
    channels : {"gray", "each"}, default="gray"
        "gray": RGB is converted to gray. "each": every channel is described by itself.
    image_shape : tuple of int or None, default=None
        (height, width[, channels]) of images that come as rows, with at most one -1, or that
        paths are decoded to. None takes rows for square images, gray or RGB.
    n_jobs : int or None, default=None
        Threads; None is one, -1 all cores.

    Attributes
    ----------
    value_range_ : tuple of float
        Smallest and largest value that the levels divide.
    image_shape_ : tuple of int
        (height, width, channels) of the images seen in `fit`.
    n_features_in_ : int
        height * width * channels; not set when fitted on paths.
    feature_names_in_ : ndarray (n_features_in_,) of str objects
        Only when fitted on a DataFrame with string column names.

    See Also
    --------
    haralick : The same as a function.
    LBP : Texture by local patterns.

    References
    ----------
    .. [1] R. M. Haralick, K. Shanmugam, I. Dinstein. "Textural Features for Image Classification".
           IEEE Transactions on Systems, Man, and Cybernetics SMC-3(6), 610-621, 1973.
           https://doi.org/10.1109/TSMC.1973.4309314

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import Haralick
    >>> X, y = load_digits(return_X_y=True)  # rows of 64 values: images of 8 x 8
    >>> model = Haralick(properties=["contrast", "entropy"], pool_angles=True).fit(X)
    >>> model.get_feature_names_out()
    array(['haralick_contrast_d1', 'haralick_entropy_d1'], dtype=object)
    >>> model.transform(X[:2]).round(2)
    array([[175.4 ,   3.66],
           [149.16,   2.87]], dtype=float32)
    """

    _parameter_constraints = {**_CONSTRAINTS, "image_shape": ["array-like", None]}

    def __init__(
        self,
        distances=(1,),
        *,
        angles=_ANGLES,
        levels=32,
        properties=PROPERTIES,
        value_range="auto",
        symmetric=True,
        pool_angles=False,
        channels="gray",
        image_shape=None,
        n_jobs=None,
    ):
        self.distances = distances
        self.angles = angles
        self.levels = levels
        self.properties = properties
        self.value_range = value_range
        self.symmetric = symmetric
        self.pool_angles = pool_angles
        self.channels = channels
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _check(self, images):
        check_planes(images.shape, self.channels)
        _offsets(self.distances, self.angles, images.shape)
        _checked_properties(self.properties)
        self.value_range_ = resolve_range(images, self.value_range)

    def _describe(self, images):
        # The range seen in `fit`: a level has to mean the same gray in training and test images.
        options = {name: getattr(self, name) for name in _CONSTRAINTS}
        return haralick(images, **{**options, "value_range": self.value_range_})

    def _names(self):
        angles = [f"_a{angle:g}" for angle in np.degrees(list_of(self.angles))]
        return [
            f"haralick_{name}_d{distance:g}{angle}{plane}"
            for plane in plane_names(check_planes((1, *self.image_shape_), self.channels))
            for name in list_of(self.properties)
            for distance in list_of(self.distances)
            for angle in ([""] if self.pool_angles else angles)
        ]


def _offsets(distances, angles, shape):
    """Return [[(rows, columns) for angle] for distance] from pixels to their neighbors."""
    distances, angles = list_of(distances), list_of(angles)
    for name, values in (("distances", distances), ("angles", angles)):
        if not values or not all(isinstance(v, Real) and math.isfinite(v) for v in values):
            raise ValueError(f"{name} needs numbers, at least one and all finite, got {values!r}.")
    offsets = [[offset(distance, angle) for angle in angles] for distance in distances]
    for distance, around in zip(distances, offsets, strict=True):
        # An angle may point outside narrow images, which gives zeros; one of them has to fit.
        inside = [abs(down) < shape[1] and abs(right) < shape[2] for down, right in around]
        if distance <= 0 or not any(inside):
            raise ValueError(
                f"distances needs positive numbers that fit into {shape[1]}x{shape[2]} images "
                f"(n_features={math.prod(shape[1:])}), got {distance!r}."
            )
    return offsets


def _checked_properties(properties):
    properties = list_of(properties)
    unknown = [name for name in properties if name not in PROPERTIES]
    if unknown or not properties:
        raise ValueError(f"properties needs some of {', '.join(PROPERTIES)}, got {properties!r}.")
    return properties
