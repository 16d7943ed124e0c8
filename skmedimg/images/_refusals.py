"""Errors for X, y and groups that cannot be used, with the line to write instead."""

from collections.abc import Iterator, Set

import numpy as np

TEXT = (
    'X holds text and is not one column of paths. Pass numbers, or the paths alone: table["path"].'
)

_CHANNELS = (1, 3, 4)
_ABSENT = ("NoneType", "NAType", "NaTType")  # pandas is not imported to ask for its types


def refuse_odd_kinds(X):
    """Raise where X holds images but is not a stack: unordered, complex, of several sizes."""
    if isinstance(X, (Iterator, Set)):
        raise TypeError(
            f"X needs an order and a length, but is a {type(X).__name__}: pass it as a list."
        )
    if X is None or type(X) in (bytes, dict):  # some sparse arrays are subclasses of dict
        raise TypeError(
            f"X needs images, rows or paths, but is a {type(X).__name__}: pass an array, or a "
            "list of paths."
        )
    refuse_masked(X, "X")
    if getattr(getattr(X, "dtype", None), "kind", "") == "c":
        raise ValueError(
            f"Complex data not supported: X holds {X.dtype}. Pass numpy.abs(X), the magnitude."
        )
    refuse_undecoded(X)
    shapes = _shapes_within(X)
    if len(shapes) > 1:
        first, second = ("x".join(map(str, shape)) for shape in shapes[:2])
        raise ValueError(
            f"X is ragged: it holds images of several shapes, {first} and {second} among them. "
            "Put ImageLoader((height, width)) first, which brings all to one size."
        )
    if shapes and not isinstance(X, (list, tuple)):
        raise ValueError(f"X is a {type(X).__name__} of arrays: pass numpy.stack(list(X)).")


def refuse_undecoded(X):
    """Raise where X is a list of encoded images, or a dataset of torch."""
    if hasattr(X, "__getitem__") and hasattr(X, "__len__") and not hasattr(X, "dtype") and len(X):
        first = None if hasattr(X, "columns") else X[0]
        if isinstance(first, (bytes, dict)):
            raise ValueError(
                "X holds encoded images: put ImageLoader((height, width)) first, to decode them."
            )
        # torch's layout of a Dataset; a list of pairs may be rows of two features.
        if not isinstance(X, (list, tuple)) and isinstance(first, tuple) and len(first) == 2:
            raise TypeError(
                f"X is a {type(X).__name__} of (image, label): pass "
                "X=numpy.stack([image for image, _ in X]) and y=[label for _, label in X]."
            )


def refuse_masked(values, name):
    """Raise where entries of a masked array are masked: numpy drops the mask on the way."""
    if isinstance(values, np.ma.MaskedArray) and (n_masked := np.ma.count_masked(values)):
        raise ValueError(
            f"{name} is a masked array, and {n_masked} of its entries are masked. Say what they "
            f"are: pass {name}.filled(value)."
        )


def refuse_one_hot(y):
    """Raise where labels come as one column per class with a single one in each row."""
    shape = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] > 1:
        table = np.asarray(y)
        if table.dtype.kind in "biuf" and ((table == 0) | (table == 1)).all():
            if (table.sum(axis=1) == 1).all():
                raise ValueError(
                    f"y should be a 1d array of labels, but has shape {tuple(shape)}: it is "
                    "one-hot encoded. Pass numpy.argmax(y, axis=1)."
                )


def refuse_odd_stacks(images):
    """Raise where an array of three or more axes is not a stack of images."""
    if images.ndim > 4:
        raise ValueError(
            f"X has {images.ndim} dimensions {images.shape}; images come as (n, height, width) or "
            "(n, height, width, channels). Pass volumes slice by slice."
        )
    if 0 in images.shape[1:]:
        raise ValueError(f"X holds images without pixels: its shape is {images.shape}.")
    # torch's layout. Images of 1, 3 or 4 columns are rarer than this mistake.
    if images.ndim == 4 and images.shape[1] in _CHANNELS and images.shape[3] not in _CHANNELS:
        raise ValueError(
            f"X has shape {images.shape}, which looks like channels first; images come as "
            "(n, height, width, channels). Use numpy.moveaxis(X, 1, -1)."
        )


def refuse_one_image(estimator, shape):
    """Raise where X is a single image of the fitted shape, not a stack."""
    fitted = tuple(getattr(estimator, "image_shape_", ()))
    # An image of one channel may come with or without its axis. A matrix whose rows hold as many
    # values as an image is a stack of rows.
    single = {fitted, fitted[:2] if fitted[2:] == (1,) else fitted}
    if len(fitted) == 3 and tuple(shape) in single and shape[1:] != (np.prod(fitted),):
        raise ValueError(
            f"X has the shape {tuple(shape)} of one image, but {type(estimator).__name__} needs a "
            "stack of images: pass X[None]."
        )


def other_shape(name, fitted, got):
    """Return the message for images of another shape than in `fit`."""
    fitted_text, got_text = ("x".join(map(str, shape)) for shape in (fitted, got))
    if len(fitted) == 1:
        return f"{name} was fitted on rows of {fitted_text} features, but X has {got_text} images."
    color = "" if fitted[2] == got[2] else f', color="{"gray" if fitted[2] == 1 else "rgb"}"'
    return (
        f"{name} was fitted on {fitted_text} images and cannot take {got_text}. "
        f"Put ImageLoader({fitted[:2]}{color}) before it."
    )


def refuse_mixed(values, name, noun):
    """Raise where labels or patients are missing, or are of kinds that have no order."""
    missing = _missing(values)
    if missing.any():
        raise ValueError(
            f"{name} contains NaN or None: {missing.sum()} of {len(values)} images have no {noun}, "
            f"first in row {missing.argmax()}. Name it, or leave these images out."
        )
    if values.dtype.kind != "O":
        return
    kinds = sorted({type(value).__name__ for value in values})
    # numpy cannot sort them, and would turn 1 and "1" into one class.
    if "str" in kinds and len(kinds) > 1:
        raise ValueError(
            f"{name} mixes {' and '.join(kinds)}: make them one kind, numpy.asarray({name}, str)."
        )
    if kinds == ["bool"]:
        raise ValueError(f"{name} holds bool as objects: pass numpy.asarray({name}, bool).")


def _shapes_within(X):
    """Return the different shapes of the arrays, pictures or lists that a sequence holds."""
    # Only sequences of objects can be ragged; arrays of numbers are not searched.
    if hasattr(X, "columns"):  # a table of polars or pyarrow, whose items are columns
        return []
    column = getattr(X, "ndim", 1) == 1 and getattr(getattr(X, "dtype", None), "kind", "O") == "O"
    if not column or not hasattr(X, "__len__") or isinstance(X, dict):
        return []
    return list(dict.fromkeys(filter(None, map(_outer_shape, X))))


def _outer_shape(item):
    # A picture of Pillow.
    if hasattr(item, "__array_interface__") and not hasattr(item, "shape"):
        return tuple(item.__array_interface__["shape"])
    if isinstance(item, (list, tuple)):
        return (len(item),)
    return tuple(getattr(item, "shape", ()))


def _missing(values):
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), bool)
    # v != v: NaN is the only float that differs from itself.
    absent = (type(v).__name__ in _ABSENT or (isinstance(v, float) and v != v) for v in values)
    return np.fromiter(absent, bool, len(values))
