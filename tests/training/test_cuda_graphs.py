"""Steps are replayed where that is safe; `tests/training/test_gpu.py` replays them on a GPU."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from torch import nn

from skmedimg import ScratchCNN, ShallowMLP, UNetSegmenter
from skmedimg._training.cuda_graphs import GraphReplay
from skmedimg.datasets import make_lesions
from skmedimg.neural import fit_together

LESIONS = make_lesions(36, size=16, random_state=0)
X = LESIONS.images
SHORT = {"max_epochs": 4, "batch_size": 16, "random_state": 0, "device": "cpu"}
NETWORKS = {
    "mlp": ShallowMLP((8,), dropout=0.2, **SHORT),
    "cnn": ScratchCNN((4, 8), norm="batch", **SHORT),
    "unet": UNetSegmenter((4, 8), **SHORT),
}
GPU = torch.device("cuda")


class Own(nn.Sequential):
    pass


def fitted(model, **fit_params):
    target = LESIONS.masks if isinstance(model, UNetSegmenter) else LESIONS.target
    return clone(model).fit(X, target, **fit_params).predict_proba(X)


@pytest.fixture
def no_graphs(monkeypatch):
    """Let every fit believe in a GPU that captures, and compute what it would replay."""
    replayed = []

    def compute(self, work, inputs):
        self.shapes = self.shapes or [tensor.shape for tensor in inputs]
        if self.shapes != [tensor.shape for tensor in inputs]:
            return None
        replayed.append(len(inputs))
        return work(*(tensor.clone() for tensor in inputs))

    monkeypatch.setattr(GraphReplay, "run", compute)
    monkeypatch.setattr(GraphReplay, "is_worth_it", lambda *_: True)
    return replayed


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 1.5, len(X))], ids=["even", "weighted"])
def test_replayed_steps_are_computed_steps(name, weights, request):
    expected = fitted(NETWORKS[name], sample_weight=weights)
    replayed = request.getfixturevalue("no_graphs")
    found = fitted(NETWORKS[name], sample_weight=weights)
    np.testing.assert_allclose(found, expected, atol=1e-3)  # rates of float32, gradients near 0
    assert replayed == [2 if weights is None else 3] * 8  # two whole batches in each of four epochs
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphReplay, "run", lambda *_: None)
        computed = fitted(NETWORKS[name], sample_weight=weights)
    np.testing.assert_array_equal(found, computed)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("precision", ["float32", "float16", "float64"])
def test_every_optimizer_moves_at_its_rate(optimizer, precision, request):
    settings = {"optimizer": optimizer, "precision": precision, "schedule": "onecycle"}
    model = clone(NETWORKS["mlp"]).set_params(gradient_clip=0.5, weight_decay=0.01, **settings)
    expected = fitted(model)
    assert request.getfixturevalue("no_graphs") == []
    np.testing.assert_allclose(fitted(model), expected, atol=1e-6)


def test_an_optimizer_keeps_its_groups(no_graphs):
    model = clone(NETWORKS["mlp"]).set_params(schedule="constant").fit(X, LESIONS.target)
    plain = torch.optim.Adam(model.net_.module_.parameters(), fused=True)
    [found], [usual] = model.net_.optimizer_.param_groups, plain.param_groups
    assert found["lr"] == pytest.approx(model.learning_rate)
    assert set(found) - {"initial_lr"} == set(usual) - {"initial_lr"}
    assert found["capturable"] is False


def test_a_stack_is_replayed_as_it_is_computed(request):
    rows = X.reshape(len(X), -1) / np.float64(255)
    model = ShallowMLP((4,), precision="float64", **SHORT)

    def search():
        with fit_together(6):
            grid = {"learning_rate": [1e-3, 1e-2]}
            return GridSearchCV(model, grid, cv=3).fit(rows, LESIONS.target)

    expected = search().predict_proba(rows)
    replayed = request.getfixturevalue("no_graphs")
    np.testing.assert_allclose(search().predict_proba(rows), expected, rtol=1e-9)
    assert 3 in replayed  # rows, which of them are no padding, and rates


def test_a_fit_that_goes_on_is_the_fit_that_was_not_interrupted(no_graphs, tmp_path):
    model, run = NETWORKS["cnn"], GraphReplay.run
    whole = fitted(model)
    no_graphs.clear()

    def run_two_epochs(self, work, inputs):
        # Each epoch has two whole batches of 16 and one of 4.
        if len(no_graphs) == 4 and len(inputs[0]) == 16:
            raise KeyboardInterrupt
        return run(self, work, inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.perf_counter", lambda: 0.0)  # writing takes no time: every epoch is
        patch.setattr(GraphReplay, "run", run_two_epochs)
        with pytest.raises(KeyboardInterrupt):
            fitted(model, checkpoint=tmp_path)
    no_graphs.clear()
    np.testing.assert_array_equal(fitted(model, checkpoint=tmp_path), whole)
    assert len(no_graphs) == 4  # two whole batches in each of the two epochs that were left


def test_layers_are_known_and_have_no_hooks():
    assert GraphReplay.is_worth_it(GPU, 1000, nn.Sequential(nn.Flatten(), nn.ReLU()).modules())
    assert not GraphReplay.is_worth_it(GPU, 1000, nn.Sequential(nn.ReLU(), Own()).modules())
    hooked = nn.ReLU()
    hooked.register_forward_hook(lambda *_: None)
    assert not GraphReplay.is_worth_it(GPU, 1000, nn.Sequential(hooked).modules())


def test_few_steps_and_cpus_are_not_captured():
    assert not GraphReplay.is_worth_it(GPU, 50)
    assert not GraphReplay.is_worth_it(torch.device("cpu"), 1000)


def test_callbacks_hear_of_steps_that_are_computed(no_graphs):
    fitted(clone(NETWORKS["mlp"]).set_params(callbacks=[Callback()]))
    assert not no_graphs


def test_a_fit_keeps_no_gradients_and_no_graph(no_graphs):
    model = clone(NETWORKS["mlp"]).fit(X, LESIONS.target)
    assert no_graphs
    assert type(model.net_.stepper_).__name__ == "PlainStep"
    assert all(weights.grad is None for weights in model.net_.module_.parameters())
