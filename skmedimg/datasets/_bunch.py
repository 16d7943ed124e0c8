"""Turn the columns of a data set into a Bunch of arrays, without the rows that cannot be used."""

from collections import Counter

import numpy as np

from skmedimg.datasets._data_set import DataSet
from skmedimg.datasets._find_images import usable
from skmedimg.datasets._loading_report import first_few

_NEEDED = {"paths": "no path", "labels": "no class", "masks": "no mask", "groups": "no patient"}


def bunch_of(columns, report, *, on_error, verify, n_jobs, verbose, frame=None):
    """Return a Bunch of equally long columns, without the rows that cannot be used.

    `frame` is a DataFrame of other columns in the same order, or None.
    """
    columns = columns | {"row": range(len(columns["paths"]))}
    columns = _kept(columns, _complete(columns, report, on_error))
    kinds = sorted({type(label).__name__ for label in columns["labels"] or ()})
    if "str" in kinds and len(kinds) > 1:  # they have no order
        raise TypeError(f"The labels mix {' and '.join(kinds)}: make all of them text.")
    if verify:
        # Masks after images: those of images that are left out need no reading.
        for name in ("paths", "masks"):
            if columns[name] is not None:
                good = usable(columns[name], report, on_error, n_jobs, verbose)
                columns = _kept(columns, good)
    if not columns["paths"]:
        raise ValueError(f"No image is left.\n{report}")
    _warn_of_repeated_names(columns["paths"], report)
    report.count(columns["labels"], columns["groups"], len(columns["paths"]), columns["split"])
    return _arrays(columns, report, frame)


def _complete(columns, report, on_error):
    """Return for each row whether it has a value in every column that is used."""
    complete = [True] * len(columns["paths"])
    names = [path or f"row {row}" for row, path in enumerate(columns["paths"])]
    for column, what in _NEEDED.items():
        missing = [row for row, value in enumerate(columns[column] or ()) if value is None]
        if missing and on_error == "raise":
            raise ValueError(
                f"{len(missing)} images have {what}: {first_few([names[row] for row in missing])}. "
                'Complete them, or leave them out with on_error="skip-report".'
            )
        for row in missing:
            complete[row] = False
            report.skipped.append((names[row], what))
    return complete


def _kept(columns, keep):
    """Return all columns without the rows where `keep` is False, so that they stay aligned."""
    return {
        name: None
        if column is None
        else [value for value, kept in zip(column, keep, strict=True) if kept]
        for name, column in columns.items()
    }


def _warn_of_repeated_names(paths, report):
    # In the report only: numbered files of many scanners repeat their names, but it may also be one
    # image that was sorted into two classes.
    counts = Counter(path.replace("\\", "/").rpartition("/")[2] for path in paths)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        report.warnings.append(
            f"{len(repeated)} file names occur in several folders: {first_few(repeated)}."
        )


def _arrays(columns, report, frame):
    target = names = None
    if columns["labels"] is not None:
        # The labels themselves and not their numbers: scores, tables and plots repeat them.
        target = np.asarray(columns["labels"])
        names = np.unique(target)
        if len(names) < 2:
            raise ValueError(
                f"{report.root}: all {len(target)} images are of one class, "
                f"{names.tolist()[0]!r}; at least two are needed to learn. Pass labels_from=None "
                "(for a table label=None) to do without."
            )
    return DataSet(
        paths=_objects(columns["paths"]),
        target=target,
        target_names=names,
        groups=None if columns["groups"] is None else np.asarray(columns["groups"]),
        masks=None if columns["masks"] is None else _objects(columns["masks"]),
        split=None if columns["split"] is None else np.asarray(columns["split"]),
        columns=None if frame is None else frame.iloc[columns["row"]].reset_index(drop=True),
        report=report,
    )


def _objects(strings):
    # Objects: in a fixed-width dtype every path takes the memory of the longest.
    return np.fromiter(strings, dtype=object, count=len(strings))
