"""Display of segmentation: image, truth, prediction, outlines and errors, worst to best."""

import numpy as np
from sklearn.utils import check_consistent_length

from skmedimg._plotting import SERIES
from skmedimg.evaluation.displays._mask_overlays import (
    ERRORS,
    OUTLINES,
    error_map,
    fitted,
    outlined,
    painted,
)
from skmedimg.images._for_display import displayable, image_at
from skmedimg.images._mask_files import list_mask_paths, load_masks
from skmedimg.metrics import dice

SHOWS = ("worst", "median", "best")
PANELS = ("image", "truth", "prediction", "outlines", "errors")


class SegmentationDisplay:
    """Images with their true and predicted masks, outlines and errors, by Dice.

    Parameters
    ----------
    pictures : list of ndarray (height, width) or (height, width, 3) of uint8
    truth, prediction : ndarray (n_shown, height, width)
        Masks of class labels; 0 is the background.
    scores : sequence of float, (n_shown,)
        Dice of each image, the mean over the foreground classes that it holds.
    captions : sequence of str, (n_shown,)
        What stands before each row.

    Attributes
    ----------
    axes_ : ndarray (n_shown, n_panels) of Axes
    figure_ : Figure

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation import SegmentationDisplay
    >>> truth = np.zeros((3, 8, 8), dtype=int)
    >>> truth[:, 2:6, 2:6] = 1
    >>> prediction = truth.copy()
    >>> prediction[0, :, :4], prediction[1, 0] = 0, 1
    >>> display = SegmentationDisplay.from_predictions(truth * 90.0, truth, prediction, plot=False)
    >>> display.captions
    ['worst\\nrow 0', 'median\\nrow 1', 'best\\nrow 2']
    >>> display.scores
    [0.666..., 0.8, 1.0]
    """

    def __init__(self, pictures, truth, prediction, scores, captions):
        self.pictures = pictures
        self.truth = truth
        self.prediction = prediction
        self.scores = scores
        self.captions = captions

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, show=SHOWS, panels=PANELS, image_shape=None, axes=None, plot=True
    ):
        """Predict X with a fitted segmenter and draw some of it.

        Parameters
        ----------
        estimator : segmenter
        X : any kind of X of the data contract
        y : array-like (n, height, width) or (n, height * width), or mask paths (n,)
        show : sequence of {"worst", "median", "best"} or int
            Images by their Dice, or by their row of X. Images without foreground, whose Dice is
            0 or 1, are shown by row only.
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors"}
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
        plot : bool, default=True

        Returns
        -------
        display : SegmentationDisplay
        """
        return cls.from_predictions(
            X,
            y,
            estimator.predict(X),
            show=show,
            panels=panels,
            image_shape=image_shape,
            axes=axes,
            plot=plot,
        )

    @classmethod
    def from_predictions(
        cls, X, y_true, y_pred, *, show=SHOWS, panels=PANELS, image_shape=None, axes=None, plot=True
    ):
        """Choose images by their Dice, and draw them.

        Parameters
        ----------
        X : any kind of X of the data contract
        y_true : array-like (n, height, width) or (n, height * width), or mask paths (n,)
        y_pred : array-like (n, height, width) or (n, height * width)
        show : sequence of {"worst", "median", "best"} or int
            Images by their Dice, or by their row of X. Images without foreground, whose Dice is
            0 or 1, are shown by row only.
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors"}
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
        plot : bool, default=True

        Returns
        -------
        display : SegmentationDisplay
        """
        # The size of the images gives masks in flat rows their shape.
        first = displayable(image_at(X, 0, image_shape))
        y_true, y_pred = _as_masks(y_true, y_pred, first.shape[:2])
        check_consistent_length(X, y_true)
        scores = dice(y_true, y_pred, average="image")
        # Without foreground a Dice is 0 or 1 by a single
        # pixel, and would always be the worst or the best.
        rows, captions = _choose(scores, y_true.any(axis=(1, 2)), show)
        size = y_pred.shape[1:]
        pictures = [fitted(displayable(image_at(X, row, image_shape)), size) for row in rows]
        shown = [float(scores[row]) for row in rows]
        display = cls(pictures, y_true[rows], y_pred[rows], shown, captions)
        return display.plot(axes, panels=panels) if plot else display

    def plot(self, axes=None, *, panels=PANELS):
        """Draw.

        Parameters
        ----------
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors"}

        Returns
        -------
        display : SegmentationDisplay
        """
        unknown = set(panels) - set(PANELS)
        if unknown:
            raise ValueError(f"panels={sorted(unknown)} are unknown; there are {list(PANELS)}.")
        self.axes_ = _grid(axes, len(self.pictures), panels, self.prediction.shape[1:])
        self.figure_ = self.axes_[0, 0].figure
        for number, row_axes in enumerate(self.axes_):
            for panel, ax in zip(panels, row_axes, strict=True):
                ax.set(xticks=[], yticks=[])
                ax.imshow(self._picture(panel, number), cmap="gray", vmin=0, vmax=255)
                if number == 0:
                    ax.set_title(panel, fontsize=9)
            caption = f"{self.captions[number]}\nDice {self.scores[number]:.3f}"
            row_axes[0].set_ylabel(caption, fontsize=8, rotation=0, ha="right", va="center")
        self._explain(panels)
        return self

    def _picture(self, panel, number):
        picture, true, pred = (
            each[number] for each in (self.pictures, self.truth, self.prediction)
        )
        if panel == "truth":
            return painted(picture, _classes(true))
        if panel == "prediction":
            return painted(picture, _classes(pred))
        if panel == "outlines":
            return outlined(picture, true, pred)
        return error_map(picture, true, pred) if panel == "errors" else picture

    def _explain(self, panels):
        """Explain under the columns of outlines and errors what the colors mean."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        # Binary masks have no wrong class to explain.
        several = len(np.union1d(np.unique(self.truth), np.unique(self.prediction))) > 2
        errors = {n: c for n, c in ERRORS.items() if several or n != "wrong class"}
        keys = {
            "outlines": [Line2D([], [], color=c, label=n) for n, c in OUTLINES.items()],
            "errors": [Patch(color=c, label=n) for n, c in errors.items()],
        }
        for panel, handles in keys.items():
            if panel in panels:
                ax = self.axes_[-1, list(panels).index(panel)]
                ax.legend(
                    handles=handles,
                    loc="upper center",
                    bbox_to_anchor=(0.5, 0.0),
                    frameon=False,
                    fontsize=7,
                )


def _classes(mask):
    """List where each class of a mask is and its color; a class has one color in all masks."""
    labels = np.unique(mask[mask != 0])
    return [(mask == label, SERIES[(int(label) + 1) % len(SERIES)]) for label in labels]


def _as_masks(y_true, y_pred, size):
    """Return both masks as integers (n, height, width), 0/255 as 0/1."""
    y_pred = np.asarray(y_pred)
    if y_pred.ndim == 2:
        y_pred = y_pred.reshape(len(y_pred), *size)
    if list_mask_paths(y_true) is not None:
        y_true = load_masks(y_true, y_pred.shape[1:])
    y_true = np.asarray(y_true)
    if y_true.ndim == 1:
        y_true = np.broadcast_to(y_true[:, None, None], y_pred.shape)
    return _small(y_true.reshape(y_pred.shape)), _small(y_pred)


def _small(masks):
    # Masks stored as images are 0 and 255; as class labels 255 would be one of 256 classes.
    binary = masks.max(initial=0) == 255 and set(np.unique(masks)) <= {0, 255}
    return (masks != 0).astype(np.uint8) if binary or masks.dtype == bool else masks


def _choose(scores, has_foreground, show):
    """Return the rows to show and what stands before each."""
    candidates = np.flatnonzero(has_foreground)
    if len(candidates) == 0:
        candidates = np.arange(len(scores))
    order = candidates[np.argsort(scores[candidates], kind="stable")]
    # The lower of two middle ones: a median has to be an image that exists.
    places = {"worst": 0, "median": (len(order) - 1) // 2, "best": -1}
    rows, captions = [], []
    for item in [show] if isinstance(show, (str, int)) else show:
        if isinstance(item, str) and item not in places:
            raise ValueError(f"show={item!r} must be one of {SHOWS}, or a row of X.")
        row = int(order[places[item]] if isinstance(item, str) else item)
        rows.append(row)
        captions.append(f"{item}\nrow {row}" if isinstance(item, str) else f"row {row}")
    return rows, captions


def _grid(axes, count, panels, size):
    shape = (count, len(panels))
    if axes is not None:
        axes = np.asarray(axes)
        if axes.size != count * len(panels):
            raise ValueError(f"SegmentationDisplay needs {shape} axes, but got {axes.shape}.")
        return axes.reshape(shape)
    import matplotlib.pyplot as plt

    height = 1.9 * min(2.0, max(0.5, size[0] / size[1]))
    figure_size = (1.9 * len(panels) + 0.9, height * count + 0.6)
    return plt.subplots(*shape, figsize=figure_size, squeeze=False, layout="constrained")[1]
