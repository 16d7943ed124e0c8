"""Defaults of the networks: do they learn, with nothing set, on image sets that are nothing alike?

Each fit of a model on a set, a stress version of it and a seed is one line of a JSON file, so that
a run that was stopped goes on where it was:
`SKMEDIMG_DATA=FOLDER python -m bench.studies.defaults [--sets digits ...] [--stress plain ...]
[--models cnn ...] [--seeds 0 1 2] [--table]`.

Sets: digits (8x8, 10 classes), mnist-N, chest-SIDE-N (official split), brain-SIDE (duplicates on
one side), lungs-SIDE-N (4 classes, patients on one side), lesions-NOISE-N; N training images.
"""

import argparse
import os
import statistics
import time
import warnings
from pathlib import Path

import numpy as np

from bench._runner import pinned_threads
from bench.studies import RESULTS, append_record, read_records

NAME = "defaults"
SETS = (
    *("digits", "mnist-500", "mnist-1500", "chest-28-300", "chest-64-600", "chest-128-600"),
    *("brain-32", "brain-64", "brain-128", "lungs-32-300", "lungs-64-1000"),
    *("lesions-0.1-300", "lesions-0.2-300", "lesions-0.35-300"),
)
# The defaults were not chosen on these.
SET_APART = ("brain-64", "mnist-1500")
BEFORE = {
    "mlp": {"standardize": False, "weight_decay": 0.0, "max_epochs": 50},
    "cnn": {
        **{"standardize": False, "norm": "group", "convs_per_block": 1, "global_pool": False},
        **{"dense_units": 128, "learning_rate": 1e-3, "schedule": "cosine", "weight_decay": 0.0},
        "max_epochs": 30,
    },
    "unet": {
        **{"standardize": False, "norm": None, "learning_rate": 1e-3, "schedule": "cosine"},
        "max_epochs": 20,
    },
}
EPOCHS_OF_RESNET = 30


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--stress", nargs="+", default=["plain"], choices=sorted(STRESS))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=sorted(MODELS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table and fit nothing")
    options = parser.parse_args()
    path = options.out / f"{NAME}.jsonl"
    if options.table:
        print(table(read_records(path)))
        return
    done = {key_of(line) for line in read_records(path)}
    with pinned_threads(1):
        for name in options.sets:
            for stress in options.stress:
                for seed in options.seeds:
                    data = None
                    for model in options.models:
                        if (name, stress, model, seed) in done:
                            continue
                        data = stressed(load(name, seed), stress) if data is None else data
                        line = {"set": name, "stress": stress, "model": model, "seed": seed}
                        line |= fit_and_score(model, data, seed)
                        append_record(path, line)


def key_of(line):
    return line["set"], line["stress"], line["model"], line["seed"]


# Data -----------------------------------------------------------------------------------------


def load(name, seed):
    """Return training images and labels, test images and labels of a set."""
    kind, *numbers = name.split("-")
    return LOADERS[kind](seed, *numbers)


def digits(seed):
    from sklearn.datasets import load_digits

    images, y = load_digits(return_X_y=True)
    return shuffled((images.reshape(-1, 8, 8) * 15.9375).astype(np.uint8), y, seed, 1000, 797)


def mnist(seed, count):
    with np.load(folder() / "mnist.npz") as file:
        rows = np.random.RandomState(seed).permutation(60000)[: int(count)]
        train = file["train_images"][rows], file["train_labels"][rows]
        return *train, file["test_images"][:1500], file["test_labels"][:1500]


def chest(seed, side, count):
    train, test = (files("chest_pneumonia/" + part, int(side)) for part in ("train", "test"))
    rows = np.random.RandomState(seed).permutation(len(train[0]))[: int(count)]
    return train[0][rows], train[1][rows], *test


def brain(seed, side):
    images, y = files("brain_mri", int(side))
    small = files("brain_mri", 16)[0].astype(float)
    groups = np.arange(len(images))
    for row in range(len(images)):
        near = np.abs(small[:row] - small[row]).mean((1, 2)) < 3
        groups[row] = groups[near.argmax()] if near.any() else row
    return grouped(images, y, groups, seed, 170, 90)


def lungs(seed, side, count):
    with np.load(folder() / "lungs_4class_128.npz") as file:
        images = resized(file["images"], int(side))
        return grouped(images, file["labels"], file["groups"], seed, int(count), 400)


def lesions(seed, noise, count):
    from skmedimg.datasets import make_lesions

    data = make_lesions(int(count) + 400, size=32, noise=float(noise), random_state=seed)
    return data.images[:-400], data.target[:-400], data.images[-400:], data.target[-400:]


LOADERS = {
    **{"digits": digits, "mnist": mnist, "chest": chest},
    **{"brain": brain, "lungs": lungs, "lesions": lesions},
}


def folder():
    return Path(os.environ["SKMEDIMG_DATA"])


def files(name, side):
    """Return gray images of side x side, and the number of the folder of each, in order."""
    from PIL import Image

    found = [
        (np.asarray(Image.open(path).convert("L").resize((side, side), Image.BOX)), label)
        for label, part in enumerate(sorted((folder() / name).iterdir()))
        for path in sorted(part.iterdir())
    ]
    images, y = zip(*found, strict=True)
    return np.stack(images), np.array(y)


def resized(images, side):
    from PIL import Image

    return np.stack(
        [np.asarray(Image.fromarray(image).resize((side, side), Image.BOX)) for image in images]
    )


def shuffled(images, y, seed, n_train, n_test):
    rows = np.random.RandomState(seed).permutation(len(images))
    train, test = rows[:n_train], rows[n_train : n_train + n_test]
    return images[train], y[train], images[test], y[test]


def grouped(images, y, groups, seed, n_train, n_test):
    """Return a split of the groups, with at most so many images on each side."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
    train, test = next(folds.split(images, y, groups))
    draws = np.random.RandomState(seed)
    train, test = draws.permutation(train)[:n_train], draws.permutation(test)[:n_test]
    return images[train], y[train], images[test], y[test]


def bytes_of(unit):
    return np.clip(unit * 255, 0, 255).round().astype(np.uint8)


def bordered(unit):
    """Return images whose outer 20 % on each side are black."""
    inner = np.zeros_like(unit)
    height, width = (int(side * 0.2) for side in unit.shape[1:3])
    kept = np.s_[:, height : unit.shape[1] - height, width : unit.shape[2] - width]
    inner[kept] = unit[kept]
    return bytes_of(inner)


# From images in 0..1 to what a scanner or a program may make of them.
STRESS = {
    "plain": bytes_of,
    "inverted": lambda unit: bytes_of(1 - unit),
    "gamma .4": lambda unit: bytes_of(unit**0.4),
    "gamma 2.5": lambda unit: bytes_of(unit**2.5),
    "offset": lambda unit: bytes_of(0.8 + 0.2 * unit),
    "faint": lambda unit: bytes_of(0.42 + 0.08 * unit),
    "border": bordered,
    "12 of 16 bits": lambda unit: (unit * 4095).round().astype(np.uint16),
    "float 255": lambda unit: unit * 255,
    "HU": lambda unit: unit * 4000 - 1000,
    "color": lambda unit: bytes_of(np.stack([unit, unit**2, 1 - unit], axis=-1)),
    "imbalance": bytes_of,
}


def stressed(data, stress):
    X, y, X_test, y_test = data
    if stress == "imbalance":  # twenty of the first class for one of the last
        rare = np.flatnonzero(y == y.max())
        kept = np.setdiff1d(np.arange(len(y)), rare[max(4, (y == 0).sum() // 20) :])
        X, y = X[kept], y[kept]
    change = STRESS[stress]
    units = (images.astype(np.float32) / 255 for images in (X, X_test))
    X, X_test = map(change, units)
    return X, y, X_test, y_test


# Models ---------------------------------------------------------------------------------------


def linear(seed):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    rows = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    return make_pipeline(rows, StandardScaler(), LogisticRegression(max_iter=300))


def sklearn_mlp(seed):
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

    rows = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    return make_pipeline(rows, MaxAbsScaler(), MLPClassifier(random_state=seed))


def mlp(seed, **settings):
    from skmedimg import ShallowMLP

    return ShallowMLP(random_state=seed, **settings)


def hog_mlp(seed, **settings):
    from skmedimg import HOG, Pipeline

    return Pipeline([HOG(pixels_per_cell=4, cells_per_block=2), mlp(seed, **settings)])


def cnn(seed, **settings):
    from skmedimg import ScratchCNN

    return ScratchCNN(random_state=seed, **settings)


class ResNet:
    """torchvision's ResNet-18 from scratch, in a plain loop of Adam over scaled pixels."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X, y):
        import torch
        from torch.nn import functional
        from torchvision.models import resnet18

        self.classes_ = np.unique(y)
        self.largest = float(X.max())
        torch.manual_seed(self.seed)
        self.network = resnet18(num_classes=len(self.classes_))
        # Fused: the same steps, and half of the time where a step has few images.
        optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, fused=True)
        images, labels = self.tensor(X), torch.as_tensor(np.searchsorted(self.classes_, y))
        for _ in range(EPOCHS_OF_RESNET):
            for rows in torch.randperm(len(y)).split(32):
                if len(rows) > 1:
                    optimizer.zero_grad()
                    functional.cross_entropy(self.network(images[rows]), labels[rows]).backward()
                    optimizer.step()
        return self

    def predict_proba(self, X):
        import torch

        with torch.no_grad():
            self.network.eval()
            parts = [self.network(part).softmax(1) for part in self.tensor(X).split(64)]
        return torch.cat(parts).double().numpy()

    def tensor(self, X):
        import torch

        values = torch.as_tensor(X.astype(np.float32) / self.largest)
        stacked = values[:, None].repeat(1, 3, 1, 1) if X.ndim == 3 else values.movedim(-1, 1)
        return stacked


MODELS = {
    "linear": linear,
    "sklearn MLP": sklearn_mlp,
    "mlp before": lambda seed: mlp(seed, **BEFORE["mlp"]),
    "mlp": mlp,
    "hog mlp before": lambda seed: hog_mlp(seed, **BEFORE["mlp"]),
    "hog mlp": hog_mlp,
    "cnn before": lambda seed: cnn(seed, **BEFORE["cnn"]),
    "cnn": cnn,
    "cnn, 16 filters": lambda seed: cnn(seed, filters=(16, 32, 64)),
    "resnet18": ResNet,
}
# The defaults, and what each has to beat.
PAIRS = (
    *(("mlp", "mlp before"), ("mlp", "sklearn MLP"), ("hog mlp", "hog mlp before")),
    *(("cnn", "cnn before"), ("cnn", "sklearn MLP"), ("cnn", "resnet18"), ("cnn", "linear")),
)


def fit_and_score(name, data, seed):
    """Return scores, seconds and whether the fit predicts one class for all training images."""
    from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

    X, y, X_test, y_test = data
    model = MODELS[name](seed)
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y)
        except ValueError as error:
            return {"failed": str(error).partition("\n")[0][:120]}
    seconds = time.perf_counter() - begin
    chances, trained = model.predict_proba(X_test), model.predict_proba(X).argmax(1)
    scores = chances[:, 1] if chances.shape[1] == 2 else chances
    auc = roc_auc_score(y_test, scores, multi_class="ovr")
    return {
        "auc": round(float(auc), 4),
        "balanced accuracy": round(float(balanced_accuracy_score(y_test, chances.argmax(1))), 4),
        "log loss": round(float(log_loss(y_test, chances)), 3),
        "one class": bool((trained == trained[0]).all()),
        "seconds": round(seconds, 1),
    }


# Table ----------------------------------------------------------------------------------------


def table(lines):
    """Return the mean over the seeds of each model on each set, and who is better, as Markdown."""
    models = [name for name in MODELS if any(line["model"] == name for line in lines)]
    scores = {}  # (set, stress version) -> model -> seed -> AUC
    for line in sorted(lines, key=key_of):
        found = scores.setdefault((line["set"], line["stress"]), {})
        found.setdefault(line["model"], {})[line["seed"]] = line.get("auc", 0.5)
    rows = [f"| set | {' | '.join(models)} |", "|---" * (len(models) + 1) + "|"]
    for (name, stress), found in scores.items():
        apart = " (set apart)" if name in SET_APART else ""
        cells = [shown(found.get(model)) for model in models]
        rows.append(f"| {name} {stress}{apart} | {' | '.join(cells)} |")
    dead = [str(sum(ln.get("one class", True) for ln in lines if ln["model"] == m)) for m in models]
    rows.append(f"| one class for all | {' | '.join(dead)} |")
    rows += ["", "| default | peer | plain sets won | stress versions won | mean rank of the two |"]
    rows += ["|---|---|---|---|---|"]
    return "\n".join([*rows, *(against(scores, *pair) for pair in PAIRS)])


def shown(by_seed):
    """Return the mean of a cell, and the number of its seeds."""
    return f"{statistics.mean(by_seed.values()):.3f} ({len(by_seed)})" if by_seed else ""


def against(scores, default, peer):
    """Return a row of how often a default is better than a peer, in the mean of common seeds."""
    gains = {}
    for case, found in scores.items():
        ours, theirs = found.get(default, {}), found.get(peer, {})
        if common := ours.keys() & theirs.keys():
            gains[case] = sum(ours[seed] - theirs[seed] for seed in common)
    plain = [gain > 0 for (_, stress), gain in gains.items() if stress == "plain"]
    rest = [gain > 0 for (_, stress), gain in gains.items() if stress != "plain"]
    if not gains:
        return f"| {default} | {peer} | | | |"
    rank = statistics.mean(1 + (gain < 0) + (gain == 0) / 2 for gain in gains.values())
    return (
        f"| {default} | {peer} | {sum(plain)} of {len(plain)} | {sum(rest)} of {len(rest)} | "
        f"{rank:.2f} against {3 - rank:.2f} |"
    )


if __name__ == "__main__":
    main()
