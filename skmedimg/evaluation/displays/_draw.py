"""The displays of a comparison by their short names, and its reliability curve."""

import numpy as np

from skmedimg._plotting import QUIET, axes_for, color_of, plain, tidy
from skmedimg.evaluation.clinical._calibration_table import bins_for, calibration_bins
from skmedimg.evaluation.displays._comparison_display import ComparisonDisplay
from skmedimg.evaluation.displays._confusion_display import ConfusionDisplay
from skmedimg.evaluation.displays._net_benefit_display import NetBenefitDisplay
from skmedimg.evaluation.displays._roc_pr import PrecisionRecallBandDisplay, RocBandDisplay
from skmedimg.evaluation.displays._score_versus_cost import ScoreVersusCost
from skmedimg.evaluation.displays._training_curves import TrainingCurvesDisplay

KINDS = (
    *("scores", "curves", "confusion", "roc", "precision-recall", "calibration", "net benefit"),
    "cost",
)
_COUNTS_HEIGHT = 0.12  # of the highest bar of the histogram
_OF_ONE = ("curves", "confusion", "calibration")


def draw(comparison, kind="scores", *, name=None, ax=None):
    """Draw one of KINDS and return its display; parameters as of `Comparison.plot`."""
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(map(repr, KINDS))}.")
    if kind in _OF_ONE and name is None:
        name = comparison.best
    if kind == "calibration":
        return draw_calibration(comparison, name, ax)
    if kind == "curves":
        return TrainingCurvesDisplay.from_comparison(comparison, name, axes=ax)
    if kind == "confusion":
        return ConfusionDisplay.from_comparison(comparison, name, ax=ax)
    if kind == "net benefit":
        return NetBenefitDisplay.from_comparison(comparison, name, ax=ax)
    if kind in ("scores", "cost"):
        display = {"scores": ComparisonDisplay, "cost": ScoreVersusCost}[kind]
        return display.from_comparison(comparison, ax=ax)
    display = {"roc": RocBandDisplay, "precision-recall": PrecisionRecallBandDisplay}[kind]
    return display.from_comparison(comparison, None if name is None else [name], ax=ax)


def draw_calibration(comparison, name, ax=None):
    """Draw a reliability curve of out-of-fold probabilities with scikit-learn's own display.

    Bars are the 95 % limits of `calibration_bins`; along the axis stands how many samples have
    which probability. Quantile bins hold equal numbers of samples, as in Niculescu-Mizil and
    Caruana, "Predicting good probabilities with supervised learning", ICML 2005,
    https://doi.org/10.1145/1102351.1102430.
    """
    from sklearn.calibration import CalibrationDisplay

    if comparison.pos_label is None:
        raise ValueError("A reliability curve needs two classes, one of them positive.")
    probabilities = comparison.probabilities(name)[:, comparison.positive_column]
    found = calibration_bins(comparison, name)
    color = color_of(comparison.names, name, comparison.baseline)
    display = CalibrationDisplay.from_predictions(
        comparison.truth(),
        probabilities,
        n_bins=bins_for(probabilities),
        strategy="quantile",
        pos_label=comparison.pos_label,
        name=plain(name),
        ax=axes_for(ax, (5.2, 4.4)),
        color=color,
        markersize=4,
    )
    display.ax_.vlines(found.probability, found.low, found.high, color=color, linewidth=1.2)
    _draw_counts(display.ax_, probabilities)
    positive = plain(comparison.pos_label, 20)
    display.ax_.set(
        xlabel=f"Predicted probability ({positive})",
        ylabel=f"Observed share ({positive})",
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        aspect="equal",
    )
    display.ax_.get_lines()[0].set(color=QUIET, linewidth=0.8)
    display.ax_.legend(frameon=False, fontsize=9, loc="upper left")
    tidy(display.ax_)
    return display


def _draw_counts(ax, probabilities):
    """Draw a histogram of the probabilities along the lower end of a reliability curve."""
    counts, edges = np.histogram(probabilities, np.linspace(0, 1, 41))
    heights = _COUNTS_HEIGHT * counts / counts.max()
    ax.stairs(heights, edges, fill=True, color=QUIET, alpha=0.35)
