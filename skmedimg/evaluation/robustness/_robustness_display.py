"""Display of robustness: scores by severity, one panel per perturbation."""

import numpy as np

from skmedimg._plotting import color_of, plain, tidy
from skmedimg.evaluation._text import capitalized

_COLUMNS = 4


class RobustnessDisplay:
    """Severity curves: the score of every estimator by the severity of each perturbation.

    Parameters
    ----------
    robustness : Robustness
        What is drawn.
    metric : str or None, default=None
        None takes the first.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One per perturbation.
    figure_ : Figure
        The figure of all of them.

    See Also
    --------
    Comparison.robustness : What is drawn.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import compare
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.evaluation import RobustnessDisplay
    >>> data = make_lesions(40, size=16, noise=0.0, random_state=0)
    >>> rows = data.images.reshape(40, -1)
    >>> result = compare(
    ...     {"logistic": LogisticRegression(max_iter=500)}, rows, data.target, scoring="roc_auc",
    ...     cv=2, repeats=1, random_state=0, verbose=0, keep_models=True,
    ... )
    >>> found = result.robustness(rows, ["blur", "noise"], image_shape=(16, 16), verbose=0)
    >>> display = RobustnessDisplay(found).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['blur', 'noise']
    """

    def __init__(self, robustness, metric=None):
        self.robustness = robustness
        self.metric = metric

    def plot(self):
        """Draw.

        Returns
        -------
        display : RobustnessDisplay
        """
        import matplotlib.pyplot as plt

        found = self.robustness
        metric = found.comparison.metric(self.metric)
        frame = found.to_frame(metric.name)
        n_columns = min(_COLUMNS, len(found.values))
        n_rows = -(-len(found.values) // n_columns)
        self.figure_, axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(2.6 * n_columns + 0.6, 2.4 * n_rows + 0.5),
            sharey=True,
            layout="constrained",
            squeeze=False,
        )
        for ax in axes.flat[len(found.values) :]:
            ax.remove()
        self.axes_ = axes.flat[: len(found.values)]
        for ax, perturbation in zip(self.axes_, found.values, strict=True):
            draw_severities(ax, found, frame, perturbation, metric)
            ax.set_title(perturbation, fontsize=10)
        for row in axes[:, 0]:
            row.set_ylabel(capitalized(metric.title))
        self.axes_[0].legend(frameon=False, fontsize=8)
        return self


def draw_severities(ax, robustness, frame, perturbation, metric):
    """Draw the scores of every estimator by the severity of one perturbation.

    `frame` is `robustness.to_frame(metric.name)`.
    """
    for name in robustness.names:
        rows = frame[(frame.estimator == name) & (frame.perturbation == perturbation)]
        _draw(ax, robustness.comparison, name, rows, metric)
    values = robustness.values[perturbation]
    ax.set_xticks(range(len(values) + 1), ["none", *map(str, values)], fontsize=8)
    tidy(ax)


def _draw(ax, comparison, name, rows, metric):
    """Draw the curve of one estimator, which begins at its score without perturbation."""
    before = comparison.interval(name, metric.name)
    mean, low, high = (
        np.append(getattr(before, field), rows[column])
        for field, column in (("mean", "score"), ("low", "low"), ("high", "high"))
    )
    color = color_of(list(comparison.names), name, comparison.baseline)
    places = np.arange(len(mean))
    ax.plot(places, mean, "o-", color=color, markersize=3.5, label=plain(name))
    ax.fill_between(places, low, high, color=color, alpha=0.15, linewidth=0)
