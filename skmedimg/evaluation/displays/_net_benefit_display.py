"""Display of decision curves: the net benefit of models, of treating everybody and nobody."""

import numpy as np

from skmedimg._plotting import QUIET, axes_for, color_of, plain, tidy
from skmedimg.evaluation.clinical._net_benefit import TREAT_ALL, TREAT_NONE, net_benefit_frame


class NetBenefitDisplay:
    """Decision curves: net benefit by threshold, with 95 % intervals over patients [1]_.

    A model is worth using where its curve is above that of treating everybody and above 0, which is
    treating nobody.

    Parameters
    ----------
    curves : DataFrame
        As `Comparison.net_benefit` returns it.
    prevalence : float
        Share of the positive class: the highest net benefit there is.
    pos_label : object or None, default=None
        The positive class, named beside the axis.
    order : list of str or None, default=None
        Names in the order that gives them their colors.

    Attributes
    ----------
    ax_ : Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    References
    ----------
    .. [1] Vickers, Elkin, "Decision curve analysis: a novel method for evaluating prediction
       models", Medical Decision Making 26 (2006), doi:10.1177/0272989X06295361

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> from skmedimg.evaluation import NetBenefitDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     {"bayes": GaussianNB()}, X, y, repeats=1, pos_label=0, random_state=0, verbose=0,
    ... )
    >>> display = NetBenefitDisplay.from_comparison(result, thresholds=[0.1, 0.5])
    >>> display.curves.strategy.unique().tolist()
    ['bayes', 'treat all', 'treat none']
    """

    def __init__(self, curves, prevalence, pos_label=None, order=None):
        self.curves = curves
        self.prevalence = prevalence
        self.pos_label = pos_label
        self.order = order

    @classmethod
    def from_comparison(cls, comparison, name=None, *, thresholds=None, ax=None, plot=True):
        """Compute the curves of a comparison of two classes and draw them.

        Parameters
        ----------
        comparison : Comparison
            Result of :func:`~skmedimg.evaluation.compare`.
        name : str or None, default=None
            One estimator; None takes all with probabilities but the baseline.
        thresholds : sequence of float or None, default=None
            None takes 0.01 to 0.99.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : NetBenefitDisplay
        """
        curves = net_benefit_frame(comparison, thresholds, name)
        prevalence = float((comparison.truth() == comparison.pos_label).mean())
        order = [each for each in comparison.names if each != comparison.baseline]
        display = cls(curves, prevalence, comparison.pos_label, order)
        return display.plot(ax) if plot else display

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : NetBenefitDisplay
        """
        self.ax_ = axes_for(ax, (5.6, 4.2))
        self.figure_ = self.ax_.figure
        curves = dict(tuple(self.curves.groupby("strategy", sort=False)))
        names = [name for name in curves if name not in (TREAT_ALL, TREAT_NONE)]
        for name in names:
            self._draw(curves[name], color_of(self.order or names, name))
        everybody = curves[TREAT_ALL]
        self.ax_.plot(
            everybody.threshold, everybody.net_benefit, color=QUIET, linewidth=1.2, label=TREAT_ALL
        )
        self.ax_.axhline(0, color=QUIET, linewidth=1.2, linestyle=":", label=TREAT_NONE)
        positive = "" if self.pos_label is None else f" ({plain(self.pos_label, 20)})"
        self.ax_.set(
            xlabel=f"Probability from which on one acts{positive}",
            ylabel="Net benefit",
            xlim=(0, 1),
            ylim=self._range(curves, names),
        )
        tidy(self.ax_)
        self.ax_.legend(frameon=False, fontsize=9, loc="upper right")
        return self

    def _draw(self, curve, color):
        label = plain(curve.strategy.iloc[0], 28)
        self.ax_.plot(curve.threshold, curve.net_benefit, color=color, linewidth=1.8, label=label)
        self.ax_.fill_between(
            curve.threshold, curve.low, curve.high, color=color, alpha=0.15, linewidth=0
        )

    def _range(self, curves, names):
        """Return limits from a little below 0; treating everybody falls without end."""
        highest = max([self.prevalence, *(np.nanmax(curves[name].high) for name in names)])
        lowest = min([0.0, *(np.nanmin(curves[name].net_benefit) for name in names)])
        return max(lowest, -0.5 * self.prevalence) - 0.05 * self.prevalence, 1.3 * highest
