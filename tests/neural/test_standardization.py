"""Networks standardize their inputs by what they learned from the training images."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_validate
from sklearn.preprocessing import StandardScaler

from skmedimg import ScratchCNN, ShallowMLP, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.neural import fit_together
from skmedimg.saving import load, save


@pytest.fixture(scope="module")
def faint():
    """Return images of low contrast around .46 of the range, as microscopes give them."""
    data = make_lesions(160, size=24, noise=0.1, random_state=0)
    data.images = np.rint(107 + data.images * (20 / 255)).astype(np.uint8)
    return data


def small_cnn(**parameters):
    return ScratchCNN((8, 16), max_epochs=25, random_state=0, **parameters)


def test_statistics_are_those_of_the_scaled_training_pixels(faint):
    cnn = small_cnn().set_params(max_epochs=1)
    color = np.stack([faint.images, faint.images // 2], axis=-1)
    cnn.fit(color, faint.target)
    np.testing.assert_allclose(cnn.input_mean_, (color / 255).mean((0, 1, 2)))
    np.testing.assert_allclose(cnn.input_std_, (color / 255).std((0, 1, 2)))


def test_rows_are_standardized_as_scikit_learn_does_it():
    X, y = load_digits(n_class=5, return_X_y=True)
    scaler = StandardScaler().fit(X)
    mlp = ShallowMLP(max_epochs=1).fit(X, y)
    np.testing.assert_allclose(mlp.input_mean_, scaler.mean_)
    np.testing.assert_allclose(mlp.input_std_, scaler.scale_)


def test_pixels_of_an_mlp_share_one_deviation(faint):
    mlp = ShallowMLP(max_epochs=1).fit(faint.images, faint.target)
    pixels = faint.images.reshape(160, -1) / 255
    np.testing.assert_allclose(mlp.input_mean_, pixels.mean(0))
    np.testing.assert_allclose(mlp.input_std_, np.sqrt(pixels.var(0).mean()))


@pytest.mark.slow
def test_training_on_standardized_images_is_the_same(faint):
    own = small_cnn().fit(faint.images, faint.target)
    before = ((faint.images / 255 - own.input_mean_) / own.input_std_).astype(np.float32)
    outside = small_cnn(standardize=False).fit(before[..., None], faint.target)
    np.testing.assert_allclose(
        own.predict_proba(faint.images), outside.predict_proba(before[..., None]), atol=0.02
    )
    assert not hasattr(outside, "input_mean_")


def test_faint_images_are_learned(faint):
    train, test = slice(0, 120), slice(120, None)
    cnn = small_cnn().fit(faint.images[train], faint.target[train])
    assert cnn.score(faint.images[test], faint.target[test]) > 0.8
    mlp = ShallowMLP(random_state=0).fit(faint.images[train], faint.target[train])
    assert mlp.history_[-1]["train_loss"] < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("low", "high"), [(0, 255), (-1000, 3000), (1e5, 1e5 + 1)])
def test_the_units_of_floats_do_not_matter(faint, low, high):
    unit = (faint.images / 255).astype(np.float32)[..., None]
    there = small_cnn().fit(low + unit.astype(float) * (high - low), faint.target)
    here = small_cnn().fit(unit, faint.target)
    assert there.history_[-1]["train_loss"] == pytest.approx(here.history_[-1]["train_loss"], 0.3)
    assert there.score(low + unit.astype(float) * (high - low), faint.target) > 0.8


def test_constant_channels_and_pixels_are_harmless(faint):
    color = np.stack([faint.images, np.full_like(faint.images, 200)], axis=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in (small_cnn(), ShallowMLP(max_epochs=5)):
            model.set_params(max_epochs=5).fit(color, faint.target)
            assert np.isfinite(model.predict_proba(color)).all()


def test_validation_images_have_no_influence(faint):
    stopping = small_cnn(early_stopping=True, validation_fraction=0.5).set_params(max_epochs=2)
    stopping.fit(faint.images, faint.target)
    assert stopping.input_mean_ != pytest.approx((faint.images / 255).mean(), rel=1e-7)


def test_a_weight_of_two_is_an_image_taken_twice(faint):
    weights = 1 + np.arange(160) % 2
    weighted = small_cnn().set_params(max_epochs=1)
    weighted.fit(faint.images, faint.target, sample_weight=weights)
    repeated = (faint.images / 255).repeat(weights, axis=0)
    assert weighted.input_mean_ == pytest.approx(repeated.mean(), rel=1e-9)
    assert weighted.input_std_ == pytest.approx(repeated.std(), rel=1e-9)


def test_few_of_many_images_are_read():
    images = np.zeros((3001, 4, 4), np.uint8)
    images[::2] = 255
    mlp = ShallowMLP(2, max_epochs=1).fit(images, np.arange(3001) % 2)
    assert mlp.input_mean_ == pytest.approx(0.5, abs=0.01)


def test_a_saved_model_predicts_as_before(faint, tmp_path):
    cnn = small_cnn().set_params(max_epochs=2).fit(faint.images, faint.target)
    loaded = load(save(cnn, tmp_path / "cnn.skmed"))
    np.testing.assert_array_equal(
        loaded.predict_proba(faint.images), cnn.predict_proba(faint.images)
    )


def test_statistics_of_another_shape_are_refused(faint, tmp_path):
    cnn = small_cnn().set_params(max_epochs=1).fit(faint.images, faint.target)
    cnn.input_std_ = np.ones(3)
    with pytest.raises(ValueError, match="input_std_"):
        load(save(cnn, tmp_path / "cnn.skmed"))


def test_concurrent_fits_standardize_each_by_its_own_samples():
    X, y = load_digits(return_X_y=True)
    options = {"cv": 3, "return_estimator": True, "return_train_score": True}
    mlp = ShallowMLP(max_epochs=3, random_state=0)
    alone = cross_validate(mlp, X[:300], y[:300], **options)
    with fit_together(3):
        together = cross_validate(mlp, X[:300], y[:300], **options)
    for one, other in zip(alone["estimator"], together["estimator"], strict=True):
        np.testing.assert_array_equal(one.input_mean_, other.input_mean_)
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-4)


def test_segmenters_standardize_too(faint):
    unet = UNetSegmenter((4, 8), max_epochs=1, random_state=0).fit(faint.images, faint.masks)
    assert unet.input_mean_ == pytest.approx((faint.images / 255).mean())


def test_a_warm_start_keeps_the_statistics(faint):
    cnn = small_cnn(warm_start=True).set_params(max_epochs=1).fit(faint.images, faint.target)
    mean = cnn.input_mean_
    cnn.fit(faint.images // 2, faint.target)
    assert cnn.input_mean_ is mean
