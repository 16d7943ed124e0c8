"""ImageLoader turns every kind of X into images of one shape."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skmedimg import ImageLoader, load_image_folder
from skmedimg.images import ImageReadError, LazyImages, crop_foreground, read_image, resize_image


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Six images of several sizes and modes; the last three are brighter."""
    folder = tmp_path_factory.mktemp("rayons X")
    for k in range(6):
        image = np.random.RandomState(k).randint(0, 80, (40 + k, 50 - k)) + 120 * (k > 2)
        image[10:30, 10:25] += 50
        mode, suffix = ("RGB", "jpg") if k % 2 else ("L", "png")
        Image.fromarray(image.astype(np.uint8)).convert(mode).save(folder / f"n° {k}.{suffix}")
    return sorted(folder.iterdir())


def column(paths):
    return np.array([[str(path)] for path in paths], dtype=object)


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        lambda paths: [str(path) for path in paths],
        lambda paths: np.array([str(path) for path in paths]),
        lambda paths: np.array(paths, dtype=object),
        pd.Series,
        lambda paths: pd.Series([str(path) for path in paths], index=range(9, 3, -1)),
        column,
        lambda paths: pd.DataFrame({"file": [str(path) for path in paths]}),
        lambda paths: pd.Series([str(path) for path in paths], dtype="string"),
    ],
)
def test_every_kind_of_list_of_paths_is_taken(files, kind):
    images = ImageLoader((16, 20)).fit_transform(kind(files))
    expected = [resize_image(read_image(path, color="gray"), (16, 20)) for path in files]
    np.testing.assert_array_equal(images, expected)


def test_colors_come_as_asked(files):
    assert ImageLoader(16).fit_transform(files).shape == (6, 16, 16)
    assert ImageLoader(16, color="rgb").fit_transform(files).shape == (6, 16, 16, 3)
    assert ImageLoader(16, color="keep").fit_transform(files[::2]).shape == (3, 16, 16)


@pytest.mark.parametrize("aspect", ["stretch", "pad", "crop"])
def test_proportions_are_treated_as_by_the_function(files, aspect):
    images = ImageLoader((16, 20), aspect=aspect).fit_transform(files)
    expected = [
        resize_image(read_image(path, color="gray"), (16, 20), aspect=aspect) for path in files
    ]
    np.testing.assert_array_equal(images, expected)


def test_shorter_sides_need_images_that_come_out_alike(files):
    assert ImageLoader(16, aspect="shorter").fit_transform(files[:1]).shape == (1, 16, 20)
    with pytest.raises(ImageReadError, match=r"n° 5\.jpg' is 16x16 .*first image is 16x20"):
        ImageLoader(16, aspect="shorter").fit_transform(files[::5])


def test_the_foreground_is_cropped_before_the_resizing(files):
    images = ImageLoader(16, crop="foreground").fit_transform(files)
    expected = [
        resize_image(crop_foreground(read_image(path, color="gray")), (16, 16)) for path in files
    ]
    np.testing.assert_array_equal(images, expected)


def test_a_blank_file_is_named_in_the_warning(tmp_path):
    Image.new("L", (20, 20)).save(tmp_path / "blank.png")
    with pytest.warns(UserWarning, match=r"blank\.png.* is blank"):
        ImageLoader(8, crop="foreground", n_jobs=1).fit_transform([tmp_path / "blank.png"])


def test_drafts_differ_by_a_fraction_of_a_level(tmp_path):
    smooth = np.hypot(*np.mgrid[-300:300, -400:400]) % 256
    smooth = np.asarray(Image.fromarray(smooth.astype(np.uint8)).resize((800, 600)))
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    whole, draft = (
        ImageLoader(32, draft=draft).fit_transform([tmp_path / "a.jpg"]).astype(float)
        for draft in (False, True)
    )
    assert 0 < abs(whole - draft).mean() < 1


def test_lazy_gives_the_same_images_when_they_are_loaded(files):
    lazy = ImageLoader((16, 20), lazy=True).fit_transform(files)
    assert isinstance(lazy, LazyImages)
    np.testing.assert_array_equal(lazy.load(), ImageLoader((16, 20)).fit_transform(files))


def test_a_progress_bar_is_shown_on_request(files, capsys):
    ImageLoader(8, verbose=1).fit_transform(files)
    assert "6/6" in capsys.readouterr().err
    ImageLoader(8).fit_transform(files)
    assert capsys.readouterr().err == ""


def test_images_in_memory_are_brought_to_the_size_the_paths_had(files):
    loader = ImageLoader((16, 20)).fit(files)
    arrays = [read_image(path, color="rgb") for path in files]
    one_by_one = np.concatenate([loader.transform(array[None]) for array in arrays])
    grays = [np.asarray(Image.fromarray(array).convert("L")) for array in arrays]
    np.testing.assert_array_equal(one_by_one, [resize_image(gray, (16, 20)) for gray in grays])


@pytest.mark.parametrize("color", ["gray", "rgb", "keep"])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_arrays_come_out_in_the_color_asked(color, channels):
    images = np.random.RandomState(0).randint(0, 256, (3, 12, 14, *channels)).astype(np.uint8)
    loaded = ImageLoader(8, color=color).fit_transform(images)
    wanted = {"gray": (), "rgb": (3,), "keep": (3,) if channels == (3,) else ()}[color]
    assert (loaded.shape, loaded.dtype) == ((3, 8, 8, *wanted), np.uint8)


def test_channels_without_a_color_are_kept_or_refused():
    images = np.random.RandomState(0).rand(2, 8, 8, 4)
    np.testing.assert_array_equal(ImageLoader(color="keep").fit_transform(images), images)
    for color in ("gray", "rgb"):
        with pytest.raises(ValueError, match="4 channels"):
            ImageLoader(color=color).fit(images)


def test_rows_become_images():
    rows = np.random.RandomState(0).rand(2, 12)
    np.testing.assert_array_equal(
        ImageLoader(image_shape=(3, 4)).fit_transform(rows), rows.reshape(2, 3, 4)
    )


def test_lazy_stacks_are_resized_again(files):
    lazy = LazyImages(files, size=(32, 40))
    assert ImageLoader(16).fit_transform(lazy).shape == (6, 16, 16)


def test_other_sizes_than_in_fit_are_refused_where_none_is_set(files):
    loader = ImageLoader().fit(files[:1])
    with pytest.raises(ValueError, match=r"fitted on 40x50x1 images .* 41x49x1|Set size"):
        loader.transform(files[1:2])


def test_fitting_again_forgets_the_images_before(files):
    loader = ImageLoader(8).fit(np.zeros((2, 5, 5)))
    assert (loader.image_shape_, loader.n_features_in_) == ((5, 5, 1), 25)
    loader.fit(files)
    assert not hasattr(loader, "image_shape_")
    assert not hasattr(loader, "n_features_in_")
    assert loader.output_shape_ == (8, 8, 1)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a.png", TypeError, "one path"),
        (Path("a.png"), TypeError, "one path"),
        (["missing.png"], FileNotFoundError, r"missing\.png"),
        (["a.png", None], TypeError, "Row 1"),
        ([], ValueError, "empty|Expected 2D"),
    ],
    ids=repr,
)
def test_what_is_no_list_of_paths_is_refused(X, error, message):
    with pytest.raises(error, match=message):
        ImageLoader(8).fit(X)


@pytest.mark.parametrize(
    "parameter",
    [{"size": 0}, {"color": "purple"}, {"aspect": "fit"}, {"interpolation": 1}, {"crop": True}]
    + [{"draft": 2}, {"dtype": "float32"}, {"max_pixels": 0}, {"lazy": "yes"}, {"n_jobs": "all"}]
    + [{"verbose": -1}],
    ids=str,
)
def test_wrong_parameters_are_named(files, parameter):
    with pytest.raises(ValueError, match=f"'{next(iter(parameter))}' parameter of ImageLoader"):
        ImageLoader(**parameter).fit(files)


def test_it_is_not_usable_before_fit(files):
    with pytest.raises(NotFittedError):
        ImageLoader(8).transform(files)


def test_fit_reads_the_first_file_alone(files, tmp_path):
    ImageLoader(8).fit([files[0], tmp_path / "missing.png"])


def test_it_clones_and_pickles(files):
    loader = ImageLoader((16, 20), aspect="pad", dtype="uint16").fit(files)
    assert clone(loader).get_params() == loader.get_params()
    again = pickle.loads(pickle.dumps(loader))
    np.testing.assert_array_equal(again.transform(files), loader.transform(files))


@pytest.mark.parametrize("lazy", [False, True])
def test_a_search_over_paths_tunes_the_size(files, lazy):
    flat = FunctionTransformer(flatten)
    model = Pipeline([
        ("load", ImageLoader(lazy=lazy)), ("flat", flat), ("model", KNeighborsClassifier(1)),
    ])  # fmt: skip
    labels = np.arange(6) > 2
    sizes = {"load__size": [4, (8, 6)]}
    search = GridSearchCV(model, sizes, cv=3, error_score="raise").fit(np.array(files), labels)
    assert search.best_score_ == 1
    assert (search.predict(files) == labels).all()


def flatten(images):
    images = images.load() if isinstance(images, LazyImages) else images
    return images.reshape(len(images), -1)


def test_real_x_rays_load_like_pillow(medical_data):
    data = load_image_folder(medical_data / "chest_pneumonia" / "test", verify=False)
    images = ImageLoader(64).fit_transform(data.paths[::40])
    for path, image in zip(data.paths[::40], images, strict=True):
        with Image.open(path) as picture:
            gray = picture.convert("L").resize((64, 64), Image.Resampling.BILINEAR)
        assert abs(image - np.asarray(gray).astype(int)).max() <= 4
