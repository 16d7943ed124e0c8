"""Limits that are checked before a file is decoded, and the error for files that break them."""

# A mammogram has 14 million pixels; far more is a slide, or a file made to fill the memory.
MAX_PIXELS = 100_000_000


class ImageReadError(ValueError):
    """A file that is there but cannot be read as one image; the message names file and reason."""


def check_pixels(path, width, height, max_pixels):
    """Raise where the header of a file gives more than max_pixels pixels, or none."""
    if width * height > max_pixels:
        raise ImageReadError(
            f"{path!r} has {width} x {height} pixels, more than max_pixels={max_pixels}; "
            "raise max_pixels if you trust the file."
        )
    if width < 1 or height < 1:
        raise ImageReadError(f"{path!r} has no pixels: {width} x {height}.")


def check_frame(path, frame, count):
    """Return the index of the frame to read in a file of `count` frames."""
    # Reading the first would drop the others without a word.
    if frame is None and count > 1:
        raise ImageReadError(
            f"{path!r} holds {count} images. Choose one with read_image(path, frame=i), "
            "or write each to a file of its own."
        )
    if (frame or 0) >= count:
        raise ImageReadError(f"{path!r} holds {count} images, so there is no frame={frame}.")
    return frame or 0
