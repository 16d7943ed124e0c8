"""Images and masks as clinics have them: files of other sizes, gray and color, beside arrays."""

from itertools import product

import numpy as np
import pytest
from PIL import Image

from skmedimg import ImageLoader, Pipeline, UNetSegmenter, compare
from skmedimg.images import LazyImages, load_masks, resize_image

SIZE = (16, 12)
STORED = [(40, 30), (32, 48)]
# An image_shape alone always stretches.
WAYS = list(product(["loader", "lazy loader", "LazyImages"], ["stretch", "pad"]))


@pytest.fixture(scope="module", params=["gray", "rgb"])
def stored(request, tmp_path_factory):
    """Images and masks of two sizes, as arrays, and as files."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    images, masks = [], []
    for row in range(6):
        height, width = STORED[row % 2]
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[height // 4 : height // 2, row : width // 2] = 255
        image = mask // 2 + rng.integers(0, 90, (height, width), dtype=np.uint8)
        images.append(image if request.param == "gray" else np.stack([image] * 3, axis=-1))
        masks.append(mask)
        Image.fromarray(images[row]).save(folder / f"{row}.png")
        Image.fromarray(mask).save(folder / f"{row}_mask.png")
    paths, mask_paths = ([str(folder / f"{r}{end}.png") for r in range(6)] for end in ("", "_mask"))
    return {"color": request.param, "files": (paths, mask_paths), "arrays": (images, masks)}


def network(**parameters):
    return UNetSegmenter((2, 4), max_epochs=1, random_state=0, device="cpu", **parameters)


def expected_masks(masks, aspect):
    small = [resize_image(m, SIZE, aspect=aspect, interpolation="nearest") for m in masks]
    return np.stack(small)


@pytest.mark.parametrize("masks_as", ["files", "arrays"])
@pytest.mark.parametrize(("images_as", "aspect"), [("image_shape", "stretch"), *WAYS])
def test_masks_follow_their_images_to_the_working_size(images_as, masks_as, aspect, stored):
    (X, _), (_, y) = stored["files"], stored["arrays"]
    expected = expected_masks(y, aspect)
    size = {"size": SIZE, "color": stored["color"], "aspect": aspect}
    small = LazyImages(X, **size)
    reference = network().fit(small.load(), expected)
    given = y if masks_as == "arrays" else stored["files"][1]
    if images_as == "image_shape":
        model = network(image_shape=(*SIZE, 1 if stored["color"] == "gray" else 3))
    elif images_as == "LazyImages":
        model, X = network(), small
    else:
        model = Pipeline([ImageLoader(**size, lazy=images_as == "lazy loader"), network()])
    model.fit(X, given, X_val=X[:2], y_val=given[:2])
    np.testing.assert_array_equal(model.predict(X), reference.predict(small))
    assert model.score(X, given) == reference.score(small, expected)


def test_images_in_memory_and_their_masks_are_resized_alike(stored):
    X, y = (np.stack(part[::2]) for part in stored["arrays"])
    loader = ImageLoader(SIZE, color=stored["color"])
    model = Pipeline([loader, network()]).fit(X, y)
    small = expected_masks(y, "stretch")
    reference = network().fit(loader.fit_transform(X), small)
    np.testing.assert_array_equal(model.predict(X), reference.predict(loader.transform(X)))
    assert model.score(X, y) == model.score(X, small)


def test_compare_resizes_mask_files_with_the_images_of_its_models(stored):
    X, y = (part[::2] * 2 for part in stored["files"])
    loader = ImageLoader(SIZE, color=stored["color"])
    model = Pipeline([loader, network()])
    found = compare({"net": model}, X, y, cv=2, repeats=1, verbose=0, audit=False, random_state=0)
    assert found.truth().shape[1:] == STORED[0]
    assert not found.fold_results["net"][0].failed


def test_compare_refuses_masks_of_files_where_images_are_padded(stored):
    X, y = (part[::2] * 2 for part in stored["files"])
    loader = ImageLoader(SIZE, color=stored["color"], aspect="pad")
    options = {"cv": 2, "repeats": 1, "verbose": 0, "audit": False, "random_state": 0}
    with pytest.raises(ValueError, match=r"'net' gets images with aspect='pad'.*load_masks"):
        compare({"net": Pipeline([loader, network()])}, X, y, **options)
    lazy = LazyImages(X, size=SIZE, color=stored["color"], aspect="pad")
    with pytest.raises(ValueError, match=r"'net' gets images with aspect='pad'"):
        compare({"net": network()}, lazy, y, **options)
    with pytest.raises(ValueError, match=r"'net' gets images with aspect='pad'"):
        compare({"net": Pipeline([loader, network()])}, X, load_masks(y), **options)
    masks = loader.load_masks(X, y)
    found = compare({"net": Pipeline([loader, network()])}, X, masks, **options)
    assert found.truth().shape[1:] == SIZE


def test_masks_that_fit_neither_the_file_nor_the_size_are_named(stored):
    X, y = stored["files"]
    model = Pipeline([ImageLoader(SIZE, color=stored["color"]), network()])
    with pytest.raises(
        ValueError, match=r"1_mask\.png' is 32x48, but its image .*0\.png' is 40x30"
    ):
        model.fit(X, [y[1], *y[1:]])
    with pytest.raises(ValueError, match="5 masks for 6 images"):
        model.fit(X, y[1:])


def test_a_loader_resizes_masks_for_other_pipelines(stored):
    X, y = stored["files"]
    loader = ImageLoader(SIZE, color=stored["color"])
    np.testing.assert_array_equal(loader.load_masks(X, y), load_masks(y, size=SIZE))
    small = loader.fit_transform(X)
    with pytest.raises(ValueError, match=r"is 40x30, but .* 16x12.*skmedimg\.Pipeline"):
        network().fit(small, y)
