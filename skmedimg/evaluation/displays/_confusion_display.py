"""Display of confusions over all folds: counts, and shares of each true class."""

import numpy as np
from sklearn.metrics import confusion_matrix
from sklearn.utils.multiclass import unique_labels

from skmedimg._plotting import axes_for, plain


class ConfusionDisplay:
    """Confusion matrix with counts and the share of each true class.

    Parameters
    ----------
    counts : ndarray (n_classes, n_classes)
        True classes in rows, predicted ones in columns.
    classes : sequence (n_classes,)
        Names of the classes, in the order of the counts.
    name : str or None, default=None
        The estimator.
    spread : ndarray (n_classes, n_classes) or None, default=None
        Deviation of the shares over folds.

    Attributes
    ----------
    ax_ : Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    RocBandDisplay
        ROC curves: the mean over folds at equal false positive rates, and one standard
        deviation.

    Examples
    --------
    >>> from skmedimg.evaluation import ConfusionDisplay
    >>> display = ConfusionDisplay.from_predictions(["a", "a", "b"], ["a", "b", "b"])
    >>> display.counts
    array([[1, 1],
           [0, 1]])
    >>> display.shares().tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """

    def __init__(self, counts, classes, name=None, spread=None):
        self.counts = counts
        self.classes = classes
        self.name = name
        self.spread = spread

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, labels=None, name=None, ax=None, plot=True):
        """Count predictions and draw them.

        Parameters
        ----------
        y_true : array-like (n,)
            True labels.
        y_pred : array-like (n,)
            Predicted labels.
        labels : sequence or None, default=None
            The classes in their order; None takes all that occur.
        name : str or None, default=None
            Name of the model, for the title.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : ConfusionDisplay
        """
        labels = unique_labels(y_true, y_pred) if labels is None else labels
        display = cls(confusion_matrix(y_true, y_pred, labels=labels), labels, name)
        return display.plot(ax) if plot else display

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, ax=None, plot=True):
        """Predict X with a fitted estimator and draw the counts.

        Parameters
        ----------
        estimator : classifier
            A fitted model.
        X : any kind of X of the data contract
            Images.
        y : array-like (n,)
            Labels.
        name : str or None, default=None
            Name of the model, for the title. None: the name of its class.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : ConfusionDisplay
        """
        return cls.from_predictions(
            y,
            estimator.predict(X),
            # A class that the test set lacks, or the training set lacked, keeps its row.
            labels=unique_labels(estimator.classes_, y),
            name=name or type(estimator).__name__,
            ax=ax,
            plot=plot,
        )

    @classmethod
    def from_comparison(cls, comparison, name, *, ax=None, plot=True):
        """Add up the out-of-fold predictions of one estimator and draw them.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        name : str
            Name of the model in the comparison.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : ConfusionDisplay
        """
        display = cls(
            comparison.confusion(name), comparison.classes, name, _spread(comparison, name)
        )
        return display.plot(ax) if plot else display

    def shares(self):
        """Return the counts as shares of each true class.

        Returns
        -------
        shares : ndarray (n_classes, n_classes)
            Rows add up to 1; a class without images has zeros.
        """
        return self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : ConfusionDisplay
        """
        n = len(self.classes)
        side = 1.6 + 0.75 * n
        self.ax_ = axes_for(ax, (side + 0.6, side))
        self.figure_ = self.ax_.figure
        shares = self.shares()
        self.ax_.imshow(shares, cmap=_tints(), vmin=0, vmax=1)
        for row, column in np.ndindex(n, n):
            self._write(row, column, shares[row, column])
        labels = [plain(label, 18) for label in self.classes]
        # Long names under narrow columns would run into each other.
        short = max(map(len, labels)) <= 30 // n
        self.ax_.set_xticks(range(n), labels, rotation=0 if short else 35)
        if not short:
            _end_labels_at_ticks(self.ax_)
        self.ax_.set_yticks(range(n), labels)
        self.ax_.set(xlabel="Predicted", ylabel="True")
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        if self.name:
            self.ax_.set_title(plain(self.name, 28), fontsize=10)
        return self

    def _write(self, row, column, share):
        many = len(self.classes) > 6
        text = f"{self.counts[row, column]}"
        if not many:
            text += f"\n{share:.0%}"
            text += "" if self.spread is None else f" ± {100 * self.spread[row, column]:.0f}"
        self.ax_.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=7 if many else 10,
            color=_ink_on(_tints()(share)),
        )


def _spread(comparison, name):
    """Return the deviation of the shares over the splits, or None where there is only one."""
    # From the test set of each split, in all repeats: how much a share varies between them.
    shares = [
        confusion_matrix(
            comparison.y[fold.split.test],
            fold.predictions.predicted,
            labels=comparison.classes,
            normalize="true",
        )
        for fold in comparison.fold_results[name]
        if not fold.failed
    ]
    return np.std(shares, axis=0) if len(shares) > 1 else None


def _tints():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shares", ["#eef3f9", "#2f6fb5", "#173a63"])


def _ink_on(color):
    """Return black or white, whichever has more contrast on a color (WCAG 2's luminance)."""
    levels = np.asarray(color[:3])
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    # where both have the contrast (L + .05) / .05 = 1.05 / (L + .05)
    return "white" if luminance < 0.179 else "black"


def _end_labels_at_ticks(ax):
    for label in ax.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
