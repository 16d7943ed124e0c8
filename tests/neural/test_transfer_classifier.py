"""TransferClassifier: a frozen prefix computed once, and a depth that is trained."""

import pickle

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from skorch.callbacks import Callback
from torch import nn

from skmedimg import Augmenter, BackboneFeatures, TransferClassifier
from skmedimg.datasets import make_lesions
from skmedimg.images import LazyImages
from skmedimg.networks import Backbone
from skmedimg.transfer import FeatureStore

LESIONS = make_lesions(40, size=32, noise=0.05, random_state=0)
IMAGES, TARGET = LESIONS.images, LESIONS.target


class Tiny(nn.Sequential):
    """Two convolutions with the same weights every time, which pickles and copies as itself."""

    def __init__(self, channels=64):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            first = nn.Conv2d(1, channels, (1, 3), padding=(0, 1))
            super().__init__(first, nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU())
        self.channels = channels

    def __reduce__(self):
        return type(self), (self.channels,)


def squeezenet(**options):
    options = {"cache": FeatureStore(), "max_epochs": 3, **options}
    return TransferClassifier("squeezenet1_1", weights=None, random_state=0, **options)


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


# scikit-learn ----------------------------------------------------------------------------------

# In float32 the sums of repeated and of weighted rows round differently, and mini-batches draw
# differently: the check compares them to 1e-7.
FLOAT32 = {
    "check_sample_weight_equivalence_on_dense_data": "float32 and mini-batches: the float64, "
    "full-batch instance passes it"
}
ROWS = {"image_shape": (1, -1), "pooling": "flatten"}
EXACT = TransferClassifier(
    Tiny(), trainable_layers=1, max_epochs=40, precision="float64", batch_size=10_000,
    learning_rate=1e-2, random_state=0, **ROWS,
)  # fmt: skip
DEFAULT = TransferClassifier(Tiny(), max_epochs=30, **ROWS)


@pytest.mark.slow
@pytest.mark.usefixtures("numpy_generator_put_back")
@parametrize_with_checks([EXACT])
def test_the_float64_classifier_passes_every_check(estimator, check):
    check(estimator)


@pytest.mark.usefixtures("numpy_generator_put_back")
@parametrize_with_checks([DEFAULT], expected_failed_checks=lambda estimator: FLOAT32)
def test_the_default_classifier_fails_no_check_but_the_documented_one(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [EXACT, DEFAULT], ids=["float64", "default"])
def test_scikit_learn_has_at_least_62_checks_for_it(estimator):
    assert len(list(estimator_checks_generator(estimator))) >= 62


# Oracles ---------------------------------------------------------------------------------------


class _FirstChannel(nn.Module):
    """Keep one channel, about standardised."""

    def forward(self, maps):
        return 180 * maps[:, :1] - 27


def test_the_head_on_a_frozen_backbone_learns_what_logistic_regression_learns():
    network = nn.Sequential(Tiny(8), _FirstChannel())
    features = BackboneFeatures(network, cache=None).fit_transform(IMAGES)
    judge = LogisticRegression(C=np.inf, max_iter=20_000, tol=1e-10).fit(features, TARGET)
    model = TransferClassifier(
        network, max_epochs=300, batch_size=40, learning_rate=0.3, precision="float64",
        random_state=0,
    ).fit(IMAGES, TARGET)  # fmt: skip
    np.testing.assert_allclose(
        model.predict_proba(IMAGES), judge.predict_proba(features), atol=1e-5
    )


@pytest.mark.usefixtures("processor")
def test_a_trained_tail_takes_the_step_that_plain_torch_takes():
    network = Tiny(4)
    model = TransferClassifier(
        network, trainable_layers=1, max_epochs=1, batch_size=40, optimizer="sgd",
        schedule="constant", learning_rate=0.1, precision="float64", random_state=0,
    )  # fmt: skip
    started = clone(model).set_params(learning_rate=1e-30).fit(IMAGES, TARGET)
    weight, bias = (p.detach().clone() for p in started.net_.module_.head.parameters())
    tail = Tiny(4).double()[2]
    for value in (weight, bias):
        value.requires_grad_(True)
    images = torch.from_numpy(IMAGES[:, None] / 255.0)
    maps = torch.relu(tail(torch.relu(Tiny(4).double()[0](images))))
    logits = nn.functional.linear(maps.mean((2, 3)), weight, bias)[:, 0]
    target = torch.from_numpy(TARGET).double()
    nn.functional.binary_cross_entropy_with_logits(logits, target).backward()
    fitted = model.fit(IMAGES, TARGET).net_.module_
    with torch.no_grad():  # the first step with Nesterov's momentum goes 1.9 times as far
        expected = tail.weight - 0.1 * 1.9 * tail.weight.grad
    torch.testing.assert_close(fitted.backbone.network[2].weight.data, expected)
    torch.testing.assert_close(
        fitted.backbone.network[0].weight.data, Tiny(4).double()[0].weight.data
    )


# The frozen part -------------------------------------------------------------------------------


def test_a_search_over_eight_heads_and_five_folds_passes_each_image_once(passes):
    search = GridSearchCV(
        squeezenet(max_epochs=1),
        {"head_units": [(), (8,)], "learning_rate": [1e-3, 1e-2], "head_dropout": [0.0, 0.5]},
        cv=5,
        error_score="raise",
    )
    search.fit(IMAGES, TARGET)
    search.predict(IMAGES)
    assert sum(passes) == len(IMAGES)


def test_a_search_over_heads_passes_each_image_once_with_a_trained_tail(passes):
    search = GridSearchCV(
        squeezenet(max_epochs=2, trainable_layers=2),
        {"head_units": [(), (8,)], "unfreeze_after": [0, 1]},
        cv=2,
        error_score="raise",
    )
    search.fit(IMAGES, TARGET)
    assert sum(passes) == len(IMAGES)


@pytest.mark.usefixtures("filters_put_back")
def test_folds_in_threads_give_the_same_bits_and_pass_each_image_once(passes):
    plain = cross_val_score(squeezenet(), IMAGES, TARGET, error_score="raise")
    passes.clear()
    with parallel_config("threading", n_jobs=3):
        threaded = cross_val_score(squeezenet(), IMAGES, TARGET, error_score="raise")
    np.testing.assert_array_equal(threaded, plain)
    assert sum(passes) == 40


def test_the_transformer_and_the_classifier_share_features(passes):
    store = FeatureStore()
    features = BackboneFeatures("squeezenet1_1", weights=None, cache=store, random_state=0)
    features.fit_transform(IMAGES)
    squeezenet(cache=store).fit(IMAGES, TARGET)
    assert sum(passes) == 40


def test_without_a_cache_each_epoch_passes_each_image(passes):
    squeezenet(cache=None, max_epochs=3).fit(IMAGES, TARGET)
    assert sum(passes) == 3 * 40


@pytest.mark.parametrize("depth", [0, 1, 3, 0.5, "all"])
def test_cached_and_uncached_fits_agree(depth):
    options = {"trainable_layers": depth, "head_units": (8,), "batch_size": 20}
    cached = squeezenet(**options).fit(IMAGES, TARGET)
    plain = squeezenet(cache=None, **options).fit(IMAGES, TARGET)
    np.testing.assert_allclose(cached.predict_proba(IMAGES), plain.predict_proba(IMAGES), atol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_cached_and_uncached_fits_agree_in_every_precision(precision):
    options = {"precision": precision, "trainable_layers": 1}
    cached = squeezenet(**options).fit(IMAGES, TARGET)
    plain = squeezenet(cache=None, **options).fit(IMAGES, TARGET)
    tolerance = 0.02 if precision == "bfloat16" else 1e-5
    np.testing.assert_allclose(
        cached.predict_proba(IMAGES), plain.predict_proba(IMAGES), atol=tolerance
    )


def test_the_history_of_the_store_changes_no_bit():
    store = FeatureStore()
    first = squeezenet(cache=store).fit(IMAGES, TARGET).predict_proba(IMAGES)
    squeezenet(cache=store).fit(IMAGES[5:30], TARGET[5:30])
    again = squeezenet(cache=store).fit(IMAGES, TARGET).predict_proba(IMAGES)
    fresh_store = FeatureStore()
    squeezenet(cache=fresh_store).fit(IMAGES[7:23], TARGET[7:23])
    other = squeezenet(cache=fresh_store).fit(IMAGES, TARGET).predict_proba(IMAGES)
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(other, first)


@pytest.mark.parametrize("cache", [None, "auto"])
def test_frozen_parts_are_bit_equal_before_and_after_fit(cache):
    options = {"trainable_layers": 2, "cache": cache, "max_epochs": 2, "random_state": 0}
    model = TransferClassifier("mobilenet_v2", weights=None, width=0.25, **options)
    start = clone(model).set_params(learning_rate=1e-30, max_epochs=1).fit(IMAGES, TARGET)
    before = start.net_.module_.backbone.state_dict()
    after = model.fit(IMAGES, TARGET).net_.module_.backbone.state_dict()
    moved = {name.split(".")[2] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"17", "18"}
    tensor = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    tensor = tensor.to(next(model.net_.module_.parameters()).device)
    for fitted in (start, model):
        fitted.net_.module_.train()
    assert torch.equal(
        start.net_.module_.backbone.forward_frozen(tensor),
        model.net_.module_.backbone.forward_frozen(tensor),
    )


def test_augmented_images_are_never_cached():
    store = FeatureStore()
    model = squeezenet(cache=store, augment=Augmenter(flip="horizontal"))
    model.fit(IMAGES, TARGET).predict(IMAGES)
    assert store.info()["misses"] == 0


def test_activations_that_would_not_fit_as_a_whole_are_not_kept():
    bytes_at_cut = 40 * 512 * 1 * 1 * 4
    for limit, kept in [(bytes_at_cut - 1, 0), (bytes_at_cut, 40)]:
        store = FeatureStore(memory=limit, disk=0)
        squeezenet(cache=store, trainable_layers=1, max_epochs=1).fit(IMAGES, TARGET)
        assert store.info()["memory_rows"] == kept


# Depth -----------------------------------------------------------------------------------------


def trained(model):
    """Names of the backbone's tensors that a fit moved."""
    start = clone(model).set_params(learning_rate=1e-30).fit(IMAGES, TARGET)
    before = start.net_.module_.backbone.state_dict()
    after = model.fit(IMAGES, TARGET).net_.module_.backbone.state_dict()
    return [name for name in before if not torch.equal(before[name], after[name])]


def test_the_backbone_opens_after_the_epochs_asked_for():
    assert trained(squeezenet(trainable_layers=1, unfreeze_after=2)) == [
        "network.features.12.expand3x3.weight", "network.features.12.expand3x3.bias"
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:The layers of trainable_layers=1 are never unfrozen")
def test_the_backbone_stays_shut_where_the_epochs_end_before():
    assert trained(squeezenet(trainable_layers=1, unfreeze_after=3)) == []


@pytest.mark.parametrize("epochs", [3, 2])
def test_a_backbone_that_will_never_open_is_a_warning_before_it_is_trained(epochs):
    model = squeezenet(
        trainable_layers=1, unfreeze_after=3, max_epochs=epochs, callbacks=[Refuse()]
    )
    says = (
        rf"trainable_layers=1 are never unfrozen.* unfreeze_after=3 .*"
        rf"max_epochs={epochs}.*below {epochs}"
    )
    with pytest.warns(UserWarning, match=says), pytest.raises(RuntimeError, match="it trains"):
        model.fit(IMAGES, TARGET)


class Refuse(Callback):
    """Fail when the training begins."""

    def on_train_begin(self, net, **kwargs):
        raise RuntimeError("it trains")


def test_a_fit_that_early_stopping_ended_too_soon_says_so():
    model = squeezenet(
        trainable_layers=1, unfreeze_after=15, max_epochs=20, early_stopping=True,
        n_iter_no_change=2, learning_rate=1e-30,
    )  # fmt: skip
    with pytest.warns(UserWarning, match=r"unfreeze_after=15 .* 3 of max_epochs=20.*below 3"):
        model.fit(IMAGES, TARGET)
    assert model.n_iter_ == 3


def test_epochs_that_go_on_later_are_no_reason_to_warn():
    late = squeezenet(trainable_layers=1, unfreeze_after=1, max_epochs=1)
    clone(late).partial_fit(IMAGES, TARGET, classes=[0, 1]).partial_fit(IMAGES, TARGET)
    clone(late).set_params(warm_start=True).fit(IMAGES, TARGET)
    clone(late).set_params(trainable_layers=0).fit(IMAGES, TARGET)


@pytest.mark.filterwarnings("ignore:The layers of trainable_layers=1 are never unfrozen")
def test_batch_statistics_wait_with_the_layers_they_belong_to():
    model = TransferClassifier(
        "mobilenet_v2", weights=None, width=0.25, trainable_layers=1, unfreeze_after=2,
        max_epochs=2, random_state=0,
    )  # fmt: skip
    assert trained(model) == []


def test_the_backbone_has_learning_rates_of_its_own():
    model = squeezenet(trainable_layers=3, backbone_learning_rate=(0.1, 0.5), learning_rate=0.01)
    rates = [group["lr"] for group in model.fit(IMAGES, TARGET).net_.groups[1:]]
    assert rates == pytest.approx([0.001, 0.0005, 0.00025])
    model = squeezenet(trainable_layers=2, backbone_learning_rate=0.1, learning_rate=0.01)
    rates = [group["lr"] for group in model.fit(IMAGES, TARGET).net_.groups[1:]]
    assert rates == pytest.approx([0.001, 0.001])


def test_every_open_parameter_is_in_one_group():
    for depth in (0, 2, "all"):
        net = squeezenet(trainable_layers=depth, max_epochs=1).fit(IMAGES, TARGET).net_
        grouped = [id(p) for group in net.groups for p in group["params"]]
        opened = [id(p) for p in net.module_.parameters() if p.requires_grad]
        assert sorted(grouped) == sorted(opened)


def test_more_layers_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="more than the 25 weight layers"):
        squeezenet(trainable_layers=26).fit(IMAGES, TARGET)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"trainable_layers": -1}, "trainable_layers"),
        ({"trainable_layers": 1.5}, "trainable_layers"),
        ({"trainable_layers": "some"}, "trainable_layers"),
        ({"head_units": (0,)}, "head_units"),
        ({"head_dropout": (0.1, 0.2)}, "head_dropout"),
        ({"backbone_learning_rate": (0.1,)}, "backbone_learning_rate"),
        ({"width": 0.5}, "mobilenet_v2 alone"),
        ({"gray": "red"}, "gray"),
    ],
)
def test_odd_parameters_are_named(options, says):
    with pytest.raises(ValueError, match=says):
        squeezenet(**options).fit(IMAGES, TARGET)


# Use -------------------------------------------------------------------------------------------


def test_it_tells_lesions_from_healthy_tissue():
    data = make_lesions(120, size=48, noise=0.05, random_state=1)
    model = squeezenet(trainable_layers="all", gray="sum", max_epochs=12, batch_size=16)
    model.fit(data.images[:80], data.target[:80])
    assert model.score(data.images[80:], data.target[80:]) > 0.6


@pytest.mark.parametrize("depth", [0, 2])
def test_pickles_predict_the_same_bits(depth):
    model = squeezenet(trainable_layers=depth).fit(IMAGES, TARGET)
    expected = model.predict_proba(IMAGES)
    opened = pickle.loads(pickle.dumps(model)).set_params(cache=None)
    np.testing.assert_array_equal(opened.predict_proba(IMAGES), expected)


def test_pickles_need_no_file_of_weights_any_more(tmp_path):
    fitted = squeezenet().fit(IMAGES, TARGET)
    file = tmp_path / "mine.pth"
    torch.save(fitted.net_.module_.backbone.network.state_dict(), file)
    model = squeezenet().set_params(weights=file).fit(IMAGES, TARGET)
    expected, stored = model.predict_proba(IMAGES), pickle.dumps(model)
    file.unlink()
    np.testing.assert_array_equal(pickle.loads(stored).predict_proba(IMAGES), expected)


def test_fits_that_share_frozen_memory_do_not_touch_each_other(tmp_path):
    file = tmp_path / "mine.pth"
    torch.save(squeezenet().fit(IMAGES, TARGET).net_.module_.backbone.network.state_dict(), file)
    first = squeezenet().set_params(weights=file).fit(IMAGES, TARGET)
    expected = first.predict_proba(IMAGES)
    deeper = squeezenet(trainable_layers="all", learning_rate=0.1).set_params(weights=file)
    deeper.fit(IMAGES, TARGET)
    opened = pickle.loads(pickle.dumps(deeper))
    opened.predict(IMAGES)
    first.set_params(cache=None)
    np.testing.assert_array_equal(first.predict_proba(IMAGES), expected)


def test_weights_of_a_fitted_classifier_start_another():
    first = squeezenet(trainable_layers="all", learning_rate=1e-2).fit(IMAGES, TARGET)
    heir = squeezenet().set_params(weights=FrozenEstimator(first))
    scores = cross_val_score(heir, IMAGES, TARGET, error_score="raise")
    assert np.isfinite(scores).all()
    own = heir.fit(IMAGES, TARGET).net_.module_.backbone.state_dict()
    theirs = first.net_.module_.backbone.state_dict()
    assert all(torch.equal(own[name], theirs[name]) for name in own)


def test_paths_are_taken_and_resized(tmp_path):
    from PIL import Image

    paths = []
    for row, image in enumerate(IMAGES[:12]):
        paths.append(tmp_path / f"{row}.png")
        Image.fromarray(image).save(paths[-1])
    model = squeezenet(max_epochs=1).fit(paths, TARGET[:12])
    assert model.image_shape_ == (224, 224, 3)
    assert model.predict(paths[:2]).shape == (2,)
    lazy = LazyImages(paths, size=32)
    by_lazy = squeezenet(max_epochs=1).fit(lazy, TARGET[:12]).predict_proba(lazy)
    by_array = squeezenet(max_epochs=1).fit(IMAGES[:12], TARGET[:12]).predict_proba(IMAGES[:12])
    np.testing.assert_array_equal(by_lazy, by_array)


def test_early_stopping_keeps_the_best_epoch_of_a_trained_tail():
    model = squeezenet(
        trainable_layers=1, early_stopping=True, validation_fraction=0.25, max_epochs=6,
        n_iter_no_change=2,
    )  # fmt: skip
    model.fit(IMAGES, TARGET)
    losses = [record["valid_loss"] for record in model.history_]
    assert model.best_epoch_ == int(np.argmin(losses))


def test_warm_starts_continue_from_the_tail():
    model = squeezenet(trainable_layers=1, warm_start=True, max_epochs=1).fit(IMAGES, TARGET)
    weight = model.net_.module_.backbone.network.features[12].expand3x3.weight.clone()
    model.fit(IMAGES, TARGET)
    assert model.n_iter_ == 2
    assert not torch.equal(
        model.net_.module_.backbone.network.features[12].expand3x3.weight, weight
    )


class _Tokens(nn.Module):
    """Rows of the image as tokens (n, height, width)."""

    def forward(self, images):
        return images[:, 0]


class _FirstToken(nn.Module):
    def forward(self, tokens):
        return tokens[:, 0]


def test_tokens_are_kept_at_the_cut_of_transformers():
    with torch.random.fork_rng():
        network = nn.Sequential(
            _Tokens(), nn.Linear(32, 6), nn.Tanh(), nn.Linear(6, 5), _FirstToken()
        )
    options = {"trainable_layers": 1, "precision": "float32", "max_epochs": 3, "random_state": 0}
    cached = TransferClassifier(network, cache=FeatureStore(), **options).fit(IMAGES, TARGET)
    plain = TransferClassifier(network, cache=None, **options).fit(IMAGES, TARGET)
    assert cached.net_.module_.cut_shape == (32, 6)
    assert cached.cache.info()["memory_rows"] == 40
    np.testing.assert_allclose(cached.predict_proba(IMAGES), plain.predict_proba(IMAGES), atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("depth", [0, 2])
def test_gpu_and_cpu_agree(depth):
    options = {"trainable_layers": depth, "precision": "float32"}
    on_cpu = squeezenet(device="cpu", **options).fit(IMAGES, TARGET)
    on_gpu = squeezenet(device="cuda", **options).fit(IMAGES, TARGET)
    np.testing.assert_allclose(
        on_gpu.predict_proba(IMAGES), on_cpu.predict_proba(IMAGES), atol=1e-3
    )
