"""Display of a whole comparison: every estimator's score, its interval and its folds."""

from dataclasses import dataclass

import numpy as np

from skmedimg._plotting import axes_for, color_of, plain, tidy
from skmedimg.evaluation._text import capitalized


@dataclass(frozen=True)
class ScoreRow:
    """The score of one estimator, as the displays draw it.

    Attributes
    ----------
    name : str
    mean, low, high : float
    values : ndarray (n_splits,)
    cost : float
        Seconds, or parameters.
    """

    name: str
    mean: float
    low: float
    high: float
    values: np.ndarray
    cost: float = np.nan


class ComparisonDisplay:
    """Forest plot: each estimator's mean score with its interval, and the folds behind it.

    Parameters
    ----------
    rows : list of ScoreRow
        The best first.
    title : str
        What the score is called.
    baseline : str or None, default=None
        Name of the row that is drawn as the baseline. None: no row is.
    limits : tuple of float or None, default=None
        Range the score can have.
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
    ScoreVersusCost : The same scores against what they cost.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmedimg import compare
    >>> from skmedimg.evaluation import ComparisonDisplay
    >>> result = compare(
    ...     {"bayes": GaussianNB(), "tree": DecisionTreeClassifier()},
    ...     *load_breast_cancer(return_X_y=True), pos_label=0, random_state=0, verbose=0,
    ... )
    >>> display = ComparisonDisplay.from_comparison(result, metric="roc_auc")
    >>> [row.name for row in display.rows]
    ['bayes', 'tree', 'majority class']
    """

    def __init__(self, rows, title, baseline=None, limits=None, order=None):
        self.rows = rows
        self.title = title
        self.baseline = baseline
        self.limits = limits
        self.order = order

    @classmethod
    def from_comparison(cls, comparison, metric=None, *, ax=None, plot=True):
        """Collect the scores of a comparison and draw them.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        metric : str or None, default=None
            None takes the first.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : ComparisonDisplay
        """
        metric = comparison.metric(metric)
        rows = score_rows(comparison, metric)
        limits = None if None in (metric.low, metric.high) else (metric.low, metric.high)
        order = list(comparison.names)
        display = cls(rows, capitalized(metric.title), comparison.baseline, limits, order)
        return display.plot(ax) if plot else display

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : ComparisonDisplay
        """
        self.ax_ = axes_for(ax, (7.0, 0.9 + 0.5 * len(self.rows)))
        self.figure_ = self.ax_.figure
        for place, row in enumerate(self.rows):
            self._draw_row(place, row)
        self.ax_.set_yticks(range(len(self.rows)), [plain(row.name) for row in self.rows])
        # Upside down, so that the best is at the top.
        self.ax_.set_ylim(len(self.rows) - 0.5, -0.5)
        self.ax_.set_xlim(*self._range())
        several = any(len(row.values) > 1 for row in self.rows)
        what = "mean, 95 % interval; dots: folds" if several else "95 % interval"
        # Two lines: in the three columns of the report one is too long for the axes.
        self.ax_.set_xlabel(f"{self.title}\n({what})")
        tidy(self.ax_, "x")
        self.ax_.tick_params(axis="y", length=0)
        return self

    def _draw_row(self, place, row):
        color = color_of(self.order or [each.name for each in self.rows], row.name, self.baseline)
        folds = np.asarray(row.values, dtype=float)
        self.ax_.plot(folds, np.full(len(folds), place + 0.22), ".", color=color, alpha=0.45)
        self.ax_.plot([row.low, row.high], [place, place], color=color, linewidth=2.5)
        self.ax_.plot(row.mean, place, "o", color=color, markersize=7)
        self.ax_.annotate(
            f"{row.mean:.3f}",
            (row.mean, place),
            (0, 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
        )

    def _range(self):
        """Return limits that hold everything drawn and end where the score does."""
        drawn = [[row.low, row.high, row.mean, *row.values] for row in self.rows]
        drawn = np.concatenate(drawn)
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn):
            return 0, 1
        margin = 0.06 * (np.ptp(drawn) or 1)
        low, high = drawn.min() - margin, drawn.max() + margin
        if self.limits is None:
            return low, high
        # Room for half a marker beyond the end of the range,
        # but no ticks at impossible scores such as 1.05.
        slack = margin / 3
        return max(low, self.limits[0] - slack), min(high, self.limits[1] + slack)


def score_rows(comparison, metric, cost_of=None):
    """Return one ScoreRow per estimator, the best first; `cost_of(costs)` gives its cost."""
    rows = []
    # a stable sort: the order of the scores, but the baseline last wherever it scores
    for name in sorted(comparison.ranked(metric.name), key=lambda n: n == comparison.baseline):
        interval = comparison.interval(name, metric.name)
        cost = np.nan if cost_of is None else cost_of(comparison.costs(name))
        values = comparison.values(name, metric.name)
        rows.append(ScoreRow(name, interval.mean, interval.low, interval.high, values, cost))
    return rows
