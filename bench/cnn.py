"""ScratchCNN against skorch alone and loops by hand in the same precision; bfloat16 by itself."""

from copy import deepcopy
from functools import partial

import numpy as np

from bench import Row
from bench._keras import keras_peer
from bench._torch_loop import Loop

FILTERS = (32, 64, 128, 256)


def scans(count, side):
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (count, side, side), dtype=np.uint8)
    return images, draws.integers(0, 2, count)


def ours(X, y, precision, epochs=1, filters=FILTERS, device="cpu"):
    from skmedimg import ScratchCNN

    settings = {
        **{"convs_per_block": 1, "global_pool": False, "dense_units": 128, "standardize": False},
        **{"dropout": 0.0, "output": "softmax", "learning_rate": 1e-3, "weight_decay": 0.0},
        "schedule": "constant",
    }
    settings |= {"precision": precision, "max_epochs": epochs, "device": device}
    return ScratchCNN(filters, random_state=0, **settings).fit(X, y)


def network(side):
    from torch import nn

    layers, channels = [], 1
    for filters in FILTERS:
        convolution = nn.Conv2d(channels, filters, 3, padding=1)
        layers += [convolution, nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    features = channels * (side // 16) ** 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(features, 128), nn.ReLU(), nn.Linear(128, 2)
    )


def plain_skorch(X, y, predict_batch=32):
    """Fit skorch's classifier as its tutorial writes it, on float images."""
    import torch
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        network(X.shape[1]), criterion=torch.nn.CrossEntropyLoss, lr=1e-3,
        optimizer=torch.optim.Adam, batch_size=32, max_epochs=1, train_split=None, verbose=0,
        iterator_valid__batch_size=predict_batch,
    )  # fmt: skip
    return net.fit(as_floats(X), y)


def as_floats(X):
    return (X[:, None] / 255).astype(np.float32)


def by_hand(X, y, precision, device="cpu"):
    import torch

    def load():
        return torch.from_numpy(as_floats(X)), torch.from_numpy(y)

    loss_of = torch.nn.CrossEntropyLoss()
    return Loop(partial(network, X.shape[1]), load, loss_of, 32, 1, device, precision)


def multiplies_bfloat16(device="cpu"):
    import torch

    from skmedimg._device import resolve_precision

    return resolve_precision("auto", torch.device(device), 128**2).autocast is torch.bfloat16


def make_fit_float32(quick):
    X, y = scans(8 if quick else 128, 128)
    return {
        "ours": partial(ours, X, y, "float32"),
        "plain skorch": partial(plain_skorch, X, y),
        **by_hand(X, y, "float32").peers(quick),
        "Keras": keras_peer("cnn_fit", quick, images=len(X), side=128),
    }


def make_fit_bfloat16(quick):
    if not multiplies_bfloat16():
        return {"ours": NO_BFLOAT16}
    X, y = scans(8 if quick else 128, 128)
    return {"ours": partial(ours, X, y, "bfloat16"), **by_hand(X, y, "bfloat16").peers(quick)}


def make_predict(quick):
    """Predict in float32: skorch in the batches it trained with, and in one."""
    import torch

    X, y = scans(32 if quick else 256, 128)
    floats = as_floats(X)
    net, batched = (plain_skorch(X[:32], y[:32], batch) for batch in (32, len(X)))
    module = deepcopy(net.module_).eval().to(memory_format=torch.channels_last)
    model = ours(X[:32], y[:32], "float32")
    return {
        "ours": lambda: model.predict_proba(X),
        "plain skorch": lambda: net.predict_proba(floats),
        "plain skorch, one batch": lambda: batched.predict_proba(floats),
        "hand-written loop": lambda: forward(module, X),
        "Keras": keras_peer("cnn_predict", quick, images=len(X), side=128),
    }


def forward(module, X, batch=64):
    """Return probabilities as one writes it by hand, in batches that fit a core's cache."""
    import torch

    with torch.inference_mode():
        batches = torch.from_numpy(as_floats(X)).split(batch)
        return torch.cat([module(images).softmax(1) for images in batches]).numpy()


def make_precision(side, quick):
    """Time bfloat16 against float32 by image size: precision="auto" follows what wins here."""
    X, y = scans(8 if quick else max(64, 2**19 // side**2), side)
    return {
        "ours": partial(ours, X, y, "bfloat16", 2, (32, 64, 128)),
        "float32": partial(ours, X, y, "float32", 2, (32, 64, 128)),
    }


NO_BFLOAT16 = "this processor does not multiply bfloat16"
WHY_FLOAT32 = (
    "convolutions are 72 % of ours, in the kernels that plain skorch calls as well: were all else "
    "free, it would be 1.9x (torch's profiler, Zen 3). What can be saved is: page faults fall from "
    "310,000 to 54,000, time in the kernel from 1.05 s to 0.27 s, of 3.7 s."
)
WORK = "conv 32-64-128-256 with BatchNorm, 128x128, batch 32"
BY_HAND = {"hand-written loop": 1 / 1.02}
ROWS = [
    Row(
        "cnn-fit-float32",
        f"{WORK}, one epoch in float32",
        make_fit_float32,
        goals={"plain skorch": 1.5, **BY_HAND},
        repeats=7,
        why=WHY_FLOAT32,
    ),
    Row(
        "cnn-fit-bfloat16",
        f"{WORK}, one epoch in bfloat16, peers as well",
        make_fit_bfloat16,
        goals=BY_HAND,
        repeats=7,
    ),
    Row(
        "cnn-predict",
        f"{WORK}, 256 images in float32",
        make_predict,
        goals={"plain skorch, one batch": 1.5, **BY_HAND},
        repeats=7,
    ),
    *(
        Row(
            f"precision-{side}",
            f"conv 32-64-128, {side}x{side}, bfloat16 against float32",
            partial(make_precision, side),
            repeats=5,
        )
        for side in (16, 24, 32, 64)
    ),
]
