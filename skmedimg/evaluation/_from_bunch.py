"""Take apart the data set that a loader returned."""

from collections import namedtuple
from collections.abc import Mapping

import numpy as np
from sklearn.utils import get_tags

Parts = namedtuple("Parts", "X y groups columns load_report splits")


def take_apart(estimators, data, y=None, groups=None, columns=None, load_report=None):
    """Return the Parts of what a loader returned; of anything else what was given.

    Arguments of the caller count before what the data set has. `estimators` are a dict.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from skmedimg.evaluation._from_bunch import take_apart
    >>> print(take_apart({"svm": SVC()}, load_iris()).y[:2])
    ['setosa' 'setosa']
    """
    parts = data if isinstance(data, Mapping) else {}
    names = [name for name in ("paths", "images", "data") if name in parts]
    if not names:
        if y is None:
            raise ValueError(
                "compare needs y=, the labels or masks of X; only what a loader returned, such as "
                "load_image_folder(...), has its own."
            )
        return Parts(data, y, groups, columns, load_report, None)
    if y is None:
        y = data.get("masks") if _are_segmenters(estimators) else _named(data)
    if y is None:
        what = "masks" if _are_segmenters(estimators) else "labels, target"
        raise ValueError(f"The data set has no {what}: pass y=.")
    return Parts(
        data[names[0]],
        y,
        data.get("groups") if groups is None else groups,
        data.get("columns") if columns is None else columns,
        data.get("report") if load_report is None else load_report,
        _splits(data.get("split")),
    )


def _are_segmenters(estimators):
    return all(get_tags(each).estimator_type == "segmenter" for each in estimators.values())


def _named(data):
    """Return the labels by name: scikit-learn's data sets number them."""
    target, names = data.get("target"), data.get("target_names")
    if target is None or names is None:
        return target
    target, names = np.asarray(target), np.asarray(names)
    numbered = target.dtype.kind in "iu" and target.ndim == 1
    # A table may have numbers for labels, which are their own names.
    if numbered and names.dtype.kind in "OU" and len(names) > target.max(initial=0):
        return names.astype(str)[target]
    return target


def _splits(split):
    """Return the rows for training and testing (between them validation), None without a test."""
    if split is None or not (np.asarray(split) == "test").any():
        return None
    parts = [np.flatnonzero(split == part) for part in ("train", "validation", "test")]
    return [tuple(part for part in parts if len(part))] if len(parts[0]) else None
