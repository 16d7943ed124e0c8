"""Subgroups of a patient column: its levels, or ranges of its numbers."""

import numpy as np

from skmedimg.evaluation.subgroups._patient_columns import is_number

MOST_LEVELS = 12
MISSING = "missing"
_FEW, _PARTS = 6, 4  # numbers with more than few values are cut at their quartiles


def check_by(frame, by, bins):
    """Raise ValueError where `by` names columns that are not there, or `bins` do not fit them."""
    if frame is None:
        raise ValueError(
            "Subgroups need patient columns: pass columns= to compare, such as data.columns of "
            "load_image_table(columns=[...])."
        )
    if not by:
        raise ValueError(f"by needs at least one column; there are {list(frame)}.")
    for name in by:
        if not isinstance(name, str) or name not in frame:
            raise ValueError(f"by={name!r} is not a patient column; there are {list(frame)}.")
    for name, edges in (bins or {}).items():
        if name not in by:
            raise ValueError(f"bins names {name!r}, which is not among by={list(by)}.")
        if not is_number(frame[name]):
            raise ValueError(f"bins[{name!r}] needs a column of numbers, but {name!r} holds text.")
        _check_edges(name, edges)


def split_levels(series, bins=None):
    """Return (label, bool array) of each subgroup of a column; rows without a value come last.

    `bins` of numbers are how many parts to cut them into at quantiles, or the edges between them.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmedimg.evaluation.subgroups._levels import split_levels
    >>> ages = pd.Series([35, 70, None, 50], name="age")
    >>> [(label, member.tolist()) for label, member in split_levels(ages, [40, 65])]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('< 40', [True, False, False, False]), ('40 to < 65', [False, False, False, True]),
     ('≥ 65', [False, True, False, False]), ('missing', [False, False, True, False])]
    """
    gaps = series.isna().to_numpy()
    if gaps.all():
        found = []
    elif is_number(series):
        values = series.to_numpy(dtype=float)
        found = _of_numbers(values, gaps, bins)
    else:
        texts = np.where(gaps, "", series.to_numpy(dtype=object)).astype(str)
        levels = np.unique(texts[~gaps])
        if len(levels) > MOST_LEVELS:
            raise ValueError(
                f"by={series.name!r} has {len(levels)} different texts (such as "
                f"{str(levels[0])!r}), more than the limit of {MOST_LEVELS} subgroups: put them "
                "into fewer groups before compare, or leave the column out."
            )
        found = [(str(level), (texts == level) & ~gaps) for level in levels]
    return [*found, (MISSING, gaps)] if gaps.any() else found


def can_split(series):
    """Tell whether `split_levels` takes a column as it is."""
    return is_number(series) or series.nunique() <= MOST_LEVELS


def _of_numbers(values, gaps, bins):
    """Return (label, bool array) of levels of few numbers, else of ranges."""
    levels = np.unique(values[~gaps])
    if bins is None and len(levels) <= _FEW:
        return [(f"{level:g}", values == level) for level in levels]
    edges = bins
    if bins is None or isinstance(bins, (int, np.integer)):
        shares = np.arange(1, bins or _PARTS) / (bins or _PARTS)
        # A quantile at the smallest value would leave nothing below it.
        edges = np.unique(np.quantile(values[~gaps], shares, method="inverted_cdf"))
        edges = edges[edges > levels[0]]
    edges = np.asarray(edges, dtype=float)
    place = np.searchsorted(edges, values, side="right")
    labels = _range_labels(edges)
    ranges = [(label, (place == each) & ~gaps) for each, label in enumerate(labels)]
    return [(label, member) for label, member in ranges if member.any()]


def _range_labels(edges):
    """Return what ranges between edges are called."""
    if not len(edges):
        return ["all"]
    middle = [f"{low:g} to < {high:g}" for low, high in zip(edges, edges[1:], strict=False)]
    return [f"< {edges[0]:g}", *middle, f"≥ {edges[-1]:g}"]


def _check_edges(name, edges):
    """Raise ValueError where bins are neither a number of parts nor rising edges."""
    if isinstance(edges, (int, np.integer)) and not isinstance(edges, bool):
        if 2 <= edges <= MOST_LEVELS:
            return
    elif np.ndim(edges) == 1 and 1 <= len(edges) < MOST_LEVELS:
        numbers = np.asarray(edges)
        rising = numbers.dtype.kind in "iuf" and np.isfinite(numbers).all()
        if rising and (np.diff(numbers.astype(float)) > 0).all():
            return
    raise ValueError(
        f"bins[{name!r}]={edges!r} needs a number of parts from 2 to {MOST_LEVELS}, or rising "
        "edges between the parts, such as [40, 65]."
    )
