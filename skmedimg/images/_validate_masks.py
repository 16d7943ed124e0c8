"""Input validation of segmentation masks."""

import os

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from skmedimg._warnings import warn_user
from skmedimg.images._mask_files import list_mask_paths, read_masks, stack_masks
from skmedimg.images._masks_like import has_other_size, masks_like
from skmedimg.images._refusals import refuse_masked
from skmedimg.metrics._pairs import mask_values

# More values than any segmentation has classes: a gray image was passed as a mask.
_MOST_CLASSES = 64

# Code of pixels that do not count, in encoded masks; there are fewer classes.
IGNORED = 255

# The two ways in which files store binary masks.
_SPELLINGS = ({0, 1}, {0, 255})


def check_masks(estimator, y, images):
    """Return y as masks of class labels, as many and as large as the images.

    Pixels of the estimator's `ignore_label` may have it beside any classes.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    of_files = _holds_paths(y)
    masks = _read_masks(y, images) if of_files else _mask_array(y, images)
    ignored = getattr(estimator, "ignore_label", None)
    reason = _odd_values(_counted(mask_values(masks), ignored))
    if reason:
        where = _first_odd_file(masks, list_mask_paths(y), ignored) if of_files else ""
        raise ValueError(reason + where)
    return masks


def encode_masks(masks, classes, ignore_label=None):
    """Return masks as the positions of their labels in `classes`, IGNORED for `ignore_label`.

    0/1, 0/255 and booleans are the same binary mask, whichever was fitted.
    """
    encoded = _encoded(masks, classes, _counted(mask_values(masks), ignore_label))
    if ignore_label is not None:
        encoded[np.asarray(masks) == ignore_label] = IGNORED
    return encoded


def _encoded(masks, classes, found):
    """Return the positions of labels; `found` are the labels that count."""
    unknown = np.setdiff1d(found, classes)
    if len(unknown) and _is_binary(found) and _is_binary(classes):
        return (masks != 0).astype(np.uint8)
    if len(unknown):
        raise ValueError(
            f"Masks hold the labels {unknown.tolist()}, but the classes seen in fit are "
            f"{classes.tolist()}."
        )
    # Mask by mask: searchsorted returns int64, eight times the memory of the result.
    encoded = np.empty(masks.shape, dtype=np.uint8)
    for row, mask in enumerate(masks):
        encoded[row] = np.searchsorted(classes, mask)  # of ignored labels any number
    return encoded


def _counted(values, ignore_label):
    """Return the labels of masks without the one of pixels that do not count."""
    return values if ignore_label is None else values[values != ignore_label]


def _holds_paths(y):
    if isinstance(y, (str, os.PathLike)):
        raise TypeError(f"y needs a list of mask paths, but is one path: {os.fspath(y)!r}.")
    return list_mask_paths(y) is not None


def _read_masks(y, images):
    """Return the masks in files as a stack as large as the images."""
    paths, size = list_mask_paths(y), tuple(images.shape[1:3])
    if hasattr(images, "paths"):
        return masks_like(y, images, images._options, size)
    check_consistent_length(images, paths)
    masks = read_masks(paths)
    for path, mask in zip(paths, masks, strict=True):
        if mask.shape != size:
            raise ValueError(
                f"The mask {path!r} is {_text(mask.shape)}, but its image is {_text(size)}. Resize "
                "both alike: skmedimg.Pipeline([ImageLoader(...), segmenter]) does, and so does "
                "a segmenter that gets the paths of the images and image_shape=(height, width)."
            )
    return stack_masks(masks, paths)


def _text(size):
    return f"{size[0]}x{size[1]}"


def _mask_array(y, images):
    """Return y, an array or list of masks, as a stack (n, height, width) of labels."""
    n, height, width = images.shape[:3]
    refuse_masked(y, "y")
    if hasattr(images, "paths") and has_other_size(y, (height, width)):
        y = masks_like(y, images, images._options, (height, width))
    y = _labels_only(_as_array(y))
    check_consistent_length(images, y)
    # Labels (n,) or (n, 1), as in scikit-learn's checks: each is a constant mask.
    if y.ndim == 2 and y.shape[1] == 1 and height * width != 1:
        y = column_or_1d(y, warn=True)
    if y.ndim == 1:
        # scikit-learn's checks read rows of features as images one pixel high.
        if min(height, width) > 1:
            warn_user(
                f"y holds one label per image, and each becomes a constant mask of {height}x"
                f"{width} pixels: a segmenter needs masks (n, {height}, {width}). For labels of "
                "images take a classifier."
            )
        return np.broadcast_to(y[:, None, None], (n, height, width))
    if y.ndim == 2 and y.shape[1] == height * width:
        return y.reshape(n, height, width)
    if y.ndim == 4 and y.shape[-1] == 1:
        y = y[..., 0]
    if y.shape != (n, height, width):
        raise ValueError(_wrong_shape(y.shape, (n, height, width)))
    return y


def _as_array(y):
    """Return y as an array; a list of masks of several sizes raises with the row that differs."""
    if isinstance(y, (list, tuple)) and y and all(np.ndim(mask) == 2 for mask in y):
        masks = [np.asarray(mask) for mask in y]
        return stack_masks(masks, [f"Mask {row}" for row in range(len(masks))])
    return np.asarray(y)


def _labels_only(y):
    """Return y if it holds whole numbers only, else raise: labels are compared, not measured."""
    if y.dtype.kind == "O":
        # Numbers in an array of objects, as pandas may keep them.
        y = np.array(y.tolist())
    if y.dtype.kind not in "biuf":
        raise TypeError(f"y needs masks of integer or boolean class labels, but holds {y.dtype}.")
    if y.dtype.kind == "f":
        check_array(y, ensure_2d=False, allow_nd=True, input_name="y")
        fractions = y[y != np.round(y)]
        if fractions.size:
            raise ValueError(
                f"y needs masks of class labels, but holds fractions such as {fractions[:3]}. "
                "Threshold probabilities first: masks > 0.5."
            )
    return y


def _wrong_shape(got, wanted):
    text = f"y has masks of shape {got[1:]}, but the images are {wanted[1]}x{wanted[2]}."
    if len(got) == 4:
        text += " One-hot masks become labels by masks.argmax(axis=-1); colors have no order."
    return text


def _odd_values(values):
    """Return why the values of masks may not be class labels, or None."""
    shown = f"{values[:8].tolist()}{'...' if len(values) > 8 else ''}"
    if len(values) > 2 and {0, 255} <= set(values.tolist()):
        return (
            f"y holds {shown}: 0 and 255 as in a binary mask, and values between as in a blurred "
            "or JPEG one, or an ignored class. Use masks > 127, or map the classes to 0, 1, 2 ..., "
            "or set ignore_label=255 if such pixels do not count."
        )
    if len(values) > _MOST_CLASSES:
        return (
            f"y holds {len(values)} different values ({shown}): gray levels rather than classes. "
            "Pass masks of class labels 0, 1, 2 ..."
        )
    if len(values) > 2 and values[0] < 0:
        return (
            f"y holds {shown}: the lowest label is the background, and a negative one often means "
            f"'ignore': set ignore_label={values[0]} then, or map the classes to 0, 1, 2 ..., the "
            "background first."
        )
    return None


def _first_odd_file(masks, paths, ignore_label):
    """Return a sentence with the first file whose values are odd, or unlike those of the first."""
    spelling = None
    for mask, path in zip(masks, paths, strict=True):
        values = _counted(mask_values(mask[None]), ignore_label)
        # A file of 0/1 among files of 0/255 is odd because they share no value but 0.
        found = set(values.tolist()) - {0}
        spelling = spelling or found
        if _odd_values(values) or (found and not found & spelling):
            return f" The first such file is {path!r}, with {values[:8].tolist()}."
    return ""


def _is_binary(values):
    return any(set(values.tolist()) <= spelling for spelling in _SPELLINGS)
