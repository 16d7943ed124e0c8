"""From a file to an image of the wanted color, crop, size and depth."""

from collections import namedtuple

import numpy as np
from PIL import Image

from skmedimg.images._foreground import crop_foreground
from skmedimg.images._limits import ImageReadError
from skmedimg.images._read_image import COLORS, read_pixels, to_color
from skmedimg.images._resize import ASPECTS, INTERPOLATIONS, check_size, resize_image

DecodeOptions = namedtuple(
    "DecodeOptions", "size color aspect interpolation crop draft dtype window max_pixels"
)
ALLOWED = {
    "color": COLORS,
    "aspect": ASPECTS,
    "interpolation": tuple(INTERPOLATIONS),
    "crop": ("none", "foreground"),
    "draft": (False, True),
    "dtype": (None, "uint8", "uint16"),
}


def decode(path, options):
    """Read one file and bring it to the wanted color, crop, size and depth."""
    reduced = None
    if options.draft and options.size is not None and options.crop == "none":
        reduced = tuple(2 * side for side in options.size)  # at once the size: 0.9 levels off
    image = read_pixels(path, options.color, None, options.window, options.max_pixels, reduced)
    if options.crop != "none" or options.size is None:
        image = np.array(image) if isinstance(image, Image.Image) else image
    return _fitted(image, options, path)


def prepare(image, options, name):
    """Bring one image that is in memory to the wanted color, crop, size and depth."""
    return _fitted(to_color(image, options.color, name), options, name)


def check_options(options):
    """Return the options with `size` as None or (height, width), or say which one is wrong."""
    for name, allowed in ALLOWED.items():
        value = getattr(options, name)
        if value not in allowed:
            raise ValueError(f"{name} needs to be one of {allowed}, but is {value!r}.")
    return options._replace(size=check_size(options.size))


def _fitted(image, options, name):
    if options.crop == "foreground":
        image = crop_foreground(image, name=name)
    if options.size is not None:
        image = resize_image(
            image, options.size, aspect=options.aspect, interpolation=options.interpolation
        )
    return image if options.dtype is None else _rescaled(image, np.dtype(options.dtype), name)


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
