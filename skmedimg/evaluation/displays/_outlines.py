"""Outlines of true and predicted masks on their images, for a report."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion

from skmedimg._plotting import SERIES
from skmedimg.images._for_display import displayable, image_at
from skmedimg.metrics import dice

_TRUE, _PREDICTED = SERIES[2], SERIES[1]


@dataclass(frozen=True)
class Outlined:
    """One segmentation.

    Attributes
    ----------
    row : int
    picture : ndarray (height, width, 3) of uint8
        The image with the true outline in green and the predicted one in orange.
    dice : float
        nan where neither mask has anything in it.
    """

    row: int
    picture: np.ndarray
    dice: float

    @property
    def caption(self):
        """str: the row and its Dice."""
        score = "nothing there, nothing found" if np.isnan(self.dice) else f"Dice {self.dice:.2f}"
        return f"row {self.row}, {score}"


def outlined_by_dice(comparison, X, name, *, n, worst=True, image_shape=None):
    """Return out-of-fold segmentations, the worst or the best first.

    Parameters
    ----------
    comparison : Comparison
        Of segmenters.
    X : any kind of X of the data contract
    name : str
    n : int
        Most images.
    worst : bool, default=True
    image_shape : tuple of int or None, default=None

    Returns
    -------
    outlined : list of Outlined
    """
    true, predicted = comparison.truth() != 0, comparison.predictions(name) != 0
    scores = dice(true, predicted, average="image", empty=np.nan)
    rows = comparison.rows()
    order = np.argsort(scores if worst else -scores, kind="stable")[:n]  # nan comes last
    return [
        Outlined(
            int(rows[place]),
            outline(image_at(X, rows[place], image_shape), true[place], predicted[place]),
            float(scores[place]),
        )
        for place in order
    ]


def outline(image, true, predicted, side=200):
    """Return an image with the outlines of two masks drawn in.

    Parameters
    ----------
    image : ndarray (height, width[, channels])
    true, predicted : ndarray (height, width) of bool
    side : int, default=200
        Small images are enlarged by whole pixels to about this, so that lines stay thin.

    Returns
    -------
    picture : ndarray (height, width, 3) of uint8
    """
    times = max(1, side // max(true.shape))
    pictures = [_fitted(displayable(image), true.shape), true, predicted]
    picture, true, predicted = (each.repeat(times, 0).repeat(times, 1) for each in pictures)
    for mask, colour in ((true, _TRUE), (predicted, _PREDICTED)):
        picture[mask & ~binary_erosion(mask)] = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return picture


def _fitted(picture, shape):
    """Return a picture as RGB in the size of the masks."""
    image = Image.fromarray(picture).convert("RGB")
    if image.size != shape[::-1]:
        image = image.resize(shape[::-1])
    return np.array(image)
