"""Decide whether X holds paths or numbers."""

import os

import numpy as np


def list_paths(X):
    """Return the paths in X as a list of str, or None where X holds anything else."""
    if isinstance(X, (str, os.PathLike)):
        raise TypeError(f"X needs a list of paths, but is one path: {os.fspath(X)!r}. Pass [X].")
    # The first entry decides, which costs nothing on large arrays of numbers.
    if not _starts_with_path(X):
        return None
    column = np.asarray(X, dtype=object)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"Paths need one column, but X has shape {column.shape}.")
    for row, item in enumerate(column):
        if _is_gap(item):
            raise TypeError(f"Row {row} of X has no path, but {item!r}: leave it out.")
        if not isinstance(item, (str, os.PathLike)):
            raise TypeError(f"Row {row} of X should be a path like the others, but is {item!r}.")
    return [os.fspath(item) for item in column]


def _starts_with_path(X):
    """Return whether X is one column whose first entry, or the first after gaps, is a path."""
    # A DataFrame of several columns holds features, not paths.
    if hasattr(X, "to_numpy"):
        shape = getattr(X, "shape", (0,))
        # Not X.to_numpy(): pyarrow refuses to copy there.
        X = np.asarray(X) if len(shape) == 1 or shape[1] == 1 else None
    if isinstance(X, np.ndarray):
        column = X.ndim == 1 or (X.ndim == 2 and X.shape[1] == 1)
        # Kinds of dtype that can hold text: object, fixed-width strings and numpy 2's strings.
        X = X.ravel() if column and X.dtype.kind in "OUT" else None
    if not isinstance(X, (list, tuple, np.ndarray)):
        return False
    first = next((item for item in map(_only, X) if not _is_gap(item)), None)
    return isinstance(first, (str, os.PathLike))


def _only(item):
    """Return the one entry of a row of one, else the row."""
    return item[0] if isinstance(item, (list, tuple, np.ndarray)) and len(item) == 1 else item


def _is_gap(item):
    # NaN is the only float that differs from itself.
    return item is None or (isinstance(item, float) and item != item)
