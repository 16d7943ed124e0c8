"""The foreground is the largest bright part, and blank images are left alone."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skmedimg import CropForeground, ImageLoader
from skmedimg.images import crop_foreground


def scene(rows=slice(20, 50), columns=slice(30, 70), sides=(80, 100)):
    """A dark image with one large bright part, and a brighter speck in a corner."""
    image = np.random.RandomState(0).randint(0, 10, sides).astype(np.uint8)
    image[rows, columns] = 150
    image[2:4, 2:4] = 250
    return image


def test_the_box_equals_that_of_scikit_image():
    from skimage.measure import label, regionprops

    random = np.random.RandomState(0)
    for _ in range(20):
        image = np.kron(random.rand(12, 15) ** 3, np.ones((5, 4)))
        threshold = image.min() + 0.18 * (image.max() - image.min())
        parts = regionprops(label(image > threshold, connectivity=2))
        top, left, bottom, right = max(parts, key=lambda part: part.area).bbox
        np.testing.assert_array_equal(
            crop_foreground(image, margin=0), image[top:bottom, left:right]
        )


def test_specks_and_background_go():
    assert crop_foreground(scene(), margin=0).shape == (30, 40)


def test_the_margin_is_a_share_of_the_longer_side_within_the_image():
    assert crop_foreground(scene(), margin=0.1).shape == (30 + 8, 40 + 8)
    assert crop_foreground(scene(rows=slice(0, 80)), margin=0.1).shape == (80, 40 + 16)


@pytest.mark.parametrize("scale", [1, 1 / 255, 257])
def test_brightness_is_relative(scale):
    assert crop_foreground(scene().astype(float) * scale, margin=0).shape == (30, 40)


def test_threshold_decides_what_is_bright():
    image = scene()
    image[60:70, 30:70] = 100
    image[50:60, 30:70] = 100
    assert crop_foreground(image, margin=0, threshold=0.3).shape == (50, 40)
    assert crop_foreground(image, margin=0, threshold=0.5).shape == (30, 40)


def test_channels_are_cut_alike():
    image = np.stack([scene(), scene() // 2, scene() // 3], axis=-1)
    assert crop_foreground(image, margin=0).shape == (30, 40, 3)


def test_parts_that_touch_at_a_corner_are_one():
    image = np.zeros((10, 10))
    image[2:4, 2:4] = image[4:6, 4:6] = 1
    assert crop_foreground(image, margin=0).shape == (4, 4)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_blank_image_comes_back_whole_with_a_warning(value):
    blank = np.full((20, 30), value, np.uint8)
    with pytest.warns(UserWarning, match=r"scan\.png is blank.*kept whole"):
        np.testing.assert_array_equal(crop_foreground(blank, name="scan.png"), blank)


def test_the_transformer_does_what_the_function_does():
    images = np.stack([scene(), scene(slice(5, 75), slice(10, 90))])
    cropped = CropForeground(size=(30, 40), margin=0).fit_transform(images)
    np.testing.assert_array_equal(cropped[0], crop_foreground(images[0], margin=0))
    assert cropped.shape == (2, 30, 40)
    assert (cropped[1] > 0).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_axes_and_dtype_stay(dtype, channels):
    image = scene() > 100
    images = np.broadcast_to(
        image.reshape(1, 80, 100, *[1] * len(channels)), (2, 80, 100, *channels)
    )
    images = images.astype(dtype)
    cropped = CropForeground().fit_transform(images)
    assert (cropped.shape, cropped.dtype) == (images.shape, images.dtype)


def test_rows_stay_rows():
    images = np.stack([scene(), scene()])
    rows = images.reshape(2, -1)
    cropped = CropForeground(image_shape=(80, 100)).fit_transform(rows)
    np.testing.assert_array_equal(cropped, CropForeground().fit_transform(images).reshape(2, -1))


def test_a_blank_image_in_a_stack_is_named_by_its_row():
    images = np.stack([scene(), np.zeros((80, 100), np.uint8)])
    with pytest.warns(UserWarning, match="Image 1 is blank"):
        cropped = CropForeground().fit_transform(images)
    assert (cropped[1] == 0).all()


def test_another_shape_than_in_fit_is_refused():
    crop = CropForeground().fit(np.stack([scene()]))
    with pytest.raises(ValueError, match="CropForeground was fitted on 80x100x1 images"):
        crop.transform(np.zeros((1, 40, 40)))


def test_it_is_not_usable_before_fit():
    with pytest.raises(NotFittedError):
        CropForeground().transform(np.stack([scene()]))


@pytest.mark.parametrize(
    "parameter",
    [
        {"threshold": 1},
        {"margin": -1},
        {"aspect": "shorter"},
        {"interpolation": "cubic"},
        {"size": 0},
    ],
    ids=str,
)
def test_wrong_parameters_are_named(parameter):
    with pytest.raises(ValueError, match=f"'{next(iter(parameter))}' parameter of CropForeground"):
        CropForeground(**parameter).fit(np.stack([scene()]))


@pytest.mark.parametrize("transformer", [CropForeground(), ImageLoader(8)])
def test_images_stay_arrays_where_frames_are_the_rule(transformer):
    with config_context(transform_output="pandas"):
        images = transformer.fit_transform(np.stack([scene(), scene()]))
    assert isinstance(images, np.ndarray)


def test_pixels_are_named_and_a_pipeline_may_ask_for_frames():
    images = np.stack([scene()])
    pipeline = make_pipeline(CropForeground(size=2)).set_output(transform="pandas")
    assert isinstance(pipeline.fit_transform(images), np.ndarray)
    assert pipeline.get_feature_names_out().tolist() == [
        "pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1"
    ]  # fmt: skip
    names = CropForeground(size=1).fit(np.zeros((1, 4, 4, 3))).get_feature_names_out()
    assert names.tolist() == ["pixel_0_0_0", "pixel_0_0_1", "pixel_0_0_2"]
