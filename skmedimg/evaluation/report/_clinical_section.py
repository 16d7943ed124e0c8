"""Section of a report on what two classes mean in the clinic."""

import numpy as np

from skmedimg.evaluation._html_tables import Table, interval_cell, interval_cells
from skmedimg.evaluation.clinical._calibration_table import calibration_frame
from skmedimg.evaluation.clinical._predictive_values import numbers_at
from skmedimg.evaluation.clinical._rates_at_sensitivity import specificity_frame
from skmedimg.evaluation.displays._net_benefit_display import NetBenefitDisplay

_SENSITIVITIES = (0.9, 0.95, 0.99)
_PREVALENCES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_THRESHOLDS = np.arange(1, 50) / 50  # half as many as of a display of its own, for the same curve
_TABLED = (0.02, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_LINE = {
    "calibration_intercept": "Intercept",
    "calibration_slope": "Slope",
    "observed_expected": "Observed / expected",
}


def clinical_section(context):
    """Return predictive values, operating points, decision curves and calibration lines."""
    comparison = context.comparison
    if comparison.pos_label is None or not context.complete:
        return None
    best = comparison.best
    probabilistic = [
        name
        for name in context.estimators
        if any(fold.has_probabilities for fold in comparison.fold_results[name])
    ]
    others = numbers_at(comparison, _PREVALENCES, name=best)
    return {
        "positive": others.positive,
        "best": best,
        "method": others.method,
        "numbers": numbers_at(comparison, []).table(),
        "prevalences": _prevalence_table(others),
        "points": _points_table(comparison) if probabilistic else None,
        "decision": _decision_curves(context) if probabilistic else None,
        "calibration": _calibration_table(comparison) if probabilistic else None,
        "without": [name for name in context.estimators if name not in probabilistic],
    }


def _prevalence_table(numbers):
    """Return the Table of predictive values of one model by prevalence; the first is sampled."""
    rows = [
        [f"{each.prevalence:.1%}", *(_cell(found) for found in (each.ppv, each.npv))]
        for each in sorted(numbers.records[1:], key=lambda each: each.prevalence)
    ]
    return Table(["Prevalence", "PPV", "NPV"], rows)


def _cell(found):
    return interval_cell(found.mean, found.low, found.high)


def _points_table(comparison):
    """Return the Table of the specificity at high sensitivities, and the notes of its rows."""
    frame = specificity_frame(comparison, _SENSITIVITIES)
    head = ["Model", *(f"at {share:.0%} sensitivity" for share in _SENSITIVITIES)]
    rows = []
    for name in frame.index.unique("estimator"):
        points = frame.loc[name]
        cells = [
            interval_cell(each.specificity, each.low, each.high) for each in points.itertuples()
        ]
        rows.append([name, *cells])
    notes = [note for note in dict.fromkeys(frame.warnings) if "cannot show" in note]
    return {"table": Table(head, rows, "Specificity and 95 % interval"), "notes": notes}


def _decision_curves(context):
    """Return the Figure of the net benefit."""
    display = NetBenefitDisplay.from_comparison(
        context.comparison, thresholds=_THRESHOLDS, plot=False
    )
    strategies = display.curves.strategy.unique().tolist()
    alt = f"Net benefit by threshold: {', '.join(strategies)}."
    return context.plot(display.plot, (3.6, 3.3), alt, "benefit", _benefit_table(display.curves))


def _benefit_table(curves):
    """Return the Table of the net benefit at some thresholds."""
    chosen = [curves[np.isclose(curves.threshold, each)] for each in _TABLED]
    rows = []
    for place, name in enumerate(chosen[0].strategy):
        points = [each.iloc[place] for each in chosen]
        rows.append([name, *(interval_cell(p.net_benefit, p.low, p.high) for p in points)])
    return Table(["Strategy", *(f"from {each:.0%} on" for each in _TABLED)], rows, "Net benefit")


def _calibration_table(comparison):
    """Return the Table of calibration intercept, slope and ratio."""
    frame = calibration_frame(comparison)
    rows = [[name, *interval_cells(row, _LINE)] for name, row in frame.iterrows()]
    return Table(["Model", *_LINE.values()], rows, "Of all out-of-fold probabilities together")
