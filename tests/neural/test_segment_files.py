"""Masks of files at the files' own sizes, whatever was done to resize the images."""

import numpy as np
import pytest
from PIL import Image
from sklearn.base import BaseEstimator

from skmedimg import CleanMasks, CropForeground, ImageLoader, Pipeline, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.evaluation import FoldEnsemble
from skmedimg.metrics import iou
from skmedimg.neural import segment_files

SIZES = [(90, 120), (100, 70), (64, 64)]


class BrightPixels(BaseEstimator):
    """A segmenter to know the right answer of: a pixel is foreground as far as it is bright."""

    def __init__(self, threshold=0.5, postprocess=None):
        self.threshold = threshold
        self.postprocess = postprocess

    def fit(self, X, y):
        self.classes_, self.threshold_ = np.unique(y), self.threshold
        return self

    def predict_proba(self, X):
        bright = np.asarray(X.load() if hasattr(X, "load") else X, dtype=float) / 255
        return np.stack([1 - bright, bright], axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "segmenter"
        return tags


@pytest.fixture(scope="module")
def disks(tmp_path_factory):
    """Files of several sizes with a bright disk each, and where it is."""
    folder, truths, paths = tmp_path_factory.mktemp("disks"), [], []
    for number, (height, width) in enumerate(SIZES):
        rows, columns = np.ogrid[:height, :width]
        inside = np.hypot(rows - 0.45 * height, columns - 0.5 * width) < 20
        truths.append(inside)
        paths.append(folder / f"{number}.png")
        Image.fromarray(np.where(inside, 250, 5).astype(np.uint8)).save(paths[-1])
    return paths, truths


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    "loader",
    [
        {"size": (48, 56)},
        {"size": (48, 56), "aspect": "pad"},
        {"size": (48, 56), "aspect": "crop"},
        {"size": (60, 60), "crop": "foreground"},
        {"size": (60, 44), "crop": "foreground", "aspect": "pad"},
    ],
    ids=str,
)
def test_masks_lie_where_the_object_is_in_the_file(loader, lazy, disks):
    paths, truths = disks
    model = Pipeline([ImageLoader(**loader, lazy=lazy), BrightPixels()])
    model.fit(paths, [truth.astype(int) for truth in truths] if "crop" not in loader else [0, 1, 1])
    masks = segment_files(model, paths)
    assert [mask.shape for mask in masks] == SIZES
    for mask, truth in zip(masks, truths, strict=True):
        assert iou(truth[None], mask[None]) > 0.93


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Lesions, as files of their own size and as files three times as large."""
    data = make_lesions(40, size=32, noise=0.1, random_state=0)
    folder, paths = tmp_path_factory.mktemp("scans"), {1: [], 3: []}
    for times, files in paths.items():
        for row, image in enumerate(data.images[:6]):
            files.append(folder / f"{row}x{times}.png")
            Image.fromarray(image).resize((32 * times, 32 * times)).save(files[-1])
    return data, paths


def small(**parameters):
    settings = {"max_epochs": 8, "batch_size": 8, "loss": "dice_ce", "random_state": 0}
    return UNetSegmenter((8, 16), device="cpu", **(settings | parameters))


def test_at_the_size_of_the_network_it_is_what_predict_gives(scans):
    data, paths = scans
    model = small().fit(data.images, data.masks * 255)
    masks = segment_files(model, paths[1])
    np.testing.assert_array_equal(masks, model.predict(data.images[:6]))
    assert np.any(masks)
    tiled = model.set_params(tile=16)
    np.testing.assert_array_equal(segment_files(tiled, paths[1]), tiled.predict(data.images[:6]))


@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_probabilities_are_interpolated_before_pixels_are_decided(threshold, scans):
    data, paths = scans
    model = small(threshold=threshold).fit(data.images, data.masks)
    for path, mask in zip(paths[3], segment_files(model, paths[3]), strict=True):
        (found,) = model.predict_proba([path])
        plane = Image.fromarray(found[1]).resize((96, 96), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(mask, np.asarray(plane) > threshold)


def test_several_classes_cleaning_and_ensembles_come_back_too(scans):
    data, paths = scans
    labels = data.masks * 3 + (data.masks * (np.arange(32) > 16)) * 2
    model = small().fit(data.images, labels)
    masks = segment_files(model, paths[3])
    assert set(np.unique(masks)) <= {0, 3, 5}
    assert masks[0].shape == (96, 96)
    model.set_params(postprocess=CleanMasks(min_size=96 * 96))
    assert not np.any(segment_files(model, paths[3]))
    pipeline = Pipeline([ImageLoader((32, 32)), small(max_epochs=1)])
    ensemble = FoldEnsemble(pipeline, cv=2, random_state=0).fit(paths[1], data.masks[:6])
    np.testing.assert_array_equal(segment_files(ensemble, paths[1]), ensemble.predict(paths[1]))


def test_what_cannot_be_brought_back_is_refused(scans):
    data, paths = scans
    with pytest.raises(TypeError, match="needs a list of paths"):
        segment_files(small(), data.images)
    moved = Pipeline([ImageLoader((32, 32)), CropForeground((32, 32)), BrightPixels()])
    moved.fit(paths[1], [0, 1, 0, 1, 0, 1])
    with pytest.raises(ValueError, match="ImageLoader as the only step that moves pixels"):
        segment_files(moved, paths[1])
    with pytest.raises(TypeError, match="segmenter with predict_proba, which CleanMasks is not"):
        segment_files(CleanMasks(), paths[1])
