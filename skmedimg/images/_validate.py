"""Input validation of X, y, weights and groups, in one place and before any work."""

import math
from numbers import Number

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skmedimg._sklearn import check_sample_weight, num_samples, validate_data
from skmedimg._warnings import warn_user
from skmedimg.images._lazy_images import LazyImages, lazy_if_stored, with_channels
from skmedimg.images._paths import list_paths
from skmedimg.images._pixels import pixel_limits
from skmedimg.images._refusals import (
    TEXT,
    other_shape,
    refuse_masked,
    refuse_mixed,
    refuse_odd_kinds,
    refuse_odd_stacks,
    refuse_one_hot,
    refuse_one_image,
)
from skmedimg.images._shape import check_image_shape, resolve_image_shape


def as_images(X, image_shape=None, color=None, *, owner="The model"):
    """Return X of any kind as images (n, height, width, channels): an array, or LazyImages.

    Images keep the dtype they are stored in, and are not copied. `image_shape` is the shape of one
    image that comes as a row or a path; `owner` is the name of the caller in messages.
    """
    X = as_numpy(X)
    images = _images_or_none(X, image_shape, color, owner)
    if images is not None:
        return images
    rows = check_array(X, dtype="numeric", estimator=owner, input_name="X")
    return rows.reshape(len(rows), *resolve_image_shape(image_shape, rows.shape[1]))


def as_numpy(values):
    """Return a tensor of torch as an array; under array API dispatch scikit-learn would keep it."""
    return values.detach().cpu().numpy() if hasattr(values, "detach") else values


def remember_images(estimator, images):
    """Set `image_shape_` and `n_features_in_` of an estimator from images with four axes."""
    estimator.image_shape_ = tuple(images.shape[1:])
    estimator.n_features_in_ = math.prod(images.shape[1:])
    # Left from an earlier fit on a DataFrame: images have no column names.
    vars(estimator).pop("feature_names_in_", None)


def check_images(estimator, X, *, reset, image_shape=None, color=None):
    """Return X as `as_images` does, its shape remembered (`reset`) or compared with `fit`'s."""
    X = as_numpy(X)
    images = _checked(estimator, X, reset, image_shape, color)
    if images is not None:
        return images
    rows = _numeric_rows(estimator, X, reset)
    if reset:
        estimator.image_shape_ = resolve_image_shape(image_shape, rows.shape[1])
    return rows.reshape(len(rows), *estimator.image_shape_)


def check_rows(estimator, X, *, reset, image_shape=None):
    """Return X as `check_images` does, but rows (n, n_features) stay rows: for a model on rows."""
    X = as_numpy(X)
    images = _checked(estimator, X, reset, image_shape, None)
    if images is not None:
        return images
    rows = _numeric_rows(estimator, X, reset)
    if reset:
        shape = None if image_shape is None else resolve_image_shape(image_shape, rows.shape[1])
        estimator.image_shape_ = shape or (rows.shape[1],)
    return rows


def check_scale(estimator, images, *, reset):
    """Warn where X has other units than in `fit`: integers are scaled to [0, 1], floats are not."""
    scaled = pixel_limits(images.dtype) is not None
    if scaled and not reset and estimator._pixels_scaled:
        _warn_of_depth(estimator, images)
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
            f"holds {images.dtype} up to {images.max():g}, which are not scaled: divide them by "
            "255, or pass the integers.",
        )


def check_labels(estimator, y, images):
    """Return y as an array of class labels (n,), one per image."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    refuse_masked(y, "y")
    refuse_one_hot(y)
    y = column_or_1d(as_numpy(y), warn=True)
    refuse_mixed(y, "y", "label")
    if y.dtype.kind == "O" and all(isinstance(label, Number) for label in y):
        y = np.array(y.tolist())  # numbers in a column of objects, as pandas may keep them
    if y.dtype.kind == "f":
        check_array(y, ensure_2d=False, input_name="y")
    check_consistent_length(images, y)
    check_classification_targets(y)
    return y


def check_weights(sample_weight, images):
    """Return sample weights as float64 (n,), not negative and not all zero."""
    refuse_masked(sample_weight, "sample_weight")
    if isinstance(images, LazyImages):
        images = np.empty((len(images), 1))  # only its length is used
    sample_weight = as_numpy(sample_weight)
    weights = check_sample_weight(sample_weight, images, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():  # scikit-learn 1.8 lets this pass
        raise ValueError("sample_weight needs one weight above zero, but all of them are zero.")
    return weights


def check_groups(groups, images):
    """Return groups (patients) as an array (n,), one per image; None stays None."""
    if groups is None:
        return None
    refuse_masked(groups, "groups")
    groups = column_or_1d(np.asarray(as_numpy(groups)))
    if len(groups) != num_samples(images):
        raise ValueError(
            f"groups needs one patient per image, but there are {len(groups)} groups "
            f"for {num_samples(images)} images."
        )
    refuse_mixed(groups, "groups", "patient")
    return groups


def _numeric_rows(estimator, X, reset):
    """Return X as rows of finite numbers.

    scikit-learn's checks take 150 us, longer than a small model on one row: plain rows that fit
    skip them, and all others get scikit-learn's checks and messages.
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
    """Return whether rows are finite; False is possible for finite ones.

    The sum of many rows is twice as fast as a test per value. It may overflow, and then the rows go
    through scikit-learn's checks.
    """
    if len(rows) == 1:
        return np.isfinite(rows).all()
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(rows.sum())


def _checked(estimator, X, reset, image_shape, color):
    """Return X as images whose shape is remembered or compared; None where X holds rows."""
    owner = type(estimator).__name__
    # In predict, rows and paths have to give the shape seen in fit, not that of the parameter.
    shape = image_shape if reset else getattr(estimator, "image_shape_", None)
    images = _images_or_none(X, shape, color, owner)
    if images is None:
        return None
    if reset:
        remember_images(estimator, images)
        if hasattr(images, "paths") and not isinstance(X, LazyImages):
            del estimator.n_features_in_  # scikit-learn's contract: paths have no features to count
    elif images.shape[1:] != estimator.image_shape_:
        refuse_one_image(estimator, images.shape[:3])
        raise ValueError(other_shape(owner, estimator.image_shape_, images.shape[1:]))
    return images


def _images_or_none(X, image_shape, color, owner):
    """Return X as images (n, height, width, channels), or None where X holds rows."""
    if _are_plain(X):  # first, because it is the fastest check and the most frequent input
        return None
    X = lazy_if_stored(X)
    if isinstance(X, LazyImages):
        return with_channels(X)
    paths = list_paths(X)
    if paths is not None:
        return _lazy(paths, image_shape, color, owner)
    refuse_odd_kinds(X)
    if _ndim(X) < 3:
        return None
    images = check_array(X, allow_nd=True, dtype="numeric", estimator=owner, input_name="X")
    refuse_odd_stacks(images)
    return with_channels(images)


def _lazy(paths, shape, color, owner):
    """Return paths as LazyImages of the shape asked for."""
    if not paths:
        raise ValueError("X is an empty list; it needs the path of at least one image.")
    if shape is None:
        raise ValueError(
            f"{owner} needs the size to decode paths to: set image_shape=(height, width), or put "
            f"ImageLoader((height, width)) before it."
        )
    shape = check_image_shape(shape)
    if -1 in shape:
        raise ValueError(f"image_shape={shape} leaves a side open, which paths cannot fill.")
    # Channels that the user gives decide the color, not the default of the estimator.
    if len(shape) == 3:
        color = _color_of(shape[2])
    return with_channels(LazyImages(paths, size=shape[:2], color=color or "gray"))


def _color_of(channels):
    if channels not in (1, 3):
        raise ValueError(f"Paths decode to 1 or 3 channels, but image_shape asks for {channels}.")
    return "gray" if channels == 1 else "rgb"


def _exceeds_one(images):
    return isinstance(images, np.ndarray) and images.max() > 1


def _warn_of_depth(estimator, images):
    """Warn where integers have a wider dtype than in `fit`, and values that do not fill it."""
    fitted = np.dtype(estimator._pixels_dtype)
    if images.dtype.itemsize <= fitted.itemsize or not isinstance(images, np.ndarray):
        return
    # Scanners store 12 bits in 16. A black image fits every scale.
    largest = int(images.max())
    if 0 < largest < 4096:
        warn_user(
            f"{type(estimator).__name__} was fitted on {fitted} pixels, divided by "
            f"{pixel_limits(fitted)[1]:g}, but X holds {images.dtype} up to {largest}, which are "
            f"divided by {pixel_limits(images.dtype)[1]:g}: bring X to {fitted} as in fit.",
        )


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
