"""Pictures with masks laid over them: classes, outlines and errors."""

import numpy as np
from PIL import ImageColor

from skmedimg._plotting import QUIET, SERIES
from skmedimg.images._resize import resize_image
from skmedimg.metrics._object_matching import connected_objects, matches, object_overlaps
from skmedimg.metrics._outlines import outline, outline_distances

# False alarms orange, misses blue, wrong classes purple: apart for color-blind readers too.
ERRORS = {"false positive": SERIES[1], "false negative": SERIES[0], "wrong class": SERIES[3]}
OUTLINES = {"truth": SERIES[2], "prediction": SERIES[1]}
OUTLINE_ERRORS = {
    "near each other": SERIES[2],
    "true, farther off": SERIES[0],
    "predicted, farther off": SERIES[1],
}
OBJECTS = {"matched": SERIES[2], "missed": SERIES[0], "false alarm": SERIES[1]}
IGNORED = QUIET


def outlined(picture, true, predicted, side=200):
    """Return a picture as RGB with the outlines of two masks, one pixel wide.

    Small pictures are enlarged by whole pixels to about `side`, so that lines stay thin.
    """
    picture, true, predicted = _enlarged(side, picture, true, predicted)
    result = painted(picture, [])
    for name, mask in (("truth", true), ("prediction", predicted)):
        for label in np.unique(mask[mask != 0]):
            result[outline(mask == label)] = ImageColor.getrgb(OUTLINES[name])
    return result


def outline_errors(picture, true, predicted, tolerance, side=200):
    """Return a faded picture with both outlines, colored by whether they are near each other.

    What is near, within `tolerance` pixels, is what surface Dice counts as right.
    """
    drawn, fine_true, fine_predicted = _enlarged(side, picture // 2, true, predicted)
    result = painted(drawn, [])
    for label in np.union1d(true[true != 0], predicted[predicted != 0]):
        for name, mask, other, fine in (
            ("true, farther off", true, predicted, fine_true),
            ("predicted, farther off", predicted, true, fine_predicted),
        ):
            lines = outline(fine == label)
            [is_near] = _enlarged(side, _near_outline(mask == label, other == label, tolerance))
            result[lines & ~is_near] = ImageColor.getrgb(OUTLINE_ERRORS[name])
            result[lines & is_near] = ImageColor.getrgb(OUTLINE_ERRORS["near each other"])
    return result


def object_map(picture, true, predicted, iou_threshold, side=200):
    """Return a picture with matched, missed and falsely predicted objects in their colors."""
    kinds = {name: np.zeros(true.shape, dtype=bool) for name in OBJECTS}
    for label in np.union1d(true[true != 0], predicted[predicted != 0]):
        found, called = connected_objects(true == label), connected_objects(predicted == label)
        overlaps = object_overlaps(found, called)
        pairs = overlaps[matches(overlaps, iou_threshold)].astype(int)
        kinds["matched"] |= np.isin(called, pairs[:, 1])
        kinds["missed"] |= (found > 0) & ~np.isin(found, pairs[:, 0])
        kinds["false alarm"] |= (called > 0) & ~np.isin(called, pairs[:, 1])
    picture, *masks = _enlarged(side, picture, *kinds.values())
    result = painted(picture, [])
    for mask, color in zip(masks, OBJECTS.values(), strict=True):
        result = painted(result, [(mask, color)])
        result[outline(mask)] = ImageColor.getrgb(color)
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


def _near_outline(mask, other, tolerance):
    """Return which pixels of the outline of a mask are near the outline of another mask."""
    near = np.zeros(mask.shape, dtype=bool)
    if mask.any() and other.any():
        distances, _ = outline_distances(mask, other, np.ones(mask.ndim))
        near[outline(mask)] = distances <= tolerance
    return near


def _enlarged(side, *pictures):
    """Return pictures of one size, each pixel repeated until they are about `side` pixels large."""
    times = max(1, side // max(pictures[0].shape[:2]))
    return [each.repeat(times, 0).repeat(times, 1) for each in pictures]


def fitted(picture, size):
    """Return a picture in the size of its masks."""
    return picture if picture.shape[:2] == size else resize_image(picture, size)
