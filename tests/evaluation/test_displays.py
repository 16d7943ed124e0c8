"""Displays draw what scikit-learn computes, fold by fold, and whatever the labels are."""

import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from PIL import Image
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from skmedimg.datasets import make_lesions
from skmedimg.evaluation import (
    ComparisonDisplay,
    ConfusionDisplay,
    LearningCurveBandDisplay,
    PrecisionRecallBandDisplay,
    PredictionGallery,
    RocBandDisplay,
    ScoreVersusCost,
    ThresholdAt,
    TrainingCurvesDisplay,
    compare,
    learning_curve,
)
from tests.evaluation._estimators import Brighter

pytestmark = pytest.mark.usefixtures("closed_figures")

ODD = np.array(["_$low$ <b>", "high & $$"])


@pytest.fixture(scope="module")
def lesions():
    return make_lesions(150, size=16, noise=0.1, random_state=0)


@pytest.fixture(scope="module")
def X(lesions):
    return lesions.images.reshape(150, -1) / 255


@pytest.fixture(scope="module")
def result(lesions, X):
    models = {
        "bayes": GaussianNB(),
        "_net_": MLPClassifier((8,), max_iter=40, tol=1, random_state=0),
    }
    return compare(
        models, X, ODD[lesions.target], pos_label=ODD[1], cv=4, random_state=0, verbose=0,
        audit=False, repeats=1,
    )  # fmt: skip


def fold_scores(result, name, score):
    column = result.positive_column
    return [
        score(
            result.y[fold.split.test] == result.pos_label,
            fold.predictions.decision_scores[:, column],
        )
        for fold in result.fold_results[name]
    ]


def test_areas_are_those_of_scikit_learn_in_every_fold(result):
    roc = RocBandDisplay.from_comparison(result, ["bayes"]).bands[0]
    precision = PrecisionRecallBandDisplay.from_comparison(result, ["bayes"]).bands[0]
    np.testing.assert_allclose(roc.areas, fold_scores(result, "bayes", roc_auc_score))
    np.testing.assert_allclose(
        precision.areas, fold_scores(result, "bayes", average_precision_score)
    )


def test_bands_follow_the_curves_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, scores = rng.integers(0, 2, 80), rng.random(80).round(1)
    grid = np.linspace(0, 1, 201)
    roc = RocBandDisplay.from_predictions(truth, scores, plot=False).bands[0].curves[0]
    false, true, _ = roc_curve(truth, scores)
    np.testing.assert_allclose(roc[1:], np.interp(grid, false, true)[1:])
    shown = PrecisionRecallBandDisplay.from_predictions(truth, scores, plot=False)
    precision, recall, _ = precision_recall_curve(truth, scores)
    expected = [precision[recall >= level - 1e-12][-1] for level in grid]
    np.testing.assert_allclose(shown.bands[0].curves[0], expected)


@pytest.mark.parametrize("display", [RocBandDisplay, PrecisionRecallBandDisplay])
def test_estimators_without_probabilities_can_be_ranked(display, X, lesions):
    model = LinearSVC(random_state=0).fit(X, lesions.target)
    shown = display.from_estimator(model, X, lesions.target, pos_label=0)
    assert shown.bands[0].areas[0] > 0.9
    assert shown.ax_.figure is shown.figure_
    assert "LinearSVC" in shown.ax_.get_legend().get_texts()[0].get_text()


def test_folds_make_one_curve_each():
    truth, scores = np.tile([0, 1], 20), np.arange(40) / 40
    shown = RocBandDisplay.from_predictions(truth, scores, folds=np.repeat([0, 1], 20))
    assert shown.bands[0].curves.shape == (2, 201)


def test_a_positive_class_has_to_be_named_and_known(result):
    with pytest.raises(ValueError, match="pos_label='x' needs to be one of the classes"):
        RocBandDisplay.from_comparison(result, pos_label="x")


def test_the_forest_plot_shows_the_summary(result):
    shown = ComparisonDisplay.from_comparison(result, metric="roc_auc")
    summary = result.summary()
    for row in shown.rows:
        expected = summary.loc[row.name, ["roc_auc", "roc_auc low", "roc_auc high"]]
        assert (row.mean, row.low, row.high) == pytest.approx(tuple(expected), nan_ok=True)
        np.testing.assert_array_equal(row.values, result.values(row.name, "roc_auc"))
    assert shown.rows[-1].name == result.baseline
    left, right = shown.ax_.get_xlim()
    assert left <= min(row.low for row in shown.rows)
    assert right >= min(1, max(row.high for row in shown.rows))


def test_an_estimator_keeps_its_color_whatever_is_shown(result):
    alone = RocBandDisplay.from_comparison(result, ["_net_"])
    lines = [line for line in alone.ax_.get_lines() if line.get_linewidth() > 1]
    together = RocBandDisplay.from_comparison(result)
    colors = {
        line.get_label().split(":")[0].strip(): to_hex(line.get_color())
        for line in together.ax_.get_lines()
        if line.get_linewidth() > 1
    }
    assert to_hex(lines[0].get_color()) == colors["_net_"]
    assert colors[result.baseline] == "#8a929c"  # the gray of what is no model


@pytest.mark.parametrize("cost", ["time", "parameters"])
def test_costs_are_those_of_the_comparison(result, cost):
    shown = ScoreVersusCost.from_comparison(result, cost=cost)
    for row in shown.rows:
        expected = (
            np.median([fold.fit_time for fold in result.fold_results[row.name]])
            if cost == "time"
            else result.fold_results[row.name][0].parameters["trainable"]
        )
        assert row.cost == expected
    with pytest.raises(ValueError, match="cost='money'"):
        ScoreVersusCost.from_comparison(result, cost="money")


def test_confusions_are_counted_over_all_folds(result):
    shown = ConfusionDisplay.from_comparison(result, "bayes")
    expected = confusion_matrix(result.truth(), result.predictions("bayes"), labels=result.classes)
    np.testing.assert_array_equal(shown.counts, expected)
    shares = [
        confusion_matrix(
            result.y[fold.split.test],
            fold.predictions.predicted,
            labels=result.classes,
            normalize="true",
        )
        for fold in result.fold_results["bayes"]
    ]
    np.testing.assert_allclose(shown.spread, np.std(shares, axis=0))
    assert len(shown.ax_.texts) == 4


def test_a_class_that_never_occurs_has_no_shares():
    shown = ConfusionDisplay.from_predictions([0, 1], [0, 1], labels=[0, 1, 2])
    np.testing.assert_array_equal(shown.shares()[2], 0)


def test_many_classes_still_fit(X):
    y = np.arange(150) % 10
    shown = ConfusionDisplay.from_estimator(GaussianNB().fit(X, y), X, y)
    assert shown.counts.shape == (10, 10)
    assert "%" not in shown.ax_.texts[0].get_text()


def test_curves_are_the_history_of_every_fold(result):
    shown = TrainingCurvesDisplay.from_comparison(result, "_net_")
    assert len(shown.histories) == 4
    with pytest.raises(ValueError, match="'bayes' kept no history .* these did: _net_"):
        TrainingCurvesDisplay.from_comparison(result, "bayes")


def test_the_best_epoch_is_the_one_of_least_validation_loss():
    history = [
        {"train_loss": 3.0, "valid_loss": 2.0, "train_score": 0.5, "valid_score": 0.5},
        {"train_loss": 2.0, "valid_loss": 1.0, "train_score": 0.6, "valid_score": 0.6},
        {"train_loss": 1.0, "valid_loss": 1.5, "train_score": 0.9, "valid_score": 0.5},
    ]
    shown = TrainingCurvesDisplay([history, history[:1]]).plot()
    assert shown.best_epochs() == [2, 1]
    assert len(shown.axes_) == 2
    marks = [line.get_xdata()[0] for line in shown.ax_.get_lines() if line.get_linestyle() == ":"]
    assert marks == [2, 1]
    with pytest.raises(ValueError, match="needs 2 axes, but got 1"):
        shown.plot(plt.subplots()[1])


def test_curves_of_scikit_learns_networks_are_read(X, lesions):
    model = MLPClassifier((4,), early_stopping=True, max_iter=30, tol=1, random_state=0)
    shown = TrainingCurvesDisplay.from_estimator(model.fit(X, lesions.target))
    assert [record["train_loss"] for record in shown.histories[0]] == model.loss_curve_
    assert [record["valid_score"] for record in shown.histories[0]] == model.validation_scores_
    with pytest.raises(ValueError, match="GaussianNB keeps no history"):
        TrainingCurvesDisplay.from_estimator(GaussianNB().fit(X, lesions.target))


@pytest.mark.parametrize("wrap", ["grid", "threshold", "both"])
def test_the_history_inside_a_wrapper_is_the_one_that_compare_keeps(X, lesions, wrap):
    y = lesions.target
    model = MLPClassifier((4,), early_stopping=True, max_iter=40, tol=1, random_state=0)
    if wrap != "threshold":
        model = GridSearchCV(model, {"alpha": [1e-4]}, cv=2)
    if wrap != "grid":
        model = ThresholdAt(model, cv=2)
    rows = np.arange(len(y))
    split = (rows[::2], rows[1::2])
    found = compare(
        {"m": model}, X, y, cv=[split], random_state=0, verbose=0, audit=False, repeats=1
    )
    [history] = found.histories("m")
    fitted = clone(model).fit(X[split[0]], y[split[0]])
    assert TrainingCurvesDisplay.from_estimator(fitted, plot=False).histories == [history]
    assert TrainingCurvesDisplay.from_comparison(found, "m", plot=False).histories == [history]
    assert {"train_loss", "valid_score"} < set(history[0])


class Trained(Brighter):
    def fit(self, X, y):
        self.history_ = [{"train_loss": 1.0, "valid_score": 0.2}]
        return super().fit(X, y)


def test_the_score_that_segmenters_record_is_called_dice(lesions):
    images, masks = lesions.images, lesions.masks
    shown = TrainingCurvesDisplay.from_estimator(Trained().fit(images, masks))
    assert [ax.get_ylabel() for ax in shown.axes_] == ["Loss", "Dice"]
    found = compare(
        {"m": Trained()}, images, masks, cv=2, random_state=0, verbose=0, audit=False, repeats=1
    )
    shown = TrainingCurvesDisplay.from_comparison(found, "m")
    assert [ax.get_ylabel() for ax in shown.axes_] == ["Loss", "Dice"]


@pytest.mark.filterwarnings("ignore:No inverse power law was fitted to _flat_")
def test_a_learning_curve_shows_its_scores_and_laws(lesions, X):
    models = {"bayes": GaussianNB(), "_flat_": DummyClassifier()}
    curve = learning_curve(
        models,
        X,
        ODD[lesions.target],
        pos_label=ODD[1],
        scoring="roc_auc",
        repeats=2,
        random_state=0,
        verbose=0,
    )
    shown = LearningCurveBandDisplay.from_learning_curve(curve)
    assert shown.ax_.figure is shown.figure_
    bayes, flat = shown.bands
    expected = curve.summary().loc["bayes"]
    np.testing.assert_array_equal(np.transpose([bayes.mean, bayes.low, bayes.high]), expected)
    law = np.transpose([bayes.law, bayes.law_low, bayes.law_high])
    np.testing.assert_allclose(law[-1], curve.predict(3 * curve.train_sizes[-1]).loc["bayes"])
    assert np.isnan(flat.law).all()
    ticks = [text.get_text() for text in shown.ax_.get_xticklabels()]
    assert ticks == [str(size) for size in (*curve.train_sizes, 3 * curve.train_sizes[-1])]
    assert [text.get_text() for text in shown.ax_.get_legend().get_texts()] == [
        "bayes",
        " _flat_ (no law)",
    ]
    assert "Samples" in shown.ax_.get_xlabel()
    only = LearningCurveBandDisplay.from_learning_curve(curve, names=["_flat_"], plot=False)
    assert [band.name for band in only.bands] == ["_flat_"]


def test_the_gallery_starts_with_the_surest_mistakes(result, lesions):
    gallery = PredictionGallery.from_comparison(result, lesions.images, "bayes", n=5)
    wrong = result.truth() != result.predictions("bayes")
    sure = result.probabilities("bayes").max(axis=1)
    assert gallery.total == wrong.sum()
    assert [each.probability for each in gallery.shown] == sorted(sure[wrong])[::-1][:5]
    for each in gallery.shown:
        assert each.true == result.y[each.row]
        assert each.predicted == result.predictions("bayes")[each.row]
        np.testing.assert_array_equal(each.picture, lesions.images[each.row])


@pytest.mark.parametrize("show", ["mistakes", "correct", "unsure", "any"])
def test_the_gallery_shows_what_was_asked_for(show, X, lesions):
    y = lesions.target
    model = LogisticRegression().fit(X, y)
    gallery = PredictionGallery.from_estimator(model, X, y, show=show, n=4)
    probabilities = [each.probability for each in gallery.shown]
    if show in ("mistakes", "correct"):
        assert all(each.correct == (show == "correct") for each in gallery.shown)
        assert probabilities == sorted(probabilities)[::-1]
    if show == "unsure":
        assert probabilities == sorted(model.predict_proba(X).max(axis=1))[:4]
    if show == "any":
        assert [each.row for each in gallery.shown] == [0, 1, 2, 3]


def test_a_gallery_without_mistakes_says_so(X, lesions):
    gallery = PredictionGallery.from_predictions(X, lesions.target, lesions.target)
    assert gallery.shown == []
    assert gallery.axes_[0].texts[0].get_text() == "no mistakes"
    with pytest.raises(ValueError, match="show='best' must be one of"):
        PredictionGallery.from_predictions(X, lesions.target, lesions.target, show="best")


@pytest.mark.parametrize(
    "kind",
    [
        *("scores", "curves", "confusion", "roc", "precision-recall", "calibration"),
        *("net benefit", "cost"),
    ],
)
def test_every_kind_can_be_drawn_with_labels_that_look_like_markup(result, kind):
    display = result.plot(kind, name="_net_" if kind == "curves" else None)
    display.figure_.canvas.draw()  # mathtext in a label would be parsed, and fail, here
    assert display.ax_ in display.figure_.axes


def test_an_unknown_kind_lists_the_known_ones(result):
    with pytest.raises(ValueError, match="kind='pie' must be one of 'scores', 'curves'"):
        result.plot("pie")


def test_names_are_shortened_and_never_taken_for_mathematics():
    long = "start" + "a" * 50 + "end"
    drawn = [
        TrainingCurvesDisplay([[{"train_loss": 1.0}]], name).plot().ax_.get_title("left")
        for name in ("$x$\n y", "_hidden", long)
    ]
    assert drawn[:2] == [r"\$x\$ y", " _hidden"]
    assert re.fullmatch("starta+…a+end", drawn[2])
    assert len(drawn[2]) < len(long)


def picture_in_a_gallery(X):
    y = np.zeros(len(X), dtype=int)
    gallery = PredictionGallery.from_predictions(X, y, 1 - y)
    [picture] = [image for ax in gallery.figure_.axes for image in ax.images]
    return np.asarray(picture.get_array())


def test_images_of_every_kind_can_be_shown(lesions, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(lesions.images[3]).save(path)
    for X in (lesions.images[3:4], list(lesions.images[3:4]), [path]):
        np.testing.assert_array_equal(picture_in_a_gallery(X), lesions.images[3])
    assert picture_in_a_gallery(np.zeros((1, 4, 4, 1), np.uint16)).shape == (4, 4)
    assert picture_in_a_gallery(np.zeros((1, 4, 4, 4))).shape == (4, 4, 3)
