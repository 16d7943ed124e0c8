"""Bring masks to the size of their images, by nearest neighbors, be they files or arrays."""

import numpy as np

from skmedimg._sklearn import num_samples
from skmedimg.images._decode import decode_item, prepare
from skmedimg.images._mask_files import list_mask_paths, read_masks, stack_masks, stored_size


def masks_like(y, images, options, size):
    """Return masks (paths, an array or a list) as a stack of `size`, resized like their images.

    `images` are LazyImages, or images in memory, a stack or a list of any sizes, before they are
    resized with `options`.
    """
    paths = list_mask_paths(y)
    masks = list(map(np.asarray, y)) if paths is None else read_masks(paths)
    names = [f"Mask {row}" for row in range(len(masks))] if paths is None else paths
    if len(masks) != num_samples(images):
        raise ValueError(
            f"y needs one mask per image, but there are {len(masks)} masks for "
            f"{num_samples(images)} images."
        )
    # The caller's size counts, not that of the first image: it may have three sides.
    rows = enumerate(zip(masks, names, strict=True))
    fitted = [_mask_like(mask, name, images, row, options, size) for row, (mask, name) in rows]
    return stack_masks(fitted, names)


def holds_masks(y):
    """Return whether y is mask paths, or an array or list of masks; labels and rows are not."""
    if list_mask_paths(y) is not None:
        return True
    if isinstance(y, (list, tuple)):
        return len(y) > 0 and all(np.ndim(mask) == 2 for mask in y)
    return np.ndim(y) == 3


def has_other_size(y, size):
    """Return whether y holds masks, at least one of which is not of `size`."""
    if not holds_masks(y):
        return False
    return list_mask_paths(y) is not None or any(np.shape(mask) != tuple(size) for mask in y)


def _mask_like(mask, name, images, row, options, size):
    """Return one mask resized like the image in a row of `images`."""
    cropped = options.crop != "none"
    if mask.shape == size and not cropped:
        return mask
    # A mask must fit the image as it is stored: then the same aspect and size keep both aligned.
    stored, image_name = _stored(images, row, options)
    if mask.shape != stored:
        if mask.shape == size:  # cropped like its image, by the user
            return mask
        raise ValueError(
            f"The mask {_quoted(name)} is {_text(mask.shape)}, but its image {image_name} is "
            f"{_text(stored)}. A mask needs the size of its image, or {_text(size)}."
        )
    if cropped:
        raise ValueError(
            f'The images are cropped by crop="{options.crop}", which masks cannot follow. Store '
            "the masks cropped alike, or leave the images whole."
        )
    # A mask has no colors, whatever its image has, and its labels are not averaged.
    alike = options._replace(color="keep", interpolation="nearest", dtype=None)
    return prepare(mask, alike, name)


def _stored(images, row, options):
    """Return (height, width) of an image before it is resized, and its name in messages."""
    if hasattr(images, "paths"):
        path = images.paths[row]
        return tuple(stored_size(path)), repr(path)
    name = f"in row {row}"
    if isinstance(images, list):
        whole = options._replace(size=None, color="keep", crop="none", dtype=None)
        return decode_item(images[row], whole, f"Image {row}").shape[:2], name
    return tuple(images.shape[1:3]), name


def _quoted(name):
    return name if isinstance(name, str) and name.startswith("Mask ") else repr(name)


def _text(size):
    return "x".join(map(str, size))
