"""ROC and precision-recall curves of several estimators: the mean over folds, with its band."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve
from sklearn.utils import check_consistent_length, column_or_1d

from skmedimg._plotting import QUIET, axes_for, color_of, plain, tidy

# Curves of different folds have their corners at different places; on a common grid they can be
# averaged (vertical averaging: Fawcett, "An introduction to ROC analysis", 2006, algorithm 3).
_GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True)
class Band:
    """The curves of one estimator over its folds.

    Attributes
    ----------
    name : str
        Name of the model.
    curves : ndarray (n_folds, 201)
        Heights at equal steps from 0 to 1.
    areas : ndarray (n_folds,)
        Area under each curve, of the curve itself and not of its steps.
    """

    name: str
    curves: np.ndarray
    areas: np.ndarray


class _BandDisplay:
    """What both displays share: a subclass says how one curve is computed."""

    x_title, y_title, _area, _legend = "", "", "", "best"

    def __init__(self, bands, pos_label=None, prevalence=None, baseline=None, order=None):
        self.bands = bands
        self.pos_label = pos_label
        self.prevalence = prevalence
        self.baseline = baseline
        self.order = order

    @classmethod
    def from_comparison(cls, comparison, names=None, *, pos_label=None, ax=None, plot=True):
        """Take out-of-fold scores of a comparison, fold by fold, and draw them.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        names : list of str or None, default=None
            Estimators; None takes all with probabilities or decision values.
        pos_label : object or None, default=None
            The class separated from the rest; None takes that of the comparison, which more than
            two classes do not have.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : object
            The display itself.
        """
        pos_label, column = _positive(comparison, pos_label)
        truth = comparison.y == pos_label
        bands = []
        for name in _with_decision_scores(comparison) if names is None else names:
            # One curve per fold and never of all folds pooled: decision scores of two
            # fitted models are not on one scale. A fold without both classes has no curve.
            folds = [
                (truth[fold.split.test], fold.predictions.decision_scores[:, column])
                for fold in comparison.fold_results[name]
                if not fold.failed and 0 < truth[fold.split.test].mean() < 1
            ]
            bands.append(cls._band(name, folds))
        order = list(comparison.names)
        display = cls(bands, pos_label, float(truth.mean()), comparison.baseline, order)
        return display.plot(ax) if plot else display

    @classmethod
    def from_predictions(
        cls, y_true, y_score, *, folds=None, pos_label=None, name="model", ax=None, plot=True
    ):
        """Draw the curve of scores and, where folds are given, of every fold.

        Parameters
        ----------
        y_true : array-like (n,)
            True labels.
        y_score : array-like (n,)
            Higher where the positive class is more likely.
        folds : array-like (n,) or None, default=None
            The fold in which each row was tested.
        pos_label : object or None, default=None
            None takes the larger of two labels.
        name : str, default="model"
            Name of the model.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : object
            The display itself.
        """
        y_true, y_score = column_or_1d(y_true), column_or_1d(y_score)
        folds = np.zeros(len(y_true), dtype=int) if folds is None else column_or_1d(folds)
        check_consistent_length(y_true, y_score, folds)
        pos_label = np.unique(y_true)[-1] if pos_label is None else pos_label
        truth = y_true == pos_label
        if truth.all() or not truth.any():
            raise ValueError(
                f"y_true needs two classes, pos_label={pos_label!r} one of them, but holds "
                f"{np.unique(y_true).tolist()}."
            )
        parts = [(truth[folds == fold], y_score[folds == fold]) for fold in np.unique(folds)]
        display = cls([cls._band(name, parts)], pos_label, float(truth.mean()))
        return display.plot(ax) if plot else display

    @classmethod
    def from_estimator(cls, estimator, X, y, *, pos_label=None, name=None, ax=None, plot=True):
        """Score X with a fitted estimator and draw the curve.

        Parameters
        ----------
        estimator : classifier
            A fitted model.
        X : any kind of X of the data contract
            Images.
        y : array-like (n,)
            Labels.
        pos_label : object or None, default=None
            None takes the last of `classes_`.
        name : str or None, default=None
            Name of the model.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : object
            The display itself.
        """
        pos_label = estimator.classes_[-1] if pos_label is None else pos_label
        return cls.from_predictions(
            y,
            _scores_of(estimator, X, pos_label),
            pos_label=pos_label,
            name=name or type(estimator).__name__,
            ax=ax,
            plot=plot,
        )

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : object
            The display itself.
        """
        self.ax_ = axes_for(ax, (5.2, 4.4))
        self.figure_ = self.ax_.figure
        self._draw_chance()
        names = self.order or [band.name for band in self.bands]
        for band in self.bands:
            self._draw(band, color_of(names, band.name, self.baseline))
        positive = "" if self.pos_label is None else f" ({plain(self.pos_label, 20)})"
        self.ax_.set(
            xlabel=self.x_title,
            ylabel=self.y_title + positive,
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
            aspect="equal",
        )
        tidy(self.ax_)
        self.ax_.legend(frameon=False, fontsize=9, loc=self._legend)
        return self

    def _draw(self, band, color):
        if not len(band.curves):
            return
        mean, spread = band.curves.mean(axis=0), band.curves.std(axis=0)
        label = f"{plain(band.name, 28)}: {self._area} {band.areas.mean():.3f}"
        self.ax_.plot(_GRID, mean, color=color, linewidth=1.8, label=label)
        if len(band.curves) > 1:
            # One standard deviation over the folds: how
            # much they vary, and not a confidence interval.
            low, high = np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1)
            self.ax_.fill_between(_GRID, low, high, color=color, alpha=0.15, linewidth=0)

    @classmethod
    def _band(cls, name, folds):
        drawn = [cls._curve(truth, scores) for truth, scores in folds]
        curves = np.array([curve for curve, _ in drawn]).reshape(-1, len(_GRID))
        return Band(name, curves, np.array([area for _, area in drawn]))


class RocBandDisplay(_BandDisplay):
    """ROC curves: the mean over folds at equal false positive rates, and one standard deviation.

    The mean is the vertical average of [1]_; curves of different folds are never pooled, because
    each fold's model has a scale of its own.

    Parameters
    ----------
    bands : list of Band
        One curve with its band per model.
    pos_label : object or None, default=None
        Positive class, for the labels of the axes.
    prevalence : float or None, default=None
        Share of the positive class.
    baseline : str or None, default=None
        Name of the row that is drawn as the baseline. None: no row is.
    order : list of str or None, default=None
        Names in the order that gives them their colors.

    Attributes
    ----------
    ax_ : Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    PrecisionRecallBandDisplay : More informative where the positive class is rare.

    References
    ----------
    .. [1] T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 861-874,
       2006, https://doi.org/10.1016/j.patrec.2005.10.010

    Examples
    --------
    >>> from skmedimg.evaluation import RocBandDisplay
    >>> display = RocBandDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> display.bands[0].areas.tolist()
    [0.75]
    """

    x_title, y_title, _area, _legend = "1 - specificity", "Sensitivity", "AUC", "lower right"

    @staticmethod
    def _curve(truth, scores):
        false, true, _ = roc_curve(truth, scores)
        # Straight lines between the corners: any point on them is
        # reached by choosing at random between two thresholds.
        heights = np.interp(_GRID, false, true)
        # At 0 the curve may rise vertically, and interp would take the top of that step.
        heights[0] = 0
        return heights, auc(false, true)

    def _draw_chance(self):
        # Guessing finds as many positives as it gives false alarms.
        self.ax_.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")


class PrecisionRecallBandDisplay(_BandDisplay):
    """Precision-recall curves: the mean over folds at equal recalls, and one standard deviation.

    Between two points of a fold the lower precision counts: straight lines would flatter [1]_.

    Parameters
    ----------
    bands : list of Band
        One curve with its band per model.
    pos_label : object or None, default=None
        Positive class, for the labels of the axes.
    prevalence : float or None, default=None
        Share of the positive class: the precision of guessing.
    baseline : str or None, default=None
        Name of the row that is drawn as the baseline. None: no row is.
    order : list of str or None, default=None
        Names in the order that gives them their colors.

    Attributes
    ----------
    ax_ : Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    RocBandDisplay : Does not depend on how frequent the positive class is.

    References
    ----------
    .. [1] J. Davis and M. Goadrich, "The relationship between precision-recall and ROC curves",
       ICML 2006, 233-240, https://doi.org/10.1145/1143844.1143874

    Examples
    --------
    >>> from skmedimg.evaluation import PrecisionRecallBandDisplay
    >>> display = PrecisionRecallBandDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> display.bands[0].areas.round(3).tolist()
    [0.833]
    """

    x_title, y_title, _area, _legend = "Recall", "Precision", "AP", "lower left"

    @staticmethod
    def _curve(truth, scores):
        precision, recall, _ = precision_recall_curve(truth, scores)
        # At each recall, the step to its right: see the reference of the class.
        place = np.searchsorted(recall[::-1], _GRID, side="left")
        return precision[::-1][place], average_precision_score(truth, scores)

    def _draw_chance(self):
        if self.prevalence is not None:
            self.ax_.axhline(self.prevalence, color=QUIET, linewidth=0.8, linestyle=":")


def _positive(comparison, pos_label):
    """Return the positive class and its column, or raise where it is not known."""
    pos_label = comparison.pos_label if pos_label is None else pos_label
    classes = [] if comparison.classes is None else list(comparison.classes)
    if pos_label is None or pos_label not in classes:
        known = ", ".join(map(str, classes)) or "none"
        raise ValueError(f"pos_label={pos_label!r} needs to be one of the classes: {known}.")
    return pos_label, classes.index(pos_label)


def _with_decision_scores(comparison):
    """Return the estimators that give probabilities or decision values."""
    return [
        name
        for name in comparison.names
        if any(fold.has_decision_scores for fold in comparison.fold_results[name])
    ]


def _scores_of(estimator, X, pos_label):
    """Return one number per image, higher where `pos_label` is more likely."""
    column = list(estimator.classes_).index(pos_label)
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)[:, column]
    values = estimator.decision_function(X)
    # decision_function of two classes has one column, higher for the second class.
    return values[:, column] if values.ndim == 2 else values * (1 if column else -1)
