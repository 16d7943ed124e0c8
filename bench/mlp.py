"""ShallowMLP against plain skorch, a hand-written loop and scikit-learn's MLPClassifier."""

from functools import partial

import numpy as np

from bench import Row
from bench._keras import keras_peer


def digits_like(rows, features):
    draws = np.random.default_rng(0)
    return draws.random((rows, features), dtype=np.float32), draws.integers(0, 10, rows)


def ours(X, y, units, batch_size, epochs):
    from skmedimg import ShallowMLP

    settings = {"batch_size": batch_size, "max_epochs": epochs, "schedule": "constant"}
    settings |= {"standardize": False, "weight_decay": 0.0}
    return ShallowMLP(units, random_state=0, **settings).fit(X, y)


def plain_skorch(X, y, units, batch_size, epochs, device="cpu"):
    """Fit skorch's classifier as its tutorial writes it."""
    import torch
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        network(X.shape[1], units), criterion=torch.nn.CrossEntropyLoss, lr=1e-3,
        optimizer=torch.optim.Adam, batch_size=batch_size, max_epochs=epochs, train_split=None,
        verbose=0, device=device,
    )  # fmt: skip
    return net.fit(X, y)


def hand_loop(X, y, units, batch_size, epochs, device="cpu"):
    """Train as fast as one writes it by hand: fused optimizer, batches sliced from tensors."""
    import torch

    module = network(X.shape[1], units).to(device)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
    loss_of = torch.nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X).to(device), torch.from_numpy(y).to(device)
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(X)).to(device).split(batch_size):
            optimizer.zero_grad()
            loss = loss_of(module(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
        float(total)
    return module


def scikit_learn(X, y, units, batch_size, epochs):
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPClassifier(
            units, batch_size=batch_size, max_iter=epochs, n_iter_no_change=epochs
        )
        return model.fit(X, y)


def network(features, units):
    from torch import nn

    return nn.Sequential(nn.Linear(features, units[0]), nn.ReLU(), nn.Linear(units[0], 10))


FITS = {
    "ours": ours,
    "plain skorch": plain_skorch,
    "hand-written loop": hand_loop,
    "MLPClassifier": scikit_learn,
}


def make_fit(threads, quick):
    X, y = digits_like(2_000 if quick else 8_000, 784)
    calls = {name: partial(fit, X, y, (100,), 128, 5) for name, fit in FITS.items()}
    return calls | {"Keras": keras_peer("mlp_fit", quick, threads, rows=len(X), epochs=5)}


def make_tiny(quick):
    X, y = digits_like(1_437, 64)
    epochs = 4 if quick else 20
    return {
        name: partial(FITS[name], X, y, (32,), 32, epochs) for name in ("ours", "hand-written loop")
    }


def make_predict(quick):
    X, y = digits_like(4_000 if quick else 20_000, 784)
    names = ("ours", "plain skorch", "MLPClassifier")
    fitted = {name: FITS[name](X[:1_000], y[:1_000], (100,), 128, 1) for name in names}
    return {name: partial(model.predict_proba, X) for name, model in fitted.items()}


def make_one_row(quick):
    """One row: what we add to the network itself, a forward pass of 16 rows."""
    import torch

    X, y = digits_like(1_000, 784)
    model = ours(X, y, (100,), 128, 1)
    module, row = model.net_.module_, torch.zeros(16, 784)

    def net_alone():
        with torch.inference_mode():
            module(row)

    names = ("plain skorch", "MLPClassifier")
    peers = {name: FITS[name](X, y, (100,), 128, 1) for name in names}
    return {
        "ours": partial(model.predict_proba, X[:1]),
        **{name: partial(peer.predict_proba, X[:1]) for name, peer in peers.items()},
        "net alone": net_alone,
    }


FIT_GOALS = {
    "plain skorch": 2.2, "hand-written loop": 1 / 1.03, "MLPClassifier": 1.2, "Keras": 3,
}  # fmt: skip
ROWS = [
    Row("mlp-fit", "784-100-10, batch 128, 8,000 rows, 5 epochs", partial(make_fit, 1),
        goals=FIT_GOALS),
    Row("mlp-fit-2", "784-100-10, batch 128, 8,000 rows, 5 epochs, on two threads",
        partial(make_fit, 2), threads=2, goals=FIT_GOALS),
    Row("mlp-tiny", "64-32-10, batch 32, 1,437 rows, 20 epochs", make_tiny,
        goals={"hand-written loop": 1 / 1.10}),
    Row("predict", "784-100-10, 20,000 rows", make_predict,
        goals={"plain skorch": 6, "MLPClassifier": 1.2}),
    Row("predict-one", "784-100-10, one row", make_one_row,
        facts=lambda seconds: {"microseconds over the net itself":
                               (seconds["ours"] - seconds["net alone"]) * 1e6}),
]  # fmt: skip
