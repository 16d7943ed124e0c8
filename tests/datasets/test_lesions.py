"""Synthetic lesions are what they say, noise is a knob, and leaks can be shown with them."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score

from skmedimg.datasets import _lesions, make_lesions


def forest_score(data, splitter):
    forest = RandomForestClassifier(50, random_state=0)
    rows = data.images.reshape(len(data.images), -1)
    splits = list(splitter.split(rows, data.target, data.groups))
    return cross_val_score(forest, rows, data.target, cv=splits, error_score="raise").mean()


@pytest.mark.parametrize(("size", "channels"), [(16, 1), ((24, 40), 3), (64, 1)])
def test_shapes_and_dtypes_are_as_documented(size, channels):
    data = make_lesions(20, size=size, channels=channels, patients=5, random_state=0)
    height, width = (size, size) if isinstance(size, int) else size
    assert data.images.shape == (20, height, width) + ((channels,) if channels > 1 else ())
    assert data.masks.shape == (20, height, width)
    assert data.images.dtype == data.masks.dtype == np.uint8
    assert set(data.groups) == set(range(5))
    assert "20 images of 5 patients" in data.DESCR


def test_every_lesion_has_one_mask_of_its_class():
    data = make_lesions(2000, size=16, n_classes=6, random_state=3)
    np.testing.assert_array_equal(data.masks.max(axis=(1, 2)), data.target)
    classes = [set(np.unique(mask)) for mask in data.masks]
    assert all(seen == {0} | {label} for seen, label in zip(classes, data.target, strict=True))


def test_masks_lie_where_the_image_differs_from_its_healthy_twin(monkeypatch):
    settings = {"size": 64, "n_classes": 2, "noise": 0.0, "random_state": 0}
    ill = make_lesions(40, **settings)
    monkeypatch.setattr(_lesions, "_CONTRAST", 0.0)
    healthy = make_lesions(40, **settings)
    for image, twin, mask in zip(ill.images, healthy.images, ill.masks, strict=True):
        change = np.abs(image.astype(int) - twin)
        assert (change[mask > 0] > 20).all()
        far = ndimage.distance_transform_edt(mask == 0) > 10
        assert not mask.any() or change[far].mean() < 2


def test_a_patient_has_one_diagnosis_and_classes_are_balanced():
    data = make_lesions(300, size=16, n_classes=3, patients=30, random_state=0)
    for patient in range(30):
        assert len(set(data.target[data.groups == patient])) == 1
    np.testing.assert_array_equal(np.bincount(data.target), [100, 100, 100])


def test_without_patients_every_image_has_its_own():
    assert len(set(make_lesions(50, size=16, random_state=0).groups)) == 50


def test_an_int_random_state_gives_the_same_bits_and_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    first, second = (make_lesions(50, size=32, random_state=7) for _ in range(2))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.testing.assert_array_equal(first.images, second.images)
    assert (make_lesions(50, size=32, random_state=8).images != first.images).any()


def test_the_size_of_the_rendered_chunks_changes_no_bit(monkeypatch):
    whole = make_lesions(30, size=32, random_state=0)
    monkeypatch.setattr(_lesions, "_PIXELS_AT_ONCE", 7 * 32 * 32)
    np.testing.assert_array_equal(make_lesions(30, size=32, random_state=0).images, whole.images)


def test_noise_is_a_knob_from_easy_to_chance():
    patients_apart = StratifiedGroupKFold(3)
    scores = [
        forest_score(make_lesions(300, size=24, noise=noise, random_state=0), patients_apart)
        for noise in (0.0, 0.5, 1.0)
    ]
    assert scores[0] > 0.9
    assert scores[0] > scores[1] + 0.1 > scores[2] + 0.1
    assert scores[2] < 0.6


def test_a_split_across_patients_is_rewarded_for_recognising_them():
    data = make_lesions(300, size=24, patients=20, noise=1.0, random_state=0)
    honest = forest_score(data, StratifiedGroupKFold(5, shuffle=True, random_state=0))
    data.groups = None
    leaking = forest_score(data, StratifiedKFold(5, shuffle=True, random_state=0))
    assert honest < 0.6
    assert leaking > honest + 0.1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"size": 8}, "size"),
        ({"size": (32, 4)}, r"at least 16, got \(32, 4\)"),
        ({"size": (32, 32, 3)}, "size must be a side or"),
        ({"n_classes": 7}, "n_classes"),
        ({"noise": 1.5}, "noise"),
        ({"patients": 21}, "Choose patients from 2 to 20"),
        ({"patients": 1}, "1 patients cannot share 20 images of 2 classes"),
    ],
)
def test_impossible_requests_name_the_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_lesions(20, **parameters)
