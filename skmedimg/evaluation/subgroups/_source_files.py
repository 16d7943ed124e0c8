"""Where the images of a comparison came from: names of their files, and the loader's report."""

import os

import numpy as np

from skmedimg.datasets._loading_report import LoadReport
from skmedimg.images._paths import list_paths


def file_names(X):
    """Return the names of the files of X below the folder that holds them all, or None.

    Examples
    --------
    >>> from skmedimg.evaluation.subgroups._source_files import file_names
    >>> print(file_names(["data/ill/1.png", "data/well/2.png"]))
    ['ill/1.png' 'well/2.png']
    """
    paths = getattr(X, "paths", None)
    paths = list_paths(X if paths is None else paths)
    if paths is None:
        return None
    folders = {os.path.dirname(os.path.abspath(path)) for path in paths}
    try:
        root = os.path.commonpath(folders)
    except ValueError:  # on two drives
        return _objects(paths)
    names = [os.path.relpath(os.path.abspath(path), root) for path in paths]
    return _objects([name.replace(os.sep, "/") for name in names])


def check_load_report(report):
    """Raise TypeError where `load_report` is not the report of a loader."""
    if report is not None and not isinstance(report, LoadReport):
        raise TypeError(
            "load_report needs the report of a loader, load_report=data.report, but is "
            f"{type(report).__name__}."
        )


def load_report_to_dict(report):
    """Return what a LoadReport holds as lists and dicts; None stays None."""
    if report is None:
        return None
    counts = [[label, count] for label, count in report.class_counts.items()]
    return vars(report) | {"class_counts": counts}


def load_report_from_dict(content):
    """Return the LoadReport that `load_report_to_dict` was given."""
    if content is None:
        return None
    report = LoadReport(str(content["root"]))
    if set(content) != set(vars(report)):
        raise ValueError(f"a load report needs {sorted(vars(report))}, but has {sorted(content)}")
    vars(report).update(content)
    report.class_counts = dict(content["class_counts"])
    for name in ("ignored", "skipped"):
        setattr(report, name, [(path, why) for path, why in content[name]])
    return report


def _objects(strings):
    return np.fromiter(strings, dtype=object, count=len(strings))
