"""Find the largest bright part of one image and crop the image to it."""

import numpy as np
from scipy import ndimage

from skmedimg._warnings import warn_user
from skmedimg.images._resize import check_one_image

# The 45 of 255 gray levels that is customary for head MRI, and a frame around the box.
_THRESHOLD, _MARGIN = 0.18, 0.02


def crop_foreground(image, *, threshold=_THRESHOLD, margin=_MARGIN, name="The image"):
    """Crop one image to the bounding box of its largest bright part.

    Pixels count as bright above `threshold` of the way from the darkest to the brightest one; their
    largest connected part, corners touching, is kept. On head MRI this is the
    head: the black frame and small annotations beside it go.

    Parameters
    ----------
    image : ndarray (height, width) or (height, width, channels)
        The channels are averaged to judge brightness.
    threshold : float in [0, 1), default=0.18
        Share of the brightness range. The default is the 45 of 255 that is customary for head MRI.
    margin : float, default=0.02
        Width that is kept around the box on each side, as a share of the box's longer side.
    name : str, default="The image"
        Name of the image in the warning.

    Returns
    -------
    cropped : ndarray (height', width') or (height', width', channels)
        A view of `image`; the whole of it, with a warning, where nothing is brighter than the rest.

    See Also
    --------
    CropForeground : Crop every image to the bounding box of its largest bright part, and resize it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images import crop_foreground
    >>> image = np.zeros((60, 80), dtype=np.uint8)
    >>> image[20:40, 30:60] = 200
    >>> image[0, 0] = 255
    >>> crop_foreground(image, margin=0).shape
    (20, 30)
    """
    image = check_one_image(image)
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold needs to be at least 0 and below 1, but is {threshold!r}.")
    if not margin >= 0:
        raise ValueError(f"margin needs to be at least 0, but is {margin!r}.")
    box = foreground_box(image, threshold, margin)
    if box is None:
        warn_user(f"{name} is blank, so there is no foreground to crop to: it is kept whole.")
        return image
    return image[box]


def foreground_box(image, threshold=_THRESHOLD, margin=_MARGIN):
    """Return the rows and columns to keep as two slices, or None for a blank image."""
    brightness = image if image.ndim == 2 else image.mean(axis=2)
    darkest, brightest = float(brightness.min()), float(brightness.max())
    if darkest == brightest:
        return None
    # 3 x 3 ones connect pixels at their corners too: thin bridges at a slant hold a part together.
    parts, count = ndimage.label(
        brightness > darkest + threshold * (brightest - darkest), structure=np.ones((3, 3))
    )
    # Largest by bright pixels, not by its box: a thin frame around the image has a large box.
    # Part 0 is the background.
    largest = np.bincount(parts.ravel(), minlength=count + 1)[1:].argmax()
    rows, columns = ndimage.find_objects(parts)[largest]
    extra = round(margin * max(rows.stop - rows.start, columns.stop - columns.start))
    return _widened(rows, extra, image.shape[0]), _widened(columns, extra, image.shape[1])


def _widened(part, extra, length):
    return slice(max(part.start - extra, 0), min(part.stop + extra, length))
