"""Limits that are checked before a file is decoded, and the error for files that break them."""

# A mammogram has 14 million pixels; far more is a slide, or a file made to fill the memory.
MAX_PIXELS = 100_000_000

# Computing time for one file in the check of a folder; most files take a hundredth of a second.
MAX_SECONDS = 60

# A color pixel of 8 bits with transparency, or a number of 32 bits.
_PIXEL_BYTES = 4


class ImageReadError(ValueError):
    """A file that is there but cannot be read as one image; the message names file and reason."""


def check_pixels(path, width, height, max_pixels, pixel_bytes=_PIXEL_BYTES):
    """Raise where the header of a file gives more than max_pixels pixels, or none.

    Pixels of more than four bytes count as several.
    """
    if width * height * max(pixel_bytes, _PIXEL_BYTES) > max_bytes(max_pixels):
        deep = f" of {pixel_bytes} bytes" if pixel_bytes > _PIXEL_BYTES else ""
        limit = f" of {_PIXEL_BYTES} bytes" if deep else ""
        raise ImageReadError(
            f"{path!r} has {width} x {height} pixels{deep}, more than max_pixels={max_pixels}"
            f"{limit}; raise max_pixels if you trust the file."
        )
    if width < 1 or height < 1:
        raise ImageReadError(f"{path!r} has no pixels: {width} x {height}.")


def max_bytes(max_pixels):
    """Return the bytes that an image of max_pixels pixels may take."""
    return max_pixels * _PIXEL_BYTES


def check_frame(path, frame, count, *, exact=True):
    """Return the index of the frame to read in a file of `count` frames, or more if not `exact`."""
    # Reading the first would drop the others without a word.
    if frame is None and count > 1:
        or_more = "" if exact else " or more"
        raise ImageReadError(
            f"{path!r} holds {count} images{or_more}. Choose one with read_image(path, frame=i), "
            "or write each to a file of its own."
        )
    if (frame or 0) >= count:
        raise ImageReadError(f"{path!r} holds {count} images, so there is no frame={frame}.")
    return frame or 0
