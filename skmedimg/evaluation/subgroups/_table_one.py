"""Table 1 of a paper: who the patients are, by set and by class."""

import numpy as np

from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation.subgroups._levels import MISSING, can_split
from skmedimg.evaluation.subgroups._patient_columns import columns_of_patients, is_number


def table_one(y, classes, groups=None, columns=None, *, median=()):
    """Return the DataFrame of the characteristics of patients, over all and by class.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels; of masks anything of that length.
    classes : ndarray of shape (n_classes,) or None
    groups : ndarray of shape (n_samples,) or None
        Patients; without them every row is one.
    columns : DataFrame of n_samples rows or None
    median : sequence of str
        Columns of numbers shown by median and quartiles instead of mean and standard deviation.
    """
    import pandas as pd

    members = {"all": np.ones(len(y), dtype=bool)}
    for label in classes if classes is not None else ():
        members[str(label)] = y == label
    unknown = [name for name in median if columns is None or name not in columns]
    if unknown:
        known = [] if columns is None else [name for name in columns if is_number(columns[name])]
        raise ValueError(f"median={unknown[0]!r} is not a patient column; numbers are {known}.")
    parts = {
        name: dict(_characteristics(member, groups, columns, median))
        for name, member in members.items()
    }
    # All rows hold every level, which a class may lack.
    table = pd.DataFrame(parts, index=pd.MultiIndex.from_tuples(parts["all"])).fillna("0 (0.0 %)")
    table.index.names = ["characteristic", "value"]
    return table


def shown_table(frame):
    """Return the Table of a report from the DataFrame of `table_one`."""
    head = ["Characteristic", "", *(_header(name) for name in frame.columns)]
    rows = [[*index, *values] for index, values in zip(frame.index, frame.to_numpy(), strict=True)]
    for before, row in zip(rows[-2::-1], rows[:0:-1], strict=True):
        row[0] = "" if row[0] == before[0] else row[0]
    return Table(head, rows, "Who was compared on", text_columns=(0, 1))


def _header(name):
    return ", ".join(name) if isinstance(name, tuple) else str(name)


def _characteristics(member, groups, columns, median):
    """Yield ((characteristic, value), text) of some rows."""
    rows = np.flatnonzero(member)
    yield ("images", "n"), f"{len(rows):,}"
    unit = rows if groups is None else groups[rows]
    patients, patient = np.unique(unit, return_inverse=True)
    if groups is not None:
        yield ("patients", "n"), f"{len(patients):,}"
    if columns is None:
        return
    frame = columns.iloc[rows].reset_index(drop=True)
    if groups is not None:
        frame, _ = columns_of_patients(frame, patient, len(patients))
    for name in frame:
        if is_number(columns[name]):
            yield from _of_number(name, frame[name].astype(float), name in median)
        elif can_split(columns[name]):
            levels = sorted(set(columns[name].dropna()))
            yield from _of_levels(name, frame[name], levels, columns[name].isna().any())
        else:
            text = f"{frame[name].nunique()} different texts"
            yield (name, "n"), text


def _of_number(name, values, by_median):
    known = values.dropna()
    if by_median:
        low, middle, high = np.quantile(known, (0.25, 0.5, 0.75)) if len(known) else [np.nan] * 3
        text = f"{middle:.1f} [{low:.1f}, {high:.1f}]"
        yield (name, "median [IQR]"), text if len(known) else "–"
    else:
        spread = known.std() if len(known) > 1 else np.nan
        yield (name, "mean (SD)"), f"{known.mean():.1f} ({spread:.1f})" if len(known) else "–"
    yield (name, MISSING), _share(int(values.isna().sum()), len(values))


def _of_levels(name, values, levels, has_gaps):
    for level in levels:
        yield (name, level), _share(int((values == level).sum()), len(values))
    missing = int(values.isna().sum())
    if has_gaps or missing:
        yield (name, MISSING), _share(missing, len(values))


def _share(count, n):
    """Return a count with its share, such as "12 (24.0 %)"."""
    return f"{count:,} ({100 * count / n:.1f} %)" if n else "0"
