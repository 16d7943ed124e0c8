"""Whatever goes wrong while a network runs: it goes on if it can, else the error has a way out."""

import errno
import gc
import os
import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from torch.nn.modules.module import register_module_forward_pre_hook

from skmedimg import (
    ScratchCNN,
    ShallowMLP,
    TransferClassifier,
    UNetSegmenter,
)
from skmedimg.datasets import make_lesions
from skmedimg.neural import lr_find

DATA = make_lesions(40, size=32, random_state=0)
EXACT = {"precision": "float64", "max_epochs": 2, "random_state": 0}
NETWORKS = [
    ShallowMLP((8,), class_weight="balanced", **EXACT),
    ScratchCNN((4,), norm="group", **EXACT),  # batch normalization sees smaller batches
    TransferClassifier("squeezenet1_1", weights=None, trainable_layers=1, **EXACT),
    UNetSegmenter((4, 4), norm=None, loss="dice", early_stopping=True, **EXACT),
]


def targets_of(model):
    return DATA.masks if isinstance(model, UNetSegmenter) else DATA.target


def weights_of(model):
    return torch.cat([w.detach().ravel() for w in model.net_.module_.parameters()]).cpu().numpy()


@pytest.fixture
def memory_for():
    """Return a function that lets memory suffice for so many images at once, in every network."""
    seen, hooks = [], []

    shortage = torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB.\nMore words")

    def limit(most, error=shortage):
        def run_out_of_memory(module, inputs):
            seen.append(len(inputs[0]))
            if len(inputs[0]) > most:
                raise error

        hooks.append(register_module_forward_pre_hook(run_out_of_memory))
        return seen

    yield limit
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: type(model).__name__)
def test_micro_batches_take_the_steps_of_whole_batches(model, memory_for):
    y = targets_of(model)
    whole = clone(model).fit(DATA.images, y)
    memory_for(5)
    model = clone(model).set_params(batch_size="auto")
    with pytest.warns(UserWarning, match=r"Out of memory .* \d+ images.*\(CUDA out of memory"):
        split = model.fit(DATA.images, y)
    np.testing.assert_allclose(weights_of(split), weights_of(whole), rtol=1e-6, atol=1e-9)
    losses = [[epoch["train_loss"] for epoch in fit.history_] for fit in (split, whole)]
    np.testing.assert_allclose(*losses, rtol=1e-9)


def test_memory_runs_out_once_and_is_mentioned_for_each_halving(memory_for):
    seen = memory_for(10)
    with pytest.warns(UserWarning, match="Out of memory") as said:
        ShallowMLP((4,), max_epochs=3, batch_size="auto").fit(DATA.images, DATA.target)
    assert [str(w.message).rpartition(": ")[2] for w in said] == [
        "continuing with micro-batches of 16.",
        "continuing with micro-batches of 8.",
    ]
    assert sorted(seen, reverse=True)[:3] == [32, 16, 8]


def test_without_auto_the_error_names_the_batch_and_the_way_out(memory_for):
    memory_for(10)
    with pytest.raises(
        torch.OutOfMemoryError,
        match=r"20 images.*\(CUDA out of memory. Tried 2 GiB.\).*batch_size=20 set 'auto'",
    ):
        ShallowMLP((4,), batch_size=20).fit(DATA.images, DATA.target)


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_the_smallest_micro_batch_that_does_not_fit_is_an_error(memory_for, norm):
    seen = memory_for(0)
    model = ScratchCNN((4,), norm=norm, batch_size="auto")
    with (
        pytest.warns(UserWarning, match="micro-batches of"),
        pytest.raises(torch.OutOfMemoryError, match="Use smaller images"),
    ):
        model.fit(DATA.images, DATA.target)
    assert seen[-1] == (2 if norm == "batch" else 1)


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: type(model).__name__)
def test_predictions_are_halved_whatever_the_batch_size(model, memory_for):
    model = clone(model).set_params(cache=None) if hasattr(model, "cache") else clone(model)
    model.fit(DATA.images, targets_of(model))
    whole = model.predict_proba(DATA.images)
    memory_for(13)
    with pytest.warns(UserWarning, match="Out of memory") as said:
        split = model.predict_proba(DATA.images)
    assert str(said[-1].message).endswith("continuing with micro-batches of 12.")
    np.testing.assert_allclose(split, whole, rtol=1e-9, atol=1e-12)
    assert len(model.predict_proba(DATA.images[:1])) == 1


def test_auto_is_the_default_while_memory_suffices():
    for model in NETWORKS[:2]:
        default = clone(model).fit(DATA.images, DATA.target)
        auto = clone(model).set_params(batch_size="auto").fit(DATA.images, DATA.target)
        np.testing.assert_array_equal(weights_of(auto), weights_of(default))
    assert len(lr_find(auto, DATA.images, DATA.target, steps=10).losses) > 2


def shortage_of_the_cpu():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    return caught.value


@pytest.mark.parametrize(
    "shortage",
    [
        shortage_of_the_cpu,
        lambda: RuntimeError("MPS backend out of memory (MPS allocated: 9.0 GB"),
        lambda: RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        lambda: MemoryError(),
    ],
    ids=["cpu", "mps", "cudnn", "python"],
)
def test_every_device_is_understood_to_be_out_of_memory(shortage, memory_for):
    memory_for(20, shortage())
    with pytest.warns(UserWarning, match="continuing with micro-batches of 16"):
        ShallowMLP((4,), max_epochs=1, batch_size="auto").fit(DATA.images, DATA.target)


def test_other_errors_pass_through(memory_for):
    memory_for(20, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        ShallowMLP((4,), max_epochs=1, batch_size="auto").fit(DATA.images, DATA.target)


@pytest.mark.parametrize("n", range(4, 40))
@pytest.mark.parametrize("norm", ["batch", "group"])
@pytest.mark.filterwarnings("ignore:Out of memory")
def test_micro_batches_make_up_the_batch_and_none_is_too_small(n, norm):
    sizes = []

    def run_out_of_memory(module, inputs):
        if isinstance(module, torch.nn.Conv2d):  # the network has one
            sizes.append(len(inputs[0]))
            if sizes[-1] > 4:
                sizes.clear()
                raise torch.OutOfMemoryError

    model = ScratchCNN((2,), norm=norm, convs_per_block=1, max_epochs=1, random_state=0)
    model.set_params(batch_size="auto")
    hook = register_module_forward_pre_hook(run_out_of_memory)
    try:
        model.fit(DATA.images[:n], np.arange(n) % 2)
    finally:
        hook.remove()
    assert sum(sizes) == n
    assert max(sizes) <= 4
    assert min(sizes) >= (2 if norm == "batch" else 1)


class Interrupt(Callback):
    """Presses Ctrl-C in the middle of the third epoch, once."""

    pressed = False

    def on_batch_end(self, net, training, **_):
        if len(net.history) == 3 and training and not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: type(model).__name__)
def test_ctrl_c_leaves_a_usable_fit_that_says_it_was_interrupted(model):
    model = clone(model).set_params(max_epochs=9, callbacks=[Interrupt()], warm_start=True)
    y = targets_of(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(DATA.images, y)
    assert model.interrupted_
    assert model.n_iter_ == 2
    assert [epoch["epoch"] for epoch in model.history_] == [1, 2]
    assert model.predict(DATA.images).shape == y.shape
    assert not model.set_params(max_epochs=1).fit(DATA.images, y).interrupted_
    assert [epoch["epoch"] for epoch in model.history_] == [1, 2, 3]


def test_a_loss_of_nan_before_any_step_is_blamed_on_the_images():
    with pytest.raises(ValueError, match=r"epoch 1, batch 1 of 2.*before any step.*X holds values"):
        ShallowMLP((4,), precision="float16", standardize=False).fit(
            DATA.images * 1e30, DATA.target
        )


def test_a_loss_of_nan_later_on_is_blamed_on_the_learning_rate():
    model = ShallowMLP((4,), optimizer="sgd", learning_rate=1e30, random_state=0)
    with pytest.raises(ValueError, match=r"batch 2 of 2.*learning_rate is too high \(1e\+30\)"):
        model.fit(DATA.images, DATA.target)


def test_a_disk_that_is_full_costs_the_cache_and_one_warning_not_the_fit(tmp_path, monkeypatch):
    def full(*paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    model = TransferClassifier("squeezenet1_1", weights=None, max_epochs=2, random_state=0)
    plain = clone(model).set_params(cache=None).fit(DATA.images, DATA.target)
    monkeypatch.setattr(os, "replace", full)
    model.set_params(cache=tmp_path / "trop d'étés")
    with pytest.warns(UserWarning, match="could not be kept.*No space left") as said:
        cached = [clone(model).fit(X, DATA.target) for X in (DATA.images, DATA.images[:, ::-1])]
    assert len(said) == 1
    np.testing.assert_array_equal(cached[0].predict(DATA.images), plain.predict(DATA.images))


@pytest.mark.slow
def test_twenty_fits_leave_no_thread_no_file_and_no_memory_behind(tmp_path):
    before = None
    for round_ in range(20):
        fit_each_network_once(tmp_path)
        if round_ == 4:  # what libraries set up at first use is there by now
            before = leftovers()
    threads, files, tensors = (b - a for a, b in zip(before, leftovers(), strict=True))
    assert (threads, files) == (0, 0)
    assert tensors <= 0


def fit_each_network_once(folder):
    quick = {"max_epochs": 1, "random_state": 0}
    ShallowMLP((4,), **quick).fit(DATA.images, DATA.target).predict(DATA.images)
    transfer = TransferClassifier("squeezenet1_1", weights=None, cache=folder / "cache", **quick)
    transfer.fit(DATA.images[:8], DATA.target[:8])
    UNetSegmenter((2,), **quick).fit(DATA.images[:8], DATA.masks[:8], checkpoint=folder / "fit")


def leftovers():
    gc.collect()
    files = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    tensors = sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())
    return threading.active_count(), files, tensors
