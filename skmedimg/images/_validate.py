"""The gate: what X, y, weights and groups may be, checked in one place before any work."""

import math
from numbers import Number

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skmedimg._sklearn import check_sample_weight, num_samples, validate_data
from skmedimg._warnings import warn_user
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths
from skmedimg.images._pixels import pixel_limits
from skmedimg.images._refusals import (
    TEXT,
    other_shape,
    refuse_mixed,
    refuse_odd_kinds,
    refuse_odd_stacks,
    refuse_one_image,
)
from skmedimg.images._shape import check_image_shape, resolve_image_shape


def check_images(estimator, X, *, reset, image_shape=None, color=None):
    """Return X as images, in the dtype they are stored in.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets `image_shape_` and `n_features_in_` when `reset`, else must have them.
    X : array-like (n, n_features), (n, height, width) or (n, height, width, channels); paths; \
LazyImages
        Any kind of X of the data contract.
    reset : bool
        True in `fit`: what comes is remembered. False afterwards: it is compared.
    image_shape : tuple of int or None, default=None
        Shape of ONE image, with at most one -1; None means square.
    color : {"gray", "rgb"} or None, default=None
        What paths are decoded to where `image_shape` does not say; None is "gray".

    Returns
    -------
    images : ndarray (n, height, width, channels) or LazyImages
    """
    images = _stack(estimator, X, reset, image_shape, color)
    if images is not None:
        return images
    rows = _numeric_rows(estimator, X, reset)
    if reset:
        estimator.image_shape_ = resolve_image_shape(image_shape, rows.shape[1])
    return rows.reshape(len(rows), *estimator.image_shape_)


def check_rows(estimator, X, *, reset, image_shape=None):
    """Return X as it is stored for a model on rows: rows of features, or images it will flatten.

    Parameters
    ----------
    estimator : BaseEstimator
    X : any kind of X of the data contract
    reset : bool
    image_shape : tuple of int or None, default=None
        Needed for paths only.

    Returns
    -------
    rows : ndarray (n, n_features), ndarray (n, height, width, channels) or LazyImages
    """
    images = _stack(estimator, X, reset, image_shape, None)
    if images is not None:
        return images
    rows = _numeric_rows(estimator, X, reset)
    if reset:
        shape = None if image_shape is None else resolve_image_shape(image_shape, rows.shape[1])
        estimator.image_shape_ = shape or (rows.shape[1],)
    return rows


def check_scale(estimator, images, *, reset):
    """Warn where pixels come in another scale than in `fit`: integers are scaled, floats are not.

    Parameters
    ----------
    estimator : BaseEstimator
        Remembers the scale when `reset`.
    images : ndarray or LazyImages
    reset : bool
    """
    scaled = pixel_limits(images.dtype) is not None
    if reset:
        estimator._pixels_dtype = images.dtype.str
        estimator._pixels_scaled = scaled
        estimator._pixels_wide = not scaled and _exceeds_one(images)
    elif scaled and estimator._pixels_wide:
        warn_user(
            f"{type(estimator).__name__} was fitted on unscaled numbers above 1, but X holds "
            f"{images.dtype} pixels, which are scaled to [0, 1]: pass X.astype(float).",
        )
    elif estimator._pixels_scaled and not scaled and _exceeds_one(images):
        warn_user(
            f"{type(estimator).__name__} was fitted on integer pixels, scaled to [0, 1], but X "
            f"holds {images.dtype} up to {images.max():g}, which are taken as they are: divide "
            "them by 255, or pass the integers.",
        )


def check_labels(estimator, y, images):
    """Return y as a 1-D array of class labels, as long as the images.

    Parameters
    ----------
    estimator : BaseEstimator
    y : array-like (n,)
    images : ndarray or LazyImages
        n images or rows.

    Returns
    -------
    y : ndarray (n,)
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    y = column_or_1d(y, warn=True)
    refuse_mixed(y, "y", "label")
    if y.dtype.kind == "O" and all(isinstance(label, Number) for label in y):
        y = np.array(y.tolist())  # numbers in a column of objects, as pandas may keep them
    if y.dtype.kind == "f":
        check_array(y, ensure_2d=False, input_name="y")
    check_consistent_length(images, y)
    check_classification_targets(y)
    return y


def check_weights(sample_weight, images):
    """Return one non-negative weight per image.

    Parameters
    ----------
    sample_weight : array-like (n,), float or None
    images : ndarray or LazyImages

    Returns
    -------
    weights : ndarray (n,) of float64
    """
    if isinstance(images, LazyImages):
        images = np.empty((len(images), 1))  # only the length is looked at
    weights = check_sample_weight(sample_weight, images, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():  # scikit-learn 1.8 lets this pass
        raise ValueError("sample_weight needs one weight above zero, but all of them are zero.")
    return weights


def check_groups(groups, images):
    """Return one group (patient) per image, or None.

    Parameters
    ----------
    groups : array-like (n,) or None
    images : ndarray or LazyImages

    Returns
    -------
    groups : ndarray (n,) or None
    """
    if groups is None:
        return None
    groups = column_or_1d(np.asarray(groups))
    if len(groups) != num_samples(images):
        raise ValueError(
            f"groups needs one patient per image, but there are {len(groups)} groups "
            f"for {num_samples(images)} images."
        )
    refuse_mixed(groups, "groups", "patient")
    return groups


def _numeric_rows(estimator, X, reset):
    """Return X as rows of finite numbers; plain ones that fit are not put through 150 us of checks.

    Whatever is odd goes to scikit-learn, for its verdict.
    """
    if _are_plain(X) and len(X) > 0 and not reset and not hasattr(estimator, "feature_names_in_"):
        same_width = X.shape[1] == getattr(estimator, "n_features_in_", None)
        if same_width and (X.dtype.kind != "f" or _are_finite(X)):
            return X
    if not reset:
        refuse_one_image(estimator, getattr(X, "shape", ()))
    try:
        rows = validate_data(estimator, X, reset=reset, dtype="numeric")
    except ValueError as error:
        if str(error).startswith("could not convert string to float"):
            raise ValueError(TEXT) from error
        raise
    if rows.dtype.kind not in "fiub":  # scikit-learn 1.8 lets text of pandas pass
        raise ValueError(TEXT)
    return rows


def _are_plain(X):
    return type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind in "fiub"


def _are_finite(rows):
    """Sum many rows, which is twice as fast and fails at worst to see that they are finite."""
    if len(rows) == 1:
        return np.isfinite(rows).all()
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(rows.sum())


def _stack(estimator, X, reset, image_shape, color):
    """Return X as a stack of images, or None where it holds rows."""
    if _are_plain(X):
        return None
    if isinstance(X, LazyImages):
        return _remember(estimator, X, reset)
    paths = list_paths(X)
    if paths is not None:
        return _lazy(estimator, paths, reset, image_shape, color)
    refuse_odd_kinds(X)
    if _ndim(X) < 3:
        return None
    images = check_array(X, allow_nd=True, dtype="numeric", estimator=estimator, input_name="X")
    refuse_odd_stacks(images)
    return _remember(estimator, images if images.ndim == 4 else images[..., None], reset)


def _lazy(estimator, paths, reset, image_shape, color):
    if not paths:
        raise ValueError("X is an empty list; it needs the path of at least one image.")
    shape = image_shape if reset else estimator.image_shape_
    if shape is None:
        name = type(estimator).__name__
        raise ValueError(
            f"{name} needs the size to decode paths to: set image_shape=(height, width), or put "
            f"ImageLoader((height, width)) before it."
        )
    shape = check_image_shape(shape)
    if -1 in shape:
        raise ValueError(f"image_shape={shape} leaves a side open, which paths cannot fill.")
    if len(shape) == 3:
        color = _color_of(shape[2])
    images = LazyImages(paths, size=shape[:2], color=color or "gray")
    _remember(estimator, images, reset)
    if reset:
        del estimator.n_features_in_  # the contract: paths have no number of features
    return images


def _color_of(channels):
    if channels not in (1, 3):
        raise ValueError(f"Paths decode to 1 or 3 channels, but image_shape asks for {channels}.")
    return "gray" if channels == 1 else "rgb"


def _remember(estimator, images, reset):
    """Note the images' shape on the estimator, or compare it with the one noted."""
    shape = tuple(images.shape[1:]) + ((1,) if len(images.shape) == 3 else ())
    if reset:
        estimator.image_shape_ = shape
        estimator.n_features_in_ = math.prod(shape)
        vars(estimator).pop("feature_names_in_", None)
    elif shape != estimator.image_shape_:
        refuse_one_image(estimator, images.shape[:3])
        raise ValueError(other_shape(type(estimator).__name__, estimator.image_shape_, shape))
    return images


def _exceeds_one(images):
    return isinstance(images, np.ndarray) and images.max() > 1


def _ndim(X):
    if hasattr(X, "ndim"):
        return X.ndim
    if hasattr(X, "shape"):
        return len(X.shape)
    if hasattr(X, "__array_interface__"):  # a picture of Pillow
        return len(X.__array_interface__["shape"])
    if not isinstance(X, (list, tuple)) or not X:
        return 0
    return 1 + _ndim(X[0])
