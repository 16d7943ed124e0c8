"""Frozen features: the same numbers whoever asks, and each image through the network once."""

import os
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from torch import nn

from skmedimg import BackboneFeatures, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.images import LazyImages
from skmedimg.networks import Backbone
from skmedimg.transfer import FeatureStore, embed

LESIONS = make_lesions(40, size=32, noise=0.05, random_state=0)


class Tiny(nn.Sequential):
    """Two convolutions with the same weights every time, which pickles and copies as itself."""

    def __init__(self, channels=16):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            first = nn.Conv2d(1, channels, (1, 3), padding=(0, 1))
            super().__init__(first, nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU())
        self.channels = channels

    def __reduce__(self):
        return type(self), (self.channels,)


def squeezenet(**options):
    options = {"cache": FeatureStore(), "weights": None, "random_state": 0, **options}
    return BackboneFeatures("squeezenet1_1", **options)


@pytest.fixture
def passes(monkeypatch):
    """Count the images that pass the frozen part of any network; padding is black."""
    counted = []
    begin = Backbone.forward_frozen

    def counting(self, images):
        if images.device.type != "meta":
            counted.append(int(images.flatten(1).any(1).sum()))
        return begin(self, images)

    monkeypatch.setattr(Backbone, "forward_frozen", counting)
    return counted


@pytest.fixture
def folder(tmp_path):
    for row, image in enumerate(LESIONS.images[:12]):
        Image.fromarray(image).save(tmp_path / f"{row:02}.png")
    return tmp_path


SUITE = [BackboneFeatures(Tiny(), image_shape=(1, -1), pooling="flatten")]


@pytest.mark.usefixtures("numpy_generator_put_back")
@parametrize_with_checks(SUITE)
def test_backbone_features_pass_scikit_learns_suite(estimator, check):
    check(estimator)


def test_scikit_learn_has_at_least_45_checks_for_it():
    assert len(list(estimator_checks_generator(SUITE[0]))) >= 45


def test_features_are_the_pooled_maps_of_the_network():
    network = Tiny()
    images = LESIONS.images / 255
    tensor = torch.from_numpy(images[:, None]).float()
    with torch.no_grad():
        maps = network(tensor)
    for pooling, expected in [
        ("avg", maps.mean((2, 3))),
        ("max", maps.amax((2, 3))),
        ("flatten", maps.flatten(1)),
    ]:
        features = embed(LESIONS.images, network, None, pooling=pooling)
        np.testing.assert_allclose(features, expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("cache", [None, "auto", "directory"])
def test_every_cache_gives_the_same_bits(cache, tmp_path):
    cache = tmp_path if cache == "directory" else cache
    once = squeezenet(cache=cache).fit(LESIONS.images)
    expected = squeezenet().fit_transform(LESIONS.images)
    for rows in (slice(None), slice(3, 17), [5, 2, 2, 39], slice(0, 1)):
        np.testing.assert_array_equal(once.transform(LESIONS.images[rows]), expected[rows])


def test_a_search_over_heads_passes_each_image_once(passes):
    search = GridSearchCV(
        make_pipeline(squeezenet(), LogisticRegression(max_iter=2000)),
        {"logisticregression__C": np.logspace(-3, 3, 8)},
        cv=5,
        error_score="raise",
    )
    search.fit(LESIONS.images, LESIONS.target)
    search.predict(LESIONS.images)
    assert sum(passes) == len(LESIONS.images)


def test_estimators_with_equal_weights_share_their_features(passes):
    store = FeatureStore()
    squeezenet(cache=store).fit_transform(LESIONS.images)
    squeezenet(cache=store).fit_transform(LESIONS.images[::-1])
    assert sum(passes) == 40
    squeezenet(cache=store, random_state=1).fit_transform(LESIONS.images)
    assert sum(passes) == 80


def test_another_process_finds_what_this_one_computed(tmp_path, passes):
    pipeline = make_pipeline(squeezenet(cache=tmp_path), LogisticRegression(max_iter=2000))
    squeezenet(cache=tmp_path).fit_transform(LESIONS.images)
    before = FeatureStore(tmp_path).info()["disk_rows"]
    here = cross_val_score(pipeline, LESIONS.images, LESIONS.target, error_score="raise")
    there = cross_val_score(pipeline, LESIONS.images, LESIONS.target, n_jobs=2, error_score="raise")
    np.testing.assert_array_equal(here, there)
    assert FeatureStore(tmp_path).info()["disk_rows"] == before == 40
    assert sum(passes) == 40


def test_a_fitted_transformer_survives_pickling_to_the_bit():
    fitted = squeezenet().fit(LESIONS.images)
    opened = pickle.loads(pickle.dumps(fitted))
    opened.set_params(cache=None)
    np.testing.assert_array_equal(
        opened.transform(LESIONS.images), fitted.transform(LESIONS.images)
    )


def test_bfloat16_moves_features_a_little_and_is_kept_apart():
    store = FeatureStore()
    exact = squeezenet(cache=store).fit_transform(LESIONS.images)
    rough = squeezenet(cache=store, precision="bfloat16").fit_transform(LESIONS.images)
    assert store.info()["misses"] == 80
    difference = np.sqrt(((exact - rough) ** 2).mean() / (exact**2).mean())
    assert 0 < difference < 0.05


def test_float64_and_float32_agree():
    exact = squeezenet(precision="float64").fit_transform(LESIONS.images)
    assert exact.dtype == np.float64
    np.testing.assert_allclose(squeezenet().fit_transform(LESIONS.images), exact, atol=1e-5)


def test_summed_and_repeated_gray_agree():
    repeated = squeezenet().fit_transform(LESIONS.images)
    summed = squeezenet(gray="sum").fit_transform(LESIONS.images)
    np.testing.assert_allclose(summed, repeated, atol=1e-4 * np.abs(repeated).max())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_and_cpu_features_agree():
    on_cpu = squeezenet(device="cpu").fit_transform(LESIONS.images)
    on_gpu = squeezenet(device="cuda").fit_transform(LESIONS.images)
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-4 * np.abs(on_cpu).max())


# Kinds of X ------------------------------------------------------------------------------------


def test_paths_are_decoded_in_color_to_the_size_the_backbone_was_made_for(folder):
    transformer = squeezenet().fit(sorted(folder.iterdir()))
    assert transformer.image_shape_ == (224, 224, 3)


def test_paths_and_arrays_of_the_same_pixels_give_the_same_features(folder):
    from_files = squeezenet(image_shape=(32, 32, 1)).fit_transform(sorted(folder.iterdir()))
    np.testing.assert_array_equal(from_files, squeezenet().fit_transform(LESIONS.images[:12]))


def test_known_files_are_not_decoded_again(folder):
    transformer = squeezenet(image_shape=(32, 32))
    paths = sorted(folder.iterdir())
    expected = transformer.fit_transform(paths)
    for path in paths[1:]:  # the first file tells the dtype
        facts = path.stat()
        path.write_bytes(b"?" * facts.st_size)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    np.testing.assert_array_equal(transformer.transform(paths), expected)


def test_a_file_written_anew_is_computed_anew(folder):
    transformer = squeezenet(image_shape=(32, 32))
    paths = sorted(folder.iterdir())
    first = transformer.fit_transform(paths)
    Image.fromarray(LESIONS.images[30]).save(paths[0])
    os.utime(paths[0], (1, 1))
    second = transformer.transform(paths)
    assert not np.array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1:], second[1:])


def test_features_are_found_by_the_stored_bytes():
    store, images = FeatureStore(), LESIONS.images[..., None]
    kinds = {
        40: (images, images[::-1], np.asfortranarray(images)),
        80: (images.astype(np.float32),),
        120: (images.reshape(40, 16, 64, 1),),
    }
    for known, equal in kinds.items():
        for X in equal:
            BackboneFeatures(Tiny(), cache=store).fit_transform(X)
            assert store.info()["misses"] == known


def test_features_of_files_are_found_by_how_they_are_decoded(folder):
    store, paths = FeatureStore(), sorted(folder.iterdir())
    stacks = [LazyImages(paths, size=32), LazyImages(paths, size=24),
              LazyImages(paths, size=32, interpolation="nearest")]  # fmt: skip
    for known, stack in enumerate(stacks, start=1):
        squeezenet(cache=store).fit_transform(stack)
        assert store.info()["misses"] == 12 * known
    squeezenet(cache=store).fit_transform(stacks[0][3:5])
    assert store.info()["misses"] == 36


def test_features_are_found_by_all_that_the_numbers_depend_on():
    store = FeatureStore()
    kinds = ({}, {"pooling": "max"}, {"gray": "sum"}, {"random_state": 1})
    for _ in range(2):
        for options in kinds:
            squeezenet(cache=store, **options).fit_transform(LESIONS.images)
        assert store.info()["misses"] == 40 * len(kinds)


def test_a_few_large_images_are_looked_up_but_not_kept(passes):
    images = make_lesions(20, size=136, random_state=0).images
    store = FeatureStore()
    transformer = squeezenet(cache=store).fit(images)
    few = transformer.transform(images[:3])
    assert sum(passes) == 3
    assert store.info()["memory_rows"] == 0
    features = transformer.transform(images)
    np.testing.assert_allclose(few, features[:3], rtol=0, atol=1e-5 * features.max())
    transformer.transform(images[:3])
    assert store.info()["misses"] == 23


def test_features_are_found_by_the_code_of_ones_own_network():
    class Doubled(Tiny):
        def forward(self, images):
            return 2 * super().forward(images)

    store = FeatureStore()
    for known, kind in enumerate((Tiny, Doubled), start=1):
        BackboneFeatures(kind(), cache=store).fit_transform(LESIONS.images)
        assert store.info()["misses"] == 40 * known


def test_equal_cache_parameters_mean_the_same_store(tmp_path, passes, monkeypatch):
    monkeypatch.setenv("SKMEDIMG_CACHE", str(tmp_path / "auto"))

    def computed(cache):
        before = sum(passes)
        squeezenet(cache=cache).fit_transform(LESIONS.images)
        for folder in (tmp_path / "auto", tmp_path / "mine"):  # what is known now is in memory
            shutil.rmtree(folder, ignore_errors=True)
        return sum(passes) - before

    caches = ["auto", "auto", tmp_path / "mine", str(tmp_path / "mine"), "auto", None, None]
    assert [computed(cache) for cache in caches] == [40, 0, 40, 0, 0, 40, 40]


def test_an_empty_path_is_no_cache():
    with pytest.raises(ValueError, match='cache="" names no directory'):
        squeezenet(cache="").fit_transform(LESIONS.images)


# Weights ---------------------------------------------------------------------------------------


def test_a_file_of_weights_gives_the_features_of_the_network_it_came_from(tmp_path):
    fitted = squeezenet().fit(LESIONS.images)
    torch.save(fitted.network_.backbone.network.state_dict(), tmp_path / "mine.pth")
    loaded = squeezenet(weights=tmp_path / "mine.pth", random_state=7)
    np.testing.assert_array_equal(
        loaded.fit_transform(LESIONS.images), fitted.transform(LESIONS.images)
    )


def test_a_fitted_estimator_lends_its_weights_through_clone():
    fitted = squeezenet().fit(LESIONS.images)
    heir = clone(squeezenet(weights=FrozenEstimator(fitted), random_state=7))
    np.testing.assert_array_equal(
        heir.fit_transform(LESIONS.images), fitted.transform(LESIONS.images)
    )


def test_an_estimator_that_is_not_fitted_is_told_of_frozen_estimator():
    with pytest.raises(ValueError, match="not fitted.*FrozenEstimator"):
        squeezenet(weights=squeezenet()).fit(LESIONS.images)


def test_an_estimator_without_a_backbone_is_refused():
    fitted = LogisticRegression().fit([[0], [1]], [0, 1])
    with pytest.raises(ValueError, match="weights=LogisticRegression"):
        squeezenet(weights=fitted).fit(LESIONS.images)


@pytest.fixture(scope="module")
def unet():
    data = make_lesions(4, size=32, channels=3, random_state=0)
    model = UNetSegmenter(filters=(64, 128), norm=None, max_epochs=1, random_state=0)
    return model.fit(data.images, data.masks > 0)


def test_the_encoder_of_a_segmenter_lends_what_fits(unet):
    images = make_lesions(8, size=32, channels=3, random_state=1).images
    heir = BackboneFeatures("vgg13", weights=FrozenEstimator(unet), cache=None, random_state=0)
    heir.fit(images)
    convolutions = [p for p in heir.network_.modules() if isinstance(p, nn.Conv2d)]
    lent = [p for p in unet.net_.module_.encoder.modules() if isinstance(p, nn.Conv2d)]
    assert len(lent) == 4
    for own, other in zip(convolutions, lent, strict=False):
        assert torch.equal(own.weight.cpu(), other.weight.cpu())


def test_an_encoder_of_other_shapes_is_refused(unet):
    with pytest.raises(ValueError, match="No convolution of the encoder"):
        BackboneFeatures("mobilenet_v2", weights=FrozenEstimator(unet)).fit(LESIONS.images)


def test_an_encoder_that_fits_in_part_says_how_much(unet):
    with pytest.warns(UserWarning, match="1 of the 4 convolutions"):
        squeezenet(weights=FrozenEstimator(unet)).fit(LESIONS.images)


# Errors ----------------------------------------------------------------------------------------


def test_images_of_two_channels_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="1 or 3 channels, but X has 4"):
        squeezenet().fit(np.zeros((3, 32, 32, 4), np.uint8))


def test_images_below_the_minimum_are_refused():
    with pytest.raises(ValueError, match="at least 17x17, but X has 16x16"):
        squeezenet().fit(LESIONS.images[:, :16, :16])


def test_features_are_named_after_the_class():
    names = squeezenet().fit(LESIONS.images).get_feature_names_out()
    assert names[[0, -1]].tolist() == ["backbonefeatures0", "backbonefeatures511"]


def test_shapes_are_probed_once_per_kind_of_network(monkeypatch):
    probed, begin = [], Backbone.forward_frozen

    def counting(self, images):
        if images.device.type == "meta":
            probed.append(images.shape)
        return begin(self, images)

    monkeypatch.setattr(Backbone, "forward_frozen", counting)
    squeezenet().fit(LESIONS.images[:, :31])  # a size that no other test asks for
    assert len(probed) == 1
    squeezenet().fit(LESIONS.images[:, :31])
    assert len(probed) == 1
