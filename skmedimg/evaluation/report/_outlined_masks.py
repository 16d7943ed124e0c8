"""The worst and the best segmentations of a report, as pictures with outlines."""

from dataclasses import dataclass

import numpy as np

from skmedimg._plotting import readable
from skmedimg.evaluation.displays._mask_overlays import fitted, outlined
from skmedimg.images._for_display import displayable, image_at, image_names
from skmedimg.metrics import dice


@dataclass(frozen=True)
class Outlined:
    """One segmentation for a report.

    Attributes
    ----------
    name : str
        Of the file, or the row; then the patient where there are `groups`.
    picture : ndarray (height, width, 3) of uint8
        The image with the true outline in green and the predicted one in orange.
    dice : float
        nan where neither mask has anything in it.
    """

    name: str
    picture: np.ndarray
    dice: float

    @property
    def caption(self):
        """str: the name and the Dice."""
        score = "both masks empty" if np.isnan(self.dice) else f"Dice {self.dice:.2f}"
        return f"{self.name}, {score}"


def outlined_by_dice(comparison, X, name, *, n, worst=True, image_shape=None):
    """Return the n worst (or best) out-of-fold segmentations of one segmenter as Outlined."""
    true, predicted = comparison.truth(), comparison.predictions(name)
    if comparison.ignore_label is not None:  # as background: neither outline nor Dice
        ignored = true == comparison.ignore_label
        true, predicted = (np.where(ignored, 0, masks) for masks in (true, predicted))
    scores = dice(true != 0, predicted != 0, average="image", empty=np.nan)
    rows = comparison.rows()
    names, groups = image_names(X), comparison.groups
    order = np.argsort(scores if worst else -scores, kind="stable")[:n]  # nan comes last
    return [
        Outlined(
            _name(int(rows[place]), names, groups),
            outlined(
                fitted(displayable(image_at(X, rows[place], image_shape)), true.shape[1:]),
                true[place],
                predicted[place],
            ),
            float(scores[place]),
        )
        for place in order
    ]


def _name(row, names, groups):
    """Return what an image is called: its file or row of X, and its patient."""
    name = f"row {row}" if names is None else readable(names[row])
    return name if groups is None else f"{name}, patient {readable(str(groups[row]))}"
