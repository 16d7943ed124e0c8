"""The gate: what X, y, weights and groups may be, checked in one place before any work."""

import math
import os

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skmedimg._sklearn import check_sample_weight, num_samples, validate_data
from skmedimg.images._lazy import LazyImages

_CHANNELS = (1, 3, 4)


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
    rows = validate_data(estimator, X, reset=reset, dtype="numeric")
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
    rows = validate_data(estimator, X, reset=reset, dtype="numeric")
    if reset:
        shape = None if image_shape is None else resolve_image_shape(image_shape, rows.shape[1])
        estimator.image_shape_ = shape or (rows.shape[1],)
    return rows


def resolve_image_shape(image_shape, n_features):
    """Return (height, width, channels) of images that come as rows of `n_features` values.

    Parameters
    ----------
    image_shape : tuple of int or None
        None: square grey, else square RGB.
    n_features : int

    Returns
    -------
    shape : tuple of int
        (height, width, channels)

    Examples
    --------
    >>> from skmedimg.images._check import resolve_image_shape
    >>> resolve_image_shape(None, 64), resolve_image_shape((1, -1), 64)
    ((8, 8, 1), (1, 64, 1))
    """
    if image_shape is None:
        return _square(n_features)
    shape = check_image_shape(image_shape)
    known = math.prod(side for side in shape if side != -1)
    sizes = [n_features // known if side == -1 else side for side in shape]
    if math.prod(sizes) != n_features or 0 in sizes:
        raise ValueError(
            f"image_shape={tuple(image_shape)} holds {known if -1 not in shape else f'k*{known}'} "
            f"values, but X has rows with n_features={n_features} values."
        )
    return (*sizes, 1) if len(sizes) == 2 else tuple(sizes)


def check_image_shape(image_shape):
    """Return `image_shape` as a tuple of two or three sides, at most one of them -1.

    Parameters
    ----------
    image_shape : sequence of int

    Returns
    -------
    shape : tuple of int
    """
    shape = tuple(image_shape)
    whole = all(isinstance(side, (int, np.integer)) and (side > 0 or side == -1) for side in shape)
    if len(shape) not in (2, 3) or not whole or shape.count(-1) > 1:
        raise ValueError(
            "image_shape needs (height, width) or (height, width, channels), positive integers "
            f"of which at most one may be -1, but is {image_shape!r}."
        )
    return tuple(int(side) for side in shape)


def list_paths(X):
    """Return the paths that X holds as a list of str, or None where X holds none.

    Parameters
    ----------
    X : object
        A 1-D sequence, array or Series of paths, or an (n, 1) column of them.

    Returns
    -------
    paths : list of str or None
    """
    if isinstance(X, (str, os.PathLike)):
        raise TypeError(f"X needs a list of paths, but is one path: {os.fspath(X)!r}. Pass [X].")
    if not _starts_with_path(X):
        return None
    column = np.asarray(X, dtype=object)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"Paths need one column, but X has shape {column.shape}.")
    for row, item in enumerate(column):
        if not isinstance(item, (str, os.PathLike)):
            raise TypeError(f"Row {row} of X should be a path like the others, but is {item!r}.")
    return [os.fspath(item) for item in column]


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
    return check_sample_weight(
        sample_weight, images, dtype=np.float64, ensure_non_negative=True,
        allow_all_zero_weights=False,
    )  # fmt: skip


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
    return groups


def _stack(estimator, X, reset, image_shape, color):
    """Return X as a stack of images, or None where it holds rows."""
    if isinstance(X, LazyImages):
        return _remember(estimator, X, reset)
    paths = list_paths(X)
    if paths is not None:
        return _lazy(estimator, paths, reset, image_shape, color)
    if _ndim(X) < 3:
        return None
    images = check_array(X, allow_nd=True, dtype="numeric", estimator=estimator, input_name="X")
    _refuse_odd_stacks(images)
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


def _refuse_odd_stacks(images):
    if images.ndim > 4:
        raise ValueError(
            f"X has {images.ndim} dimensions {images.shape}; images come as (n, height, width) or "
            "(n, height, width, channels). Pass volumes slice by slice."
        )
    if 0 in images.shape[1:]:
        raise ValueError(f"X holds images without pixels: its shape is {images.shape}.")
    if images.ndim == 4 and images.shape[1] in _CHANNELS and images.shape[3] not in _CHANNELS:
        raise ValueError(
            f"X has shape {images.shape}, which looks like channels first; images come as "
            "(n, height, width, channels). Use numpy.moveaxis(X, 1, -1)."
        )


def _remember(estimator, images, reset):
    """Note the images' shape on the estimator, or compare it with the one noted."""
    shape = tuple(images.shape[1:]) + ((1,) if len(images.shape) == 3 else ())
    if reset:
        estimator.image_shape_ = shape
        estimator.n_features_in_ = math.prod(shape)
        vars(estimator).pop("feature_names_in_", None)
    elif shape != estimator.image_shape_:
        raise ValueError(_other_shape(type(estimator).__name__, estimator.image_shape_, shape))
    return images


def _other_shape(name, fitted, got):
    fitted_text, got_text = ("x".join(map(str, shape)) for shape in (fitted, got))
    if len(fitted) == 1:
        return f"{name} was fitted on rows of {fitted_text} features, but X has {got_text} images."
    color = "" if fitted[2] == got[2] else f', color="{"gray" if fitted[2] == 1 else "rgb"}"'
    return (
        f"{name} was fitted on {fitted_text} images and cannot take {got_text}. "
        f"Put ImageLoader({fitted[:2]}{color}) before it."
    )


def _square(n_features):
    for channels in (1, 3):
        side = math.isqrt(n_features // channels)
        if channels * side * side == n_features:
            return (side, side, channels)
    raise ValueError(
        f"X has rows with n_features={n_features} values, which is neither side*side (grey) nor "
        "side*side*3 (RGB); set image_shape=(height, width[, channels])."
    )


def _ndim(X):
    if hasattr(X, "ndim"):
        return X.ndim
    if hasattr(X, "shape"):
        return len(X.shape)
    if not isinstance(X, (list, tuple)) or not X:
        return 0
    return 1 + _ndim(X[0])


def _starts_with_path(X):
    """Tell whether X is one column whose first entry is a path."""
    if hasattr(X, "to_numpy"):
        shape = getattr(X, "shape", (0,))
        X = X.to_numpy() if len(shape) == 1 or shape[1] == 1 else None
    if isinstance(X, np.ndarray):
        column = X.ndim == 1 or (X.ndim == 2 and X.shape[1] == 1)
        X = X.ravel()[:1].tolist() if column and X.dtype.kind in "OUT" else None
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return False
    first = X[0]
    if isinstance(first, (list, tuple, np.ndarray)) and len(first) == 1:
        first = first[0]
    return isinstance(first, (str, os.PathLike))
