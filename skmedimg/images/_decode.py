"""From a file to an image of the wanted colour, crop, size and depth."""

from collections import namedtuple

import numpy as np

from skmedimg.images._crop import crop_foreground
from skmedimg.images._limits import ImageReadError
from skmedimg.images._read import COLORS, read_image
from skmedimg.images._resize import FITS, INTERPOLATIONS, resize_image

DecodeOptions = namedtuple(
    "DecodeOptions", "size color fit interpolation crop draft dtype window max_pixels"
)
ALLOWED = {
    "color": COLORS,
    "fit": FITS,
    "interpolation": tuple(INTERPOLATIONS),
    "crop": ("none", "foreground"),
    "draft": (False, True),
    "dtype": (None, "uint8", "uint16"),
}


def decode(path, options):
    """Read one file and bring it to the wanted colour, crop, size and depth.

    Parameters
    ----------
    path : str
    options : DecodeOptions

    Returns
    -------
    image : ndarray (height, width) or (height, width, 3)
    """
    size, cropped = options.size, options.crop == "foreground"
    image = read_image(
        path,
        color=options.color,
        window=options.window,
        max_pixels=options.max_pixels,
        draft_size=size if options.draft and not cropped else None,
    )
    return prepare(image, options, path)


def prepare(image, options, name):
    """Crop, resize and rescale one image that is in memory.

    Parameters
    ----------
    image : ndarray (height, width) or (height, width, channels)
    options : DecodeOptions
    name : str
        What messages call the image.

    Returns
    -------
    image : ndarray (height, width) or (height, width, channels)
    """
    if options.crop == "foreground":
        image = crop_foreground(image, name=name)
    if options.size is not None:
        image = resize_image(
            image, options.size, fit=options.fit, interpolation=options.interpolation
        )
    return image if options.dtype is None else _rescaled(image, np.dtype(options.dtype), name)


def check_options(options):
    """Return the options with `size` as None or (height, width), or say which one is wrong.

    Parameters
    ----------
    options : DecodeOptions

    Returns
    -------
    options : DecodeOptions
    """
    for name, allowed in ALLOWED.items():
        value = getattr(options, name)
        if value not in allowed:
            raise ValueError(f"{name} needs to be one of {allowed}, but is {value!r}.")
    return options._replace(size=_checked_size(options.size))


def _checked_size(size):
    if size is None:
        return None
    sides = (size, size) if isinstance(size, (int, np.integer)) else tuple(size)
    if len(sides) != 2 or not all(isinstance(s, (int, np.integer)) and s > 0 for s in sides):
        raise ValueError(f"size needs to be (height, width), positive integers, but is {size!r}.")
    return int(sides[0]), int(sides[1])


def _rescaled(image, dtype, name):
    if image.dtype == dtype:
        return image
    if image.dtype not in (np.uint8, np.uint16):
        raise ImageReadError(
            f"{name!r} holds {image.dtype} values, which have no full range to rescale to {dtype}."
        )
    if dtype == np.uint16:
        return image.astype(np.uint16) * np.uint16(257)
    return np.rint(image / 257).astype(np.uint8)
