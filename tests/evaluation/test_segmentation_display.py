"""SegmentationDisplay chooses by Dice and paints every error in its color."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from skmedimg import ImageLoader, Pipeline
from skmedimg.evaluation import SegmentationDisplay, compare
from skmedimg.metrics import dice
from tests.evaluation._estimators import Brighter, MasksFromX

pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.fixture
def scans():
    """Seven images, squares as truth, predictions from useless to perfect; one without either."""
    truth = np.zeros((7, 16, 20), dtype=np.uint8)
    truth[:6, 4:12, 4:12] = 1
    prediction = truth.copy()
    for row, missed in enumerate([4, 8, 0, 2, 6, 1]):
        prediction[row, 4 : 4 + missed] = 0
    images = truth * np.uint8(150) + np.uint8(20)
    return images, truth, prediction


def test_worst_median_and_best_are_those_of_the_metric(scans):
    images, truth, prediction = scans
    display = SegmentationDisplay.from_predictions(*scans)
    scores = dice(truth, prediction, average="image")
    assert display.scores == [scores[1], scores[0], scores[2]]
    assert [caption.split()[0] for caption in display.captions] == ["worst", "median", "best"]
    np.testing.assert_array_equal(display.truth, truth[[1, 0, 2]])
    assert display.axes_.shape == (3, 5)


def test_images_without_foreground_are_shown_by_row(scans):
    display = SegmentationDisplay.from_predictions(*scans, show=[6, "best"])
    assert display.captions == ["row 6", "best\nrow 2"]
    assert display.scores == [1.0, 1.0]
    nothing = np.zeros((2, 8, 8), dtype=int)
    empty = SegmentationDisplay.from_predictions(nothing, nothing, nothing, show="worst")
    assert empty.scores == [1.0]


def test_errors_have_the_color_of_their_kind():
    picture = np.full((4, 4), 100, dtype=np.uint8)
    true, pred = np.zeros((2, 4, 4), dtype=int)
    true[1], pred[:2] = 1, 1
    true[2] = 1
    true[3], pred[3] = 1, 2
    display = SegmentationDisplay.from_predictions(
        picture[None], true[None], pred[None], show=[0], panels=["errors"]
    )
    [ax] = display.axes_.ravel()
    painted = ax.images[0].get_array()
    handles = ax.get_legend().get_patches()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    colors = {text: patch.get_facecolor() for text, patch in zip(texts, handles, strict=True)}
    expected = ["false positive", None, "false negative", "wrong class"]
    for row, kind in enumerate(expected):
        color = 50 if kind is None else 0.1 * 50 + 0.9 * 255 * np.array(to_rgb(colors[kind]))
        np.testing.assert_allclose(painted[row, 0], np.broadcast_to(color, 3), atol=1)
    assert len(set(colors.values())) == 3


def test_panels_and_legends_say_what_is_shown(scans):
    display = SegmentationDisplay.from_predictions(*scans, panels=["image", "errors"])
    assert [ax.get_title() for ax in display.axes_[0]] == ["image", "errors"]
    legend = display.axes_[-1, 1].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["false positive", "false negative"]
    assert "Dice 0.000" in display.axes_[0, 0].get_ylabel()


def test_outlines_are_drawn_even_where_the_mask_fills_the_image():
    full = np.ones((1, 8, 8), dtype=int)
    half = np.where(np.arange(8)[:, None] < 4, full, 0)
    display = SegmentationDisplay.from_predictions(full * 9.0, full, half, show=[0])
    drawn = display.axes_[0, 3].get_images()[0].get_array()
    legend = display.axes_[0, 3].get_legend()
    true, predicted = (to_rgb(line.get_color()) for line in legend.get_lines())
    side = len(drawn)
    for edge, color in (
        (drawn[0], predicted),
        (drawn[side // 2 - 1], predicted),
        (drawn[-1], true),
        (drawn[side // 2 :, 0], true),
        (drawn[: side // 2, -1], predicted),
    ):
        np.testing.assert_allclose(edge / 255, np.broadcast_to(color, edge.shape), atol=0.003)
    inside = drawn[side // 2 + 1 : -1, 1:-1]
    assert (inside == inside[..., :1]).all()  # gray: no outline there


def test_every_class_has_an_outline_of_its_own():
    masks = np.zeros((1, 8, 8), dtype=int)
    masks[0, 1:4, 1:4], masks[0, 4:7, 4:7] = 1, 2
    display = SegmentationDisplay.from_predictions(masks * 9.0, masks, masks * 0, show=[0])
    drawn = display.axes_[0, 3].get_images()[0].get_array()
    times = len(drawn) // 8
    colored = (drawn != drawn[..., :1]).any(axis=2)
    assert colored[times, times : 4 * times].all()
    assert colored[4 * times, 4 * times : 7 * times].all()
    assert not colored[2 * times, 5 * times]


def test_every_kind_of_images_and_masks_is_shown_alike(scans, tmp_path):
    images, truth, prediction = scans
    expected = SegmentationDisplay.from_predictions(*scans, plot=False)
    paths = {}
    for name, stack in {"image": images, "mask": truth * 255}.items():
        paths[name] = [tmp_path / f"{name}{row}.png" for row in range(len(stack))]
        for path, array in zip(paths[name], stack, strict=True):
            Image.fromarray(array).save(path)
    alike = [
        (images[..., None], truth * 255, prediction * 255),
        (images.reshape(7, -1), truth.reshape(7, -1), prediction.reshape(7, -1)),
        (paths["image"], paths["mask"], prediction.astype(bool)),
    ]
    for X, y_true, y_pred in alike:
        found = SegmentationDisplay.from_predictions(
            X, y_true, y_pred, image_shape=(16, 20), plot=False
        )
        np.testing.assert_array_equal(found.pictures, expected.pictures)
        np.testing.assert_array_equal(found.truth, expected.truth)
        assert found.scores == expected.scores


def test_an_estimator_predicts_what_is_drawn(scans):
    images, truth, prediction = scans

    class Fixed:
        def predict(self, X):
            return prediction

    display = SegmentationDisplay.from_estimator(Fixed(), images, truth)
    assert display.scores == SegmentationDisplay.from_predictions(*scans, plot=False).scores


def test_padded_files_are_drawn_as_the_segmenter_sees_them(tmp_path):
    images = np.zeros((2, 10, 20), dtype=np.uint8)
    images[:, 2:8, 5:15] = 200
    masks = (images > 0).astype(np.uint8)
    pairs = [(tmp_path / f"{k}.png", tmp_path / f"{k}_mask.png") for k in range(2)]
    for k, (image, mask) in enumerate(pairs):
        Image.fromarray(images[k]).save(image)
        Image.fromarray(masks[k]).save(mask)
    paths, truth = zip(*pairs, strict=True)
    loader = ImageLoader((20, 20), aspect="pad")
    model = Pipeline([loader, Brighter()]).fit(list(paths), list(truth))
    display = SegmentationDisplay.from_estimator(model, list(paths), list(truth), show=[0, "1.png"])
    # Five black rows above and below: the picture is not stretched to a square.
    expected = np.pad(images[0], ((5, 5), (0, 0)))
    np.testing.assert_array_equal(display.pictures[0], expected)
    np.testing.assert_array_equal(display.truth[0], expected > 0)
    assert display.scores == [1.0, 1.0]
    assert display.captions[1].endswith("1.png")


def test_own_axes_are_used_and_wrong_ones_refused(scans):
    figure, axes = plt.subplots(1, 2)
    display = SegmentationDisplay.from_predictions(
        *scans, show=["best"], panels=["image", "errors"], axes=axes
    )
    assert display.figure_ is figure
    with pytest.raises(ValueError, match=r"needs \(3, 5\) axes, but got \(2,\)"):
        SegmentationDisplay.from_predictions(*scans, axes=axes)
    with pytest.raises(ValueError, match="show='middle' must be one of"):
        SegmentationDisplay.from_predictions(*scans, show="middle")
    with pytest.raises(ValueError, match=r"\['heat'\] are unknown"):
        SegmentationDisplay.from_predictions(*scans, panels=["heat"])


def colors_of(ax):
    """Return {text: color} of a legend, as bytes of RGB."""
    legend = ax.get_legend()
    found = zip(legend.get_texts(), [*legend.get_lines(), *legend.get_patches()], strict=True)
    return {
        text.get_text(): np.rint(
            255
            * np.array(
                to_rgb(mark.get_color() if hasattr(mark, "get_color") else mark.get_facecolor())
            )
        ).astype(int)
        for text, mark in found
    }


def test_captions_name_the_files_and_patients_of_the_images(scans, tmp_path):
    images, truth, prediction = scans
    paths = [tmp_path / "ill" / f"p{row}.png" for row in range(7)]
    paths[0].parent.mkdir()
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    groups = np.array([f"P{row // 2}" for row in range(7)])
    display = SegmentationDisplay.from_predictions(
        paths,
        truth,
        prediction,
        show=["worst", "p3.png", "ill/p4.png", 5],
        groups=groups,
        plot=False,
    )
    assert display.captions == [
        "worst\nill/p1.png\npatient P0",
        "ill/p3.png\npatient P1",
        "ill/p4.png\npatient P2",
        "ill/p5.png\npatient P2",
    ]
    np.testing.assert_array_equal(display.truth, truth[[1, 3, 4, 5]])
    with pytest.raises(ValueError, match=r"show='p9\.png' must be one of"):
        SegmentationDisplay.from_predictions(paths, truth, prediction, show="p9.png")
    twice = [*paths[:4], paths[3]]
    with pytest.raises(ValueError, match=r"show='p3\.png' names 2 files"):
        SegmentationDisplay.from_predictions(twice, truth[:5], prediction[:5], show="p3.png")
    with pytest.raises(ValueError, match="show=7 must be one of"):
        SegmentationDisplay.from_predictions(*scans, show=7)


def test_out_of_fold_predictions_keep_their_rows_and_patients(scans):
    images, truth, prediction = scans
    groups = np.array(list("aabbccd"))
    found = compare(
        {"model": MasksFromX()},
        prediction[:, None],
        truth,
        groups=groups,
        cv=3,
        repeats=2,
        verbose=0,
    )
    display = SegmentationDisplay.from_comparison(found, images, "model", plot=False)
    expected = SegmentationDisplay.from_predictions(*scans, groups=groups, plot=False)
    assert display.captions == expected.captions
    assert display.captions[0] == "worst\nrow 1\npatient a"
    np.testing.assert_array_equal(display.prediction, expected.prediction)
    np.testing.assert_array_equal(display.pictures, expected.pictures)


def test_only_predicted_rows_are_shown(scans):
    images, truth, prediction = scans
    split = [(np.array([0, 1, 6]), np.array([5, 3, 4]))]
    found = compare({"model": MasksFromX()}, prediction[:, None], truth, cv=split, verbose=0)
    display = SegmentationDisplay.from_comparison(found, images, "model", plot=False)
    assert display.captions == ["worst\nrow 4", "median\nrow 3", "best\nrow 5"]
    with pytest.raises(ValueError, match="show=1 must be one of"):
        SegmentationDisplay.from_comparison(found, images, "model", show=1)


def test_outline_errors_have_the_color_of_what_surface_dice_counts():
    true, pred = np.zeros((2, 1, 40, 40), dtype=int)
    true[0, 5:15, 5:30] = 1
    pred[0, 5:15, 5:20] = pred[0, 30:35, 5:10] = 1
    display = SegmentationDisplay.from_predictions(
        true * 9.0, true, pred, show=[0], panels=["outline errors"], tolerance=3
    )
    [ax] = display.axes_.ravel()
    drawn, colors = np.asarray(ax.images[0].get_array()), colors_of(ax)
    times = len(drawn) // 40

    def color_at(row, column):
        """Of the outline, which is the outer line of the enlarged pixel."""
        return drawn[row * times, column * times + times // 2].tolist()

    assert color_at(5, 10) == colors["near each other"].tolist()
    assert color_at(5, 21) == colors["near each other"].tolist()  # 2 pixels from the corner
    assert color_at(5, 25) == colors["true, farther off"].tolist()
    assert color_at(30, 7) == colors["predicted, farther off"].tolist()
    assert len({tuple(color) for color in colors.values()}) == 3
    wide = SegmentationDisplay(
        display.pictures, display.truth, display.prediction, [1.0], [""], tolerance=50
    )
    [ax] = wide.plot(panels=["outline errors"]).axes_.ravel()
    drawn = np.asarray(ax.images[0].get_array())
    kinds = {tuple(color) for color in drawn[(drawn != drawn[..., :1]).any(2)].tolist()}
    assert kinds == {tuple(colors["near each other"].tolist())}


def test_objects_are_matched_missed_or_false_alarms():
    true, pred = np.zeros((2, 1, 40, 40), dtype=int)
    true[0, 2:10, 2:10], pred[0, 2:10, 3:10] = 1, 1
    true[0, 2:10, 20:28] = 1
    pred[0, 20:30, 20:30] = 1
    true[0, 20:30, 2:12], pred[0, 20:30, 2:12] = 1, 2  # the right place, but another class
    display = SegmentationDisplay.from_predictions(
        true * 0.0, true, pred, show=[0], panels=["objects"]
    )
    [ax] = display.axes_.ravel()
    drawn, colors = np.asarray(ax.images[0].get_array()), colors_of(ax)
    times = len(drawn) // 40
    inside = {
        place: drawn[times * place[0] + 1, times * place[1] + 1].tolist()
        for place in [(5, 6), (5, 23), (25, 25)]
    }
    for place, kind in zip(inside, ("matched", "missed", "false alarm"), strict=True):
        np.testing.assert_allclose(inside[place], 0.45 * colors[kind], atol=1)
    edge = drawn[times * 20, times * 5].tolist()
    assert edge == colors["false alarm"].tolist()  # drawn over the missed one
    loose = SegmentationDisplay(
        display.pictures, display.truth, display.prediction, [1.0], [""], iou_threshold=0.99
    )
    drawn = np.asarray(loose.plot(panels=["objects"]).axes_[0, 0].images[0].get_array())
    np.testing.assert_allclose(
        drawn[5 * times + 1, 2 * times + times // 2], 0.45 * colors["missed"], atol=1
    )


def test_ignored_pixels_are_gray_and_do_not_count(scans):
    images, truth, prediction = scans
    marked = truth.copy()
    marked[:, :6] = 255
    display = SegmentationDisplay.from_predictions(
        images, marked, prediction, ignore_label=255, show=[0, 3]
    )
    expected = dice(marked, prediction, ignore_label=255, average="image")
    assert display.scores == [expected[0], expected[3]]
    drawn = {
        panel: ax.images[0].get_array()
        for panel, ax in zip(
            ("image", "truth", "prediction", "outlines", "errors"), display.axes_[0], strict=True
        )
    }
    np.testing.assert_array_equal(drawn["image"], images[0])
    color = colors_of(display.axes_[-1, 4])["ignored"]
    for panel in ("truth", "prediction"):
        expected = 0.2 * images[0, 5, 5] + 0.8 * color
        np.testing.assert_allclose(drawn[panel][5, 5], expected, atol=1)
    alike = SegmentationDisplay.from_predictions(
        images, np.where(truth == 1, 1, 0), prediction, show=[0, 3], plot=False
    )
    np.testing.assert_array_equal(display.truth[:, 6:], alike.truth[:, 6:])
    assert not display.truth[:, :6].any()
