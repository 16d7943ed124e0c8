"""ScratchCNN against skorch alone and a hand-written loop; bfloat16 against float32."""

from functools import partial

import numpy as np

from bench import Row
from bench._keras import keras_peer

FILTERS = (32, 64, 128, 256)


def scans(count, side):
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (count, side, side), dtype=np.uint8)
    return images, draws.integers(0, 2, count)


def ours(X, y, precision="auto", epochs=1, filters=FILTERS):
    from skmedimg import ScratchCNN

    settings = {
        **{"convs_per_block": 1, "global_pool": False, "dense_units": 128, "standardize": False},
        **{"dropout": 0.0, "output": "softmax", "learning_rate": 1e-3, "weight_decay": 0.0},
        "schedule": "constant",
    }
    model = ScratchCNN(filters, precision=precision, max_epochs=epochs, random_state=0, **settings)
    return model.fit(X, y)


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


def plain_skorch(X, y):
    """Fit skorch's classifier as its tutorial writes it, on float images."""
    import torch
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        network(X.shape[1]), criterion=torch.nn.CrossEntropyLoss, lr=1e-3,
        optimizer=torch.optim.Adam, batch_size=32, max_epochs=1, train_split=None, verbose=0,
    )  # fmt: skip
    return net.fit(as_floats(X), y)


def as_floats(X):
    return (X[:, None] / 255).astype(np.float32)


def hand_loop(X, y, device="cpu"):
    """Train one epoch in float32 as one writes it by hand."""
    import torch

    module = network(X.shape[1]).to(device)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    loss_of = torch.nn.CrossEntropyLoss()
    X, y = torch.from_numpy(as_floats(X)).to(device), torch.from_numpy(y).to(device)
    for rows in torch.randperm(len(X)).to(device).split(32):
        optimizer.zero_grad()
        loss = loss_of(module(X[rows]), y[rows])
        loss.backward()
        optimizer.step()
    return module


def make_fit(quick):
    X, y = scans(32 if quick else 128, 128)
    return {
        "ours": partial(ours, X, y),
        "ours, float32": partial(ours, X, y, "float32"),
        "plain skorch": partial(plain_skorch, X, y),
        "hand-written loop": partial(hand_loop, X, y),
        "Keras": keras_peer("cnn_fit", quick, images=len(X), side=128),
    }


def make_fit_float32(quick):
    X, y = scans(32 if quick else 128, 128)
    return {"ours": partial(ours, X, y, "float32"), "plain skorch": partial(plain_skorch, X, y)}


def make_predict(quick):
    X, y = scans(32 if quick else 256, 128)
    floats, net = as_floats(X), plain_skorch(X[:32], y[:32])
    model = ours(X[:32], y[:32])
    return {
        "ours": lambda: model.predict_proba(X),
        "plain skorch": lambda: net.predict_proba(floats),
        "Keras": keras_peer("cnn_predict", quick, images=len(X), side=128),
    }


def make_precision(side, quick):
    """Time bfloat16 against float32 by image size: precision="auto" follows what wins here."""
    X, y = scans(32 if quick else max(64, 2**19 // side**2), side)
    return {
        "ours": partial(ours, X, y, "bfloat16", 2, (32, 64, 128)),
        "float32": partial(ours, X, y, "float32", 2, (32, 64, 128)),
    }


WHY_FLOAT32 = (
    "convolutions are 72 % of ours, in the kernels that plain skorch calls as well: were all else "
    "free, it would be 1.9x (torch's profiler, Zen 3). What can be saved is: page faults fall from "
    "310,000 to 54,000, time in the kernel from 1.05 s to 0.27 s, of 3.7 s."
)
WORK = "conv 32-64-128-256 with BatchNorm, 128x128, batch 32"
ROWS = [
    Row("cnn-fit", f"{WORK}, one epoch", make_fit, repeats=7,
        goals={"plain skorch": 3.4, "hand-written loop": 3.4, "Keras": 2.2}),
    Row("cnn-fit-float32", f"{WORK}, one epoch in float32", make_fit_float32, repeats=7,
        goals={"plain skorch": 2.2}, why=WHY_FLOAT32),
    Row("cnn-predict", f"{WORK}, 256 images", make_predict, repeats=7,
        goals={"plain skorch": 5.5, "Keras": 2.2}),
    *(
        Row(f"precision-{side}", f"conv 32-64-128, {side}x{side}, bfloat16 against float32",
            partial(make_precision, side), repeats=5)
        for side in (16, 24, 32, 64)
    ),
]  # fmt: skip
