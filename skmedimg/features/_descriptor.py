"""Base of the feature descriptors: transformers from images to rows of named features."""

import math
from numbers import Integral, Real

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import check_feature_names_in, fit_context
from skmedimg.features._chunks import slices, stored_chunks
from skmedimg.images._pixels import to_gray
from skmedimg.images._validate import check_images

# Pixels described at a time: as float64 with a few intermediates they stay in a core's cache.
_CHUNK = 1 << 15

# Images that one thread takes, at least: fewer cost more to hand over than to describe.
_BLOCK = 16


class ImageDescriptor(TransformerMixin, BaseEstimator):
    """Base of descriptors of images; a subclass has a parameter `image_shape` and three hooks.

    `_check(images)` validates the parameters against the images seen in `fit`, `_describe(images)`
    returns one row of features per image, and `_names()` a name per feature.
    """

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters against the images X, and remember shape and range of values.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages
            Images.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : estimator
        """
        self._check(check_images(self, X, reset=True, image_shape=self.image_shape))
        return self

    def transform(self, X):
        """Compute the features of the images X, one row per image.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages
            Images.

        Returns
        -------
        features : ndarray (n, n_features_out) of float32
        """
        check_is_fitted(self)
        return self._describe(check_images(self, X, reset=False, image_shape=self.image_shape))

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features, in the order of the columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Only checked against the names seen in `fit`.

        Returns
        -------
        names : ndarray (n_features_out,) of str objects
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features, generate_names=False)
        return np.array(self._names(), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []  # the output is float32 for every input
        return tags


def describe_planes(describe, images, channels, n_jobs):
    """Return the float32 rows that `describe` computes of planes (n, height, width), in threads."""
    size = max(1, _CHUNK // math.prod(images.shape[1:]))

    def work(block):
        parts = [_rows(describe, chunk, channels) for _, chunk in stored_chunks(block, size)]
        return np.concatenate(parts)

    blocks = [images[rows] for rows in slices(len(images), max(size, _BLOCK))]
    # Threads, not processes: numpy releases Python's lock in its loops, and images need no copy.
    pool = Parallel(n_jobs=n_jobs, require="sharedmem")
    return np.concatenate(pool(delayed(work)(block) for block in blocks))


def check_planes(shape, channels):
    """Return how many planes of each image are described; refuse colors that have no gray."""
    if channels == "gray" and shape[3] not in (1, 3):
        raise ValueError(
            f"channels='gray' needs images of 1 or 3 channels, but they have {shape[3]}. "
            "Use channels='each', which describes every channel by itself."
        )
    return 1 if channels == "gray" else shape[3]


def plane_names(n_planes):
    """Return the suffix of the features' names for each plane."""
    return [f"_ch{plane}" for plane in range(n_planes)] if n_planes > 1 else [""]


def pair_of(name, value):
    """Return a positive integer, or a pair of them, as a pair (rows, columns)."""
    pair = (value, value) if isinstance(value, Integral) else tuple(value)
    if len(pair) != 2 or not all(isinstance(side, Integral) and side > 0 for side in pair):
        raise ValueError(f"{name} needs two positive integers (rows, columns), got {value!r}.")
    return pair


def list_of(values):
    """Return a sequence as a list, and one number or name as a list of it."""
    return [values] if isinstance(values, (str, Real)) else list(values)


def _rows(describe, chunk, channels):
    """Return the features of a chunk (n, height, width, channels), plane by plane in each row."""
    planes = [to_gray(chunk)] if channels == "gray" else np.moveaxis(chunk, 3, 0)
    return np.concatenate([describe(plane) for plane in planes], axis=1).astype(np.float32)
