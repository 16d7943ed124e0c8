"""Display of scores by site: a forest plot with the mean and the prediction interval."""

import numpy as np

from skmedimg._plotting import LINE, QUIET, SERIES, axes_for, plain, tidy
from skmedimg.evaluation._text import capitalized


class SiteForestDisplay:
    """Forest plot of one model at every site, with the mean of sites and what a new one may have.

    Parameters
    ----------
    scores : SiteScores
        What is drawn.

    Attributes
    ----------
    ax_ : Axes
        Where it was drawn.
    figure_ : Figure
        The figure of `ax_`.

    See Also
    --------
    Comparison.sites : What is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> from skmedimg.evaluation import SiteForestDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     {"bayes": GaussianNB()}, X, y, site=np.arange(len(y)) % 4, scoring="roc_auc",
    ...     pos_label=0, random_state=0, verbose=0,
    ... )
    >>> display = SiteForestDisplay(result.sites("bayes")).plot()
    >>> [text.get_text() for text in display.ax_.get_yticklabels()]
    ['0 (143)', '1 (142)', '2 (142)', '3 (142)', 'mean of sites']
    """

    def __init__(self, scores):
        self.scores = scores

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SiteForestDisplay
        """
        sites, pooled, metric = self.scores.sites, self.scores.pooled, self.scores.metric
        n_rows = len(sites) + (pooled is not None)
        self.ax_ = axes_for(ax, (6.4, 1.1 + 0.36 * n_rows))
        self.figure_ = self.ax_.figure
        for place, each in enumerate(sites):
            found = each.interval
            self.ax_.plot([found.low, found.high], [place, place], color=SERIES[0], linewidth=1.5)
            self.ax_.plot(found.mean, place, "s", color=SERIES[0], markersize=6)
        labels = [plain(f"{each.site} ({each.n_patients})", 28) for each in sites]
        if pooled is not None:
            self._draw_pooled(pooled, len(sites))
            labels.append("mean of sites")
        self.ax_.set_yticks(range(n_rows), labels)
        self.ax_.set_ylim(n_rows - 0.5, -0.5)
        self.ax_.set_xlabel(f"{capitalized(metric.title)} (95 % interval; dashes: a new site)")
        tidy(self.ax_, "x")
        self.ax_.tick_params(axis="y", length=0)
        return self

    def _draw_pooled(self, pooled, place):
        """Draw the mean of sites as a diamond on the prediction interval."""
        if np.isfinite(pooled.new_low):
            ends = [pooled.new_low, pooled.new_high]
            self.ax_.plot(ends, [place, place], "--|", color=QUIET, linewidth=1.2)
        xs = [pooled.low, pooled.mean, pooled.high, pooled.mean]
        ys = [place, place - 0.22, place, place + 0.22]
        self.ax_.fill(xs, ys, color=SERIES[1])
        self.ax_.axvline(pooled.mean, color=LINE, linewidth=1, zorder=0)
