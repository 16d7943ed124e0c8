"""Write a mask as a palette PNG: viewers show colors, and readers get the class labels."""

import os

import numpy as np
from PIL import Image, ImageColor

from skmedimg._files import whole_file
from skmedimg._plotting import SERIES


def save_mask(path, mask):
    """Write one mask as a PNG file whose palette gives every class a color.

    :func:`load_masks` reads the same labels from it, and viewers show colors. A label has one color
    in all masks; 0 is black.

    Parameters
    ----------
    path : str or os.PathLike
        The file, which is replaced where it exists; its name ends in ".png".
    mask : ndarray (height, width)
        Class labels from 0 to 255, or booleans.

    See Also
    --------
    load_masks : Read mask files into one array of class labels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skmedimg.images import load_masks, save_mask
    >>> path = Path(tempfile.mkdtemp()) / "mask.png"
    >>> save_mask(path, np.array([[0, 1, 2], [0, 0, 2]]))
    >>> load_masks([path])[0]
    array([[0, 1, 2],
           [0, 0, 2]], dtype=uint8)
    """
    path = os.fspath(path)
    if not path.lower().endswith(".png"):
        raise ValueError(f"path needs a name that ends in .png, but is {path!r}.")
    picture = mask_picture(mask)
    with whole_file(path) as file:
        picture.save(file, format="PNG")


def mask_name(name):
    """Return the name of the mask file of an image file."""
    return f"{os.path.splitext(name)[0]}_mask.png"


def mask_picture(mask):
    """Return a mask as a Pillow picture with the palette of the classes."""
    mask = np.asarray(mask)
    whole = mask.ndim == 2 and mask.size and mask.dtype.kind in "biu"
    if not whole or mask.min() < 0 or mask.max() > 255:
        raise ValueError(
            "mask needs class labels from 0 to 255 of shape (height, width), but has shape "
            f"{mask.shape}, dtype {mask.dtype}"
            + (f" and values from {mask.min()} to {mask.max()}." if mask.size else ".")
        )
    picture = Image.fromarray(mask.astype(np.uint8), mode="P")
    picture.putpalette(_PALETTE)
    return picture


# Label 1 has the second color, as in the displays.
_COLORS = [ImageColor.getrgb(SERIES[(label + 1) % len(SERIES)]) for label in range(1, 256)]
_PALETTE = [0, 0, 0, *np.array(_COLORS).ravel().tolist()]
