"""Display of training: losses and scores per epoch, the best epoch marked."""

import numpy as np
from sklearn.utils import get_tags

from skmedimg._plotting import QUIET, SERIES, figure_size, plain, tidy
from skmedimg._sklearn import final_estimator
from skmedimg.evaluation.running._history import training_history

_SIDES = (("train", "training", SERIES[0]), ("valid", "validation", SERIES[1]))


class TrainingCurvesDisplay:
    """Loss and score per epoch, training and validation, one thin line per fold.

    Parameters
    ----------
    histories : list of list of dict
        Per fit, one record per epoch with any of the keys `train_loss`, `valid_loss`,
        `train_score` and `valid_score`.
    name : str or None, default=None
        The estimator.
    score_title : str, default="Accuracy"
        What the score is called.

    Attributes
    ----------
    axes_ : ndarray of Axes
        Loss and, where it was recorded, score.
    ax_ : Axes
        The first of them.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    LearningCurveBandDisplay
        Score by the number of training patients, with the inverse power law and its band.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skmedimg.evaluation import TrainingCurvesDisplay
    >>> model = MLPClassifier((8,), tol=0.1, random_state=0).fit(*load_iris(return_X_y=True))
    >>> display = TrainingCurvesDisplay.from_estimator(model)
    >>> len(display.histories[0]) == model.n_iter_
    True
    """

    def __init__(self, histories, name=None, score_title="Accuracy"):
        self.histories = histories
        self.name = name
        self.score_title = score_title

    @classmethod
    def from_estimator(cls, estimator, *, name=None, axes=None, plot=True):
        """Read the history of a fitted estimator and draw it.

        Parameters
        ----------
        estimator : estimator
            With `history_`, or scikit-learn's `loss_curve_`; or a pipeline, search or other
            wrapper of one.
        name : str or None, default=None
            Name of the model, for the title. None: the name of its class.
        axes : sequence of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
        """
        history = training_history(estimator)
        if not history:
            raise ValueError(
                f"{type(estimator).__name__} keeps no history of its training: it has neither "
                "history_ nor loss_curve_."
            )
        segments = get_tags(final_estimator(estimator)).estimator_type == "segmenter"
        display = cls([history], name or type(estimator).__name__, _score_title(segments))
        return display.plot(axes) if plot else display

    @classmethod
    def from_comparison(cls, comparison, name, *, axes=None, plot=True):
        """Take the histories of one estimator over all folds and draw them.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        name : str
            Name of the model in the comparison.
        axes : sequence of Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : TrainingCurvesDisplay
        """
        histories = comparison.histories(name)
        if not histories:
            kept = [each for each in comparison.names if comparison.histories(each)]
            raise ValueError(
                f"{name!r} kept no history of its training; these did: {', '.join(kept) or 'none'}."
            )
        display = cls(histories, name, _score_title(comparison.task == "segmentation"))
        return display.plot(axes) if plot else display

    def best_epochs(self):
        """Return the epoch of least validation loss of each fit, counted from 1.

        Returns
        -------
        epochs : list of int or None
            None where nothing was held out.
        """
        curves = [_curve(history, "valid_loss") for history in self.histories]
        return [None if curve is None else int(np.nanargmin(curve)) + 1 for curve in curves]

    def plot(self, axes=None):
        """Draw.

        Parameters
        ----------
        axes : sequence of Axes or None, default=None
            One for the loss and one for the score, if there is a score.

        Returns
        -------
        display : TrainingCurvesDisplay
        """
        kinds = self.kinds()
        self.axes_ = _axes(axes, len(kinds))
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        for ax, kind in zip(self.axes_, kinds, strict=True):
            self._draw(ax, kind)
        if self.name:
            self.ax_.set_title(plain(self.name), loc="left", fontsize=10)
        return self

    def kinds(self):
        """Return what was recorded: one axes for each.

        Returns
        -------
        kinds : list of {"loss", "score"}
        """
        recorded = {key for history in self.histories for record in history for key in record}
        return [
            kind
            for kind in ("loss", "score")
            if recorded & {f"{side}_{kind}" for side, _, _ in _SIDES}
        ]

    def _draw(self, ax, kind):
        for side, words, color in _SIDES:
            curves = [_curve(history, f"{side}_{kind}") for history in self.histories]
            _draw_curves(ax, [curve for curve in curves if curve is not None], words, color)
        # Of the validation loss in the panel of scores as well: early stopping watches the loss.
        best = [epoch for epoch in self.best_epochs() if epoch is not None]
        for number, epoch in enumerate(best):
            label = None if number else "best epoch"
            ax.axvline(epoch, color=QUIET, linewidth=0.8, linestyle=":", label=label)
        ax.set(xlabel="Epoch", ylabel="Loss" if kind == "loss" else self.score_title)
        ax.xaxis.get_major_locator().set_params(integer=True)
        tidy(ax)
        ax.legend(frameon=False, fontsize=9)


def _score_title(segments):
    """Return what the networks record as score: segmenters the Dice, classifiers the accuracy."""
    return "Dice" if segments else "Accuracy"


def _curve(history, key):
    """Return one value per epoch, or None where the key was never recorded."""
    if not any(key in record for record in history):
        return None
    # An epoch that was not validated is a gap in the line.
    return np.array([record.get(key, np.nan) for record in history], dtype=float)


def _draw_curves(ax, curves, words, color):
    """Draw thin curves and, where there are several, their mean over the epochs all reached."""
    if not curves:
        return
    several = len(curves) > 1
    for number, curve in enumerate(curves):
        ax.plot(
            np.arange(1, len(curve) + 1),
            curve,
            color=color,
            linewidth=0.8 if several else 1.6,
            alpha=0.45 if several else 1,
            marker="." if len(curve) == 1 else None,
            label=None if several or number else words,
        )
    if several:
        # Early stopping ends folds at different epochs; beyond the shortest the mean would jump.
        shortest = min(map(len, curves))
        mean = np.mean([curve[:shortest] for curve in curves], axis=0)
        label = f"{words} (mean of {len(curves)} folds)"
        ax.plot(np.arange(1, shortest + 1), mean, color=color, linewidth=2, label=label)


def _axes(axes, count):
    if axes is None:
        import matplotlib.pyplot as plt

        size = figure_size((4.2 * count, 3.0))
        _, axes = plt.subplots(1, count, figsize=size, squeeze=False, layout="constrained")
    axes = np.ravel(axes)
    if len(axes) < count:
        raise ValueError(f"TrainingCurvesDisplay needs {count} axes, but got {len(axes)}.")
    return axes[:count]
