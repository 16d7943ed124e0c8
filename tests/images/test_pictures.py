"""Images in memory that come one by one: of Pillow, as arrays of several sizes, encoded."""

import io

import numpy as np
import pytest
from PIL import Image

from skmedimg import HOG, ImageLoader, Pipeline, ShallowMLP, UNetSegmenter
from skmedimg.images import ImageReadError


@pytest.fixture
def draws():
    return np.random.default_rng(0)


@pytest.fixture
def files(tmp_path, draws):
    """Color files of several sizes, one with a palette and one that lies on its side."""
    paths = []
    for row, size in enumerate([(20, 30), (31, 17), (24, 24), (40, 20)]):
        picture = Image.fromarray(draws.integers(0, 256, (*size, 3), dtype=np.uint8))
        more = {}
        if row == 1:
            picture = picture.quantize(16)
        if row == 2:
            more["exif"] = picture.getexif()
            more["exif"][0x0112] = 6
        paths.append(tmp_path / f"{row}.png")
        picture.save(paths[-1], **more)
    return paths


def as_pictures(paths):
    return [Image.open(io.BytesIO(path.read_bytes())) for path in paths]


class Column:
    """An image column as Hugging Face's datasets has it: a length, items, and no dtype."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]


KINDS = {
    "pictures": as_pictures,
    "column of pictures": lambda paths: Column(as_pictures(paths)),
    "bytes": lambda paths: [path.read_bytes() for path in paths],
    "dicts": lambda paths: [{"bytes": path.read_bytes(), "path": None} for path in paths],
}


@pytest.mark.parametrize("color", ["gray", "rgb"])
@pytest.mark.parametrize("kind", KINDS)
def test_images_in_memory_are_loaded_as_their_files_are(files, kind, color):
    loader = ImageLoader((12, 16), color=color)
    expected = loader.fit_transform(files)
    np.testing.assert_array_equal(loader.fit_transform(KINDS[kind](files)), expected)
    # Fitted on files, it takes what is in memory too.
    np.testing.assert_array_equal(loader.fit(files).transform(KINDS[kind](files)), expected)


@pytest.mark.parametrize("as_list", [True, False])
def test_arrays_of_several_sizes_are_brought_to_one(draws, as_list):
    arrays = [draws.integers(0, 256, size, dtype=np.uint8) for size in [(20, 30), (31, 17), (9, 9)]]
    X = arrays
    if not as_list:
        X = np.empty(3, dtype=object)
        X[:] = arrays
    found = ImageLoader((12, 16)).fit_transform(X)
    for image, array in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(image, ImageLoader((12, 16)).fit_transform(array[None])[0])


def test_a_pipeline_is_fitted_on_pictures(files):
    X, y = as_pictures(files * 3), np.arange(12) % 2
    hog, network = HOG(pixels_per_cell=4), ShallowMLP(max_epochs=2, random_state=0)
    model = Pipeline([ImageLoader((16, 16)), hog, network]).fit(X, y)
    assert model.predict(X).shape == (12,)


def test_sizes_that_stay_different_are_refused(draws):
    arrays = [np.zeros((4, 5), np.uint8), np.zeros((6, 5), np.uint8)]
    with pytest.raises(ValueError, match=r"Image 1 of X .*size=\(height, width\)"):
        ImageLoader().fit_transform(arrays)


def test_damaged_bytes_are_named_by_their_row(files):
    data = [path.read_bytes() for path in files]
    data[2] = data[2][:60]
    with pytest.raises(ImageReadError, match="Image 2"):
        ImageLoader((8, 8)).fit_transform(data)
    with pytest.raises(ImageReadError, match="pixels"):
        ImageLoader((8, 8), max_pixels=10).fit_transform(data[:1])


def test_models_without_a_loader_say_that_one_is_needed(files, draws):
    y = [0, 1, 0, 1]
    ragged = [np.zeros((4, 5)), np.zeros((6, 5)), np.zeros((6, 5)), np.zeros((6, 5))]
    for X in (ragged, [path.read_bytes() for path in files]):
        with pytest.raises(ValueError, match=r"ImageLoader\(\(height, width\)\) first"):
            ShallowMLP().fit(X, y)


def test_a_dataset_of_torch_is_refused_with_the_lines_to_write():
    import torch
    from torch.utils.data import TensorDataset

    data = TensorDataset(torch.zeros(4, 8, 8), torch.tensor([0, 1, 0, 1]))
    with pytest.raises(TypeError, match=r"X=numpy.stack\(\[image for image, _ in X\]\)"):
        ShallowMLP().fit(data, [0, 1, 0, 1])


def test_masks_follow_single_images_as_they_follow_files(files, draws):
    masks = [draws.integers(0, 2, picture.size[::-1], np.uint8) for picture in as_pictures(files)]
    loader = ImageLoader((8, 8), aspect="pad").fit(files)
    expected = loader.load_masks(files, masks)
    assert expected.any()
    for X in (as_pictures(files), [path.read_bytes() for path in files]):
        np.testing.assert_array_equal(loader.load_masks(X, masks), expected)
        drawn = [Image.fromarray(mask) for mask in masks]
        np.testing.assert_array_equal(loader.load_masks(X, drawn), expected)
    arrays = [ImageLoader(color="keep").fit_transform([path])[0] for path in files]
    np.testing.assert_array_equal(loader.load_masks(arrays, masks), expected)
    with pytest.raises(ValueError, match="Mask 1 is 20x30, but its image in row 1 is 31x17"):
        loader.load_masks(arrays, [masks[0], masks[0], *masks[2:]])
    model = Pipeline([loader, UNetSegmenter((2,), max_epochs=1, random_state=0)])
    predicted = model.fit(arrays, masks).predict(arrays)
    np.testing.assert_array_equal(predicted, model.fit(files, masks).predict(files))


def test_something_else_between_pictures_is_named(files):
    with pytest.raises(TypeError, match="Image 1 of X"):
        ImageLoader((8, 8)).fit([*as_pictures(files[:1]), 3])
