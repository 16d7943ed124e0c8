"""Every scratch network of the published reports can be written, with its exact size."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from skmedimg import ScratchCNN, ShallowMLP
from skmedimg.networks import Dropout, build_backbone, class_loss, probabilities, set_generator

CNN1 = {
    "filters": (32, 64, 128, 256),
    "padding": "valid",
    "norm": "batch",
    "block_order": "conv-act-pool-norm",
}
CNN2 = {
    "filters": (32, 64, 128, 128),
    "padding": "valid",
    "norm": "batch",
    "block_order": "conv-act-norm-pool",
    "dense_units": (512,),
}
BRAIN = {
    "filters": (32, 64, 128, 256),
    "activation": "leaky-relu",
    "norm": "batch",
    "block_order": "conv-act-pool-norm",
    "dense_units": (128, 64),
    "dropout": (0.5, 0.0),
}
SMALL = {"filters": (8, 16, 32, 64, 128), "norm": None, "dense_units": (32, 16), "dropout": 0.0}
DIGITS = {"filters": (10, 10, 10), "kernel_size": (7, 5, 3), "norm": None, "dropout": 0.0}
DEEP = {
    "filters": (32, 64, 64, 128, 128),
    "convs_per_block": 2,
    "norm": None,
    "block_dropout": (0.25, 0.25, 0.4, 0.4, 0.4),
    "dense_units": (256,),
    "output": "softmax",
}
# What the published networks were built with, where the default is another.
PLAIN = {"convs_per_block": 1, "global_pool": False, "dense_units": (128,)}
PUBLISHED_CNNS = [
    ("chest/cnn1", CNN1, (224, 224, 1), 2, 5_107_649, 5_108_609),
    ("chest/cnn2", CNN2, (224, 224, 3), 2, 9_679_745, None),
    ("chest/cnn2-256", CNN2, (256, 256, 3), 2, 13_087_617, None),
    ("brain/scratch-cnn", BRAIN, (128, 128, 3), 2, 2_494_977, 2_495_937),
    ("chest/small-cnn", SMALL, (128, 128, 1), 2, 164_353, None),
    ("chest/deep-cnn", DEEP, (224, 224, 3), 2, 2_262_434, None),
    ("digits/cnn", DIGITS | {"dense_units": (10,)}, (28, 28, 1), 10, 4_940, None),
    ("digits/cnn-20", DIGITS | {"dense_units": (20,)}, (28, 28, 1), 10, 5_950, None),
    ("digits/cnn-100", DIGITS | {"dense_units": (100,)}, (28, 28, 1), 10, 14_030, None),
    ("digits/cnn-300", DIGITS | {"dense_units": (300,)}, (28, 28, 1), 10, 34_230, None),
]
PUBLISHED_MLPS = [
    ("digits/mlp", (30, 30), 784, 24_790),
    ("digits/mlp-deep", (30, 30, 30), 784, 25_720),
    ("digits/hog-mlp", (100,), 392, 40_310),
    ("digits/hog4-mlp", (100,), 196, 20_710),
    ("digits/hog-mlp-300", (300,), 392, 120_910),
    ("digits/hog7-mlp", (100,), 128, 13_910),
    ("digits/hog-mlp-2", (2,), 392, 816),
]


def module_of(estimator, image_shape, n_classes):
    estimator.classes_ = np.arange(n_classes)
    with torch.device("meta"):
        return estimator.build_module(image_shape, estimator._n_outputs())


def count(module, buffers=False):
    numbers = sum(weights.numel() for weights in module.parameters())
    kept = [b for b in module.buffers() if b.ndim] if buffers else []
    return numbers + sum(values.numel() for values in kept)


@pytest.mark.parametrize(
    ("parameters", "image_shape", "n_classes", "weights", "with_statistics"),
    [row[1:] for row in PUBLISHED_CNNS],
    ids=[row[0] for row in PUBLISHED_CNNS],
)
def test_published_cnns_have_their_exact_size(
    parameters, image_shape, n_classes, weights, with_statistics
):
    module = module_of(ScratchCNN(**PLAIN | parameters), image_shape, n_classes)
    assert count(module) == weights
    if with_statistics is not None:
        assert count(module, buffers=True) == with_statistics


@pytest.mark.parametrize(
    ("units", "n_features", "weights"),
    [row[1:] for row in PUBLISHED_MLPS],
    ids=[row[0] for row in PUBLISHED_MLPS],
)
def test_published_mlps_have_their_exact_size(units, n_features, weights):
    assert count(module_of(ShallowMLP(units), (n_features,), 10)) == weights


@pytest.mark.parametrize(
    ("order", "kinds"),
    [
        ("conv-norm-act-pool", ["Conv2d", "GroupNorm", "SiLU"] * 2 + ["MaxPool2d"]),
        ("conv-act-pool-norm", ["Conv2d", "SiLU"] * 2 + ["MaxPool2d", "GroupNorm"]),
    ],
)
def test_what_stands_before_pool_is_repeated_with_every_convolution(order, kinds):
    estimator = ScratchCNN((8,), activation="silu", norm="group", block_order=order)
    block = module_of(estimator, (8, 8, 1), 2)[0][0]
    assert [type(part).__name__ for part in block] == kinds


@pytest.mark.parametrize("activation", ["elu", "identity", "leaky-relu", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("norm", [None, "group"])
def test_pooling_before_a_rising_activation_changes_no_number_and_no_gradient(activation, norm):
    estimator = ScratchCNN((8,), activation=activation, norm=norm, dense_units=())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        quick = estimator.build_module((9, 10, 3), 3).double()
    written = copy.deepcopy(quick)
    *before, pool, act = written[0][0]
    written[0][0] = nn.Sequential(*before, act, pool)
    draws = torch.Generator().manual_seed(0)
    images = torch.randn(5, 3, 9, 10, generator=draws, dtype=torch.float64)
    torch.testing.assert_close(quick(images), written(images))
    for network in (quick, written):
        network(images).square().sum().backward()
    for ours, theirs in zip(quick.parameters(), written.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("shape", [(1, 7, 1), (5, 3, 2), (17, 33, 3)])
def test_any_size_runs_for_pooling_stops_at_one_pixel(shape):
    module = module_of(ScratchCNN((4, 4, 4, 4)), shape, 3)
    images = torch.empty(2, shape[2], shape[0], shape[1], device="meta")
    assert module(images).shape == (2, 3)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"padding": "valid"}, r"block 3 gets .*leave nothing"),
        ({"kernel_size": (3, 3)}, r"kernel_size needs one value, or one per layer \(3\)"),
        ({"kernel_size": (3, 0, 3)}, "kernel_size needs whole numbers of at least 1"),
        ({"filters": (8.5,)}, "filters needs whole numbers"),
        ({"filters": ()}, "at least one block"),
        ({"block_dropout": (0.5, 1.0, 0.1)}, "below 1"),
        ({"padding": ("same", "full", "same")}, "padding needs one of"),
        ({"block_order": "conv-pool"}, "block_order needs"),
        ({"block_order": "norm-act-conv-pool"}, "conv first"),
    ],
)
def test_bad_parts_are_named_before_training(parameters, words):
    X = np.zeros((4, 16, 16), np.uint8)
    with pytest.raises(ValueError, match=words):
        ScratchCNN(**parameters).fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize("make", [ScratchCNN, ShallowMLP])
def test_glorot_weights_have_the_published_spread_and_biases_are_zero(make):
    model = make(weight_init="glorot", learning_rate=1e-30, max_epochs=1, random_state=0)
    model.fit(np.random.RandomState(0).randint(0, 255, (4, 32, 32), np.uint8), [0, 1, 0, 1])
    layers = [m for m in model.net_.module_.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for layer in layers:
        field = layer.weight[0, 0].numel()
        limit = np.sqrt(6 / (field * sum(layer.weight.shape[:2])))  # Glorot and Bengio, 2010
        weights = layer.weight.detach().cpu().numpy()
        assert 0.9 * limit < abs(weights).max() <= limit * 1.000001
        assert layer.bias.abs().max() < 1e-20
    assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.15)


def test_our_dropout_keeps_the_mean_and_its_own_generator():
    dropout = build_backbone(nn.Dropout(0.25)).network
    assert isinstance(dropout, Dropout)
    set_generator(dropout, torch.Generator().manual_seed(0))
    out = dropout.train()(torch.ones(100_000))
    assert abs(float(out.mean()) - 1) < 0.01
    assert abs(float((out == 0).float().mean()) - 0.25) < 0.01
    assert torch.equal(dropout.eval()(out), out)


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_losses_and_probabilities_agree_with_torch(n_outputs):
    draws = torch.Generator().manual_seed(0)
    logits = torch.randn(20, n_outputs, generator=draws, dtype=torch.float64)
    labels = torch.randint(0, max(2, n_outputs), (20,), generator=draws)
    two = torch.cat([torch.zeros_like(logits), logits], 1) if n_outputs == 1 else logits
    oracle = nn.functional.nll_loss(two.log_softmax(1), labels, reduction="none")
    loss = class_loss(n_outputs)
    torch.testing.assert_close(loss(logits, labels), oracle)
    torch.testing.assert_close(loss.mean(logits, labels), oracle.mean())
    torch.testing.assert_close(probabilities(logits), two.softmax(1))
