"""Stacks of images taken a few at a time, in the dtype they are stored in."""

import numpy as np
from sklearn.utils import assert_all_finite

from skmedimg.images._lazy_images import LazyImages, lazy_if_stored, with_channels

# Files decoded at once: enough to keep every decoding thread busy.
_DECODED = 64


def stored_chunks(images, size):
    """Yield (slice, chunk) of at most `size` images (n, height, width, channels), decoded.

    Pixels that are not finite are refused here, where the chunk is in the processor's cache.
    """
    if not isinstance(images, LazyImages):
        for rows in slices(len(images), size):
            # Chunk by chunk: a pass over the whole stack would read it from memory once more.
            assert_all_finite(images[rows], input_name="images")
            yield rows, images[rows]
        return
    # Chunks may be a single image, so files are decoded in larger blocks and cut again.
    for block in slices(len(images), max(size, _DECODED)):
        for rows, chunk in stored_chunks(images[block].load(), size):
            yield slice(block.start + rows.start, block.start + rows.stop), chunk


def check_stack(images):
    """Return a stack (n, height, width[, channels]) with an axis of channels; refuse other X."""
    images = lazy_if_stored(images)
    if isinstance(images, LazyImages):
        return with_channels(images)
    images = np.asarray(images)
    # Rows are refused: a function has no `image_shape` that says how to fold them.
    plain = images.ndim in (3, 4) and images.dtype.kind in "buif"
    if not plain or 0 in images.shape:
        raise ValueError(
            "images needs an array of numbers of shape (n, height, width) or (n, height, width, "
            f"channels), but has shape {images.shape} and dtype {images.dtype}. "
            "One image becomes a stack as image[None]."
        )
    return with_channels(images)


def slices(n, size):
    """Return the slices of `size` rows that n rows consist of; the last may be shorter."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
