"""Defaults of the networks: do they learn, with nothing set, on image sets that are nothing alike?

Each fit of a model on a set, a stress version of it and a seed is one line of a JSON file, so that
a run that was stopped goes on where it was:
`SKMEDIMG_DATA=FOLDER SKMEDIMG_WEIGHTS=FOLDER python -m bench.studies.defaults [--sets digits ...]
[--stress plain ...] [--models cnn ...] [--seeds 0 1 2] [--table]`.

The sets are those of `bench.studies._image_sets`.
"""

import os
import statistics
import time
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

from bench.studies import read_records, run_cases, study_parser
from bench.studies._image_sets import STRESS, load, stressed

NAME = "defaults"
SETS = (
    *("digits", "mnist-500", "mnist-1500", "chest-28-300", "chest-64-600", "chest-128-600"),
    *("brain-32", "brain-64", "brain-128", "lungs-32-300", "lungs-64-1000"),
    *("lesions-0.1-300", "lesions-0.2-300", "lesions-0.35-300"),
    *("masks-lesions-0.1-200", "masks-lesions-0.2-200", "masks-lesions-0.35-200"),
    *("masks-lungs-32-200",),
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
    parser = study_parser(__doc__, [0])
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--stress", nargs="+", default=["plain"], choices=sorted(STRESS))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=sorted(MODELS))
    options = parser.parse_args()
    path = options.out / f"{NAME}.jsonl"
    if options.table:
        print(table(read_records(path)))
        return
    cases = (
        {"set": name, "stress": stress, "model": model, "seed": seed}
        for name in options.sets
        for stress in options.stress
        for seed in options.seeds
        for model in options.models
        if (model in MASK_MODELS) == name.startswith("masks-")
    )
    run_cases(path, key_of, cases, fit_and_score)


@lru_cache(maxsize=1)  # of the set before all models of the next one
def data_of(name, stress, seed):
    return stressed(load(name, seed), stress)


def key_of(line):
    return line["set"], line["stress"], line["model"], line["seed"]


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


def frozen(seed):
    """SqueezeNet with ImageNet's weights and the head that TransferClassifier has by default."""
    from skmedimg import ImageLoader, Pipeline, TransferClassifier

    weights = Path(os.environ["SKMEDIMG_WEIGHTS"]) / "squeezenet1_1_imagenet.pth"
    network = TransferClassifier("squeezenet1_1", weights=weights, random_state=seed)
    return Pipeline([ImageLoader(96, color="rgb"), network])


def unet(seed, **settings):
    from skmedimg import UNetSegmenter

    return UNetSegmenter(random_state=seed, **settings)


class Threshold:
    """Otsu's threshold of each image, the brighter or darker side as the training masks have it."""

    def __init__(self, seed):
        pass

    def fit(self, X, y):
        from skmedimg.metrics import dice

        bright = self.above(X)
        self.inverts = dice(y, 1 - bright) > dice(y, bright)
        return self

    def above(self, X):
        from skimage.filters import threshold_otsu

        gray = X if X.ndim == 3 else X[..., 0]
        return np.stack([image > threshold_otsu(image) for image in gray]).astype(np.uint8)

    def predict(self, X):
        bright = self.above(X)
        return 1 - bright if self.inverts else bright


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
    "frozen SqueezeNet": frozen,
}
MASK_MODELS = {
    "threshold": Threshold,
    "unet before": lambda seed: unet(seed, **BEFORE["unet"]),
    "unet": unet,
}
MODELS |= MASK_MODELS
# The defaults, and what each has to beat.
PAIRS = (
    *(("mlp", "mlp before"), ("mlp", "sklearn MLP"), ("hog mlp", "hog mlp before")),
    *(("cnn", "cnn before"), ("cnn", "sklearn MLP"), ("cnn", "resnet18"), ("cnn", "linear")),
    *(("frozen SqueezeNet", "linear"), ("unet", "unet before"), ("unet", "threshold")),
)


def fit_and_score(case):
    """Return scores, seconds and whether the fit predicts one class for all training images."""
    data = data_of(case["set"], case["stress"], case["seed"])
    X, y = data[:2]
    model = MODELS[case["model"]](case["seed"])
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y)
        except ValueError as error:
            return {"failed": str(error).partition("\n")[0][:120]}
    seconds = {"seconds": round(time.perf_counter() - begin, 1)}
    if y.ndim > 1:
        return mask_scores(model, data) | seconds
    return class_scores(model, data) | seconds


def class_scores(model, data):
    from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

    X, _, X_test, y_test = data
    chances, trained = model.predict_proba(X_test), model.predict_proba(X).argmax(1)
    scores = chances[:, 1] if chances.shape[1] == 2 else chances
    auc = roc_auc_score(y_test, scores, multi_class="ovr")
    return {
        "auc": round(float(auc), 4),
        "balanced accuracy": round(float(balanced_accuracy_score(y_test, chances.argmax(1))), 4),
        "log loss": round(float(log_loss(y_test, chances)), 3),
        "one class": bool((trained == trained[0]).all()),
    }


def mask_scores(model, data):
    from skmedimg.metrics import dice

    X, _, X_test, y_test = data
    trained = model.predict(X)
    return {
        "dice": round(float(dice(y_test, model.predict(X_test))), 4),
        "one class": bool((trained == trained.flat[0]).all()),
    }


# Table ----------------------------------------------------------------------------------------


def table(lines):
    """Return the mean over the seeds of each model on each set, and who is better, as Markdown."""
    models = [name for name in MODELS if any(line["model"] == name for line in lines)]
    scores = {}  # (set, stress version) -> model -> seed -> score
    for line in sorted(lines, key=key_of):
        found = scores.setdefault((line["set"], line["stress"]), {})
        found.setdefault(line["model"], {})[line["seed"]] = score_of(line)
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


def score_of(line):
    """Return the AUC of classes, the mean Dice of masks, and chance for a fit that failed."""
    return line.get("auc", line.get("dice", 0.5))


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
