"""Pictures with masks laid over them: classes, outlines and errors."""

import numpy as np
from PIL import ImageColor
from scipy.ndimage import binary_erosion

from skmedimg._plotting import SERIES
from skmedimg.images._resize import resize_image

# False alarms orange, misses blue, wrong classes purple: apart for color-blind readers too.
ERRORS = {"false positive": SERIES[1], "false negative": SERIES[0], "wrong class": SERIES[3]}
OUTLINES = {"truth": SERIES[2], "prediction": SERIES[1]}


def outlined(picture, true, predicted, side=200):
    """Return a picture as RGB with the outlines of two masks, one pixel wide.

    Small pictures are enlarged by whole pixels to about `side`, so that lines stay thin.
    """
    times = max(1, side // max(true.shape))
    picture, true, predicted = (
        each.repeat(times, 0).repeat(times, 1) for each in (picture, true, predicted)
    )
    result = painted(picture, [])
    for name, mask in (("truth", true), ("prediction", predicted)):
        for label in np.unique(mask[mask != 0]):
            region = mask == label
            # The region without its erosion is its border, inside the mask.
            result[region & ~binary_erosion(region)] = ImageColor.getrgb(OUTLINES[name])
    return result


def painted(picture, colors, opacity=0.45):
    """Return a picture as RGB with colors "#rrggbb" laid over it: colors is [(where, color)]."""
    gray = picture[..., None] if picture.ndim == 2 else picture
    result = np.broadcast_to(gray, (*picture.shape[:2], 3)).astype(np.float64)
    for where, color in colors:
        result[where] = (1 - opacity) * result[where] + opacity * np.array(ImageColor.getrgb(color))
    return np.rint(result).astype(np.uint8)


def error_map(picture, true, pred):
    """Return a faded picture with false positive, false negative and wrongly classed pixels."""
    wrong = {
        "false positive": (pred != 0) & (true == 0),
        "false negative": (pred == 0) & (true != 0),
        "wrong class": (pred != true) & (pred != 0) & (true != 0),
    }
    faded = picture // 2
    return painted(faded, [(where, ERRORS[name]) for name, where in wrong.items()], opacity=0.9)


def fitted(picture, size):
    """Return a picture in the size of its masks."""
    return picture if picture.shape[:2] == size else resize_image(picture, size)
