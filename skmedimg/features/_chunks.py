"""Stacks of images taken a few at a time, in the dtype they are stored in."""

import numpy as np
from sklearn.utils import assert_all_finite

from skmedimg.images._lazy_images import LazyImages

# Files decoded at once: enough to keep every decoding thread busy.
_DECODED = 64


def stored_chunks(images, size):
    """Yield the images a few at a time, decoding those that are still in their files.

    Pixels that are not finite are refused here, where the chunk is in the processor's cache.

    Parameters
    ----------
    images : ndarray (n, height, width[, channels]) or LazyImages
    size : int
        Images per chunk, at most.

    Yields
    ------
    rows : slice
        Where the chunk lies in the stack.
    chunk : ndarray (n_rows, height, width, channels)
    """
    if not isinstance(images, LazyImages):
        for rows in slices(len(images), size):
            assert_all_finite(images[rows], input_name="images")
            yield rows, with_channels(images[rows])
        return
    for block in slices(len(images), max(size, _DECODED)):
        for rows, chunk in stored_chunks(images[block].load(), size):
            yield slice(block.start + rows.start, block.start + rows.stop), chunk


def as_images(images):
    """Return a stack of images for a function that takes no other kind of X.

    Parameters
    ----------
    images : array-like (n, height, width[, channels]) or LazyImages

    Returns
    -------
    images : ndarray (n, height, width, channels) or LazyImages
    """
    if isinstance(images, LazyImages):
        return images
    images = np.asarray(images)
    plain = images.ndim in (3, 4) and images.dtype.kind in "buif"
    if not plain or 0 in images.shape:
        raise ValueError(
            "images needs an array of numbers of shape (n, height, width) or (n, height, width, "
            f"channels), but has shape {images.shape} and dtype {images.dtype}. "
            "One image becomes a stack as image[None]."
        )
    return with_channels(images)


def with_channels(images):
    """Return (n, height, width, channels) whether or not the images have an axis of channels."""
    return images if images.ndim == 4 else images[..., None]


def slices(n, size):
    """Return the slices of `size` rows that n rows consist of; the last may be shorter."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
