"""Images in memory that come one by one, of any size: of Pillow, as arrays or as encoded bytes."""

import numpy as np
from PIL import Image

from skmedimg.images._lazy_images import LazyImages


def list_pictures(X):
    """Return a sequence of single images as a list; None where X is a stack, rows or anything else.

    Images are pictures of Pillow, bytes of files, dicts with such "bytes" as Hugging Face stores
    them, and arrays of several sizes.
    """
    if not _is_sequence_of_objects(X):
        return None
    first = X[0]
    if isinstance(first, (Image.Image, bytes, dict)):
        items = [_encoded(item) for item in X]
    elif getattr(first, "ndim", 0) in (2, 3) and len({np.shape(item) for item in X}) > 1:
        items = list(X)
    else:
        return None
    for row, item in enumerate(items):
        if not isinstance(item, (Image.Image, bytes)) and getattr(item, "ndim", 0) not in (2, 3):
            raise TypeError(f"Image {row} of X should be an image, but is a {type(item).__name__}.")
    return items


def _is_sequence_of_objects(X):
    """Tell whether X may hold single images; arrays of numbers and tables are not searched."""
    if isinstance(X, (LazyImages, str, bytes, dict)) or hasattr(X, "columns"):
        return False
    is_array = hasattr(X, "dtype") and getattr(X.dtype, "kind", "") != "O"
    if is_array or not (hasattr(X, "__len__") and hasattr(X, "__getitem__")) or not len(X):
        return False
    return getattr(X, "ndim", 1) == 1 and not hasattr(X, "iloc")


def _encoded(item):
    """Return the bytes in a dict of Hugging Face, else the item."""
    return item["bytes"] if isinstance(item, dict) and item.get("bytes") else item
