"""Labels that out-of-fold predictions contradict (confident learning)."""

import numpy as np

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.auditing._audit_data import Finding

NO_PREDICTIONS = "no predictions were given"


def no_predictions(data):
    """Return why labels cannot be compared with predictions, or None."""
    return None if data.predicted else NO_PREDICTIONS


def mean_probabilities(predictions, y):
    """Return {"rows", "classes", "probabilities", "models"} of a Comparison.

    Probabilities are means over all models that have them, the baseline aside, and all repeats.
    """
    if not hasattr(predictions, "fold_results"):
        raise TypeError(
            "predictions needs what compare() returned, but got "
            f"{type(predictions).__name__}: audit(X, y, predictions=compare(models, X, y))."
        )
    if predictions.task != "classification" or y is None:
        raise ValueError(
            "predictions says which labels are doubtful: it needs labels y of classes, and a "
            "comparison of classifiers."
        )
    if not np.array_equal(predictions.y, y):
        raise ValueError(
            f"predictions needs to be of the same X and y: it has {len(predictions.y)} labels and "
            f"y has {len(y)}, or they differ. Run compare(models, X, y) on them."
        )
    models = [
        name
        for name, folds in predictions.fold_results.items()
        if name != predictions.baseline and all(fold.has_probabilities for fold in folds)
    ]
    if not models:
        raise ValueError(
            "predictions needs a model with probabilities for every fold, but "
            f"{', '.join(predictions.names)} have none: wrap one in CalibratedClassifierCV."
        )
    repeats = sorted({split.repeat for split in predictions.splits})
    totals = np.zeros((len(y), len(predictions.classes)))
    counts = np.zeros(len(y), dtype=int)
    for repeat in repeats:
        rows = predictions.rows(repeat)
        for name in models:
            totals[rows] += predictions.probabilities(name, repeat)
            counts[rows] += 1
    rows = np.flatnonzero(counts)
    return {
        "rows": rows,
        "classes": np.asarray(predictions.classes),
        "probabilities": totals[rows] / counts[rows, None],
        "models": tuple(models),
    }


def ranked_labels(data):
    """Return columns of the images that were predicted, the most doubtful label first."""
    chances, classes = data.predicted["probabilities"], data.predicted["classes"]
    rows = data.predicted["rows"]
    codes = np.searchsorted(classes, data.y[rows])
    each = np.arange(len(rows))
    own = chances[each, codes]
    others = chances.copy()
    others[each, codes] = -np.inf
    margin = own - others.max(1)
    suggested = _confident_class(chances, codes)
    order = np.argsort(margin, kind="stable")
    return {
        "row": rows[order],
        "label": data.y[rows][order],
        "predicted": classes[others.argmax(1)][order],
        "probability": own[order],
        "margin": margin[order],
        "suspicious": ((suggested >= 0) & (suggested != codes))[order],
    }


def suspicious_labels(data):
    """Yield a note where models are as sure of another class as they are of its own images."""
    ranked = ranked_labels(data)
    rows = ranked["row"][ranked["suspicious"]]
    if len(rows):
        models = data.predicted["models"]
        yield Finding(
            "suspicious-labels",
            "note",
            f"{counted(rows, 'label', ('is', 'are'))} contradicted by the predictions of "
            f"{counted(models, 'model')}",
            "The most doubtful come first; a wrong label or a hard image. Look at them with "
            "plot('suspicious-labels'), see suspicious_labels(), and let a reader who does not "
            "know the prediction decide.",
            rows,
            value=len(rows),
        )


def _confident_class(chances, codes):
    """Return the class each image confidently belongs to, or -1.

    It is the most probable one of those whose probability reaches the mean that images with this
    label have.
    """
    limits = np.array(
        [
            chances[codes == code, code].mean() if (codes == code).any() else np.inf
            for code in range(chances.shape[1])
        ]
    )
    sure = np.where(chances >= limits, chances, -1.0)
    return np.where(sure.max(1) >= 0, sure.argmax(1), -1)
