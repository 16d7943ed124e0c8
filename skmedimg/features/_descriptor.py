"""What transformers from images to rows of named numbers share."""

import math

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import check_feature_names_in, fit_context
from skmedimg.features._chunks import gray, slices, stored_chunks
from skmedimg.images._validate import check_images

# Pixels described at a time: what stays in a core's cache.
_CHUNK = 1 << 15

# Images that one thread takes, at least.
_BLOCK = 16


class ImageDescriptor(TransformerMixin, BaseEstimator):
    """Base of descriptors; a subclass has `_check`, `_describe`, `_names` and these parameters."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Note the shape of the images, and the range of their values where it is asked for.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages
        y : object, default=None
            Ignored.

        Returns
        -------
        self : estimator
        """
        self._check(check_images(self, X, reset=True, image_shape=self.image_shape))
        return self

    def transform(self, X):
        """Describe each image.

        Parameters
        ----------
        X : rows (n, n_features), images (n, height, width[, channels]), paths or LazyImages

        Returns
        -------
        features : ndarray (n, n_features_out) of float32
        """
        check_is_fitted(self)
        return self._describe(check_images(self, X, reset=False, image_shape=self.image_shape))

    def get_feature_names_out(self, input_features=None):
        """Name the features.

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
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes
        return tags


def describe_planes(describe, images, channels, n_jobs):
    """Describe images a few at a time, in threads: numpy lets them run side by side.

    Parameters
    ----------
    describe : callable
        Takes planes (n, height, width) and returns rows (n, n_values).
    images : ndarray (n, height, width[, channels]) or LazyImages
    channels : {"gray", "each"}
    n_jobs : int or None

    Returns
    -------
    features : ndarray (n, n_features) of float32
    """
    size = max(1, _CHUNK // math.prod(images.shape[1:]))

    def work(block):
        parts = [_rows(describe, chunk, channels) for _, chunk in stored_chunks(block, size)]
        return np.concatenate(parts)

    blocks = [images[rows] for rows in slices(len(images), max(size, _BLOCK))]
    pool = Parallel(n_jobs=n_jobs, require="sharedmem")
    return np.concatenate(pool(delayed(work)(block) for block in blocks))


def check_planes(shape, channels):
    """Refuse colours that have no grey; return the number of planes described per image."""
    n_channels = shape[3] if len(shape) == 4 else 1
    if channels == "gray" and n_channels not in (1, 3):
        raise ValueError(
            f"channels='gray' needs images of 1 or 3 channels, but they have {n_channels}. "
            "Use channels='each', which describes every channel by itself."
        )
    return 1 if channels == "gray" else n_channels


def plane_names(n_planes):
    """Return what is added to the names of the features of each plane."""
    return [f"_ch{plane}" for plane in range(n_planes)] if n_planes > 1 else [""]


def _rows(describe, chunk, channels):
    planes = [gray(chunk)] if channels == "gray" else np.moveaxis(chunk, 3, 0)
    return np.concatenate([describe(plane) for plane in planes], axis=1).astype(np.float32)
