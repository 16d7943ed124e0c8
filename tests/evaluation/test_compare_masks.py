"""Comparing segmenters on masks with pixels that do not count, and in millimeters."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skmedimg import Pipeline, UNetSegmenter, compare
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import Comparison, FoldEnsemble
from skmedimg.evaluation.report._outlined_masks import outlined_by_dice
from skmedimg.metrics import dice, hausdorff_distance

# Columns from here on do not count.
KEPT = 20


class Bright(BaseEstimator):
    """A segmenter that learns nothing: what is brighter than `level` is lesion."""

    def __init__(self, level=120):
        self.level = level

    def fit(self, X, y):
        return self

    def predict(self, X):
        return (X > self.level).astype(np.uint8)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "segmenter"
        return tags


@pytest.fixture(scope="module")
def lesions():
    data = make_lesions(20, size=32, noise=0.1, random_state=0)
    ignored = data.masks.copy()
    ignored[:, :, KEPT:] = 255
    return data.images, data.masks, ignored


def scores(X, y, **options):
    """Scores of a comparison of two models and the baseline, without anything slow."""
    options = {"cv": 2, "repeats": 2, "random_state": 0, "verbose": 0, "audit": False} | options
    models = {"low": Bright(90), "high": Bright(150)}
    return compare(models, X, y, groups=np.arange(len(X)) // 2, **options)


def test_scores_tests_and_baseline_are_those_without_the_ignored_pixels(lesions, tmp_path):
    X, truth, ignored = lesions
    overlap = ["dice", "iou", "pixel_precision", "pixel_recall", "volumetric_similarity"]
    expected = scores(X[:, :, :KEPT], truth[:, :, :KEPT], scoring=overlap)
    found = scores(X, ignored, scoring=overlap, ignore_label=255)
    for name in expected.names:
        for metric in overlap:
            np.testing.assert_array_equal(found.values(name, metric), expected.values(name, metric))
    assert found.tests().conclusions == expected.tests().conclusions
    assert found.to_frame("patients").equals(expected.to_frame("patients"))
    assert not found.predictions(found.baseline).any()
    found.to_json(tmp_path / "found.json")
    read = Comparison.from_json(tmp_path / "found.json")
    assert read.ignore_label == 255
    assert read.tests().conclusions == expected.tests().conclusions
    shown = outlined_by_dice(found, X, "low", n=3)
    kept = outlined_by_dice(expected, X[:, :, :KEPT], "low", n=3)
    assert [each.caption for each in shown] == [each.caption for each in kept]


@pytest.mark.parametrize("spacing", [0.5, (0.5, 2.0), "of each"])
def test_distances_are_measured_in_the_size_of_each_image(spacing, lesions, tmp_path):
    X, y, _ = lesions
    if spacing == "of each":
        spacing = np.column_stack([np.linspace(0.5, 1, len(X)), np.linspace(2, 1, len(X))])
    options = {"scoring": ["hausdorff_distance", "dice"], "spacing": spacing, "baseline": False}
    found = scores(X, y, cv=[(np.arange(10), np.arange(10, 20))], repeats=None, **options)
    found.to_json(tmp_path / "found.json")
    for comparison in (found, Comparison.from_json(tmp_path / "found.json")):
        pixel = comparison.spacing[10:]
        given = y[10:], X[10:] > 90
        expected = hausdorff_distance(*given, spacing=pixel, average="image", labels=[1])
        (value,) = comparison.values("low", "hausdorff_distance")
        assert value == pytest.approx(expected[np.isfinite(expected)].mean())
    one_by_one = [
        hausdorff_distance(a[None], b[None], spacing=p, labels=[1])
        for a, b, p in zip(*given, pixel, strict=True)
    ]
    np.testing.assert_allclose(expected, one_by_one)
    worst = hausdorff_distance(
        y[10:] * 0 + 1, y[10:] * 0, spacing=pixel, missing="diagonal", average="image"
    )
    np.testing.assert_allclose(worst, np.hypot(*(32 * pixel).T))


def test_an_ensemble_scores_without_the_ignored_pixels(lesions):
    X, truth, ignored = lesions
    network = UNetSegmenter((2,), max_epochs=1, ignore_label=255, random_state=0, device="cpu")
    ensemble = FoldEnsemble(network, cv=2, random_state=0).fit(X, ignored)
    assert ensemble.classes_.tolist() == [0, 1]
    found = ensemble.predict(X)[:, :, :KEPT]
    assert ensemble.score(X, ignored) == dice(truth[:, :, :KEPT], found, labels=[1])


def test_what_is_learned_and_what_is_scored_must_agree(lesions):
    X, y, ignored = lesions
    network = UNetSegmenter((2,), max_epochs=1)
    for model in (network, Pipeline([network])):
        with pytest.raises(ValueError, match=r"'net' has ignore_label=None.*ignore_label=255"):
            compare({"net": model}, X, ignored, ignore_label=255)
    network.set_params(ignore_label=255)
    with pytest.raises(ValueError, match=r"'net' has ignore_label=255.*ignore_label=None"):
        compare({"net": network}, X, y)
    with pytest.raises(ValueError, match=r"spacing needs positive sizes.*\(0, 1\)"):
        scores(X, y, spacing=(0, 1))
