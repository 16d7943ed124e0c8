"""Tables that the report and notebooks show of a comparison and of its tests."""

from dataclasses import dataclass
from math import isfinite

from skmedimg.evaluation._text import capitalized

_CLINICAL = ("sensitivity", "specificity", "roc_auc")


@dataclass(frozen=True)
class Table:
    """A table that a template shows.

    Attributes
    ----------
    head : list of str
    rows : list of list
        Text and numbers, or a mean with limits: {"mean": , "low": , "high": }. The first cell of a
        row is its heading.
    caption : str or None
    text_columns : container of int
        Columns aligned to the left.
    quiet : container of int
        Rows printed in gray.
    """

    head: list
    rows: list
    caption: str = None
    text_columns: tuple = (0,)
    quiet: tuple = ()


def metrics_shown(comparison):
    """Return the metrics in the order of tables: of two classes, what clinicians ask for first."""
    first = _CLINICAL if comparison.pos_label is not None else ()
    return sorted(
        comparison.metrics,
        key=lambda metric: first.index(metric.name) if metric.name in first else len(first),
    )


def score_table(comparison, scores, metrics, caption=None):
    """Return the Table of some metrics of a summary."""
    head = ["Model", *(capitalized(comparison.metric(name).title) for name in metrics)]
    rows = [[name, *interval_cells(row, metrics)] for name, row in scores.iterrows()]
    # The baseline is there for orientation and is not one of the models compared.
    quiet = [place for place, name in enumerate(scores.index) if name == comparison.baseline]
    return Table(head, rows, caption, quiet=quiet)


def interval_cell(mean, low, high):
    """Return the cell of a mean with its limits."""
    return {"mean": mean, "low": low, "high": high}


def interval_cells(row, names):
    """Return the cells of some values of a row with the columns `<name>`, ` low` and ` high`."""
    return [interval_cell(row[name], row[f"{name} low"], row[f"{name} high"]) for name in names]


def tests_table(tests):
    """Return the Table of every test of PairwiseTests."""
    head = ["First", "Second", "Score", "Test", "About", "Difference", "95 % interval", "p"]
    head += ["Adjusted interval", "p adjusted"]
    rows = [
        [
            record.first,
            record.second,
            record.title,
            record.test,
            record.about,
            f"{record.difference:+.3f}",
            _limits(record.low, record.high),
            record.p_value,
            _limits(record.low_adjusted, record.high_adjusted),
            record.p_adjusted,
        ]
        for record in tests.records
    ]
    return Table(head, rows, "First minus second", text_columns=range(5))


def _limits(low, high):
    """Return limits of a difference as text; empty where there are none."""
    return f"{low:+.3f} to {high:+.3f}" if isfinite(low) else ""
