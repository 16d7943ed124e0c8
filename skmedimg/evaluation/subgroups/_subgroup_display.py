"""Display of the scores of subgroups: a forest plot."""

import numpy as np

from skmedimg._plotting import QUIET, SERIES, axes_for, plain, tidy
from skmedimg.evaluation._text import capitalized

_SHOWN_DIGITS = 2


class SubgroupDisplay:
    """Forest plot of subgroups: score and interval of each, all patients as a line.

    Subgroups without a test are gray.

    Parameters
    ----------
    records : sequence of Subgroup
        One record per subgroup.
    overall : Subgroup
        All patients.
    title : str
        What the score is called.
    confidence : float, default=0.95
        Confidence level of the intervals.

    Attributes
    ----------
    ax_ : Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    Subgroups : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import compare
    >>> draws = np.random.default_rng(0)
    >>> y, age = draws.integers(0, 2, 120), draws.integers(20, 90, 120)
    >>> X = draws.normal(2 * y, 1)[:, None]
    >>> result = compare(
    ...     LogisticRegression(), X, y, columns={"age": age}, random_state=0, verbose=0, repeats=2
    ... )
    >>> display = result.by("age", bins={"age": [40, 65]}).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['all images', 'age < 40', 'age 40 to < 65', 'age ≥ 65']
    """

    def __init__(self, records, overall, title, confidence=0.95):
        self.records = records
        self.overall = overall
        self.title = title
        self.confidence = confidence

    @classmethod
    def from_subgroups(cls, subgroups, *, ax=None, plot=True):
        """Collect the scores of subgroups and draw them.

        Parameters
        ----------
        subgroups : Subgroups
            What `Comparison.by` returned.
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.
        plot : bool, default=True
            Draw at once; False leaves that to :meth:`plot`.

        Returns
        -------
        display : SubgroupDisplay
        """
        if not hasattr(subgroups, "overall"):
            raise TypeError(
                f"subgroups needs what Comparison.by returns, but is {type(subgroups).__name__}."
            )
        title = capitalized(subgroups.metric.title)
        display = cls(subgroups.records, subgroups.overall, title, subgroups.confidence)
        return display.plot(ax) if plot else display

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : SubgroupDisplay
        """
        everyone = [self.overall, *self.records]
        self.ax_ = axes_for(ax, (7.0, 0.9 + 0.38 * len(everyone)))
        self.figure_ = self.ax_.figure
        self.ax_.axvline(self.overall.score, color=QUIET, linewidth=0.8, linestyle=":")
        for place, each in enumerate(everyone):
            color = QUIET if each.note and place else SERIES[0]
            self.ax_.plot([each.low, each.high], [place, place], color=color, linewidth=2)
            marker = "D" if place == 0 else "o"
            self.ax_.plot(each.score, place, marker, color=color, markersize=5)
            self.ax_.annotate(
                _words(each),
                (1, place),
                (6, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=color,
            )
        self.ax_.set_yticks(range(len(everyone)), [plain(each.title) for each in everyone])
        self.ax_.set_ylim(len(everyone) - 0.5, -0.5)
        self._set_range(everyone)
        self.ax_.set_xlabel(f"{self.title} ({self.confidence:.0%} interval)")
        tidy(self.ax_, "x")
        self.ax_.tick_params(axis="y", length=0)
        return self

    def _set_range(self, everyone):
        drawn = np.array([[each.score, each.low, each.high] for each in everyone], dtype=float)
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn):
            margin = 0.06 * (np.ptp(drawn) or 0.1)
            self.ax_.set_xlim(drawn.min() - margin, drawn.max() + margin)


def _words(each):
    """Return score and number of patients of a subgroup."""
    score = "–" if not np.isfinite(each.score) else f"{each.score:.{_SHOWN_DIGITS}f}"
    return f"{score}  n = {each.patients}"
