"""Sections of a report on single models: confusions, curves, galleries and explanations."""

import numpy as np
from sklearn.calibration import calibration_curve

from skmedimg._sklearn import unwrap
from skmedimg.evaluation.displays._confusion_display import ConfusionDisplay
from skmedimg.evaluation.displays._draw import draw_calibration, positive_chances
from skmedimg.evaluation.displays._gallery import PredictionGallery
from skmedimg.evaluation.displays._outlines import outlined_by_dice
from skmedimg.evaluation.displays._training_curves import TrainingCurvesDisplay
from skmedimg.evaluation.report._html import Fragment, details, number, picture, section, table, tag
from skmedimg.evaluation.report._report_context import paragraph
from skmedimg.images._for_display import data_uri

_SHOTS = {"mistakes": 12, "correct": 6}
_TITLES = {
    "mistakes": "Mistakes, the most confident first",
    "correct": "Right, the most confident first",
}
_EXPLAINED = 6
_MAPS = (
    "Images the model did not see in training, and what its answer rests on: warm where the image "
    "speaks for the class named, cold where it speaks against. A map that lights up the border, "
    "letters or markers is a warning. A map on the organ is no proof."
)


def models_section(source):
    """Return confusions, curves and galleries of every model.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment or None
    """
    order = sorted(source.answered, key=lambda name: name != source.best)
    describe = _model if source.comparison.task == "classification" else _segmenter
    parts = [part for key, name in enumerate(order) for part in describe(source, name, f"m{key}")]
    return section("Model by model", *parts, anchor="models") if parts else None


def explanations_section(source):
    """Return where models look, for the models that were handed over fitted.

    Parameters
    ----------
    source : Source

    Returns
    -------
    section : Fragment or None
    """
    chosen = {name: unwrap(model)
              for name, model in source.models.items() if name in source.answered}  # fmt: skip
    if source.X is None or source.comparison.task != "classification":
        layers = [tag("div", tag("h3", n), *found) for n, model in chosen.items()
                  if (found := list(_layers(model)))]  # fmt: skip
        return section("What they consist of", *layers, anchor="layers") if layers else None
    parts = [part for name, model in chosen.items() for part in _explained(source, name, model)]
    if not parts:
        return None
    return section("What they look at", paragraph(_MAPS), *parts, anchor="explanations")


def _model(source, name, key):
    yield tag("h3", name)
    plots = [_confusion(source, name, key), _calibration(source, name, key)]
    plots += [_training(source, name, key)]
    yield tag("div.plots", *plots)
    if source.X is not None:
        yield from _galleries(source, name)


def _segmenter(source, name, key):
    yield tag("h3", name)
    yield tag("div.plots", _training(source, name, key))
    if source.X is None:
        return
    for title, worst in (("The worst outlines", True), ("The best outlines", False)):
        chosen = outlined_by_dice(
            source.comparison, source.X, name, n=12 if worst else 6, worst=worst,
            image_shape=source.image_shape,
        )  # fmt: skip
        shots = (picture(data_uri(each.picture, 200), each.caption, each.caption)
                 for each in chosen)  # fmt: skip
        yield tag("h4", f"{title} (true: green, predicted: orange)")
        yield tag("div.gallery", *shots)


def _confusion(source, name, key):
    comparison = source.comparison
    display = ConfusionDisplay.from_comparison(comparison, name, plot=False)
    display.name = None
    side = min(5.0, 2.3 + 0.42 * len(comparison.classes))
    head = ["Class", "Precision", "Recall", "F1", "Images"]
    rows = [
        [row.Index, number(row.precision), number(row.recall), number(row.f1), number(row.support)]
        for row in comparison.report(name).itertuples()
    ]
    return source.plot(
        display.plot, (side + 0.5, side),
        f"Confusion matrix of {name}; the table below has recall and precision.", f"{key}c",
        caption="Confusions over all folds: images, and the share of the true class ± its "
        "deviation over folds.",
        data=table(head, rows, caption="Per class"),
    )  # fmt: skip


def _calibration(source, name, key):
    comparison = source.comparison
    probable = all(fold.has_probabilities for fold in comparison.fold_results[name])
    if comparison.pos_label is None or not probable:
        return None
    return source.plot(
        lambda ax: draw_calibration(comparison, name, ax), (3.4, 3.2),
        f"Reliability curve of {name}.", f"{key}r",
        caption="Are the probabilities true? On the dotted line they are.",
        data=_reliability_table(comparison, name),
    )  # fmt: skip


def _reliability_table(comparison, name):
    chances, bins = positive_chances(comparison, name)
    truth = comparison.truth() == comparison.pos_label
    shares, means = calibration_curve(truth, chances, n_bins=bins, strategy="quantile")
    rows = [[number(mean), number(share)] for mean, share in zip(means, shares, strict=True)]
    return table(["Mean probability", "Observed share"], rows)


def _training(source, name, key):
    histories = source.comparison.histories(name)
    if not histories:
        return None
    display = TrainingCurvesDisplay.from_comparison(source.comparison, name, plot=False)
    display.name = None
    kinds = 1 + any("score" in name for history in histories for name in history[0])
    return source.plot(
        display.plot, (3.4, 2.1 * kinds, kinds), f"Training curves of {name}.", f"{key}t",
        caption="Training, one thin line per fold. Training falling while validation rises is "
        "overfitting.",
        data=_history_table(histories),
    )  # fmt: skip


def _history_table(histories):
    """Return the mean of every curve at ten epochs."""
    keys = [key for key in ("train_loss", "valid_loss", "train_score", "valid_score")
            if any(key in record for history in histories for record in history)]  # fmt: skip
    epochs = min(map(len, histories))
    chosen = np.unique(np.linspace(0, epochs - 1, min(epochs, 10)).round().astype(int))
    rows = [
        [epoch + 1, *(number(_mean(each[epoch].get(key) for each in histories)) for key in keys)]
        for epoch in chosen.tolist()
    ]
    return table(["Epoch", *keys], rows, caption=f"Mean of {len(histories)} fits")


def _mean(values):
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _galleries(source, name):
    for show, most in _SHOTS.items():
        gallery = PredictionGallery.from_comparison(
            source.comparison, source.X, name, show=show, n=most,
            image_shape=source.image_shape, plot=False,
        )  # fmt: skip
        if not gallery.shown:
            continue
        title = f"{_TITLES[show]} ({len(gallery.shown)} of {gallery.total})"
        shots = tag("div.gallery", *(_shot(each) for each in gallery.shown))
        if show == "mistakes":
            yield tag("h4", title)
            yield shots
        else:
            yield details(title, shots, printed=False)


def _shot(each):
    sure = "" if each.probability is None else f" ({each.probability:.0%})"
    kind = "right" if each.correct else "wrong"
    called = tag("b", f"{each.predicted!s}{sure}")
    caption = tag("span", f"{each.true!s}, called ", called, tag("br"), f"row {each.row}")
    alt = f"Row {each.row}: {each.true!s}, called {each.predicted!s}{sure}"
    return picture(data_uri(each.picture, 200), alt, caption, kind)


def _explained(source, name, model):
    from skmedimg.inspection import ExplanationDisplay

    rows = _rows_to_explain(source, name)
    X = [source.X[int(row)] for row in rows] if isinstance(source.X, list) else source.X[rows]
    display = ExplanationDisplay.from_estimator(model, X, source.comparison.y[rows], plot=False)
    yield tag("h3", f"{name} ({display.method})")
    yield tag("div.gallery.two", *(
        picture(data_uri(np.concatenate([_rgb(image), overlay], axis=1), 440),
                f"Explanation of row {row}: {caption}", f"{caption}, row {row}")
        for row, image, overlay, caption in zip(
            rows, display.pictures, display.overlays(), display.captions, strict=True)
    ))  # fmt: skip
    yield from _layers(model)


def _rows_to_explain(source, name):
    """Return test rows of the first split: wrong ones first, then right ones of each class."""
    first = source.comparison.fold_results[name][0]
    test, predicted = first.split.test, first.predictions.predicted
    truth = source.comparison.y[test]
    wrong = test[predicted != truth][: _EXPLAINED // 3]
    right = [
        test[(predicted == truth) & (truth == label)][:_EXPLAINED]
        for label in source.comparison.classes
    ]
    turns = [row for rows in zip(*right, strict=False) for row in rows]
    return np.r_[wrong, turns][:_EXPLAINED].astype(int)


def _layers(model):
    from skmedimg.inspection import parameter_table

    try:
        layers = parameter_table(model)
    except TypeError:  # forests, neighbours: nothing to list
        return
    yield details("Its layers", tag("div.wide", Fragment(layers._repr_html_())))


def _rgb(image):
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
