"""Read one image file of any supported format into an array."""

import os
import stat
from numbers import Real

import numpy as np
from PIL import Image

from skmedimg.images._image_file import ImageFile
from skmedimg.images._limits import MAX_PIXELS, ImageReadError
from skmedimg.images._pillow_formats import read_picture, signature_of
from skmedimg.images._pixels import to_gray
from skmedimg.images._resize import check_size

COLORS = ("gray", "rgb", "keep")

# DICOM has the longest signature: "DICM" after 128 bytes.
_HEAD = 132


def read_image(
    path, *, color="keep", frame=None, window=None, max_pixels=MAX_PIXELS, draft_size=None
):
    """Read one image file into an array.

    JPEG, PNG, TIFF, BMP, WebP, GIF and PGM/PPM are read by Pillow, DICOM by pydicom
    (``pip install "skmedimg[dicom]"``) and NIfTI by nibabel (``pip install "skmedimg[nifti]"``).
    The format is recognized by the file's content, not by its name. Images are turned upright as
    their EXIF orientation says; transparent pixels become black.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    color : {"gray", "rgb", "keep"}, default="keep"
        "gray": one value per pixel, the luminance of colored images. "rgb": three values, gray
        ones repeated. "keep": as the file has it.
    frame : int or None, default=None
        Which page, frame or slice (the last axis of NIfTI) of a file that holds several.
        None refuses such files, since all but one image would be dropped.
    window : tuple of float or None, default=None
        (center, width) of the DICOM values shown, in Hounsfield units for CT. None takes the
        window named in the file, and the whole range of the stored bits where it names none.
    max_pixels : int, default=100_000_000
        Larger images are refused before they are decoded. Pixels of more than 4 bytes count
        as several: those of 16-bit color 1.5 times, with transparency twice.
    draft_size : tuple of int or None, default=None
        (height, width) that is enough: JPEGs may then be decoded at 1/2, 1/4 or 1/8 of their size,
        but never smaller than this. Faster, but not bit-for-bit the result of the whole image.

    Returns
    -------
    image : ndarray (height, width) or (height, width, 3)
        uint8; uint16 for files of more than 8 bits and DICOM of more than 8 bits; int32 or float32
        for TIFF files of 32 bits; the dtype of NIfTI files.

    Raises
    ------
    ImageReadError
        The file is empty, truncated, too large, has several frames, or is not an image.
    OSError
        There is no such file, or it may not be read.
    ImportError
        The format needs an optional package.

    See Also
    --------
    ImageLoader : Load images from paths, and convert them to one color and size.
    read_spacing
        Read the size of a pixel in millimeters, for `spacing` of distances and of
        `object_table`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skmedimg.images import read_image
    >>> path = Path(tempfile.mkdtemp()) / "chest.png"
    >>> Image.new("RGB", (3, 2), (255, 255, 255)).save(path)
    >>> read_image(path).shape
    (2, 3, 3)
    >>> read_image(path, color="gray")
    array([[255, 255, 255],
           [255, 255, 255]], dtype=uint8)
    """
    pixels = read_pixels(os.fsdecode(path), color, frame, window, max_pixels, draft_size)
    return np.array(pixels) if isinstance(pixels, Image.Image) else pixels


def read_pixels(path, color, frame, window, max_pixels, draft_size, max_seconds=None):
    """Return the image in a file: a Pillow picture where it has 8 bits, else an array."""
    _check_options(color, frame, window, max_pixels)
    draft_size = check_size(draft_size, "draft_size")
    # Opening a pipe would wait forever.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ImageReadError(f"{path!r} is not a file but a folder, pipe or device.")
    with ImageFile(path, max_seconds) as file:
        return _pixels_in(path, file, color, frame, window, max_pixels, draft_size)


def read_encoded(data, name, color, window, max_pixels):
    """Return the image in the bytes of a file as `read_pixels` does; `name` is for messages."""
    _check_options(color, None, window, max_pixels)
    with ImageFile(name, data=data) as file:
        return _pixels_in(name, file, color, None, window, max_pixels, None)


def _pixels_in(path, file, color, frame, window, max_pixels, draft_size):
    """Return the image in an open file, in the wanted color."""
    head = _head(path, file)
    try:
        pixels = _decode(path, file, head, color, frame, window, max_pixels, draft_size)
    except (ImageReadError, ImportError):
        raise
    except Exception as error:  # decoders raise all kinds of errors on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageReadError(f"{path!r} cannot be decoded: {reason}.") from error
    return in_color(pixels, color, path)


def in_color(pixels, color, path):
    """Return a picture or an array as gray, as RGB, or as it is; raise where it is not finite."""
    # Pillow's own conversion, before the picture is copied into an array.
    if isinstance(pixels, Image.Image):
        mode = {"gray": "L", "rgb": "RGB"}.get(color, pixels.mode)
        return pixels if pixels.mode == mode else pixels.convert(mode)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise ImageReadError(f"{path!r} holds values that are NaN or infinite.")
    return to_color(pixels, color, path)


def _check_options(color, frame, window, max_pixels):
    if color not in COLORS:
        raise ValueError(f'color needs to be "gray", "rgb" or "keep", but is {color!r}.')
    if frame is not None and (not isinstance(frame, (int, np.integer)) or frame < 0):
        raise ValueError(f"frame needs to be None or an index from 0, but is {frame!r}.")
    if window is not None and not _is_window(window):
        raise ValueError(f"window needs to be (center, width), width >= 1, but is {window!r}.")
    if not isinstance(max_pixels, Real) or max_pixels < 1:
        raise ValueError(f"max_pixels needs to be at least 1, but is {max_pixels!r}.")


def _is_window(window):
    numbers = np.shape(window) == (2,) and all(isinstance(value, Real) for value in window)
    return numbers and bool(np.isfinite(window).all()) and window[1] >= 1


def is_dicom(path, head):
    """Tell whether a file is DICOM by its first bytes, or by its name: the signature may lack."""
    return head[128:132] == b"DICM" or path.lower().endswith((".dcm", ".dicom"))


def is_nifti(path):
    """Tell whether a file is NIfTI by its name: packed, it has the signature of gzip."""
    return path.lower().endswith((".nii", ".nii.gz"))


def _head(path, file):
    """Return the first bytes of a file, and leave it at its start."""
    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise ImageReadError(f"{path!r} is empty (0 bytes).")
    return head


def _decode(path, file, head, color, frame, window, max_pixels, draft_size):
    """Return the pixels in the layout of the file, read by the decoder of its format."""
    if is_dicom(path, head):
        from skmedimg.images._dicom import read_dicom

        return read_dicom(path, file, frame, window, max_pixels)
    if is_nifti(path):
        from skmedimg.images._nifti import read_nifti

        return read_nifti(path, frame, max_pixels)
    if signature_of(head) is not None:
        return read_picture(path, file, head, color, frame, max_pixels, draft_size)
    raise ImageReadError(
        f"{path!r} is not an image: it starts with {head[:12]!r}. Supported are JPEG, PNG, TIFF, "
        "BMP, WebP, GIF, PGM/PPM, DICOM and NIfTI."
    )


def to_color(image, color, name):
    """Return an image as gray, as RGB, or as it is."""
    channels = image.shape[2] if image.ndim == 3 else 1
    if color == "keep" or channels == (1 if color == "gray" else 3):
        return image
    if image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    if channels != 3:
        raise ImageReadError(
            f'{name!r} has {channels} channels, which have no {color!r}; use color="keep".'
        )
    return to_gray(image)
