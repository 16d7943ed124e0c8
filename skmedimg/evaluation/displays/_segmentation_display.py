"""Display of segmentation: image, truth, prediction, outlines and errors, worst to best."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_consistent_length

from skmedimg._plotting import SERIES, figure_size, plain
from skmedimg.evaluation.displays._choose_shown import SHOWS, choose_shown
from skmedimg.evaluation.displays._mask_overlays import (
    ERRORS,
    IGNORED,
    OBJECTS,
    OUTLINE_ERRORS,
    OUTLINES,
    error_map,
    fitted,
    object_map,
    outline_errors,
    outlined,
    painted,
)
from skmedimg.images._for_display import displayable, image_at, image_names
from skmedimg.images._image_loader import ImageLoader, follow_masks
from skmedimg.images._mask_files import list_mask_paths, load_masks
from skmedimg.metrics import dice

PANELS = ("image", "truth", "prediction", "outlines", "errors")
ALL_PANELS = (*PANELS, "outline errors", "objects")


class SegmentationDisplay:
    """Images with their true and predicted masks, outlines and errors, by Dice.

    Parameters
    ----------
    pictures : list of ndarray (height, width) or (height, width, 3) of uint8
        One picture per panel.
    truth, prediction : ndarray (n_shown, height, width)
        Masks of class labels; 0 is the background.
    scores : sequence of float, (n_shown,)
        Dice of each image, the mean over the foreground classes that it holds.
    captions : sequence of str, (n_shown,)
        What stands before each row.
    ignored : ndarray (n_shown, height, width) of bool or None, default=None
        Pixels that do not count; they are gray in all panels but the image.
    tolerance : float, default=2.0
        Pixels within which outlines are near each other, for the panel "outline errors".
    iou_threshold : float, default=0.5
        Objects match above this intersection over union, for the panel "objects".

    Attributes
    ----------
    axes_ : ndarray (n_shown, n_panels) of Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    skmedimg.metrics.dice
        Return the Dice coefficient, ``2 |A and B| / (|A| + |B|)``, of each image and
        class.
    skmedimg.metrics.surface_dice
        Return the surface Dice of masks: the share of both outlines within a
        tolerance.

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

    def __init__(
        self,
        pictures,
        truth,
        prediction,
        scores,
        captions,
        ignored=None,
        tolerance=2.0,
        iou_threshold=0.5,
    ):
        self.pictures = pictures
        self.truth = truth
        self.prediction = prediction
        self.scores = scores
        self.captions = captions
        self.ignored = ignored
        self.tolerance = tolerance
        self.iou_threshold = iou_threshold

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        show=SHOWS,
        panels=PANELS,
        groups=None,
        ignore_label=None,
        tolerance=2.0,
        iou_threshold=0.5,
        image_shape=None,
        axes=None,
        plot=True,
    ):
        """Predict X with a fitted segmenter and draw some of it.

        Parameters
        ----------
        estimator : segmenter
            A fitted model.
        X : any kind of X of the data contract
            Images.
        y : array-like (n, height, width) or (n, height * width), or mask paths (n,)
            True masks.
        show : sequence of {"worst", "median", "best"}, int or str
            Images by their Dice, by their row of X or by their file name. Images without
            foreground, whose Dice is 0 or 1, are shown by row or name only.
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors", \
                "outline errors", "objects"}
            "outline errors" are the parts of both outlines that surface Dice counts as wrong,
            "objects" the connected parts that match, are missed or are false alarms.
        groups : array-like (n,) or None, default=None
            Patient of each image, for the captions.
        ignore_label : int or None, default=None
            Value of `y_true` whose pixels do not count.
        tolerance : float, default=2.0
            Largest distance of two outlines that agree, in pixels or the unit of `spacing`.
        iou_threshold : float, default=0.5
            Intersection over union above which two objects match.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : SegmentationDisplay
        """
        prediction = estimator.predict(X)
        return cls.from_predictions(
            *_as_loaded(estimator, X, y),
            prediction,
            show=show,
            panels=panels,
            groups=groups,
            ignore_label=ignore_label,
            tolerance=tolerance,
            iou_threshold=iou_threshold,
            image_shape=image_shape,
            axes=axes,
            plot=plot,
        )

    @classmethod
    def from_comparison(
        cls,
        comparison,
        X,
        name,
        *,
        show=SHOWS,
        panels=PANELS,
        ignore_label=None,
        tolerance=2.0,
        iou_threshold=0.5,
        image_shape=None,
        axes=None,
        plot=True,
    ):
        """Draw out-of-fold predictions: each by a model that never saw the image.

        Parameters
        ----------
        comparison : Comparison
            Of segmenters.
        X : any kind of X of the data contract
            What was compared on.
        name : str
            Name of the model in the comparison.
        show : sequence of {"worst", "median", "best"}, int or str
            Images by their Dice, by their row of X or by their file name. Images without
            foreground, whose Dice is 0 or 1, are shown by row or name only.
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors", \
                "outline errors", "objects"}
            "outline errors" are the parts of both outlines that surface Dice counts as wrong,
            "objects" the connected parts that match, are missed or are false alarms.
        ignore_label : int or None, default=None
            Mask value whose pixels do not count.
        tolerance : float, default=2.0
            Largest distance of two outlines that agree, in pixels or the unit of `spacing`.
        iou_threshold : float, default=0.5
            Intersection over union above which two objects match.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : SegmentationDisplay
        """
        # Every repeat predicts the same images again.
        rows, first = np.unique(comparison.rows(), return_index=True)
        groups = comparison.groups
        return cls._chosen(
            X,
            rows,
            comparison.truth()[first],
            comparison.predictions(name)[first],
            show=show,
            panels=panels,
            groups=None if groups is None else groups[rows],
            ignore_label=ignore_label,
            tolerance=tolerance,
            iou_threshold=iou_threshold,
            image_shape=image_shape,
            axes=axes,
            plot=plot,
        )

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_pred,
        *,
        show=SHOWS,
        panels=PANELS,
        groups=None,
        ignore_label=None,
        tolerance=2.0,
        iou_threshold=0.5,
        image_shape=None,
        axes=None,
        plot=True,
    ):
        """Choose images by their Dice, and draw them.

        Parameters
        ----------
        X : any kind of X of the data contract
            Images.
        y_true : array-like (n, height, width) or (n, height * width), or mask paths (n,)
            True masks.
        y_pred : array-like (n, height, width) or (n, height * width)
            Predicted masks.
        show : sequence of {"worst", "median", "best"}, int or str
            Images by their Dice, by their row of X or by their file name. Images without
            foreground, whose Dice is 0 or 1, are shown by row or name only.
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors", \
                "outline errors", "objects"}
            "outline errors" are the parts of both outlines that surface Dice counts as wrong,
            "objects" the connected parts that match, are missed or are false alarms.
        groups : array-like (n,) or None, default=None
            Patient of each image, for the captions.
        ignore_label : int or None, default=None
            Value of `y_true` whose pixels do not count.
        tolerance : float, default=2.0
            Largest distance of two outlines that agree, in pixels or the unit of `spacing`.
        iou_threshold : float, default=0.5
            Intersection over union above which two objects match.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : SegmentationDisplay
        """
        check_consistent_length(X, y_true, groups)
        return cls._chosen(
            X,
            np.arange(len(y_true)),
            y_true,
            y_pred,
            show=show,
            panels=panels,
            groups=groups,
            ignore_label=ignore_label,
            tolerance=tolerance,
            iou_threshold=iou_threshold,
            image_shape=image_shape,
            axes=axes,
            plot=plot,
        )

    @classmethod
    def _chosen(
        cls,
        X,
        rows,
        y_true,
        y_pred,
        *,
        show,
        panels,
        groups,
        ignore_label,
        tolerance,
        iou_threshold,
        image_shape,
        axes,
        plot,
    ):
        """Return the display of some predictions, which are about `rows` of X."""
        # The size of the images gives masks in flat rows their shape.
        first = displayable(image_at(X, rows[0], image_shape))
        y_true, y_pred, ignored = _as_masks(y_true, y_pred, first.shape[:2], ignore_label)
        scores = dice(y_true, y_pred, average="image")
        # Without foreground a Dice is 0 or 1 by a single
        # pixel, and would always be the worst or the best.
        names = image_names(X)
        chosen, captions = choose_shown(rows, names, scores, y_true.any(axis=(1, 2)), show)
        if groups is not None:
            patients = [plain(f"patient {np.asarray(groups)[place]}", 30) for place in chosen]
            captions = ["\n".join(pair) for pair in zip(captions, patients, strict=True)]
        size = y_pred.shape[1:]
        display = cls(
            [fitted(displayable(image_at(X, rows[p], image_shape)), size) for p in chosen],
            y_true[chosen],
            y_pred[chosen],
            [float(scores[place]) for place in chosen],
            captions,
            None if ignored is None else ignored[chosen],
            tolerance,
            iou_threshold,
        )
        return display.plot(axes, panels=panels) if plot else display

    def plot(self, axes=None, *, panels=PANELS):
        """Draw.

        Parameters
        ----------
        axes : ndarray (n_shown, n_panels) of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        panels : sequence of {"image", "truth", "prediction", "outlines", "errors", \
                "outline errors", "objects"}
            Panels of each image, from left to right.

        Returns
        -------
        display : SegmentationDisplay
        """
        unknown = set(panels) - set(ALL_PANELS)
        if unknown:
            raise ValueError(f"panels={sorted(unknown)} are unknown; there are {list(ALL_PANELS)}.")
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
        if panel == "image":
            return picture
        if self.ignored is not None:
            picture = painted(picture, [(self.ignored[number], IGNORED)], opacity=0.8)
        if panel in ("truth", "prediction"):
            return painted(picture, _classes(true if panel == "truth" else pred))
        if panel == "outlines":
            return outlined(picture, true, pred)
        if panel == "outline errors":
            return outline_errors(picture, true, pred, self.tolerance)
        if panel == "objects":
            return object_map(picture, true, pred, self.iou_threshold)
        return error_map(picture, true, pred)

    def _explain(self, panels):
        """Explain under the columns what the colors mean."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        # Binary masks have no wrong class to explain.
        several = len(np.union1d(np.unique(self.truth), np.unique(self.prediction))) > 2
        errors = {n: c for n, c in ERRORS.items() if several or n != "wrong class"}
        keys = {
            "outlines": [Line2D([], [], color=c, label=n) for n, c in OUTLINES.items()],
            "errors": [Patch(color=c, label=n) for n, c in errors.items()],
            "outline errors": [Line2D([], [], color=c, label=n) for n, c in OUTLINE_ERRORS.items()],
            "objects": [Patch(color=c, label=n) for n, c in OBJECTS.items()],
        }
        if self.ignored is not None:
            keys["errors"].append(Patch(color=IGNORED, label="ignored"))
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


def _as_loaded(estimator, X, y):
    """Return X and masks as the ImageLoader that begins a pipeline passes them to the segmenter.

    Predictions of padded or cropped images would else be drawn on the stretched files.
    """
    steps = getattr(estimator, "steps", None)
    if not steps or not isinstance(steps[0][1], ImageLoader):
        return X, y
    loaded = clone(steps[0][1]).set_params(lazy=True).fit_transform(X)
    return loaded, follow_masks(estimator, X, y)


def _classes(mask):
    """List where each class of a mask is and its color; a class has one color in all masks."""
    labels = np.unique(mask[mask != 0])
    return [(mask == label, SERIES[(int(label) + 1) % len(SERIES)]) for label in labels]


def _as_masks(y_true, y_pred, size, ignore_label):
    """Return both masks as integers (n, height, width), and which pixels are ignored, or None."""
    y_pred = np.asarray(y_pred)
    if y_pred.ndim == 2:
        y_pred = y_pred.reshape(len(y_pred), *size)
    if list_mask_paths(y_true) is not None:
        y_true = load_masks(y_true, y_pred.shape[1:])
    y_true = np.asarray(y_true)
    if y_true.ndim == 1:
        y_true = np.broadcast_to(y_true[:, None, None], y_pred.shape)
    y_true, ignored = y_true.reshape(y_pred.shape), None
    if ignore_label is not None:
        ignored = y_true == ignore_label
        y_true, y_pred = (np.where(ignored, 0, each) for each in (y_true, y_pred))
    return _small(y_true), _small(y_pred), ignored


def _small(masks):
    # Masks stored as images are 0 and 255; as class labels 255 would be one of 256 classes.
    binary = masks.max(initial=0) == 255 and set(np.unique(masks)) <= {0, 255}
    return (masks != 0).astype(np.uint8) if binary or masks.dtype == bool else masks


def _grid(axes, count, panels, size):
    shape = (count, len(panels))
    if axes is not None:
        axes = np.asarray(axes)
        if axes.size != count * len(panels):
            raise ValueError(f"SegmentationDisplay needs {shape} axes, but got {axes.shape}.")
        return axes.reshape(shape)
    import matplotlib.pyplot as plt

    height = 1.9 * min(2.0, max(0.5, size[0] / size[1]))
    whole = (1.9 * len(panels) + 0.9, height * count + 0.6)
    return plt.subplots(*shape, figsize=figure_size(whole), squeeze=False, layout="constrained")[1]
