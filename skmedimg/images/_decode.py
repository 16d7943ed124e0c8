"""Read a file as an image of the wanted color, crop, size and depth."""

from collections import namedtuple

import numpy as np
from PIL import Image

from skmedimg.images._foreground import crop_foreground
from skmedimg.images._limits import ImageReadError, check_pixels
from skmedimg.images._pillow_formats import plain_picture, upright
from skmedimg.images._read_image import COLORS, in_color, read_encoded, read_pixels, to_color
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
    """Return the image in one file in the wanted color, crop, size and depth."""
    reduced = None
    if options.draft and options.size is not None and options.crop == "none":
        # The JPEG decoder reduces to twice the size, and the filter does the rest: 0.35 gray levels
        # off on average, and 0.9 if the decoder reduces to the size itself.
        reduced = tuple(2 * side for side in options.size)
    image = read_pixels(path, options.color, None, options.window, options.max_pixels, reduced)
    return _finished(image, options, path)


def decode_item(item, options, name):
    """Return an array, a picture of Pillow or the bytes of a file as `decode` returns a file."""
    if isinstance(item, bytes):
        image = read_encoded(item, name, options.color, options.window, options.max_pixels)
    elif isinstance(item, Image.Image):
        check_pixels(name, *item.size, options.max_pixels)
        image = in_color(plain_picture(upright(item, item.format), name), options.color, name)
    else:
        image = to_color(np.asarray(item), options.color, name)
    return _finished(image, options, name)


def prepare(image, options, name):
    """Return one image in memory in the wanted color, crop, size and depth."""
    return _fitted(to_color(image, options.color, name), options, name)


def _finished(image, options, name):
    """Return an image or picture cropped, resized and rescaled, as an array."""
    # Otherwise `resize_image` takes the picture as Pillow holds it, which saves two copies.
    if options.crop != "none" or options.size is None:
        image = np.array(image) if isinstance(image, Image.Image) else image
    return _fitted(image, options, name)


def check_options(options):
    """Return the options with `size` as None or (height, width); raise where one is wrong."""
    for name, allowed in ALLOWED.items():
        value = getattr(options, name)
        if value not in allowed:
            raise ValueError(f"{name} needs to be one of {allowed}, but is {value!r}.")
    return options._replace(size=check_size(options.size))


def _fitted(image, options, name):
    """Return an image or picture of the wanted color cropped, resized and rescaled."""
    # Cropped first: resizing the whole image would spend pixels on its empty border.
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
            f"dtype={str(dtype)!r} needs integers of 8 or 16 bits, but {name!r} holds "
            f"{image.dtype}. Use dtype=None."
        )
    # 65535 / 255 = 257: black stays black and white stays white.
    if dtype == np.uint16:
        return image.astype(np.uint16) * np.uint16(257)
    return np.rint(image / 257).astype(np.uint8)
