"""Sections of a report on scores: the table, the forest plot, the claims and the costs."""

import numpy as np

from skmedimg.evaluation.displays._comparison_display import ComparisonDisplay, capital
from skmedimg.evaluation.displays._roc_pr import PrecisionRecallBandDisplay, RocBandDisplay
from skmedimg.evaluation.displays._score_versus_cost import ScoreVersusCost
from skmedimg.evaluation.report._html import details, join, number, section, table, tag
from skmedimg.evaluation.report._report_context import note, paragraph

_FIRST = 5  # scores in the table everybody reads; the others are behind a click
_MOST_CLASSES = 6
_MOST_OPEN = 4
_FALSE_ALARMS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def scores_section(source):
    """Return the table of scores, the forest plot and the curves.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment
    """
    metrics = [metric.name for metric in source.comparison.metrics]
    records = source.comparison.summary().reset_index().to_dict("records")
    rest = metrics[_FIRST:]
    more = details("All other scores", _table(source, records, rest)) if rest else None
    return section(
        "Scores",
        _table(source, records, metrics[:_FIRST], "Mean over the test folds and 95 % interval"),
        more, _how_intervals_are_made(source),
        tag("div.plots", _forest(source), *_curves(source)),
        anchor="scores",
    )  # fmt: skip


def conclusions_section(source):
    """Return what may be claimed, pair by pair.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment
    """
    conclusions = source.tests.conclusions
    shown = [each.text for each in conclusions if each.decided]
    open_ = [each.text for each in conclusions if not each.decided]
    return section(
        "What may be claimed",
        paragraph(
            "Two means that differ are not yet two models that differ: with other folds or other "
            "patients the order could turn. Each pair was tested, and the p-values were raised for "
            "the number of pairs (Holm)."
        ),
        *(note("good", sentence) for sentence in shown),
        *(note("note", sentence) for sentence in open_[:_MOST_OPEN]),
        _more_open(open_[_MOST_OPEN:]),
        _reservations(source),
        details("Every test", _tests_table(source.tests.records), printed=False),
        anchor="claims",
    )  # fmt: skip


def _more_open(sentences):
    if not sentences:
        return None
    pairs = "pair" if len(sentences) == 1 else "pairs"
    title = f"{len(sentences)} more {pairs} that the data do not decide"
    return details(title, *(note("note", sentence) for sentence in sentences))


def _reservations(source):
    """Return what stands against the claims; what the audit found has a section of its own."""
    warnings = source.tests.warnings
    others = [warning.text for warning in warnings if warning.source != "audit"]
    if len(others) < len(warnings):
        others.append("The audit has warnings about the data, below: they hold for every model.")
    if not others:
        return None
    return note("warning", tag("span.kind", "Warning"), *(tag("p", each) for each in others))


def costs_section(source):
    """Return what the models cost.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment
    """
    comparison = source.comparison
    head = ["Model", "Fit, s", "Predict, s", "Once for all folds, s", "Memory, MB", "Parameters",
            "Trained"]  # fmt: skip
    rows = [list(_cost_row(comparison, name)) for name in comparison.names]
    plot = source.plot(
        lambda ax: ScoreVersusCost.from_comparison(comparison, ax=ax), (4.9, 3.0),
        "Score of every model against the seconds one fit takes.", "cost",
        caption="Score against fitting time. Up and to the left is better.",
    )  # fmt: skip
    return section(
        "What it costs", plot, table(head, rows, caption="Medians over the folds"), anchor="costs"
    )


def _table(source, records, metrics, caption=None):
    comparison = source.comparison
    head = ["Model", *(capital(comparison.metric(name).title) for name in metrics)]
    rows = [
        [record["estimator"], *(_score(record, name) for name in metrics)] for record in records
    ]
    quiet = {row for row, record in enumerate(records) if record["baseline"]}
    return table(head, rows, caption=caption, marked=quiet)


def _score(record, name):
    low, high = record[f"{name} low"], record[f"{name} high"]
    if low != low or low == high:
        return number(record[name])
    return join(number(record[name]), tag("small", f"{number(low)} to {number(high)}"))


def _how_intervals_are_made(source):
    comparison = source.comparison
    how = comparison.interval(source.best).method
    arrows = [metric.title for metric in comparison.metrics if not metric.higher_is_better]
    lower = f" Lower is better for {', '.join(arrows)}." if arrows else ""
    return tag("p.small", f"Intervals: {how}.{lower}")


def _forest(source):
    comparison = source.comparison
    display = ComparisonDisplay.from_comparison(comparison, plot=False)
    title = capital(comparison.metric().title)
    folds = [f"{split.repeat + 1}.{split.fold + 1}" for split in comparison.splits]
    data = table(
        ["Model", *folds], [[row.name, *map(number, row.values)] for row in display.rows],
        caption=f"{title} on each test fold (repeat.fold)",
    )  # fmt: skip
    said = "; ".join(
        f"{row.name} {number(row.mean)} ({number(row.low)} to {number(row.high)})"
        for row in display.rows
    )
    return source.plot(
        display.plot, (4.9, 0.9 + 0.48 * len(display.rows)), f"Forest plot of {title}: {said}.",
        "forest", data=data,
        caption=f"{title}: mean, 95 % interval, and each fold as a dot. Intervals that overlap may "
        "still differ, since all models saw the same folds: the tests below decide.",
    )  # fmt: skip


def _curves(source):
    """Yield ROC and precision-recall curves, one pair per class that counts as positive."""
    comparison = source.comparison
    if comparison.task != "classification":
        return
    classes = [comparison.pos_label]
    if comparison.pos_label is None:
        classes = comparison.classes.tolist()[:_MOST_CLASSES]
    for place, label in enumerate(classes):
        for display, words in (
            (RocBandDisplay, "ROC curves"), (PrecisionRecallBandDisplay, "Precision-recall curves")
        ):  # fmt: skip
            yield _band(source, display, words, label, f"{display.__name__.lower()}{place}")


def _band(source, kind, words, label, key):
    names = [
        name for name in source.answered
        if all(fold.has_decision_scores for fold in source.comparison.fold_results[name])
    ]  # fmt: skip
    display = kind.from_comparison(source.comparison, names, pos_label=label, plot=False)
    if not any(len(band.curves) for band in display.bands):
        return None
    return source.plot(
        display.plot, (4.6, 4.0), f"{words} of {len(names)} models for {label}.", key,
        caption=f"{words} for {label}: mean over folds, and one standard deviation.",
        data=_band_table(display),
    )  # fmt: skip


def _band_table(display):
    steps = np.rint(np.array(_FALSE_ALARMS) * 200).astype(int)
    head = ["Model", "Area", *(f"at {share:.0%}" for share in _FALSE_ALARMS)]
    rows = [
        [band.name, number(band.areas.mean()), *map(number, band.curves.mean(axis=0)[steps])]
        for band in display.bands if len(band.curves)
    ]  # fmt: skip
    return table(head, rows, caption=f"{display._ylabel} at given {display._xlabel.lower()}")


def _tests_table(records):
    head = ["First", "Second", "Score", "Test", "Says something about", "Difference",
            "95 % interval", "p", "p (Holm)"]  # fmt: skip
    rows = [
        [
            record.first,
            record.second,
            record.metric,
            record.test,
            record.about,
            f"{record.difference:+.3f}",
            f"{record.low:+.3f} to {record.high:+.3f}",
            number(record.p_value),
            number(record.p_adjusted),
        ]
        for record in records
    ]
    return table(head, rows, numbers={5, 6, 7, 8}, caption="First minus second")


def _cost_row(comparison, name):
    costs = comparison.costs(name)
    yield name
    yield number(costs.fit_time, 2)
    yield number(costs.score_time, 2)
    yield number(costs.shared_time, 2)
    yield number(costs.memory if np.isfinite(costs.memory) else None, 0)
    yield number(costs.parameters)
    yield number(costs.trainable)
