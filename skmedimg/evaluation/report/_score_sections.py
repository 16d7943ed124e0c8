"""Sections of a report on scores: the table, the forest plot, the conclusions and the costs."""

import numpy as np

from skmedimg.evaluation._html_tables import (
    Table,
    interval_cell,
    metrics_shown,
    score_table,
    tests_table,
)
from skmedimg.evaluation._records import WarningRecord
from skmedimg.evaluation._render import number
from skmedimg.evaluation._text import capitalized
from skmedimg.evaluation.displays._comparison_display import ComparisonDisplay
from skmedimg.evaluation.displays._roc_pr import PrecisionRecallBandDisplay, RocBandDisplay
from skmedimg.evaluation.displays._score_versus_cost import ScoreVersusCost

_FIRST = 5  # scores in the table everybody reads; the others are behind a click
_MOST_CLASSES = 6
_FROM_MODELS = 4  # so many models have six pairs: a matrix is read faster than six sentences
_MOST_UNDECIDED = 4
_PLACES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # of the x-axis, in the table behind a curve


def scores_section(context):
    """Return the table of scores, the forest plot and the curves."""
    comparison = context.comparison
    metrics = [metric.name for metric in metrics_shown(comparison)]
    single = len(comparison.splits) == 1
    scores = comparison.summary()
    return {
        "first": score_table(
            comparison,
            scores,
            metrics[:_FIRST],
            f"{'On the test set' if single else 'Mean over the test folds'} and 95 % interval",
        ),
        "others": score_table(comparison, scores, metrics[_FIRST:]) if metrics[_FIRST:] else None,
        "sorted_by": comparison.metric().title,
        "method": comparison.interval(comparison.best).method,
        "lower_is_better": [m.title for m in comparison.metrics if not m.higher_is_better],
        "title": capitalized(comparison.metric().title),
        "single": single,
        "forest": _forest(context),
        "curves": [curve for curve in _curves(context) if curve["figure"] is not None],
    }


def conclusions_section(context):
    """Return the conclusions, pair by pair, with what stands against them and every test."""
    tests = context.tests
    undecided = [each for each in tests.conclusions if not each.decided]
    return {
        "headline": tests.headline,
        "matrix": _matrix(context),
        "decided": [each for each in tests.conclusions if each.decided],
        "undecided": undecided[:_MOST_UNDECIDED],
        "more_undecided": undecided[_MOST_UNDECIDED:],
        "warnings": list(_warnings(tests)),
        "tests": tests_table(tests),
    }


def _matrix(context):
    """Return the Table of the differences of all pairs, or None where sentences are few enough."""
    if len(context.estimators) < _FROM_MODELS:
        return None
    cells = {}
    for each in context.tests.conclusions:
        first, second = each.pair
        low, high = each.interval
        mark = " ✓" if each.decided else ""
        cells[first, second] = _difference(each.difference, low, high, mark)
        cells[second, first] = _difference(-each.difference, -high, -low, mark)
    names = context.comparison.ranked()
    rows = [[name, *(cells.get((name, other), "") for other in names)] for name in names]
    title = capitalized(context.comparison.metric().title)
    return Table(
        ["Row minus column", *names],
        rows,
        f"{title}: differences and their simultaneous 95 % limits; ✓: shown by the test",
        text_columns=(0,),
    )


def _difference(value, low, high, mark):
    """Return the cell of a difference and its limits; empty where the pair was not tested."""
    if not np.isfinite(value):
        return ""
    if not np.isfinite(low):
        return f"{value:+.3f}{mark}"
    return interval_cell(f"{value:+.3f}{mark}", f"{low:+.3f}", f"{high:+.3f}")


def _warnings(tests):
    """Yield the warnings; those of the audit, which has a section of its own, as one."""
    yield from (each for each in tests.warnings if each.source != "audit")
    if any(each.source == "audit" for each in tests.warnings):
        text = "The audit has warnings about the data, above: they hold for every model."
        yield WarningRecord(text, "audit")


def costs_section(context):
    """Return what the models cost; None where nothing was fitted."""
    comparison = context.comparison
    if not len(comparison.splits[0].train):
        return None
    head = ["Model", "Fit, s", "Predict, s", "Once for all folds, s", "Memory, MB", "Parameters"]
    figure = context.plot(
        lambda ax: ScoreVersusCost.from_comparison(comparison, ax=ax),
        (4.9, 3.0),
        "Score of every model against the seconds one fit takes.",
        "cost",
    )
    rows = [_cost_row(name, comparison.costs(name)) for name in comparison.names]
    single = len(comparison.splits) == 1
    return {
        "figure": figure,
        "table": Table([*head, "Trained"], rows, None if single else "Medians over the folds"),
    }


def _forest(context):
    """Return the Figure of all scores with their intervals."""
    comparison = context.comparison
    display = ComparisonDisplay.from_comparison(comparison, plot=False)
    title = capitalized(comparison.metric().title)
    folds = [split.label for split in comparison.splits]
    table = Table(
        ["Model", *folds],
        [[row.name, *row.values] for row in display.rows],
        f"{title} on each test fold (repeat.fold)",
    )
    means = "; ".join(
        f"{row.name} {number(row.mean)} ({number(row.low)} to {number(row.high)})"
        for row in display.rows
    )
    size = (3.6, 0.9 + 0.48 * len(display.rows))
    return context.plot(display.plot, size, f"Forest plot of {title}: {means}.", "forest", table)


def _curves(context):
    """Yield ROC and precision-recall curves, one pair per class that counts as positive."""
    comparison = context.comparison
    if comparison.task != "classification":
        return
    classes = [comparison.pos_label]
    if comparison.pos_label is None:
        classes = comparison.classes.tolist()[:_MOST_CLASSES]
    for place, label in enumerate(classes):
        for display, kind in (
            (RocBandDisplay, "ROC curves"),
            (PrecisionRecallBandDisplay, "Precision-recall curves"),
        ):
            figure = _band(context, display, kind, label, f"{display.__name__.lower()}{place}")
            yield {"figure": figure, "kind": kind, "label": str(label)}


def _band(context, display_class, kind, label, key):
    """Return the Figure of one kind of curve for one class, or None where nothing can be drawn."""
    results = context.comparison.fold_results
    names = [
        name for name in context.complete if all(fold.has_decision_scores for fold in results[name])
    ]
    display = display_class.from_comparison(context.comparison, names, pos_label=label, plot=False)
    if not any(len(band.curves) for band in display.bands):
        return None
    alt = f"{kind} of {len(names)} models for {label}."
    return context.plot(display.plot, (3.6, 3.3), alt, key, _band_table(display))


def _band_table(display):
    """Return the Table of areas and of heights at some places."""
    places = np.rint(np.array(_PLACES) * 200).astype(int)
    head = ["Model", "Area", *(f"at {share:.0%}" for share in _PLACES)]
    rows = [
        [band.name, band.areas.mean(), *band.curves.mean(axis=0)[places]]
        for band in display.bands
        if len(band.curves)
    ]
    return Table(head, rows, f"{display.y_title} at given {display.x_title.lower()}")


def _cost_row(name, costs):
    """Return the cells of one estimator's costs."""
    times = (costs.fit_time, costs.score_time, costs.shared_time)
    cells = [number(seconds, 2) for seconds in times]
    return [name, *cells, number(costs.memory, 0), costs.parameters, costs.trainable]
