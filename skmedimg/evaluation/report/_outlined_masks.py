"""The worst and the best segmentations of a report, as pictures with outlines."""

from dataclasses import dataclass

import numpy as np

from skmedimg.evaluation.displays._mask_overlays import fitted, outlined
from skmedimg.images._for_display import displayable, image_at
from skmedimg.metrics import dice


@dataclass(frozen=True)
class Outlined:
    """One segmentation for a report.

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
        score = "both masks empty" if np.isnan(self.dice) else f"Dice {self.dice:.2f}"
        return f"row {self.row}, {score}"


def outlined_by_dice(comparison, X, name, *, n, worst=True, image_shape=None):
    """Return the n worst (or best) out-of-fold segmentations of one segmenter as Outlined."""
    true, predicted = comparison.truth(), comparison.predictions(name)
    scores = dice(true != 0, predicted != 0, average="image", empty=np.nan)
    rows = comparison.rows()
    order = np.argsort(scores if worst else -scores, kind="stable")[:n]  # nan comes last
    return [
        Outlined(
            int(rows[place]),
            outlined(
                fitted(displayable(image_at(X, rows[place], image_shape)), true.shape[1:]),
                true[place],
                predicted[place],
            ),
            float(scores[place]),
        )
        for place in order
    ]
