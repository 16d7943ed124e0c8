"""Gallery of predictions: the images behind a score, the most confident mistakes first."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from skmedimg._plotting import SERIES, figure_size, plain
from skmedimg.images._for_display import displayable, image_at

SHOWS = ("mistakes", "correct", "unsure", "any")


@dataclass(frozen=True)
class Shown:
    """One prediction of a gallery.

    Attributes
    ----------
    row : int
        Of X.
    picture : ndarray (height, width) or (height, width, 3) of uint8
    true, predicted : object
        Labels.
    probability : float or None
        Given to the predicted label.
    """

    row: int
    picture: np.ndarray
    true: object
    predicted: object
    probability: float = None

    @property
    def correct(self):
        """bool: whether the prediction is right."""
        return self.true == self.predicted

    @property
    def lines(self):
        """list of str: the true label and, of a mistake, the predicted one, with probability."""
        probability = "" if self.probability is None else f" ({self.probability:.0%})"
        if self.correct:
            return [f"{self.true!s}{probability}"]
        return [f"{self.true!s}", f"predicted {self.predicted!s}{probability}"]

    @property
    def caption(self):
        """str: `lines` as one."""
        return ", ".join(self.lines)


class PredictionGallery:
    """Images with their true label, the predicted one and its probability.

    Parameters
    ----------
    shown : list of Shown
        One entry per image: its pixels and its caption.
    name : str or None, default=None
        The estimator.
    show : {"mistakes", "correct", "unsure", "any"}, default="mistakes"
        What was chosen.
    total : int or None, default=None
        How many there were to choose from.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    skmedimg.inspection.ExplanationDisplay
        Images with their explanation maps: warm colors support the class, cold ones oppose
        it.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmedimg.evaluation import PredictionGallery
    >>> X, y = load_digits(return_X_y=True)
    >>> model = KNeighborsClassifier().fit(X[:900], y[:900])
    >>> gallery = PredictionGallery.from_estimator(model, X[900:], y[900:], n=3, plot=False)
    >>> [each.caption for each in gallery.shown]
    ['5, predicted 9 (100%)', '5, predicted 6 (100%)', '2, predicted 0 (100%)']
    """

    def __init__(self, shown, name=None, show="mistakes", total=None):
        self.shown = shown
        self.name = name
        self.show = show
        self.total = total

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_pred,
        probability=None,
        *,
        show="mistakes",
        n=12,
        rows=None,
        image_shape=None,
        name=None,
        axes=None,
        plot=True,
    ):
        """Choose images by what was predicted of them, and draw them.

        Parameters
        ----------
        X : any kind of X of the data contract
            Images.
        y_true, y_pred : array-like (n_predictions,)
            True and predicted labels.
        probability : array-like (n_predictions,) or None, default=None
            Given to the predicted label.
        show : {"mistakes", "correct", "unsure", "any"}, default="mistakes"
            Mistakes and correct ones come most confident first, unsure ones least confident first.
        n : int, default=12
            Most images shown.
        rows : array-like (n_predictions,) of int or None, default=None
            The row of X that each prediction is about; None means all, in order.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        name : str or None, default=None
            Name of the model, for the title.
        axes : ndarray of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        gallery : PredictionGallery
        """
        if show not in SHOWS:
            raise ValueError(f"show={show!r} must be one of {', '.join(map(repr, SHOWS))}.")
        y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
        rows = np.arange(len(y_true)) if rows is None else np.asarray(rows)
        check_consistent_length(y_true, y_pred, rows, probability)
        chosen, total = _choose(y_true == y_pred, probability, show, n)
        # Only images that are shown are read: X may be thousands of files.
        shown = [
            Shown(
                int(rows[i]),
                displayable(image_at(X, rows[i], image_shape)),
                y_true[i],
                y_pred[i],
                None if probability is None else float(probability[i]),
            )
            for i in chosen
        ]
        gallery = cls(shown, name, show, total)
        return gallery.plot(axes) if plot else gallery

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        show="mistakes",
        n=12,
        image_shape=None,
        name=None,
        axes=None,
        plot=True,
    ):
        """Predict X with a fitted classifier and draw some of it.

        Parameters
        ----------
        estimator : classifier
            A fitted model.
        X : any kind of X of the data contract
            Images.
        y : array-like (n,)
            Labels.
        show : {"mistakes", "correct", "unsure", "any"}, default="mistakes"
            Which predictions to show, as in :meth:`from_predictions`.
        n : int, default=12
            Number of images.
        image_shape : tuple of int or None, default=None
            Shape of one image, where X holds rows or paths.
        name : str or None, default=None
            Name of the model, for the title. None: the name of its class.
        axes : ndarray of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        gallery : PredictionGallery
        """
        probabilities = estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else None
        return cls.from_predictions(
            X,
            y,
            estimator.predict(X),
            None if probabilities is None else probabilities.max(axis=1),
            show=show,
            n=n,
            image_shape=image_shape,
            name=name or type(estimator).__name__,
            axes=axes,
            plot=plot,
        )

    @classmethod
    def from_comparison(
        cls, comparison, X, name, *, show="mistakes", n=12, image_shape=None, axes=None, plot=True
    ):
        """Draw out-of-fold predictions: each by a model that never saw the image.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        X : any kind of X of the data contract
            What was compared on.
        name : str
            Name of the model in the comparison.
        show : {"mistakes", "correct", "unsure", "any"}, default="mistakes"
            Which predictions to show, as in :meth:`from_predictions`.
        n : int, default=12
            Number of images.
        image_shape : tuple of int or None, default=None
            Shape of one image, where X holds rows or paths.
        axes : ndarray of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        gallery : PredictionGallery
        """
        return cls.from_predictions(
            X,
            comparison.truth(),
            comparison.predictions(name),
            _certainty(comparison, name),
            show=show,
            n=n,
            rows=comparison.rows(),
            image_shape=image_shape,
            name=name,
            axes=axes,
            plot=plot,
        )

    def plot(self, axes=None):
        """Draw.

        Parameters
        ----------
        axes : ndarray of Axes or None, default=None
            At least one per image.

        Returns
        -------
        gallery : PredictionGallery
        """
        self.axes_ = grid_axes(axes, len(self.shown))
        self.figure_ = self.axes_[0].figure
        for ax in self.axes_:
            ax.set_axis_off()
        for ax, each in zip(self.axes_, self.shown, strict=False):
            # One range for all: an image that is dark as a whole is shown dark.
            ax.imshow(each.picture, cmap="gray", vmin=0, vmax=255)
            color = SERIES[2] if each.correct else SERIES[6]
            title = "\n".join(plain(line, 27) for line in each.lines)
            ax.set_title(title, fontsize=8, color=color)
        if not self.shown:
            self.axes_[0].text(0.5, 0.5, f"no {self.show}", ha="center", va="center")
        return self


def _choose(correct, probability, show, n):
    """Return which predictions to show, in order, and how many there are to choose from."""
    wanted = {"mistakes": ~correct, "correct": correct}.get(show, np.ones(len(correct), bool))
    candidates = np.flatnonzero(wanted)
    if probability is not None and show != "any":
        certain = np.asarray(probability)[candidates]
        certain = certain if show == "unsure" else -certain
        # A stable sort: of equal probabilities the first row comes first, in every run.
        candidates = candidates[np.argsort(certain, kind="stable")]
    return candidates[:n], len(candidates)


def _certainty(comparison, name):
    """Return the probability of each predicted label, or None where there are none."""
    try:
        probabilities = comparison.probabilities(name)
    except ValueError:
        return None
    columns = np.searchsorted(comparison.classes, comparison.predictions(name))
    return probabilities[np.arange(len(probabilities)), columns]


def grid_axes(axes, count):
    """Return `axes` flattened, or at least `count` new ones."""
    if axes is not None:
        axes = np.ravel(axes)
        if len(axes) < count:
            raise ValueError(f"The gallery needs {count} axes, but got {len(axes)}.")
        return axes
    import matplotlib.pyplot as plt

    columns = min(6, max(1, count))
    rows = max(1, -(-count // columns))
    size = figure_size((1.9 * columns, 2.25 * rows))
    return plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")[1].ravel()
