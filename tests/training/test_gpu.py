"""What only a GPU can show; all other tests run there too, for their networks take what is best."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmedimg import (
    HOG,
    Augmenter,
    BackboneFeatures,
    ScratchCNN,
    ShallowMLP,
    TransferClassifier,
    UNetSegmenter,
)
from skmedimg._training.cuda_graphs import GraphReplay
from skmedimg.datasets import make_lesions
from skmedimg.networks import Dropout
from skmedimg.neural import fit_together
from skmedimg.saving import load, save
from skmedimg.transfer import FeatureStore

GPU = "cuda"
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

LESIONS = make_lesions(48, size=64, random_state=0)
X = LESIONS.images
LARGE = np.random.default_rng(0).integers(0, 256, (64, 256, 256, 3), np.uint8)
SHORT = {"max_epochs": 2, "batch_size": 16, "random_state": 0, "device": GPU}
WIDE = ScratchCNN((64, 64, 4), precision="float32", max_epochs=1, device=GPU)
PRECISIONS = ("auto", "bfloat16", "float16", "float32", "float64")
NETWORKS = {
    "mlp": ShallowMLP((16,), dropout=0.2, **SHORT),
    "cnn": ScratchCNN((8, 16), norm="batch", **SHORT),
    "pairs": ScratchCNN((8, 16), norm=None, convs_per_block=2, block_dropout=0.25, **SHORT),
    "transfer": TransferClassifier("squeezenet1_1", weights=None, trainable_layers=2, **SHORT),
    "unet": UNetSegmenter((8, 16), **SHORT),
}
ELSEWHERE = """
import sys, warnings
import numpy as np
from skmedimg.saving import load
model, X, answers = sys.argv[1:]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that its GPU is gone
    np.save(answers, load(model).predict_proba(np.load(X)))
"""


@pytest.fixture(params=NETWORKS)
def network(request):
    """An unfitted network on the GPU."""
    return clone(NETWORKS[request.param])


def fitted(model):
    return model.fit(X, LESIONS.masks if isinstance(model, UNetSegmenter) else LESIONS.target)


# Answers ---------------------------------------------------------------------------------------


def test_full_precision_is_the_processors_to_four_digits(network):
    on_cpu = fitted(network.set_params(precision="float32", device="cpu"))
    expected = on_cpu.predict_proba(X)
    moved = pickle.loads(pickle.dumps(on_cpu.set_params(device=GPU)))
    np.testing.assert_allclose(moved.predict_proba(X), expected, atol=1e-4)


def test_training_in_full_precision_is_the_processors(network):
    """Dropout draws on its own device; all else begins alike and is computed alike."""
    network.set_params(precision="float32", optimizer="sgd", learning_rate=0.01)
    if "dropout" in network.get_params():
        network.set_params(dropout=0.0)
    on_gpu, on_cpu = (fitted(clone(network).set_params(device=place)) for place in (GPU, "cpu"))
    found, expected = (on_gpu.predict_proba(X), on_cpu.predict_proba(X))
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_same_seed_gives_the_same_bits(network, precision):
    network.set_params(precision=precision)
    first, second = (fitted(clone(network)).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["cnn", "transfer", "unet"])
def test_augmented_images_give_the_same_bits(name):
    changes = Augmenter(rotation=20, flip="horizontal", contrast=0.2, noise=0.02)
    model = clone(NETWORKS[name]).set_params(augment=changes)
    first, second = (fitted(clone(model)).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_stored_features_of_a_gpu_are_others_than_those_of_the_processor():
    store = FeatureStore()
    settings = {"weights": None, "cache": store, "random_state": 0}
    for place in (GPU, "cpu", GPU, "cpu"):
        BackboneFeatures("squeezenet1_1", device=place, **settings).fit(X).transform(X)
    assert (store.info()["misses"], store.info()["hits"]) == (2 * len(X), 2 * len(X))


def test_a_fit_leaves_the_settings_of_torch_and_its_random_numbers(network):
    def settings():
        cudnn = torch.backends.cudnn
        flags = (cudnn.enabled, cudnn.benchmark, cudnn.deterministic)
        products = (cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
        return flags, products, torch.cuda.get_rng_state().tolist()

    before = settings()
    fitted(network).predict(X)
    assert settings() == before


def test_hog_on_the_gpu_is_hog_on_the_processor():
    images = np.random.default_rng(0).integers(0, 256, (300, 28, 28), np.uint8)
    on_gpu, on_cpu = (HOG(device=place).fit_transform(images) for place in (GPU, "cpu"))
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-5)


def test_fits_that_train_together_learn_what_they_learn_alone(captured):
    rows = X.reshape(len(X), -1)[:, ::64] / np.float64(255)
    model = ShallowMLP((8,), precision="float64", **SHORT)
    alone = GridSearchCV(model, {"learning_rate": [1e-3, 1e-2]}, cv=3)
    together = clone(alone)
    alone.fit(rows, LESIONS.target)
    with fit_together(6):
        together.fit(rows, LESIONS.target)
    assert any(captured)
    np.testing.assert_allclose(
        together.predict_proba(rows), alone.predict_proba(rows), rtol=1e-9, atol=1e-12
    )


def test_a_search_in_two_processes_shares_the_gpu():
    search = GridSearchCV(ScratchCNN((4,), **SHORT), {"learning_rate": [1e-3, 1e-2]}, cv=2)
    alone = clone(search).fit(X, LESIONS.target)
    search.set_params(n_jobs=2).fit(X, LESIONS.target)
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(search.cv_results_[name], alone.cv_results_[name])


# CUDA graphs -----------------------------------------------------------------------------------


@pytest.fixture
def captured(monkeypatch):
    """Capture however few steps there are; return which steps so far were replayed."""
    replayed, run = [], GraphReplay.run

    def run_and_note(self, work, inputs):
        outputs = run(self, work, inputs)
        replayed.append(outputs is not None)
        return outputs

    monkeypatch.setattr(GraphReplay, "min_steps", 1)
    monkeypatch.setattr(GraphReplay, "run", run_and_note)
    return replayed


def computed(model):
    """Return the outputs of a fit that replays nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphReplay, "run", lambda *_: None)
        return fitted(clone(model)).predict_proba(X)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("batch_size", [16, 20])
def test_replayed_steps_are_computed_steps(network, precision, batch_size, captured):
    network.set_params(precision=precision, batch_size=batch_size, max_epochs=4)
    expected = computed(network)
    assert not captured
    np.testing.assert_array_equal(fitted(network).predict_proba(X), expected)
    assert sum(captured) >= 4


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_every_optimizer_and_schedule_takes_replayed_gradients(network, optimizer, captured):
    network.set_params(
        optimizer=optimizer, schedule="onecycle", gradient_clip=0.5, max_epochs=4,
        early_stopping=True, validation_fraction=0.3,
    )  # fmt: skip
    expected = computed(network)
    np.testing.assert_array_equal(fitted(network).predict_proba(X), expected)
    assert any(captured)


def test_unfrozen_layers_are_captured_anew(captured):
    model = clone(NETWORKS["transfer"]).set_params(unfreeze_after=3, max_epochs=6)
    expected = computed(model)
    np.testing.assert_array_equal(fitted(model).predict_proba(X), expected)
    assert captured.count(False) == 6  # three warm steps each time


def test_weighted_and_augmented_images_are_replayed(captured):
    changes = Augmenter(rotation=20, flip="horizontal", noise=0.02)
    model = clone(NETWORKS["cnn"]).set_params(augment=changes, max_epochs=4)
    weights = np.linspace(0.5, 1.5, len(X))
    replayed = clone(model).fit(X, LESIONS.target, sample_weight=weights).predict_proba(X)
    assert any(captured)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphReplay, "run", lambda *_: None)
        model.fit(X, LESIONS.target, sample_weight=weights)
    np.testing.assert_array_equal(replayed, model.predict_proba(X))


def test_what_waits_for_the_gpu_is_computed(captured, monkeypatch):
    """A capture that fails leaves the fit, its random numbers and the device as they were."""
    model = clone(NETWORKS["mlp"]).set_params(max_epochs=6)
    expected = computed(model)
    forward = Dropout.forward

    def forward_and_wait(self, values):
        values = forward(self, values)
        return values + 0 * values.sum().item()

    monkeypatch.setattr(Dropout, "forward", forward_and_wait)
    np.testing.assert_allclose(fitted(model).predict_proba(X), expected, atol=1e-6)
    assert set(captured) == {False}
    monkeypatch.setattr(Dropout, "forward", forward)
    np.testing.assert_array_equal(fitted(clone(model)).predict_proba(X), expected)
    assert any(captured)


def test_what_others_do_in_their_layers_is_not_captured(captured):
    class Counted(torch.nn.Sequential):
        calls = 0

        def forward(self, images):
            type(self).calls += 1
            return super().forward(images)

    with torch.random.fork_rng():
        layers = torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3)
    model = TransferClassifier(Counted(*layers), weights=None, trainable_layers="all", **SHORT)
    fitted(model)
    assert not captured


# Memory ----------------------------------------------------------------------------------------


@pytest.fixture
def half_a_gigabyte():
    """Let this process have no more than that of the GPU's memory."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(GPU).total_memory
    torch.cuda.set_per_process_memory_fraction(2**29 / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def test_a_batch_that_does_not_fit_is_split(half_a_gigabyte):
    model = ScratchCNN(
        (64, 64, 4), precision="float32", batch_size="auto", max_epochs=1, device=GPU
    )
    with pytest.warns(
        UserWarning, match=r"Out of memory on cuda.* with \d+ images at once .*micro-batches"
    ):
        found = model.fit(LARGE, [0, 1] * 32).predict_proba(LARGE)
    assert np.isfinite(found).all()


def test_a_batch_size_that_was_asked_for_is_refused(half_a_gigabyte):
    model = clone(WIDE).set_params(batch_size=64)
    with pytest.raises(torch.OutOfMemoryError, match="64 images at once.*set 'auto'"):
        model.fit(LARGE, [0, 1] * 32)


@pytest.mark.parametrize(
    ("units", "what"), [((20_000, 10_000), "the network's weights"), ((9_000,), "the optimizer's")]
)
def test_a_network_that_does_not_fit_says_so(half_a_gigabyte, units, what):
    model = ShallowMLP(units, max_epochs=1, device=GPU)
    with pytest.raises(torch.OutOfMemoryError, match=f"Out of memory on cuda for {what}"):
        model.fit(X.reshape(len(X), -1), LESIONS.target)


def test_images_that_do_not_fit_stay_with_the_processor(network, monkeypatch):
    expected = fitted(clone(network)).predict_proba(X)
    monkeypatch.setattr("skmedimg._training.batches.free_memory", lambda device: 0)
    np.testing.assert_array_equal(fitted(network).predict_proba(X), expected)


def test_twenty_fits_hold_on_to_no_memory(network):
    fitted(network).predict(X)
    held = torch.cuda.memory_allocated()
    for _ in range(20):
        fitted(network).predict(X)
    assert torch.cuda.memory_allocated() <= held + 2**20


# Away from the GPU -----------------------------------------------------------------------------


def test_what_was_saved_answers_where_there_is_no_gpu(network, tmp_path):
    model = fitted(network.set_params(precision="float32"))
    save(model, tmp_path / "model.zip")
    np.save(tmp_path / "X.npy", X)
    files = [str(tmp_path / name) for name in ("model.zip", "X.npy", "answers.npy")]
    without = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, "-c", ELSEWHERE, *files], env=without, check=True)
    np.testing.assert_allclose(np.load(files[2]), model.predict_proba(X), atol=1e-4)
    np.testing.assert_array_equal(load(files[0]).predict_proba(X), model.predict_proba(X))
