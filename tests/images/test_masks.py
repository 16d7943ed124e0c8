"""Masks: what comes in and what is refused, files, cleaning and stratifying."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage.measure import label
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import StratifiedKFold

from skmedimg import CleanMasks, UNetSegmenter
from skmedimg.images import LazyImages, clean_masks, load_masks, stratify_masks


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 256, (4, 6, 5, 1), dtype=np.uint8)


@pytest.fixture
def masks():
    return np.random.default_rng(0).integers(0, 2, (4, 6, 5), dtype=np.uint8)


def fitted(y, images):
    return UNetSegmenter((8,), max_epochs=1, device="cpu", random_state=0).fit(images, y)


def assert_same(y, expected, images):
    """Compare masks by what a network learns from them: any pixel that differs changes it."""
    found, known = fitted(y, images), fitted(expected, images)
    np.testing.assert_array_equal(found.classes_, known.classes_)
    pixels = images.load() if isinstance(images, LazyImages) else images
    np.testing.assert_array_equal(found.predict_proba(pixels), known.predict_proba(pixels))


def save(folder, arrays, mode=None, palette=None):
    """Save arrays as PNG files and return their paths."""
    paths = []
    for number, array in enumerate(arrays):
        picture = Image.fromarray(array)
        if palette is not None:
            picture.putpalette(palette)
        paths.append(folder / f"{number}.png")
        (picture if mode is None else picture.convert(mode)).save(paths[-1])
    return paths


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.uint16])
def test_arrays_of_any_whole_numbers_stay_as_they_are_stored(masks, images, dtype):
    assert_same(masks.astype(dtype), masks, images)
    assert fitted(masks.astype(dtype), images).predict(images).dtype == dtype


def test_rows_lists_and_a_last_axis_of_one_are_the_same_masks(masks, images):
    for y in (masks.reshape(4, -1), list(masks), masks.tolist(), masks[..., None]):
        assert_same(y, masks, images)


def test_one_label_per_image_is_a_constant_mask(images):
    labels = np.array([3, 0, 1, 3])
    constant = np.zeros((4, 6, 5), int) + labels[:, None, None]
    with pytest.warns(UserWarning, match=r"constant mask of 6x5 pixels.*masks \(n, 6, 5\)"):
        assert_same(labels.tolist(), constant, images)
    with pytest.warns(DataConversionWarning), pytest.warns(UserWarning, match="constant mask"):
        assert_same(labels[:, None], constant, images)


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        (None, ValueError, "requires y to be passed, but the target y is None"),
        (np.zeros((3, 6, 5), int), ValueError, "inconsistent numbers of samples"),
        (np.zeros((4, 5, 6), int), ValueError, r"shape \(5, 6\), but the images are 6x5"),
        (np.zeros((4, 29), int), ValueError, r"shape \(29,\), but the images are 6x5"),
        (np.zeros((4, 6, 5, 3), int), ValueError, r"argmax\(axis=-1\)"),
        (np.full((4, 6, 5), 0.25), ValueError, r"fractions such as \[0.25 0.25 0.25\]"),
        (np.full((4, 6, 5), np.nan), ValueError, "contains NaN"),
        (np.zeros((4, 6, 5), complex), TypeError, "complex128"),
        (np.full((4, 6, 5), "lung"), TypeError, "integer or boolean class labels"),
        ([np.zeros((6, 5)), np.zeros((5, 5)), np.zeros((6, 5)), np.zeros((6, 5))], ValueError,
         "Mask 1 is 5x5, but Mask 0 is 6x5"),
        ("mask.png", TypeError, "list of mask paths, but is one path: 'mask.png'"),
    ],
)  # fmt: skip
def test_what_is_no_mask_is_refused_with_the_reason(y, kind, message, images):
    with pytest.raises(kind, match=message):
        fitted(y, images)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 255], r"\[0, 1, 255\]: 0 and 255 as in a binary mask, and values between"),
        ([0, 127, 128, 255], "map the classes to 0, 1, 2"),
        (range(1, 120), "119 different values"),
        ([-1, 0, 1], r"\[-1, 0, 1\]: the lowest label is the background"),
    ],
)
def test_values_that_may_be_classes_or_gray_levels_raise_and_are_shown(values, message):
    y = np.resize(np.array(values), (2, 16, 16))
    with pytest.raises(ValueError, match=message):
        fitted(y, np.zeros((2, 16, 16, 1)))


@pytest.mark.parametrize("values", [[0, 1], [0, 255], [0, 1, 2], [-3, 5], [0, 100, 200]])
def test_class_labels_are_encoded_by_their_place_among_the_classes(values, images):
    places = np.random.default_rng(0).integers(0, len(values), (4, 6, 5))
    found, known = fitted(np.array(values)[places], images), fitted(places, images)
    np.testing.assert_array_equal(found.classes_, values)
    np.testing.assert_array_equal(found.predict_proba(images), known.predict_proba(images))


@pytest.mark.parametrize(
    "spelling", [np.uint8([0, 1]), np.uint8([0, 255]), np.array([False, True])]
)
def test_binary_masks_are_the_same_in_every_spelling(spelling, masks, images):
    X_val, y_val = images[:2], masks[:2]
    for classes in (np.uint8([0, 1]), np.uint8([0, 255]), np.array([False, True])):
        # Encoded with the classes of the training masks, the validation masks give a loss.
        model = UNetSegmenter((2,), max_epochs=1, device="cpu", random_state=0)
        losses = [
            model.fit(images, classes[masks], X_val=X_val, y_val=y).history_[0]["valid_loss"]
            for y in (classes[y_val], spelling[y_val])
        ]
        assert losses[0] == losses[1]


def test_labels_not_seen_in_fit_are_named(masks, images):
    odd = np.where(np.arange(5) == 2, 4, masks[:2])
    with pytest.raises(ValueError, match=r"\[4\], but the classes seen in fit are \[0, 1\]"):
        UNetSegmenter((2,), device="cpu").fit(images, masks, X_val=images[:2], y_val=odd)


def test_mask_files_are_read_as_they_store_their_labels(tmp_path, masks):
    gray = save(tmp_path, masks * 255)
    np.testing.assert_array_equal(load_masks(gray), masks * 255)
    one_bit = save(tmp_path, masks * 255, mode="1")
    np.testing.assert_array_equal(load_masks(one_bit) != 0, masks != 0)
    colors = save(tmp_path, masks * 255, mode="RGB")
    np.testing.assert_array_equal(load_masks([str(path) for path in colors]), masks * 255)


def test_a_palette_png_holds_class_numbers_not_colors(tmp_path, masks):
    labels = masks * 2 + (masks == 0)
    palette = [0, 0, 0, 200, 30, 30, 30, 200, 30]
    paths = save(tmp_path, labels, palette=palette)
    with Image.open(paths[0]) as picture:
        assert picture.mode == "P"
    np.testing.assert_array_equal(load_masks(paths), labels)


def test_a_colored_mask_and_a_missing_file_are_named(tmp_path, images):
    color = np.zeros((6, 5, 3), dtype=np.uint8)
    color[0, 0] = 200, 0, 0
    paths = save(tmp_path, [color] * 4)
    with pytest.raises(ValueError, match=r"0\.png' is colored, .* palette PNG"):
        fitted(paths, images)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        fitted(["nowhere.png"] * 4, images)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    with pytest.raises(ValueError, match=r"broken\.png"):
        load_masks([tmp_path / "broken.png"])


@pytest.mark.parametrize("odd", [[0, 90, 255], [0, 1]])
def test_the_file_whose_values_are_odd_is_named(tmp_path, images, odd):
    binary = np.resize(np.uint8([0, 255]), (4, 6, 5))
    paths = save(tmp_path, [*binary[:2], np.resize(np.uint8(odd), (6, 5)), binary[3]])
    with pytest.raises(ValueError, match=rf"first such file is '.*2\.png', with \{odd}"):
        fitted(paths, images)


def test_mask_files_of_another_size_than_their_image_are_named(tmp_path, masks, images):
    paths = save(tmp_path, [*masks[:3], masks[3][:5]])
    with pytest.raises(ValueError, match=r"3\.png' is 5x5, but its image is 6x5.*image_shape="):
        fitted(paths, images)
    with pytest.raises(ValueError, match=r"3\.png is 5x5, but .*0\.png is 6x5.*size=\(height"):
        load_masks(paths)


def test_masks_of_files_are_resized_with_their_images_by_nearest_neighbours(tmp_path):
    mask = np.zeros((40, 20), dtype=np.uint8)
    mask[:20] = 3
    (tmp_path / "images").mkdir()
    image_paths = save(tmp_path / "images", [mask * 50] * 2)
    lazy = LazyImages(image_paths, size=(8, 10))
    small = np.zeros((8, 10), dtype=np.uint8)
    small[:4] = 3
    assert_same(save(tmp_path, [mask] * 2), np.stack([small] * 2), lazy)
    assert_same(save(tmp_path, [small] * 2), np.stack([small] * 2), lazy)
    with pytest.raises(ValueError, match=r"0\.png' is 39x20, but its image '.*0\.png' is 40x20"):
        fitted(save(tmp_path, [mask[:39]] * 2), lazy)


def test_masks_of_images_that_are_cropped_by_content_are_refused(tmp_path):
    mask = np.zeros((40, 20), dtype=np.uint8)
    mask[10:20, 5:15] = 200
    (tmp_path / "images").mkdir()
    lazy = LazyImages(save(tmp_path / "images", [mask] * 2), size=(8, 10), crop="foreground")
    with pytest.raises(ValueError, match='crop="foreground"'):
        fitted(save(tmp_path, [mask] * 2), lazy)


def test_padded_images_have_padded_masks(tmp_path):
    mask = np.ones((40, 20), dtype=np.uint8)
    (tmp_path / "images").mkdir()
    lazy = LazyImages(save(tmp_path / "images", [mask * 200]), size=(8, 8), aspect="pad")
    padded = (lazy.load() > 0).astype(np.uint8)
    assert not padded.all()
    assert_same(save(tmp_path, [mask]), padded, lazy)


def test_largest_components_are_those_of_scikit_image():
    rng = np.random.default_rng(0)
    masks = ndimage.gaussian_filter(rng.normal(size=(5, 40, 40)), (0, 2, 2)) > 0.05
    cleaned = clean_masks(masks, largest=1)
    for before, after in zip(masks, cleaned, strict=True):
        components = label(before)
        sizes = np.bincount(components.ravel())[1:]
        np.testing.assert_array_equal(after, components == 1 + sizes.argmax())
    two = clean_masks(masks, largest=2)
    assert all(label(mask).max() == 2 for mask in two)


def test_holes_are_those_of_scipy_and_small_components_go():
    rng = np.random.default_rng(1)
    masks = ndimage.gaussian_filter(rng.normal(size=(5, 40, 40)), (0, 1, 1)) > 0
    filled = clean_masks(masks, fill_holes=True)
    expected = [ndimage.binary_fill_holes(mask) for mask in masks]
    np.testing.assert_array_equal(filled, expected)
    large = clean_masks(masks, min_size=20)
    for before, after in zip(masks, large, strict=True):
        components = label(before)
        kept = np.bincount(components.ravel())[components] >= 20
        np.testing.assert_array_equal(after, kept & before)


def test_classes_are_cleaned_each_by_itself_and_holes_never_overwrite_another_class():
    mask = np.zeros((1, 7, 9), dtype=np.uint8)
    mask[0, 1:6, 1:6] = 2
    mask[0, 2:5, 2:5] = 0
    mask[0, 3, 3] = 5
    mask[0, 0, 8] = 2
    cleaned = clean_masks(mask, largest=1, fill_holes=True)
    assert cleaned.dtype == np.uint8
    assert cleaned[0, 3, 3] == 5
    assert cleaned[0, 0, 8] == 0
    assert (cleaned[0, 1:6, 1:6] == 2).sum() == 24


def test_cleaning_nothing_changes_nothing_and_the_class_is_the_function(masks):
    np.testing.assert_array_equal(clean_masks(masks), masks)
    np.testing.assert_array_equal(clean_masks(np.zeros_like(masks), largest=1), 0)
    np.testing.assert_array_equal(
        CleanMasks(largest=1, fill_holes=True, min_size=3).transform(masks),
        clean_masks(masks, largest=1, fill_holes=True, min_size=3),
    )
    with pytest.raises(ValueError, match="Reshape rows first"):
        clean_masks(masks.reshape(4, -1))


def test_stratified_folds_hold_every_class_and_every_size():
    rng = np.random.default_rng(0)
    masks = np.zeros((60, 8, 8), dtype=int)
    for row in range(60):
        if row % 3:
            masks[row].ravel()[: rng.integers(1, 64)] = row % 3
    labels = stratify_masks(masks, bins=2)
    assert len(np.unique(labels)) == 5
    assert np.bincount(labels).min() >= 10
    for _, held_out in StratifiedKFold(5).split(masks, labels):
        found = masks[held_out]
        assert set(np.unique(found)) == {0, 1, 2}
        shares = (found != 0).mean(axis=(1, 2))
        assert 0.2 < shares.mean() < 0.5


def test_stratifying_reads_files_and_rows_and_orders_sizes(tmp_path, masks):
    expected = stratify_masks(masks)
    np.testing.assert_array_equal(stratify_masks(save(tmp_path, masks)), expected)
    np.testing.assert_array_equal(stratify_masks(masks.reshape(4, -1)), expected)
    sizes = np.zeros((9, 10), dtype=int)
    for row in range(9):
        sizes[row, : row + 1] = 1
    np.testing.assert_array_equal(stratify_masks(sizes), [0, 0, 0, 1, 1, 1, 2, 2, 2])
    with pytest.raises(ValueError, match="holds single labels"):
        stratify_masks([0, 1, 1])
    with pytest.raises(ValueError, match="bins needs to be at least 1"):
        stratify_masks(masks, bins=0)


def test_several_mask_files_of_an_image_are_read_as_one(tmp_path, images):
    first, second = np.zeros((2, 6, 5), dtype=np.uint8)
    first[:2], second[4:] = 255, 255
    paths = save(tmp_path, [first, second, first])
    expected = np.stack([first | second, first])
    given = [(paths[0], paths[1]), paths[2]]
    np.testing.assert_array_equal(load_masks(given), expected)
    for y in (given, np.fromiter(given, dtype=object, count=2)):
        assert_same(y, expected, images[:2])
    assert stratify_masks(given, bins=1).tolist() == [0, 0]
    (tmp_path / "other").mkdir()
    others = save(tmp_path / "other", [first, np.full((6, 5), 100, np.uint8)])
    with pytest.raises(ValueError, match=r"1\.png' give some pixels different classes"):
        load_masks([tuple(others)])
    with pytest.raises(TypeError, match="paths needs the paths of masks"):
        load_masks([first])
