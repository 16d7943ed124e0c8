"""Displays can be read: with long names no two texts overlap, and none is cut off."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier

from skmedimg.datasets import make_lesions
from skmedimg.evaluation import (
    ComparisonDisplay,
    ConfusionDisplay,
    PrecisionRecallBandDisplay,
    PredictionGallery,
    RocBandDisplay,
    ScoreVersusCost,
    SegmentationDisplay,
    TrainingCurvesDisplay,
    audit,
    compare,
    journal_figures,
    learning_curve,
)
from skmedimg.evaluation.displays._comparison_display import ScoreRow

pytestmark = pytest.mark.usefixtures("closed_figures")

LABELS = np.array(["no pathological finding", "mass, suspected malignancy"])
NAMES = (
    "Gaussian naive Bayes on flattened pixels of the whole image",
    "Gaussian naive Bayes on flattened pixels, larger smoothing",
    "Multilayer perceptron with eight hidden units",
    "Multilayer perceptron with sixteen hidden units",
    "MLP",
)


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(120, size=16, noise=0.1, random_state=0)


@pytest.fixture(scope="module")
def result(lesions):
    models = (
        GaussianNB(),
        GaussianNB(var_smoothing=1e-2),
        MLPClassifier((8,), max_iter=20, tol=1, early_stopping=True, random_state=0),
        MLPClassifier((16,), max_iter=20, tol=1, early_stopping=True, random_state=0),
        MLPClassifier((8,), max_iter=20, tol=1, early_stopping=True, random_state=1),
    )
    return compare(
        dict(zip(NAMES, models, strict=True)),
        lesions.images.reshape(120, -1) / 255,
        LABELS[lesions.target],
        pos_label=LABELS[1],
        cv=3,
        random_state=0,
        verbose=0,
        audit=False,
        repeats=1,
    )


def shown_texts(figure):
    """Return every text a reader sees: (text, its outline in pixels)."""
    figure.canvas.draw()
    hidden = {
        id(tick.label1)
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        if not ax.axison or not is_in_view(axis, tick)
    }
    texts = [
        text
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and id(text) not in hidden
    ]
    return [(text.get_text(), outline(text)) for text in texts]


def is_in_view(axis, tick):
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high


def outline(text):
    """Return the rectangle around a text, turned as the text is, with two pixels at its ends."""
    box, angle = text.get_window_extent(), text.get_rotation()
    center = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    text.set_rotation(0)
    flat = text.get_window_extent()
    text.set_rotation(angle)
    half = np.array([flat.width / 2 + 2, flat.height / 2 - 0.5])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half
    return Affine2D().rotate_deg(angle).translate(*center).transform_path(Path(corners))


def assert_readable(display):
    figure = display.figure_
    texts = shown_texts(figure)
    assert texts
    for (left, box), (right, other) in combinations(texts, 2):
        assert not box.intersects_path(other, filled=True), f"{left!r} overlaps {right!r}"
    for words, box in texts:
        inside = (box.vertices >= -2).all() and (box.vertices <= figure.bbox.size + 2).all()
        assert inside, f"{words!r} is cut off at the edge of the figure"


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        *("scores", "curves", "confusion", "roc", "precision-recall", "calibration"),
        *("net benefit", "cost"),
    ],
)
def test_every_kind_of_a_comparison_is_readable(result, kind):
    assert_readable(result.plot(kind, name=NAMES[2] if kind == "curves" else None))


def test_equal_costs_do_not_put_names_on_each_other(result):
    assert_readable(ScoreVersusCost.from_comparison(result, cost="parameters"))


@pytest.mark.parametrize("width", ["single", "double"])
def test_scores_and_costs_are_readable_in_a_column_of_a_journal(result, width):
    short = {name: f"model {number}" for number, name in enumerate(result.names)}
    rows = ScoreVersusCost.from_comparison(result, plot=False).rows
    with journal_figures(width):
        display = ScoreVersusCost(
            [replace(row, name=short[row.name]) for row in rows], "Balanced accuracy", "Seconds"
        ).plot()
        assert display.figure_.get_figwidth() * 25.4 == pytest.approx(
            {"single": 89, "double": 183}[width]
        )
        assert_readable(display)


def test_the_name_of_a_model_does_not_cross_the_interval_of_another():
    rows = [
        ScoreRow("features", 0.60, 0.50, 0.70, np.ones(2), 1.0),
        ScoreRow("network", 0.65, 0.55, 0.75, np.ones(2), 1.4),
        ScoreRow("baseline", 0.50, 0.50, 0.50, np.ones(2), 0.01),
    ]
    with journal_figures("single"):
        display = ScoreVersusCost(rows, "Balanced accuracy", "Seconds").plot()
        labels = {text.get_text(): text.get_window_extent() for text in display.ax_.texts}
        bars = [line.get_window_extent() for line in display.ax_.lines[::2]]
    for row, bar in zip(rows, bars, strict=True):
        crossed = [name for name, box in labels.items() if name != row.name and box.overlaps(bar)]
        assert crossed == []


@pytest.mark.parametrize("display", [RocBandDisplay, PrecisionRecallBandDisplay])
def test_curves_of_one_model_are_readable(display, result):
    assert_readable(display.from_comparison(result, [NAMES[0]]))


def test_ten_classes_of_confusions_are_readable():
    names = [f"diagnosis number {number}" for number in range(10)]
    truth = np.repeat(names, 8)
    assert_readable(ConfusionDisplay.from_predictions(truth, np.roll(truth, 3), name=NAMES[0]))


def test_ten_models_in_a_forest_plot_are_readable(result):
    rows = ComparisonDisplay.from_comparison(result, plot=False).rows * 2
    assert_readable(ComparisonDisplay(rows[:10], "Balanced accuracy").plot())


@pytest.mark.parametrize("sizes", [(0.2, 0.3, 0.5, 1.0), np.linspace(0.1, 1, 10)])
@pytest.mark.filterwarnings("ignore:No inverse power law")
def test_learning_curves_are_readable(lesions, sizes):
    models = dict(zip(NAMES, [GaussianNB()] * 5, strict=True))
    X, y = lesions.images.reshape(120, -1) / 255, lesions.target
    curve = learning_curve(
        models, X, y, cv=3, repeats=1, train_sizes=sizes, random_state=0, verbose=0
    )
    assert_readable(curve.plot())


@pytest.mark.parametrize("show", ["mistakes", "correct"])
def test_galleries_are_readable(result, lesions, show):
    assert_readable(PredictionGallery.from_comparison(result, lesions.images, NAMES[0], show=show))


def test_segmentations_are_readable(lesions):
    true = (lesions.masks > 0).astype(int)
    shown = SegmentationDisplay.from_predictions(lesions.images, true, np.roll(true, 2, axis=1))
    assert_readable(shown)
    panels = ["image", "outline errors", "objects", "errors"]
    masked = np.where(np.arange(true.shape[1])[:, None] < 4, 255, true)
    assert_readable(
        SegmentationDisplay.from_predictions(
            lesions.images, masked, true, panels=panels, groups=lesions.groups, ignore_label=255
        )
    )


def test_duplicates_of_an_audit_are_readable(lesions):
    images = np.concatenate([np.repeat(lesions.images, 2, axis=1).repeat(2, axis=2)] * 2)
    found = audit(images, LABELS[np.tile(lesions.target, 2)], probes=False)
    assert_readable(found.plot())


def test_curves_of_one_fit_are_readable(result):
    history = result.histories(NAMES[2])[:1]
    assert_readable(TrainingCurvesDisplay(history, NAMES[0]).plot())


def test_overlaps_and_cut_texts_are_found():
    figure, ax = plt.subplots()
    ax.set_axis_off()
    ax.text(0.5, 0.5, "one text")
    display = type("Display", (), {"figure_": figure})
    assert_readable(display)
    other = ax.text(0.52, 0.5, "another")
    with pytest.raises(AssertionError, match="overlaps 'another'"):
        assert_readable(display)
    other.set_position((1.1, 0.9))
    with pytest.raises(AssertionError, match="'another' is cut off"):
        assert_readable(display)
