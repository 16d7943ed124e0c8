"""External sets, checked against the development data and scored by fitted models."""

from dataclasses import dataclass

import numpy as np

from skmedimg._sklearn import num_samples
from skmedimg.evaluation._records import FoldResult, Split, WarningRecord
from skmedimg.evaluation._text import counted
from skmedimg.evaluation.running._fit_folds import predict_test_set
from skmedimg.evaluation.scores._score_table import score_fold
from skmedimg.evaluation.splitting._folds import noise_points
from skmedimg.evaluation.splitting._targets import Targets, read_targets, spacing_of
from skmedimg.evaluation.subgroups._patient_columns import check_columns
from skmedimg.images._lazy_images import lazy_if_stored

_FEW_PATIENTS = 100


@dataclass(frozen=True, eq=False)
class ExternalSet:
    """Images of another place, with the labels or masks of `data` (Targets, or a Comparison)."""

    name: str
    X: object
    y: np.ndarray
    groups: np.ndarray = None
    spacing: np.ndarray = None
    columns: object = None


def read_external_sets(external, data):
    """Return the ExternalSets of `compare(external=)`: a dict of (X, y[, groups[, columns]])."""
    if external is None:
        return []
    if not isinstance(external, dict) or not external:
        raise ValueError(
            f"external needs a dict such as {{'Cairo': (X2, y2, groups2)}}, but is {external!r}."
        )
    sets = []
    for name, parts in external.items():
        if not isinstance(parts, (tuple, list)) or not 2 <= len(parts) <= 4:
            raise ValueError(
                f"external[{name!r}] needs (X, y), (X, y, groups) or (X, y, groups, "
                f"columns), but is of type {type(parts).__name__}"
                + (f" with {len(parts)} parts." if isinstance(parts, (tuple, list)) else ".")
            )
        given = dict(zip(("X", "y", "groups", "columns"), parts, strict=False))
        sets.append(read_external_set(data, name, **given))
    return sets


def read_external_set(data, name, X, y, groups=None, spacing=None, where=None, columns=None):
    """Return an ExternalSet whose labels are among the classes of `data`."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"An external set needs text as its name, but got {name!r}.")
    where = where or f"external[{name!r}]"
    try:
        y, _, groups = read_targets(data.task, X, y, groups)
        columns = check_columns(columns, len(y))
    except (ValueError, TypeError) as error:
        raise type(error)(f"{where}: {error}") from error
    if not num_samples(X):
        raise ValueError(f"{where} holds no images.")
    if data.task == "classification":
        y = _known_labels(where, y, data.classes)
    if data.spacing is not None and spacing is None:
        raise ValueError(
            f"{where} needs the size of its pixels, as the development data have one: "
            f"result.validate({name!r}, X, y, groups, spacing=...)."
        )
    if spacing is not None and data.task != "segmentation":
        raise ValueError(f"{where}: spacing={spacing!r} is for masks, but y holds labels.")
    return ExternalSet(name, lazy_if_stored(X), y, groups, spacing_of(spacing, len(y)), columns)


def score_external_set(data, models, given):
    """Return {name: (FoldResult,)} of KeptModels on an ExternalSet, a single test set.

    `data` is the Comparison of the development data, with `names` and `metrics`.
    """
    split = Split(0, 0, np.zeros(0, dtype=int), np.arange(len(given.y)), name=given.name)
    return {name: (_score(data, models, name, split, given),) for name in data.names}


def external_fields(given):
    """Return the fields of a Comparison that an ExternalSet replaces."""
    return {name: getattr(given, name) for name in ("y", "groups", "spacing", "columns")}


def external_warnings(data, given):
    """Yield a WarningRecord for what an external set lacks."""
    unit = "sample" if given.groups is None else "patient"
    n = len(given.y if given.groups is None else np.unique(given.groups))
    if n < _FEW_PATIENTS:
        yield WarningRecord(
            f"{given.name} has only {counted(n, unit)}: differences below about "
            f"{noise_points(n)} points are noise.",
            "splits",
        )
    missing = [] if data.classes is None else data.classes[~np.isin(data.classes, given.y)]
    if len(missing):
        names = ", ".join(repr(label) for label in missing.tolist())
        yield WarningRecord(
            f"{given.name} has no image of {names}: scores that need every class, such as balanced "
            "accuracy and ROC AUC, are missing there; accuracy and Brier score are given.",
            "splits",
        )


def _known_labels(where, y, classes):
    """Return labels with the dtype of the classes; a label that is none of them raises."""
    known = {label: place for place, label in enumerate(classes.tolist())}
    given = y.tolist()
    unknown = sorted({str(label) for label in given if label not in known})
    if unknown:
        n = sum(label not in known for label in given)
        raise ValueError(
            f"{where} has {counted(n, 'image')} of {', '.join(unknown[:5])}, a class that no model "
            f"was trained on; there are {classes.tolist()}. Leave these images out, or give them "
            "the name that the class has in the development data."
        )
    return classes[[known[label] for label in given]]


def _score(data, models, name, split, given):
    """Return the FoldResult of one model on an ExternalSet."""
    if name in models.failures:
        scores = {metric.name: np.nan for metric in data.metrics}
        return FoldResult(name, split, None, scores, failure=models.failures[name])
    model, y = models.final[name], given.y
    # The baseline gets no images, as in its fit.
    X = np.zeros((len(y), 1)) if name == data.baseline else given.X
    found = predict_test_set(model, X, classes=data.classes, shape=y.shape[1:])
    strata = np.zeros(len(y), dtype=int)  # of no use here: nothing is split
    options = {each: getattr(data, each) for each in ("classes", "pos_label", "ignore_label")}
    targets = Targets(data.task, y, y, strata, given.groups, spacing=given.spacing, **options)
    own, undefined = score_fold(targets, split, found, data.metrics)
    own |= {key: _scorer_value(each, model, X, y) for key, each in models.scorers.items()}
    scores = {metric.name: own[metric.name] for metric in data.metrics}
    return FoldResult(name, split, found, scores, undefined=undefined)


def _scorer_value(scorer, model, X, y):
    """Return the value of a scorer; nan where it refuses a set, as with one class only."""
    try:
        return float(scorer(model, X, y))
    except ValueError:
        return np.nan
