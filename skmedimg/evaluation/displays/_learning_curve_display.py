"""Display of learning curves: scores by the number of patients, laws and their bands."""

from dataclasses import dataclass

import numpy as np

from skmedimg._plotting import axes_for, color_of, plain, tidy
from skmedimg.evaluation._text import capitalized

_BEYOND = 3  # times the largest training set, up to which predictions come without a warning


@dataclass(frozen=True, eq=False)
class SizeBand:
    """The scores of one estimator by training set size, and the law through them.

    Attributes
    ----------
    name : str
    mean, low, high : ndarray (n_sizes,)
        Mean scores and their intervals.
    law, law_low, law_high : ndarray (n_grid,)
        The law and its band at the sizes of the grid; nan where there is none.
    """

    name: str
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    law: np.ndarray
    law_low: np.ndarray
    law_high: np.ndarray


class LearningCurveBandDisplay:
    """Score by the number of training patients, with the inverse power law and its band.

    Parameters
    ----------
    bands : list of SizeBand
        Scores of one model per band.
    train_sizes : ndarray of shape (n_sizes,)
        Sizes of the training sets.
    grid : ndarray of shape (n_grid,)
        Sizes of the law.
    title : str
        What the score is called.
    unit : str, default="patients"
        What is counted.
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
    learning_curve : What is drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmedimg.evaluation import LearningCurveBandDisplay, learning_curve
    >>> X, y = load_digits(n_class=4, return_X_y=True)
    >>> curve = learning_curve(
    ...     {"neighbors": KNeighborsClassifier()}, X[:200], y[:200], scoring="accuracy",
    ...     repeats=2, random_state=0, verbose=0,
    ... )
    >>> display = LearningCurveBandDisplay.from_learning_curve(curve)
    >>> display.bands[0].mean.round(3)
    array([0.928, 0.96 , 0.982, 0.988, 0.995])
    """

    def __init__(self, bands, train_sizes, grid, title, unit="patients", order=None):
        self.bands = bands
        self.train_sizes = train_sizes
        self.grid = grid
        self.title = title
        self.unit = unit
        self.order = order

    @classmethod
    def from_learning_curve(cls, curve, metric=None, *, names=None, ax=None, plot=True):
        """Collect the scores and laws of a learning curve and draw them.

        Parameters
        ----------
        curve : LearningCurve
            Result of :func:`~skmedimg.evaluation.learning_curve`.
        metric : str or None, default=None
            None takes the first.
        names : list of str or None, default=None
            Estimators; None takes all.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : LearningCurveBandDisplay
        """
        metric = curve.metric(metric)
        smallest, largest = curve.train_sizes[[0, -1]]
        # The largest size is on the grid, so that the law is dashed from there on.
        grid = np.geomspace(smallest, largest, 60)
        grid = np.append(grid, np.geomspace(largest, _BEYOND * largest, 30)[1:])
        summary = curve.summary(metric.name)
        bands = []
        for name in curve.names if names is None else names:
            scores = summary.loc[name].to_numpy().T
            bands.append(SizeBand(name, *scores, *curve.law(name, metric.name).predict(grid)))
        title, order = capitalized(metric.title), list(curve.names)
        display = cls(bands, curve.train_sizes, grid, title, curve.unit, order)
        return display.plot(ax) if plot else display

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : LearningCurveBandDisplay
        """
        self.ax_ = axes_for(ax, (6.4, 4.0))
        self.figure_ = self.ax_.figure
        names = self.order or [band.name for band in self.bands]
        for place, band in enumerate(self.bands):
            # Intervals side by side: at one size they would hide each other.
            aside = 1.02 ** (place - (len(self.bands) - 1) / 2)
            self._draw(band, color_of(names, band.name), self.train_sizes * aside)
        self.ax_.set_xscale("log")
        ticks = _apart([*self.train_sizes, int(self.grid[-1].round())])
        self.ax_.set_xticks(ticks, [str(tick) for tick in ticks])
        self.ax_.set_xticks([], minor=True)
        self.ax_.set(
            xlabel=f"{capitalized(self.unit)} trained on (dashed: predicted)",
            ylabel=f"{self.title} (mean, 95 % interval)",
        )
        tidy(self.ax_)
        self.ax_.legend(frameon=False, fontsize=9)
        return self

    def _draw(self, band, color, sizes):
        known = np.isfinite(band.law).all()
        joined = "none" if known else ":"
        self.ax_.plot(sizes, band.mean, "o", linestyle=joined, color=color, markersize=4)
        self.ax_.vlines(sizes, band.low, band.high, color=color, linewidth=1)
        label = plain(band.name)
        if not known:
            # Without a law there is nothing to go on with, and the legend names the points.
            self.ax_.plot([], [], "o:", color=color, markersize=4, label=f"{label} (no law)")
            return
        within = self.grid <= self.train_sizes[-1]
        beyond = self.grid >= self.train_sizes[-1]
        self.ax_.plot(self.grid[within], band.law[within], color=color, label=label)
        self.ax_.plot(self.grid[beyond], band.law[beyond], color=color, linestyle="--")
        self.ax_.fill_between(
            self.grid, band.law_low, band.law_high, color=color, alpha=0.15, linewidth=0
        )


def _apart(sizes):
    """Return the sizes from the largest down that are far enough apart for their labels."""
    kept = [sizes[-1]]
    for size in sizes[-2::-1]:
        if size * 1.25 < kept[-1]:
            kept.append(size)
    return kept[::-1]
