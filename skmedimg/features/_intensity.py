"""Histograms and moments of the intensities of images."""

from numbers import Integral

import numpy as np

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.features._chunks import check_stack
from skmedimg.features._descriptor import (
    ImageDescriptor,
    check_planes,
    describe_planes,
    list_of,
    plane_names,
)
from skmedimg.features._quantize import resolve_range, to_levels
from skmedimg.images._n_jobs import N_JOBS

STATISTICS = ("mean", "std", "skewness", "kurtosis", "min", "median", "max")

_CONSTRAINTS = {
    "bins": [Interval(Integral, 1, None, closed="left")],
    "value_range": [StrOptions({"auto", "data"}), "array-like"],
    "normalize": ["boolean"],
    "statistics": ["array-like", StrOptions({*STATISTICS})],
    "channels": [StrOptions({"gray", "each"})],
    "n_jobs": N_JOBS,
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def intensity_histogram(
    images,
    *,
    bins=32,
    value_range="auto",
    normalize=True,
    statistics=(),
    channels="gray",
    n_jobs=None,
):
    """Describe images by histograms and moments of their intensities, one row per image.

    Parameters
    ----------
    images : array-like (n, height, width) or (n, height, width, channels), or LazyImages
        Of any boolean, integer or floating dtype.
    bins : int, default=32
        Bins of equal width.
    value_range : {"auto", "data"} or tuple of float (low, high), default="auto"
        Values that the bins divide equally; others count in the first or last bin.
        "auto": the range of the dtype where it is boolean or an integer of 8 or 16 bits,
        otherwise as "data". "data": from the smallest to the largest value of all images.
    normalize : bool, default=True
        Whether counts are divided by the number of pixels.
    statistics : str or sequence of str, default=()
        Statistics of the stored values that follow the bins: any of "mean", "std", "skewness",
        "kurtosis" (excess), "min", "median" and "max".
    channels : {"gray", "each"}, default="gray"
        "gray": RGB is converted to gray. "each": every channel is described by itself.
    n_jobs : int or None, default=None
        Threads; None is one, -1 all cores.

    Returns
    -------
    features : ndarray (n, n_features) of float32
        Channel by channel, the bins and then the statistics.

    See Also
    --------
    IntensityHistogram : The same as a transformer.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.features import intensity_histogram
    >>> image = np.array([[[0, 10, 200, 255]]], np.uint8)
    >>> intensity_histogram(image, bins=4, statistics="median")
    array([[  0.5,   0. ,   0. ,   0.5, 105. ]], dtype=float32)
    """
    images = check_stack(images)
    check_planes(images.shape, channels)
    statistics = _checked_statistics(statistics)
    ends = resolve_range(images, value_range)

    def describe(planes):
        counts = _counts(to_levels(planes, bins, ends), bins)
        shares = counts / planes[0].size if normalize else counts
        return np.hstack([shares, _statistics(planes, statistics)])

    return describe_planes(describe, images, channels, n_jobs)


class IntensityHistogram(ImageDescriptor):
    """Describe images by histograms and moments of their intensities, one row per image.

    Parameters
    ----------
    bins : int, default=32
        Bins of equal width.
    value_range : {"auto", "data"} or tuple of float (low, high), default="auto"
        Values that the bins divide equally; others count in the first or last bin.
        "auto": the range of the dtype where it is boolean or an integer of 8 or 16 bits,
        otherwise as "data". "data": from the smallest to the largest value seen in `fit`.
    normalize : bool, default=True
        Whether counts are divided by the number of pixels.
    statistics : str or sequence of str, default=()
        Statistics of the stored values that follow the bins: any of "mean", "std", "skewness",
        "kurtosis" (excess), "min", "median" and "max".
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
        Smallest and largest value that the bins divide.
    image_shape_ : tuple of int
        (height, width, channels) of the images seen in `fit`.
    n_features_in_ : int
        height * width * channels; not set when fitted on paths.
    feature_names_in_ : ndarray (n_features_in_,) of str objects
        Only when fitted on a DataFrame with string column names.

    See Also
    --------
    intensity_histogram : The same as a function.
    Haralick, LBP : Descriptors of texture.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import IntensityHistogram
    >>> X, y = load_digits(return_X_y=True)  # rows of 64 values: images of 8 x 8
    >>> model = IntensityHistogram(bins=2, statistics="mean").fit(X)
    >>> model.value_range_
    (0.0, 16.0)
    >>> model.get_feature_names_out()
    array(['intensity_bin0', 'intensity_bin1', 'intensity_mean'], dtype=object)
    >>> model.transform(X[:1]).round(2)
    array([[0.66, 0.34, 4.59]], dtype=float32)
    """

    _parameter_constraints = {**_CONSTRAINTS, "image_shape": ["array-like", None]}

    def __init__(
        self,
        bins=32,
        *,
        value_range="auto",
        normalize=True,
        statistics=(),
        channels="gray",
        image_shape=None,
        n_jobs=None,
    ):
        self.bins = bins
        self.value_range = value_range
        self.normalize = normalize
        self.statistics = statistics
        self.channels = channels
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def _check(self, images):
        check_planes(images.shape, self.channels)
        _checked_statistics(self.statistics)
        self.value_range_ = resolve_range(images, self.value_range)

    def _describe(self, images):
        # The range seen in `fit`: a bin has to mean the same values in training and test images.
        options = {name: getattr(self, name) for name in _CONSTRAINTS}
        return intensity_histogram(images, **{**options, "value_range": self.value_range_})

    def _names(self):
        return [
            f"intensity_{name}{plane}"
            for plane in plane_names(check_planes((1, *self.image_shape_), self.channels))
            for name in [*(f"bin{k}" for k in range(self.bins)), *list_of(self.statistics)]
        ]


def _checked_statistics(statistics):
    statistics = list_of(statistics)
    if any(name not in STATISTICS for name in statistics):
        raise ValueError(f"statistics needs some of {', '.join(STATISTICS)}, got {statistics!r}.")
    return statistics


def _counts(levels, bins):
    """Return the histogram of each image's levels, (n, bins)."""
    n = len(levels)
    # Image k counts in places k * bins and on, so that one bincount serves the whole stack.
    places = np.arange(n)[:, None, None] * bins + levels
    return np.bincount(places.ravel(), minlength=n * bins).reshape(n, bins)


def _statistics(planes, names):
    """Return (n, n_names) statistics of the values of each image."""
    # float64: third and fourth powers of float32 pixels would lose digits.
    values = planes.reshape(len(planes), -1).astype(float)
    # Functions, so that only the statistics asked for are computed.
    known = {
        "mean": lambda: values.mean(1),
        "std": lambda: values.std(1),
        "skewness": lambda: _moment(values, 3),
        # Excess over the 3 of a normal distribution; a flat image has 0, not -3.
        "kurtosis": lambda: _moment(values, 4) - 3 * (values.std(1) > 0),
        "min": lambda: values.min(1),
        "median": lambda: np.median(values, axis=1),
        "max": lambda: values.max(1),
    }
    return np.stack([known[name]() for name in names], axis=1) if names else values[:, :0]


def _moment(values, order):
    """Return the standardized moment; 0 where all values are equal."""
    deviations = values - values.mean(1, keepdims=True)
    std = values.std(1)
    return (deviations**order).mean(1) / np.where(std > 0, std, 1.0) ** order
