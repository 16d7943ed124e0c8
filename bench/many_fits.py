"""Many small networks: ours together and one by one, against skorch and batching by hand."""

from functools import partial

import numpy as np

from bench import Row
from bench.mlp import network

FOLDS, ROWS_IN_ALL, FEATURES, UNITS, CLASSES = 5, 3_200, 64, 32, 10
RATES = np.logspace(-4, -1, 8)
BATCH, EPOCHS, GROUP = 32, 2, 10


def tasks(quick):
    """Return rows, labels, and for each fit its learning rate and the rows it trains on."""
    draws = np.random.default_rng(0)
    X = draws.random((ROWS_IN_ALL, FEATURES), dtype=np.float32)
    y = draws.integers(0, CLASSES, ROWS_IN_ALL)
    folds = np.array_split(np.arange(ROWS_IN_ALL), FOLDS)
    kept = [np.setdiff1d(np.arange(ROWS_IN_ALL), held_out) for held_out in folds]
    fits = [(rate, rows) for rate in RATES for rows in kept]
    return X, y, fits[:GROUP] if quick else fits


def together(X, y, fits, device="cpu"):
    """Fit as a search does, by joblib, with nothing but the context around it."""
    from joblib import Parallel, delayed

    from skmedimg.neural import fit_together

    with fit_together(GROUP):
        Parallel()(delayed(fit)(X, y, rate, rows, device) for rate, rows in fits)


def one_by_one(X, y, fits, device="cpu"):
    for rate, rows in fits:
        fit(X, y, rate, rows, device)


def fit(X, y, rate, rows, device):
    from skmedimg import ShallowMLP

    settings = {"batch_size": BATCH, "max_epochs": EPOCHS, "device": device}
    settings |= {"schedule": "constant", "random_state": 0}
    ShallowMLP((UNITS,), learning_rate=rate, **settings).fit(X[rows], y[rows])


def plain_skorch(X, y, fits, device="cpu"):
    import torch
    from skorch import NeuralNetClassifier

    for rate, rows in fits:
        NeuralNetClassifier(
            network(FEATURES, (UNITS,)), criterion=torch.nn.CrossEntropyLoss, lr=rate,
            optimizer=torch.optim.Adam, batch_size=BATCH, max_epochs=EPOCHS, train_split=None,
            verbose=0, device=device,
        ).fit(X[rows], y[rows])  # fmt: skip


def by_hand(X, y, fits):
    """Train ten networks at once: their weights stacked, their batches multiplied together."""
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    for start in range(0, len(fits), GROUP):
        rates, rows = zip(*fits[start : start + GROUP], strict=True)
        train_stacked(X, y, torch.tensor(np.stack(rows)), torch.tensor(rates, dtype=torch.float32))


def train_stacked(X, y, rows, rates):
    """Train a stack of networks with Adam, each at its own rate, on its own rows."""
    import torch

    many, sizes = len(rates), [(FEATURES, UNITS), (1, UNITS), (UNITS, CLASSES), (1, CLASSES)]
    weights = [(torch.rand(many, *size) - 0.5).div_(8).requires_grad_() for size in sizes]
    first = [torch.zeros_like(part) for part in weights]
    second = [torch.zeros_like(part) for part in weights]
    step = 0
    for _ in range(EPOCHS):
        order = torch.randperm(rows.shape[1])
        for chosen in rows[:, order].split(BATCH, dim=1):
            step += 1
            hidden = torch.baddbmm(weights[1], X[chosen], weights[0]).relu()
            logits = torch.baddbmm(weights[3], hidden, weights[2])
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), y[chosen].flatten(), reduction="sum"
            )
            slopes = torch.autograd.grad(loss / chosen.shape[1], weights)
            adam(weights, first, second, slopes, rates, step)


def adam(weights, first, second, slopes, rates, step):
    """Move every weight as Adam does, by the rate of its network."""
    import torch

    with torch.no_grad():
        torch._foreach_lerp_(first, slopes, 0.1)
        torch._foreach_mul_(second, 0.999)
        torch._foreach_addcmul_(second, slopes, slopes, 0.001)
        roots = torch._foreach_sqrt(second)
        torch._foreach_div_(roots, (1 - 0.999**step) ** 0.5)
        torch._foreach_add_(roots, 1e-8)
        moves = torch._foreach_div(first, roots)
        torch._foreach_mul_(moves, [rates[:, None, None] / (1 - 0.9**step)] * len(moves))
        torch._foreach_sub_(weights, moves)


def make(quick):
    given = tasks(quick)
    contenders = {
        "ours": together, "ours, one by one": one_by_one, "plain skorch": plain_skorch,
        "by hand, ten at a time": by_hand,
    }  # fmt: skip
    return {name: partial(call, *given) for name, call in contenders.items()}


ROWS = [
    Row("many-fits", f"40 fits (5 folds, 8 rates) of {FEATURES}-{UNITS}-{CLASSES} on 3,200 rows, "
        f"batch {BATCH}, {EPOCHS} epochs", make, goals={"plain skorch": 4.5}, repeats=5),
]  # fmt: skip
