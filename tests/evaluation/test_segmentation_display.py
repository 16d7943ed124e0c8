"""SegmentationDisplay chooses by Dice and paints every error in its color."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from skmedimg.evaluation import SegmentationDisplay
from skmedimg.metrics import dice

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
