"""ShallowMLP against plain skorch, a hand-written loop and scikit-learn's MLPClassifier."""

from functools import partial

import numpy as np

from bench import Row
from bench._keras import keras_peer
from bench._torch_loop import Loop


def digits_like(rows, features):
    draws = np.random.default_rng(0)
    return draws.random((rows, features), dtype=np.float32), draws.integers(0, 10, rows)


def ours(X, y, units, batch_size, epochs):
    from skmedimg import ShallowMLP

    settings = {"batch_size": batch_size, "max_epochs": epochs, "schedule": "constant"}
    settings |= {"standardize": False, "weight_decay": 0.0}
    return ShallowMLP(units, random_state=0, **settings).fit(X, y)


def plain_skorch(X, y, units, batch_size, epochs, predict_batch=128):
    """Fit skorch's classifier as its tutorial writes it."""
    import torch
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        network(X.shape[1], units), criterion=torch.nn.CrossEntropyLoss, lr=1e-3,
        optimizer=torch.optim.Adam, batch_size=batch_size, max_epochs=epochs, train_split=None,
        verbose=0, iterator_valid__batch_size=predict_batch,
    )  # fmt: skip
    return net.fit(X, y)


def by_hand(X, y, units, batch_size, epochs, device="cpu"):
    import torch

    def load():
        return torch.from_numpy(X), torch.from_numpy(y)

    loss_of = torch.nn.CrossEntropyLoss()
    return Loop(partial(network, X.shape[1], units), load, loss_of, batch_size, epochs, device)


def scikit_learn(X, y, units, batch_size, epochs):
    from sklearn.neural_network import MLPClassifier

    settings = {"batch_size": batch_size, "max_iter": epochs, "n_iter_no_change": epochs}
    return MLPClassifier(units, **settings).fit(X, y)


def network(features, units):
    from torch import nn

    return nn.Sequential(nn.Linear(features, units[0]), nn.ReLU(), nn.Linear(units[0], 10))


FITS = {"ours": ours, "plain skorch": plain_skorch, "MLPClassifier": scikit_learn}


def make_fit(threads, quick):
    X, y = digits_like(2_000 if quick else 8_000, 784)
    sizes = (X, y, (100,), 128, 5)
    return {
        **{name: partial(fit, *sizes) for name, fit in FITS.items()},
        **by_hand(*sizes).peers(quick),
        "Keras": keras_peer("mlp_fit", quick, threads, rows=len(X), epochs=5),
    }


def make_tiny(quick):
    sizes = (*digits_like(1_437, 64), (32,), 32, 4 if quick else 20)
    return {"ours": partial(ours, *sizes), "hand-written loop": by_hand(*sizes)}


def make_predict(quick):
    """Predict 20,000 rows: skorch in the batches it trained with, and in one batch."""
    X, y = digits_like(4_000 if quick else 20_000, 784)
    fitted = {name: fit(X[:1_000], y[:1_000], (100,), 128, 1) for name, fit in FITS.items()}
    batched = plain_skorch(X[:1_000], y[:1_000], (100,), 128, 1, predict_batch=len(X))
    fitted["plain skorch, one batch"] = batched
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


def above_the_net(seconds):
    above = (seconds["ours"] - seconds["net alone"]) * 1e6
    return {f"microseconds over the net itself (limit {ABOVE})": above, "met": above <= ABOVE}


ABOVE = 60
FIT_GOALS = {"plain skorch": 1.5, "hand-written loop": 1 / 1.02, "MLPClassifier": 1.2, "Keras": 3}
WHY_PREDICT = (
    "on the AMD processor the products of matrices alone take 65 ms in torch (MKL) and 52 ms in "
    "numpy (OpenBLAS), which MLPClassifier uses; to check that all values are finite takes 6 ms."
)
WHY_ONE = (
    "checks of the row, the copy into a block of 16 and the softmax are about 20 calls into torch "
    "and numpy of 2 to 10 us each; the limit is from a faster processor, and was 80 us there."
)
ROWS = [
    Row(
        "mlp-fit",
        "784-100-10, batch 128, 8,000 rows, 5 epochs",
        partial(make_fit, 1),
        goals=FIT_GOALS,
    ),
    Row(
        "mlp-fit-2",
        "784-100-10, batch 128, 8,000 rows, 5 epochs, on two threads",
        partial(make_fit, 2),
        goals=FIT_GOALS,
        threads=2,
        processes=2,
    ),
    Row(
        "mlp-tiny",
        "64-32-10, batch 32, 1,437 rows, 20 epochs",
        make_tiny,
        goals={"hand-written loop": 1 / 1.10},
    ),
    Row(
        "predict",
        "784-100-10, 20,000 rows",
        make_predict,
        goals={"plain skorch": 6, "MLPClassifier": 1.0},
        why=WHY_PREDICT,
    ),
    Row("predict-one", "784-100-10, one row", make_one_row, facts=above_the_net, why=WHY_ONE),
]
