"""Display of scores against what they cost."""

import numpy as np

from skmedimg._plotting import axes_for, color_of, plain, tidy
from skmedimg.evaluation._text import capitalized
from skmedimg.evaluation.displays._comparison_display import score_rows


class ScoreVersusCost:
    """Score against what it cost: fit time or trained parameters.

    Parameters
    ----------
    rows : list of ScoreRow
        Score and cost of each model.
    title : str
        What the score is called.
    cost_title : str
        Label of the axis of the costs.
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
    ComparisonDisplay : The scores alone.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from skmedimg import compare
    >>> from skmedimg.evaluation import ScoreVersusCost
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     {"ridge": RidgeClassifier()}, X, y, pos_label=0, random_state=0, verbose=0
    ... )
    >>> display = ScoreVersusCost.from_comparison(result, cost="parameters")
    >>> [(row.name, int(row.cost)) for row in display.rows]
    [('ridge', 31)]
    """

    def __init__(self, rows, title, cost_title, baseline=None, order=None):
        self.rows = rows
        self.title = title
        self.cost_title = cost_title
        self.baseline = baseline
        self.order = order

    @classmethod
    def from_comparison(cls, comparison, metric=None, *, cost="time", ax=None, plot=True):
        """Collect scores and costs of a comparison and draw them.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        metric : str or None, default=None
            Name of the score. None: the primary metric.
        cost : {"time", "parameters"}, default="time"
            Median seconds of a fit, or parameters trained. Estimators whose cost is not known are
            left out.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : ScoreVersusCost
        """
        if cost not in _COSTS:
            raise ValueError(f"cost={cost!r} must be 'time' or 'parameters'.")
        title, cost_of = _COSTS[cost]
        metric = comparison.metric(metric)
        # Costs of 0 and nan have no place on a logarithmic axis.
        rows = [row for row in score_rows(comparison, metric, cost_of) if row.cost > 0]
        order = list(comparison.names)
        display = cls(rows, capitalized(metric.title), title, comparison.baseline, order)
        return display.plot(ax) if plot else display

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : ScoreVersusCost
        """
        self.ax_ = axes_for(ax, (6.0, 3.6))
        self.figure_ = self.ax_.figure
        labels, bars = [], []
        for row in self.rows:
            names = self.order or [each.name for each in self.rows]
            color = color_of(names, row.name, self.baseline)
            limits = [row.low, row.high]
            bars += self.ax_.plot([row.cost, row.cost], limits, color=color, linewidth=1.5)
            self.ax_.plot(row.cost, row.mean, "o", color=color)
            label = self.ax_.annotate(
                plain(row.name),
                (row.cost, row.mean),
                (6, 3),
                textcoords="offset points",
                fontsize=8,
                color=color,
            )
            labels.append(label)
        if self.rows:
            self.ax_.set_xscale("log")
        self.ax_.margins(x=0.25)
        self.ax_.set(xlabel=self.cost_title, ylabel=self.title)
        tidy(self.ax_)
        _lay_out(self.figure_)
        _turn_from_bars(labels, bars)
        _separate(labels, self.figure_)
        return self


def _lay_out(figure):
    """Give every text its place; a part of a figure has its layout already."""
    if hasattr(figure, "draw_without_rendering"):
        figure.draw_without_rendering()


def _turn_from_bars(labels, bars):
    """Put a label to the left of its point where it would cross the interval of another model."""
    extents = [bar.get_window_extent() for bar in bars]
    for own, label in enumerate(labels):
        others = [extent for place, extent in enumerate(extents) if place != own]
        if not any(label.get_window_extent().overlaps(extent) for extent in others):
            continue
        x, y = label.xyann
        label.set(ha="right")
        label.xyann = -x, y
        crosses = any(label.get_window_extent().overlaps(extent) for extent in others)
        if crosses or label.get_window_extent().x0 < label.axes.get_window_extent().x0:
            label.set(ha="left")
            label.xyann = x, y


def _separate(labels, figure):
    """Move labels down until none overlaps another: equal models have equal points."""
    placed = []
    for label in sorted(labels, key=lambda each: -each.get_window_extent().y0):
        box = label.get_window_extent()
        # From the top, so that each label only meets those above it.
        for other in sorted(placed, key=lambda each: -each.y0):
            if box.overlaps(other):
                x, y = label.xyann
                # Extents are in pixels, offsets of annotations in points: 72 to the inch.
                label.xyann = x, y - (box.y1 - other.y0 + 1) * 72 / figure.dpi
                box = label.get_window_extent()
        placed.append(box)


_COSTS = {
    "time": ("Seconds per fit (logarithmic)", lambda costs: costs.fit_time),
    "parameters": (
        "Trained parameters (logarithmic)",
        lambda costs: np.nan if costs.trainable is None else costs.trainable,
    ),
}
