"""Bring what a network says of a resized image back to the size of the image's file."""

import numpy as np

from skmedimg.images._foreground import foreground_box
from skmedimg.images._mask_files import stored_size
from skmedimg.images._read_image import read_image
from skmedimg.images._resize import covered_box, resize_image


def restore_mask(planes, path, options, threshold=None):
    """Return the class number of each pixel of a file, from planes (n_classes, height, width).

    `options` are the DecodeOptions by which the file was resized. Probabilities are interpolated,
    so that outlines stay smooth; what was cropped away is class 0. `threshold` is that of two
    classes.
    """
    whole = tuple(stored_size(path))
    part = _kept_part(path, options, whole)
    size = tuple(side.stop - side.start for side in part)
    inner, outer = covered_box(size, planes.shape[1:], options.aspect)
    mask = np.zeros(whole, dtype=np.uint8)
    place = tuple(
        slice(first.start + inside.start, first.start + inside.stop)
        for first, inside in zip(part, outer, strict=True)
    )
    target = tuple(side.stop - side.start for side in place)
    enlarged = (resize_image(plane[inner], target) for plane in planes.astype(np.float32))
    mask[place] = _decided(enlarged, threshold)
    return mask


def _kept_part(path, options, whole):
    """Return the rows and columns of a file that were kept before it was resized."""
    if options.crop == "foreground":
        image = read_image(
            path, color=options.color, window=options.window, max_pixels=options.max_pixels
        )
        box = foreground_box(image)
        if box is not None:
            return box
    return tuple(slice(0, side) for side in whole)


def _decided(planes, threshold):
    """Return the number of the largest plane at each pixel; of two, with a threshold."""
    best = next(planes)
    mask = np.zeros(best.shape, dtype=np.uint8)
    # One after the other: all planes of a large file at once would fill the memory.
    for number, plane in enumerate(planes, start=1):
        larger = plane > (best if threshold is None else threshold)
        mask[larger] = number
        best = np.maximum(best, plane)
    return mask
