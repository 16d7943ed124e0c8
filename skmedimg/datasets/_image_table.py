"""List the images of a table with their labels, patients and masks."""

import os
from types import NoneType

from skmedimg._sklearn import HasMethods, StrOptions, validate_params
from skmedimg.datasets._bunch import bunch_of
from skmedimg.datasets._find_images import list_images
from skmedimg.datasets._loading_report import LoadReport, first_few
from skmedimg.datasets._mask_pattern import MaskPattern, pair_by_pattern, split_off_masks
from skmedimg.images._n_jobs import N_JOBS


@validate_params(
    {
        "csv_or_frame": [str, os.PathLike, HasMethods(["isna", "head"])],
        "path": [str],
        "label": [str, None],
        "group": [str, None],
        "mask": [str, None],
        "mask_pattern": [str, tuple, list, None],
        "columns": ["array-like", str, None],
        "root": [str, os.PathLike, None],
        "on_error": [StrOptions({"raise", "skip-report"})],
        "verify": ["boolean"],
        "n_jobs": N_JOBS,
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_image_table(
    csv_or_frame,
    *,
    path="path",
    label="label",
    group=None,
    mask=None,
    mask_pattern=None,
    columns=None,
    root=None,
    on_error="raise",
    verify=True,
    n_jobs=None,
    verbose=0,
):
    """List the images of a table with their labels, patients and masks.

    Parameters
    ----------
    csv_or_frame : str, os.PathLike or pandas.DataFrame
        One row per image. Paths, patients and masks of a CSV file are read as text, so that
        patient 007 stays 007.
    path : str, default="path"
        Column of the image files.
    label : str or None, default="label"
        Column of the labels; None loads no labels.
    group : str or None, default=None
        Column of the patients.
    mask : str or None, default=None
        Column of the mask files.
    mask_pattern : str, (str, str) or None, default=None
        How the names of masks below `root` are made of those of the images, as in
        :func:`load_image_folder`, instead of a column.
    columns : list of str or None, default=None
        Other columns to keep, such as age and sex, for `compare(columns=data.columns)`.
    root : str, os.PathLike or None, default=None
        Folder that relative paths start from. None: the folder of the CSV file; the current one
        for a DataFrame. Files of a CSV file that are not below it are used, with a warning.
    on_error : {"raise", "skip-report"}, default="raise"
        What happens to rows with gaps and to images that cannot be read: an error that names the
        first, or they are left out of everything and listed in ``report.skipped``.
    verify : bool, default=True
        Read every file once, so that a damaged one is found now. False trusts them.
    n_jobs : int or None, default=None
        Threads that read. None: one per usable core.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        `paths`, `target`, `target_names`, `groups`, `masks` and `report`, as
        :func:`load_image_folder` gives them, in the order of the table, and `columns`, a DataFrame
        of the other columns or None.

    See Also
    --------
    load_image_folder : The same from folders.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from PIL import Image
    >>> from skmedimg import load_image_table
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("a.png", "b.png"):
    ...     Image.new("L", (32, 32)).save(root / name)
    >>> table = pd.DataFrame({"file": ["a.png", "b.png"], "finding": ["none", "nodule"]})
    >>> data = load_image_table(table, path="file", label="finding", root=root)
    >>> data.target.tolist(), data.target_names.tolist()
    (['none', 'nodule'], ['nodule', 'none'])
    """
    name, root, frame = _table(csv_or_frame, root, [path, group, mask])
    _check_columns(name, frame, {"path": path, "label": label, "group": group, "mask": mask})
    others = _other_columns(name, frame, columns)
    report = LoadReport(name)
    columns = {
        "paths": _joined(root, _column(frame, path), path, name),
        "labels": _column(frame, label),
        "groups": _column(frame, group),
        "masks": _joined(root, _column(frame, mask), mask, name),
        "split": None,
    }
    if mask_pattern is not None:
        columns["masks"] = _masks_by_pattern(columns["paths"], mask, mask_pattern, root, report)
    _check_repeats(columns, report)
    if isinstance(csv_or_frame, (str, os.PathLike)):
        masks = columns["masks"] if mask_pattern is None else ()  # a pattern looks below root alone
        _warn_of_outside(root, [*columns["paths"], *(masks or ())], report)
    return bunch_of(
        columns,
        report,
        on_error=on_error,
        verify=verify,
        n_jobs=n_jobs,
        verbose=verbose,
        frame=others,
    )


def _table(csv_or_frame, root, text_columns):
    """Return the name of the table in messages, the folder of its paths, and its DataFrame."""
    if not isinstance(csv_or_frame, (str, os.PathLike)):
        return "the table", "." if root is None else os.fspath(root), csv_or_frame
    import pandas as pd

    name = os.fspath(csv_or_frame)
    # As numbers, patient 007 would become 7, and a path 1.10 would become 1.1.
    text = {column: str for column in text_columns if column is not None}
    try:
        frame = pd.read_csv(name, dtype=text)
    except ValueError as error:  # pandas does not name the file
        raise ValueError(
            f"{name!r} cannot be read as a table ({error}). It needs a line of column names and "
            "commas between columns, in UTF-8; read anything else with pandas and pass the frame."
        ) from error
    return name, os.path.dirname(name) if root is None else os.fspath(root), frame


def _check_columns(name, frame, wanted):
    for parameter, column in wanted.items():
        if column is not None and column not in frame.columns:
            raise ValueError(
                f"{parameter}={column!r} is not a column of {name}, which has "
                f"{list(frame.columns)}."
            )
    if len(frame) == 0:
        raise ValueError(f"{name} has no rows.")


def _other_columns(name, frame, columns):
    """Return the DataFrame of the columns that are kept beside; None where none was asked for."""
    if columns is None:
        return None
    if isinstance(columns, str):
        raise TypeError(f"columns={columns!r} needs a list: columns=[{columns!r}].")
    for column in columns:
        _check_columns(name, frame, {"columns": column})
    return frame[list(columns)]


def _column(frame, column):
    """Return the values of a column, None where there is a gap."""
    if column is None:
        return None
    gaps = frame[column].isna()
    return [None if gap else value for value, gap in zip(frame[column].tolist(), gaps, strict=True)]


def _joined(root, paths, column, table):
    """Return paths below `root`; absolute ones stay."""
    if paths is None:
        return None
    for row, path in enumerate(paths):
        if not isinstance(path, (str, os.PathLike, NoneType)):
            raise TypeError(
                f"Column {column!r} of {table} needs paths, but row {row} holds {path!r}."
            )
        if path is not None and "\0" in os.fspath(path):  # no file system takes it
            raise ValueError(
                f"Column {column!r} of {table} needs paths, but row {row} holds {path!r}."
            )
    return [None if path is None else os.path.join(root, _on_disk(path)) for path in paths]


def _masks_by_pattern(paths, mask, mask_pattern, root, report):
    """Return the masks below `root` whose names fit those of the images; None where none does."""
    if mask is not None:
        raise ValueError(f"mask={mask!r} names a column of masks: leave mask_pattern at None.")
    if root == ".":
        raise ValueError("mask_pattern looks for masks below root: pass root=, their folder.")
    pattern = MaskPattern(mask_pattern)
    files, _ = list_images(root, LoadReport(root))
    # Gaps stay gaps: `on_error` deals with them.
    images = ["" if path is None else os.path.relpath(path, root) for path in paths]
    images = [image.replace(os.sep, "/") for image in images]
    masks = split_off_masks(files, pattern, LoadReport(root))[1]
    known = [image for image in images if pattern.image_key(image) is not None]
    found = pair_by_pattern(known, masks, pattern, root=root, apart=False, report=report)
    by_image = dict(zip(known, found, strict=True))
    return [by_image.get(image) for image in images]


def _on_disk(path):
    """Return a path of a table, which is text, in the encoding of the file system."""
    path = os.fspath(path)
    # In the C locale é cannot be encoded, and files have names of its two bytes in UTF-8.
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode())
    return path


def _warn_of_outside(root, paths, report):
    """Note files of a table that are not below its folder: a table may come from elsewhere."""
    home = os.path.join(os.path.realpath(root), "")
    folders = {os.path.dirname(path) for path in paths if path is not None}
    outside = {f for f in folders if not os.path.join(os.path.realpath(f), "").startswith(home)}
    found = [path for path in paths if path is not None and _leaves(path, home, outside)]
    if found:
        report.warn(
            f"{len(found)} files are not below the folder {root!r}: {first_few(found)}. Check "
            "them if the table is not your own, or pass root= the folder that holds them all."
        )


def _leaves(path, home, outside):
    if os.path.islink(path):
        return not os.path.realpath(path).startswith(home)
    return os.path.dirname(path) in outside


def _check_repeats(columns, report):
    """Raise where one image has two labels; note images that are listed twice."""
    labels, repeated = {}, []
    for row, path in enumerate(columns["paths"]):
        label = columns["labels"][row] if columns["labels"] else None
        if path in labels:
            repeated.append(path)
            if labels[path] != label:
                raise ValueError(f"{path!r} is labeled {labels[path]!r} and {label!r}.")
        labels[path] = label
    if repeated:
        report.warn(f"{len(repeated)} rows repeat an image: {first_few(repeated)}.")
