"""Patient columns of a comparison, such as age and sex: numbers, or text with gaps."""

import numpy as np


def check_columns(columns, n_rows):
    """Return patient columns as a DataFrame of numbers and text, in row order; None stays None.

    Examples
    --------
    >>> from skmedimg.evaluation.subgroups._patient_columns import check_columns
    >>> frame = check_columns({"age": [61, None], "sex": ["f", "m"], "smoker": [True, False]}, 2)
    >>> frame.to_dict("list")
    {'age': [61.0, nan], 'sex': ['f', 'm'], 'smoker': ['True', 'False']}
    """
    import pandas as pd

    if columns is None:
        return None
    try:
        frame = pd.DataFrame(_as_pandas(columns))
    except (ValueError, TypeError) as error:
        raise TypeError(
            "columns needs a DataFrame, such as data.columns of load_image_table, or a dict of "
            f"columns, but is {type(columns).__name__}: {error}"
        ) from error
    if len(frame) != n_rows:
        raise ValueError(f"columns has {len(frame)} rows, but y has {n_rows}.")
    names = list(frame.columns)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"columns needs columns with names of text, but has {names}.")
    if len(set(names)) < len(names):
        raise ValueError(f"columns needs every name once, but has {names}.")
    return pd.DataFrame({name: _values(frame[name].reset_index(drop=True)) for name in names})


def is_number(series):
    """Tell whether a column of `check_columns` holds numbers."""
    return series.dtype.kind in "iuf"


def columns_to_dict(frame):
    """Return the arrays of patient columns by name; None stays None."""
    return None if frame is None else {name: frame[name].to_numpy() for name in frame}


def columns_from_dict(columns, n_rows):
    """Return the DataFrame that `columns_to_dict` was given, with checked lengths."""
    return check_columns(columns, n_rows)


def columns_of_patients(frame, patient, n_patients):
    """Return one row per patient, and the columns whose values differ within some patients.

    `patient` is the position of the patient of each row. Where the images of a patient differ,
    the patient's value is missing.
    """
    import pandas as pd

    grouped = frame.groupby(patient, sort=True)
    unique, first = grouped.nunique(), grouped.first()
    differing = [name for name in frame if (unique[name] > 1).any()]
    same = first.where(unique <= 1)
    order = pd.RangeIndex(n_patients)
    return check_columns(same.reindex(order).astype(_dtypes(frame)), n_patients), differing


def _as_pandas(columns):
    """Return what pandas makes a DataFrame of, from tables of polars and pyarrow too."""
    if hasattr(columns, "get_columns"):  # polars, whose to_pandas needs pyarrow
        return {series.name: series.to_list() for series in columns.get_columns()}
    return columns.to_pandas() if hasattr(columns, "to_pandas") else columns


def _dtypes(frame):
    """Return dtypes that hold gaps."""
    return {name: float if is_number(frame[name]) else object for name in frame}


def _values(series):
    """Return a column as numbers with nan, or as an object array of text with None."""
    series = series.infer_objects()
    gaps = series.isna().to_numpy()
    if series.dtype.kind in "iuf":
        if not gaps.any():
            return series.to_numpy(dtype=np.int64 if series.dtype.kind in "iu" else float)
        return series.to_numpy(dtype=float, na_value=np.nan)
    text = np.empty(len(series), dtype=object)
    for row, (value, gap) in enumerate(zip(series, gaps, strict=True)):
        if isinstance(value, (list, tuple, dict, set, np.ndarray)):
            raise TypeError(
                f"columns[{series.name!r}] needs one number or text per row, but row {row} holds "
                f"{value!r}."
            )
        text[row] = None if gap else str(value)
    return text
