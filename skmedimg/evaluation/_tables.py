"""Tables of a comparison: records first, a DataFrame where pandas is there, text everywhere."""

import numpy as np

from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.statistics._intervals import interval_of

_WIDE = 0.10  # ten points of a score between 0 and 1
_SHOWN = 4  # scores in the printed form; the rest is in summary()


def to_frame(records, index=None):
    """Return records as a pandas DataFrame.

    Parameters
    ----------
    records : list of dict
    index : str, default=None
        The key that becomes the index.

    Returns
    -------
    frame : DataFrame
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "A DataFrame needs pandas: `pip install pandas`. Without it, summary_records() and "
            "tests().records hold the same as plain dicts."
        ) from error
    frame = pd.DataFrame.from_records(records)
    return frame if index is None else frame.set_index(index)


def summarise(comparison, metrics=None, confidence=0.95):
    """Return one record per estimator: means, intervals, costs and warnings, the best first.

    Parameters
    ----------
    comparison : Comparison
    metrics : list of str, default=None
    confidence : float, default=0.95

    Returns
    -------
    records : list of dict
    """
    chosen = [comparison.metric(name) for name in metrics or _names(comparison.metrics)]
    records = [_summary_record(comparison, name, chosen, confidence) for name in comparison.names]
    first = chosen[0]
    return sorted(records, key=lambda record: _rank(record[first.name], first.higher_is_better))


def prediction_records(comparison):
    """Return one record per repeat and tested row: truth, patient and every prediction.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    records : list of dict
    """
    if comparison.task != "classification":
        raise ValueError("Masks do not fit a table: use predictions(name).")
    repeats = sorted({split.repeat for split in comparison.splits})
    return [record for repeat in repeats for record in _predictions_of(comparison, repeat)]


def class_counts(truth, predicted, classes):
    """Count pairs of true class (rows) and predicted class (columns).

    Parameters
    ----------
    truth, predicted : ndarray of shape (n_samples,)
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    counts : ndarray of int of shape (n_classes, n_classes)

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation._tables import class_counts
    >>> class_counts(np.array(["a", "a", "b"]), np.array(["a", "b", "b"]), np.array(["a", "b"]))
    array([[1, 1],
           [0, 1]])
    """
    n = len(classes)
    pairs = code_labels(truth, classes) * n + code_labels(predicted, classes)
    return np.bincount(pairs, minlength=n * n).reshape(n, n)


def class_records(counts, classes):
    """Return precision, recall, F1 and support of every class.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes, n_classes)
        Rows are true classes.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    records : list of dict
    """
    hits, called, there = np.diag(counts), counts.sum(0), counts.sum(1)
    return [
        {
            "class": label,
            "precision": _share(hits[k], called[k]),
            "recall": _share(hits[k], there[k]),
            "f1": _share(2 * hits[k], called[k] + there[k]),
            "support": int(there[k]),
        }
        for k, label in enumerate(classes.tolist())
    ]


def comparison_text(comparison):
    """Write a comparison as it prints.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    text : str
    """
    metrics = comparison.metrics[:_SHOWN]
    head = ["", *(metric.title for metric in metrics), "fit s"]
    rows = [_printed(record, metrics) for record in summarise(comparison, _names(metrics))]
    notes = [f"Mind: {warning}" for warning in comparison.warnings]
    more = "summary() has every score, tests() says what may be claimed."
    return "\n".join([_title(comparison), lay_out([head, *rows]), *notes, more])


def lay_out(rows):
    """Align rows of text in columns, the first to the left and the others to the right.

    Parameters
    ----------
    rows : list of list of str

    Returns
    -------
    text : str

    Examples
    --------
    >>> from skmedimg.evaluation._tables import lay_out
    >>> print(lay_out([["", "score"], ["tree", "0.9"]]))
          score
    tree    0.9
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def _summary_record(comparison, name, metrics, confidence):
    record, notes = {"estimator": name}, _failures(comparison, name)
    for metric in metrics:
        found = interval_of(comparison, name, metric.name, confidence)
        record |= {metric.name: found.mean, f"{metric.name} low": found.low}
        record[f"{metric.name} high"] = found.high
    first = metrics[0].name
    width = record[f"{first} high"] - record[f"{first} low"]
    if metrics[0].high is not None and width > _WIDE:
        notes.append(f"interval {100 * width:.0f} points wide")
    return record | _costs(comparison, name) | {
        "baseline": name == comparison.baseline, "warnings": "; ".join(notes),
    }  # fmt: skip


def _costs(comparison, name):
    counts = comparison.parameters.get(name) or {}
    return {
        "fit_time": _median(comparison.fit_times[name]),
        "score_time": _median(comparison.score_times[name]),
        "shared_time": comparison.shared_times.get(name, 0.0),
        "parameters": counts.get("all"),
        "trainable": counts.get("trainable"),
    }


def _failures(comparison, name):
    failed = sum(answer is None for answer in comparison.answers[name])
    return [f"failed on {failed} of {len(comparison.splits)} splits"] if failed else []


def _predictions_of(comparison, repeat):
    rows = comparison.rows(repeat)
    folds = np.empty(len(comparison.y), dtype=int)
    for split in comparison.splits:
        if split.repeat == repeat:
            folds[split.test] = split.fold
    columns = {"row": rows, "repeat": np.full(len(rows), repeat), "fold": folds[rows]}
    if comparison.groups is not None:
        columns["group"] = comparison.groups[rows]
    columns |= {"truth": comparison.y[rows], **comparison.predictions(repeat=repeat)}
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _title(comparison):
    repeats = comparison.splits[-1].repeat + 1
    folds = f"{len(comparison.splits)} splits" + (f" in {repeats} repeats" if repeats > 1 else "")
    patients = ""
    if comparison.groups is not None:
        patients = f" of {len(np.unique(comparison.groups))} patients"
    return f"{len(comparison.names)} estimators, {len(comparison.y)} rows{patients}, {folds}"


def _printed(record, metrics):
    name = record["estimator"] + (" (baseline)" if record["baseline"] else "")
    scores = [_with_limits(record, metric.name) for metric in metrics]
    return [name, *scores, f"{record['fit_time']:.2f}"]


def _with_limits(record, name):
    mean, low, high = (record[key] for key in (name, f"{name} low", f"{name} high"))
    if not np.isfinite(mean):
        return "-"
    return f"{mean:.3f}" + (f" [{low:.3f}, {high:.3f}]" if np.isfinite(low) else "")


def _rank(value, higher_is_better):
    if not np.isfinite(value):
        return np.inf
    return -value if higher_is_better else value


def _names(metrics):
    return [metric.name for metric in metrics]


def _median(values):
    """The first fit of a process also loads libraries: it does not count more than another."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


def _share(part, whole):
    return float(part / whole) if whole else 0.0
