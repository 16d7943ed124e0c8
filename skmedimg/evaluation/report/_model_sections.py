"""Sections of a report on single models: confusions, curves, galleries and explanations."""

import numpy as np

from skmedimg.evaluation._html_tables import Table, interval_cell
from skmedimg.evaluation.clinical._calibration_table import calibration_bins
from skmedimg.evaluation.displays._confusion_display import ConfusionDisplay
from skmedimg.evaluation.displays._draw import draw_calibration
from skmedimg.evaluation.displays._gallery import PredictionGallery
from skmedimg.evaluation.displays._training_curves import TrainingCurvesDisplay
from skmedimg.evaluation.report._outlined_masks import outlined_by_dice
from skmedimg.images._for_display import data_uri

_MISTAKES, _CORRECT = 12, 6
_WORST, _BEST = 12, 6
_EXPLAINED = 6
_SIDE = 200  # pixels of an image in a gallery


def models_section(context):
    """Return confusions, curves and galleries of every model, the best first."""
    order = sorted(context.complete, key=lambda name: name != context.comparison.best)
    describe = _classifier if context.comparison.task == "classification" else _segmenter
    return [describe(context, name, f"m{place}") for place, name in enumerate(order)] or None


def explanations_section(context):
    """Return images with explanations, for the classifiers that were given fitted."""
    if context.X is None or context.comparison.task != "classification":
        return None
    return [_explain(context, name, model) for name, model in _fitted(context)] or None


def layers_section(context):
    """Return tables of layers, for fitted models without explanations."""
    # The section with explanations shows the layers beside them.
    if context.X is not None and context.comparison.task == "classification":
        return None
    tables = [{"name": name, "layers": _layers(model)} for name, model in _fitted(context)]
    return [each for each in tables if each["layers"]] or None


def _fitted(context):
    """Return (name, fitted estimator) of the models that were given; of a search, its best."""
    return [
        (name, getattr(model, "best_estimator_", model))
        for name, model in context.models.items()
        if name in context.complete
    ]


def _classifier(context, name, key):
    """Return plots and galleries of one classifier."""
    return {
        "name": name,
        **_training_facts(context, name),
        "confusion": _confusion(context, name, key),
        "calibration": _calibration(context, name, key),
        "training": _training(context, name, key),
        "mistakes": _gallery(context, name, "mistakes", _MISTAKES),
        "correct": _gallery(context, name, "correct", _CORRECT),
        "worst": None,
        "best": None,
    }


def _segmenter(context, name, key):
    """Return training curves and outlines of one segmenter."""
    return {
        "name": name,
        **_training_facts(context, name),
        "confusion": None,
        "calibration": None,
        "training": _training(context, name, key),
        "mistakes": None,
        "correct": None,
        "worst": _outlines(context, name, _WORST, worst=True),
        "best": _outlines(context, name, _BEST, worst=False),
    }


def _confusion(context, name, key):
    """Return the Figure of one confusion matrix."""
    comparison = context.comparison
    display = ConfusionDisplay.from_comparison(comparison, name, plot=False)
    display.name = None
    # A matrix grows with its classes until it is as wide as the page's column.
    side = min(5.0, 2.3 + 0.42 * len(comparison.classes))
    rows = [
        [f"{label!s}", row["precision"], row["recall"], row["f1"], int(row["support"])]
        for label, row in comparison.report(name).iterrows()
    ]
    return context.plot(
        display.plot,
        (side + 0.5, side),
        f"Confusion matrix of {name}; the table below has recall and precision.",
        f"{key}c",
        Table(["Class", "Precision", "Recall", "F1", "Images"], rows, "Per class"),
    )


def _calibration(context, name, key):
    """Return the Figure of a reliability curve, or None without probabilities of two classes."""
    comparison = context.comparison
    results = comparison.fold_results[name]
    if comparison.pos_label is None or not all(fold.has_probabilities for fold in results):
        return None
    rows = [
        [f"{each.probability:.3f}", interval_cell(each.observed, each.low, each.high), each.images]
        for each in calibration_bins(comparison, name).itertuples()
    ]
    return context.plot(
        lambda ax: draw_calibration(comparison, name, ax),
        (3.4, 3.2),
        f"Reliability curve of {name}.",
        f"{key}r",
        Table(["Mean probability", "Observed share", "Images"], rows),
    )


def _training(context, name, key):
    """Return the Figure of the training curves, or None where no fit kept a history."""
    if not context.comparison.histories(name):
        return None
    display = TrainingCurvesDisplay.from_comparison(context.comparison, name, plot=False)
    display.name = None
    return context.plot(
        display.plot,
        (3.4, 2.1 * len(display.kinds()), len(display.kinds())),
        f"Training curves of {name}.",
        f"{key}t",
        _history_table(display.histories),
    )


def _training_facts(context, name):
    """Return whether there is one test set alone, and whether networks watched validation sets."""
    histories = context.comparison.histories(name)
    return {
        "single": len(context.comparison.splits) == 1,
        "validated": any("valid_loss" in record for each in histories for record in each),
    }


def _history_table(histories):
    """Return the Table of the mean of every curve at ten epochs."""
    keys = [
        key
        for key in ("train_loss", "valid_loss", "train_score", "valid_score")
        if any(key in record for history in histories for record in history)
    ]
    # Fits may stop at different epochs: later means would be those of other fits.
    epochs = min(map(len, histories))
    chosen = np.unique(np.linspace(0, epochs - 1, min(epochs, 10)).round().astype(int))
    rows = [
        [f"{epoch + 1}", *(_mean(each[epoch].get(key) for each in histories) for key in keys)]
        for epoch in chosen.tolist()
    ]
    return Table(["Epoch", *keys], rows, f"Mean of {len(histories)} fits")


def _mean(values):
    """Return the mean of the known values, or None where there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _gallery(context, name, show, most):
    """Return some predictions with their images, and how many there were; None without images."""
    if context.X is None:
        return None
    gallery = PredictionGallery.from_comparison(
        context.comparison,
        context.X,
        name,
        show=show,
        n=most,
        image_shape=context.image_shape,
        plot=False,
    )
    shown = [
        {
            "uri": data_uri(each.picture, _SIDE),
            "name": context.name_of(each.row),
            "true": f"{each.true!s}",
            "predicted": f"{each.predicted!s}",
            "probability": each.probability,
            "correct": bool(each.correct),
        }
        for each in gallery.shown
    ]
    return {"shown": shown, "total": gallery.total} if shown else None


def _outlines(context, name, n, worst):
    """Return images with true and predicted outlines by Dice, or None without images."""
    if context.X is None:
        return None
    chosen = outlined_by_dice(
        context.comparison, context.X, name, n=n, worst=worst, image_shape=context.image_shape
    )
    return [{"uri": data_uri(each.picture, _SIDE), "caption": each.caption} for each in chosen]


def _explain(context, name, model):
    """Return images of the first test set with what the prediction of a fitted model rests on."""
    from skmedimg.inspection import ExplanationDisplay

    # A model that was given is fitted on the first training set: these images are new to it.
    rows = _rows_to_explain(context, name)
    X = context.X
    X = [X[int(row)] for row in rows] if isinstance(X, list) else X[rows]
    display = ExplanationDisplay.from_estimator(model, X, context.comparison.y[rows], plot=False)
    shown = zip(rows, display.pictures, display.overlays(), display.captions, strict=True)
    images = [
        {
            "uri": data_uri(np.concatenate([_rgb(image), overlay], axis=1), 2 * _SIDE + 40),
            "name": context.name_of(row),
            "caption": caption,
        }
        for row, image, overlay, caption in shown
    ]
    return {
        "name": name,
        "method": display.method,
        "signed": any(np.min(each) < 0 for each in display.maps),
        "images": images,
        "layers": _layers(model),
    }


def _rows_to_explain(context, name):
    """Return test samples of the first split: wrong ones first, then right ones of each class."""
    first = context.comparison.fold_results[name][0]
    test, predicted = first.split.test, first.predictions.predicted
    truth = context.comparison.y[test]
    # Mistakes tell most, but alone they would show a model worse than it is.
    wrong = test[predicted != truth][: _EXPLAINED // 3]
    right = [
        test[(predicted == truth) & (truth == label)][:_EXPLAINED]
        for label in context.comparison.classes
    ]
    # One of each class in turn, so that a few images show every class.
    turns = [row for rows in zip(*right, strict=False) for row in rows]
    return np.r_[wrong, turns][:_EXPLAINED].astype(int)


def _layers(model):
    """Return the Table of a model's layers, or None for one without parameters."""
    from skmedimg.inspection._parameter_table import layers_table, parameter_table

    try:
        return layers_table(parameter_table(model))
    except TypeError:  # forests and nearest neighbors have no layers
        return None


def _rgb(image):
    """Return a gray or RGB image as RGB."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
