"""How often the conclusions of `compare` are wrong, and how wide its intervals are: simulations.

No timing: `python -m bench.studies.error_rates [--draws 1000] [--cells NAME ...] [--out FOLDER]`.
Each cell draws studies from a population, fits two learning procedures on their folds as `compare`
would, makes a Comparison of the predictions, and asks it for intervals and tests. The truth is the
mean score of fits on 4/5 of a study on other patients of the population. Populations of images need
`SKMEDIMG_DATA=FOLDER`; they are HOG features reduced to 40 principal components. Studies that were
simulated before are kept under build/ and not run again: delete them after a change of the method.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS, kept_records

NAME = "error-rates"
METRICS = ("balanced_accuracy", "roc_auc", "accuracy")
N_PIXELS = 16
KEPT = Path("build") / "error-rates"
N_TRUTH = 1500  # samples of other patients that one fit of each study is scored on


# Learning procedures -----------------------------------------------------------------------------


class Linear:
    """Linear discriminant analysis with a shrunken covariance, on some columns."""

    def __init__(self, columns=slice(None), shrinkage=0.05):
        self.columns, self.shrinkage = columns, shrinkage

    def fit(self, X, y, draws):
        X = X[:, self.columns]
        means = np.stack([X[y == label].mean(0) for label in (0, 1)])
        rest = X - means[y]
        covariance = rest.T @ rest / max(len(X) - 2, 1)
        covariance += self.shrinkage * np.trace(covariance) / len(covariance) * np.eye(X.shape[1])
        self.slope = np.linalg.solve(covariance, means[1] - means[0])
        self.offset = -means.sum(0) @ self.slope / 2
        return self

    def decide(self, X):
        return X[:, self.columns] @ self.slope + self.offset


class RandomLayer:
    """A network whose hidden layer is drawn: every fit differs. Some fits may fail to learn."""

    def __init__(self, columns=slice(None), units=20, failing=0.0):
        self.columns, self.units, self.failing = columns, units, failing

    def fit(self, X, y, draws):
        X = X[:, self.columns]
        self.weights = draws.standard_normal((X.shape[1], self.units)) * 2 / np.sqrt(X.shape[1])
        self.failed = draws.random() < self.failing
        hidden = self._hidden(X)
        share = np.where(y == 1, 0.5 / np.mean(y == 1), 0.5 / np.mean(y == 0))[:, None]
        penalty = 1e-3 * len(X) * np.eye(hidden.shape[1])
        self.output = np.linalg.solve(
            (hidden * share).T @ hidden + penalty, (hidden * share).T @ (2.0 * y - 1)
        )
        return self

    def decide(self, X):
        if self.failed:
            return np.full(len(X), -1.0)
        return self._hidden(X[:, self.columns]) @ self.output

    def _hidden(self, X):
        return np.column_stack([np.tanh(X @ self.weights), np.ones(len(X))])


class ScikitLearn:
    """An estimator of scikit-learn, or of ours."""

    def __init__(self, make, columns=slice(None)):
        self.make, self.columns = make, columns

    def fit(self, X, y, draws):
        self.model = self.make(int(draws.integers(2**31))).fit(X[:, self.columns], y)
        return self

    def decide(self, X):
        if hasattr(self.model, "decision_function"):
            return self.model.decision_function(X[:, self.columns])
        return self.model.predict_proba(X[:, self.columns])[:, 1] - 0.5


def logistic(seed):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1)


def tree(seed):
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=3, random_state=seed)


def shallow_mlp(seed):
    from skmedimg import ShallowMLP

    return ShallowMLP(hidden_units=8, max_epochs=5, random_state=seed, device="cpu")


# Populations -------------------------------------------------------------------------------------


def gaussian(patients, images, effects, features=10, within=0.8, positive=0.5):
    """Return a function that draws a study, and other samples, of a Gaussian population.

    There is one block of features per effect, correlated by 1/2; `within` is the correlation of the
    images of a patient.
    """

    def draw(draws, n_patients=patients):
        ill = np.arange(n_patients) < round(positive * n_patients)
        patient = np.repeat(np.arange(n_patients), images)

        def noise(n):
            own = draws.standard_normal((n, len(effects), features))
            return (own + draws.standard_normal((n, 1, features))) / np.sqrt(2)

        X = np.sqrt(within) * noise(n_patients)[patient] if images > 1 else 0.0
        X = X + np.sqrt(1 - within if images > 1 else 1.0) * noise(len(patient))
        y = ill[patient].astype(int)
        X += (y[:, None, None] - 0.5) * np.array(effects)[:, None] / np.sqrt(features)
        return X.reshape(len(y), -1), y, patient

    def study(draws):
        others = draw(draws, N_TRUTH // images)
        return (*draw(draws), *others[:2])

    return study


def pixels(patients, images, effects, features=6):
    """Return a function that draws images of pixels with features, and their masks.

    The contrast of the marked pixels differs from patient to patient.
    """

    def draw(draws, n_patients=patients):
        patient = np.repeat(np.arange(n_patients), images)
        shape = (len(patient), N_PIXELS, len(effects), features)
        masks = (draws.random(shape[:2]) < 0.35).astype(int)
        masks[:, 0] = 1
        own = draws.standard_normal(shape) + draws.standard_normal((*shape[:2], 1, features))
        contrast = np.exp(0.5 * draws.standard_normal((n_patients, len(effects))))[patient]
        gain = contrast * np.array(effects) / np.sqrt(features)
        X = own / np.sqrt(2) + (masks - 0.5)[..., None, None] * gain[:, None, :, None]
        return X.reshape(*shape[:2], -1), masks[:, None], patient

    def study(draws):
        others = draw(draws, N_TRUTH // images)
        return (*draw(draws), *others[:2])

    return study


class Pixelwise:
    """A classifier of pixels as a segmenter."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y, draws):
        self.model.fit(X.reshape(-1, X.shape[2]), y.ravel(), draws)
        return self

    def decide(self, X):
        return self.model.decide(X.reshape(-1, X.shape[2])).reshape(len(X), 1, -1)


def real(name, patients, positive=None):
    """Return a function that draws a study of a population of images, and other patients."""

    def study(draws):
        X, y, patient, rows_of = population(name)
        ids = draws.permutation(len(rows_of))
        if positive is None:
            chosen = ids[:patients]
        else:
            ill = np.array([y[rows_of[i][0]] for i in ids]) == 1
            n = round(positive * patients)
            chosen = np.concatenate([ids[ill][:n], ids[~ill][: patients - n]])
        rows = np.concatenate([rows_of[i] for i in chosen])
        rest = np.setdiff1d(np.arange(len(y)), rows)
        rest = draws.choice(rest, min(N_TRUTH, len(rest)), replace=False)
        if positive is not None:  # accuracy depends on the share of the ill
            keep = draws.random(len(rest)) < np.where(
                y[rest] == 1, positive / y[rest].mean(), (1 - positive) / (1 - y[rest].mean())
            ) / max(positive / y[rest].mean(), (1 - positive) / (1 - y[rest].mean()))
            rest = rest[keep]
        number = np.unique(patient[rows], return_inverse=True)[1]
        return X[rows], y[rows], number, X[rest], y[rest]

    return study


_POPULATIONS = {}


def population(name):
    """Return features, labels, patients and the rows of each patient of a set of images."""
    if name not in _POPULATIONS:
        path = KEPT / f"{name}.npz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            X, y, patient = {"digits": digits, "chest": chest, "lesions": lesions}[name]()
            np.savez(path, X=X, y=y, patient=np.unique(patient, return_inverse=True)[1])
        with np.load(path) as kept:
            X, y, patient = kept["X"], kept["y"], kept["patient"]
        rows = np.split(np.argsort(patient, kind="stable"), np.cumsum(np.bincount(patient))[:-1])
        _POPULATIONS[name] = X, y, patient, rows
    return _POPULATIONS[name]


def components(images, cell):
    from sklearn.decomposition import PCA

    from skmedimg import HOG

    features = HOG(pixels_per_cell=cell).fit_transform(images).astype(float)
    return PCA(40, whiten=True, random_state=0).fit_transform(features)


def digits():
    """8 against 3 and 5 of MNIST."""
    with np.load(Path(os.environ["SKMEDIMG_DATA"]) / "mnist.npz") as data:
        images, labels = data["train_images"], data["train_labels"]
    rows = np.flatnonzero(np.isin(labels, [3, 5, 8]))
    rows = np.random.default_rng(0).permutation(rows)[:12_000]
    return components(images[rows], 7), (labels[rows] == 8).astype(int), rows


def chest():
    """The training part of the chest X-rays, with their patients."""
    from skmedimg import ImageLoader, load_image_folder
    from skmedimg.datasets import CHEST_XRAY_PATIENT

    folder = Path(os.environ["SKMEDIMG_DATA"]) / "chest_pneumonia" / "train"
    data = load_image_folder(folder, group_pattern=CHEST_XRAY_PATIENT)
    images = ImageLoader((64, 64), color="gray").fit_transform(data.paths)
    ill = data.target != "NORMAL"
    return components(images, 16), ill.astype(int), data.groups


def lesions():
    """Synthetic lesions, three images of a patient."""
    from skmedimg.datasets import make_lesions

    data = make_lesions(9000, size=32, patients=3000, noise=0.12, random_state=0)
    return components(data.images, 8), np.asarray(data.target).astype(int), data.groups


# Cells -------------------------------------------------------------------------------------------

FIRST, SECOND = slice(0, 10), slice(10, 20)


def blocks(kind, n, **more):
    """Return the same procedure on the first and on the second block of n features."""
    return lambda: [kind(slice(0, n), **more), kind(slice(n, 2 * n), **more)]


def both(*learners):
    return lambda: list(learners)


# name: (draw a study, make two procedures, whether they are equal in truth)
CELLS = {
    "null 80x3": (gaussian(80, 3, [2.5, 2.5]), blocks(Linear, 10), True),
    "null 240x1": (gaussian(240, 1, [2.0, 2.0]), blocks(Linear, 10), True),
    "null 60x1": (gaussian(60, 1, [2.0, 2.0]), blocks(Linear, 10), True),
    "null 20x6": (gaussian(20, 6, [3.0, 3.0]), blocks(Linear, 10), True),
    "null 10x6": (gaussian(10, 6, [3.0, 3.0], 5), blocks(Linear, 5), True),
    "null 44x5": (gaussian(44, 5, [2.5, 2.5]), blocks(Linear, 10), True),
    "null 110x5": (gaussian(110, 5, [2.5, 2.5]), blocks(Linear, 10), True),
    "null rare 80x3": (gaussian(80, 3, [3.0, 3.0], positive=0.1), blocks(Linear, 10), True),
    "null rare 600x1": (gaussian(600, 1, [2.5, 2.5], positive=0.1), blocks(Linear, 10), True),
    "null nets 80x3": (gaussian(80, 3, [2.5, 2.5]), blocks(RandomLayer, 10), True),
    "null failing nets 80x3": (
        gaussian(80, 3, [3.0, 3.0]),
        blocks(RandomLayer, 10, failing=0.1),
        True,
    ),
    "null trees 80x3": (
        gaussian(80, 3, [3.0, 3.0]),
        both(ScikitLearn(tree, FIRST), ScikitLearn(tree, SECOND)),
        True,
    ),
    "null logistic 60x1": (
        gaussian(60, 1, [2.0, 2.0]),
        both(ScikitLearn(logistic, FIRST), ScikitLearn(logistic, SECOND)),
        True,
    ),
    "hard null 60x1, 60 features": (gaussian(60, 1, [3.0, 3.0], 60), blocks(Linear, 60), True),
    "hard null 30x4, 50 features": (gaussian(30, 4, [3.0, 3.0], 50), blocks(Linear, 50), True),
    "hard null 80x3, 80 features": (
        gaussian(80, 3, [3.0, 3.0], 80, within=0.95),
        blocks(Linear, 80),
        True,
    ),
    "near perfect 80x3": (gaussian(80, 3, [5.0, 5.0]), blocks(Linear, 10), True),
    "near perfect 240x1": (gaussian(240, 1, [4.8, 4.8]), blocks(Linear, 10), True),
    "power 80x3": (gaussian(80, 3, [3.7, 2.15]), blocks(Linear, 10), False),
    "power 240x1": (gaussian(240, 1, [2.56, 2.0]), blocks(Linear, 10), False),
    "power 60x1": (gaussian(60, 1, [3.2, 2.0]), blocks(Linear, 10), False),
    "power nets 80x3": (gaussian(80, 3, [2.6, 1.4]), blocks(RandomLayer, 10), False),
    "power near perfect 80x3": (gaussian(80, 3, [6.0, 2.5]), blocks(Linear, 10), False),
}
for _name, _patients, _positive in [
    ("digits", 60, None),
    ("digits", 120, None),
    ("digits", 240, None),
    ("digits", 600, None),
    ("chest", 60, None),
    ("chest", 110, None),
    ("chest", 400, None),
    ("chest", 110, 0.1),
    ("lesions", 20, None),
    ("lesions", 44, None),
    ("lesions", 110, None),
]:
    CELLS[f"{_name} {_patients}{' rare' if _positive else ''}"] = (
        real(_name, _patients, _positive),
        both(Linear(), Linear(slice(0, 12))),
        False,
    )
for _patients, _images in ((20, 3), (60, 1), (80, 3)):
    CELLS[f"null masks {_patients}x{_images}"] = (
        pixels(_patients, _images, [2.0, 2.0]),
        both(Pixelwise(Linear(slice(0, 6))), Pixelwise(Linear(slice(6, 12)))),
        True,
    )
CELLS["power masks 60x1"] = (
    pixels(60, 1, [2.0, 1.7]),
    both(Pixelwise(Linear(slice(0, 6))), Pixelwise(Linear(slice(6, 12)))),
    False,
)
CELLS["digits 60, ShallowMLP"] = (
    real("digits", 60),
    both(ScikitLearn(shallow_mlp), ScikitLearn(logistic)),
    False,
)


# Running -----------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000, help="studies of each cell")
    parser.add_argument("--kept", action="store_true", help="simulate none, sum up those kept")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cells", nargs="*", default=list(CELLS), metavar="NAME")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = {}
    with pinned_threads(1):
        for name in options.cells:
            records = list(simulate_all(name, options))
            if not records:
                continue
            scores = summarize(records, CELLS[name][2])
            found[name] = {"studies": len(records), "scores": scores}
            print(f"{name}: {len(records)} studies", flush=True)
            for metric, row in scores.items():
                print("  ", metric, row, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    suffix = "" if options.repeats == 5 else f"-{options.repeats}-repeats"
    result = {"cells": found, "repeats": options.repeats, **describe()}
    text = json.dumps(result, indent=1, sort_keys=True)
    (options.out / f"{NAME}{suffix}.json").write_text(text + "\n", "utf-8")


def simulate_all(name, options):
    """Yield what every study of a cell says; those done before are read from a file."""
    path = KEPT / f"{name}, {options.repeats} repeats.jsonl"
    make = partial(simulate, name, repeats=options.repeats)
    return kept_records(path, options.draws, make, options.kept)


def simulate(name, seed, repeats):
    """Return what one study says, and the scores of one fit of each procedure on other patients."""
    from skmedimg.evaluation.statistics._procedure_tests import procedure_tests

    draw, make, _ = CELLS[name]
    draws = np.random.default_rng([*name.encode(), seed])
    X, y, patient, others, truth = draw(draws)
    comparison, models = compare_quickly(make(), X, y, patient, draws, repeats)
    record = {}
    for metric in [each.name for each in comparison.metrics]:
        # The first test is the one that a conclusion rests on; of one pair p is not adjusted.
        tests = [each.difference for each in procedure_tests(comparison, "0", "1", metric)]
        intervals = [comparison.interval(each, metric) for each in "01"]
        record[metric] = {
            "limits": [tests[0].low, tests[0].high],
            "p": [each.p_value for each in (tests[0], tests[-1])],
            "means": [each.mean for each in intervals],
            "low": [each.low for each in intervals],
            "high": [each.high for each in intervals],
            "truth": [score_others(model, others, truth, metric) for model in models],
        }
    return record


def compare_quickly(models, X, y, patient, draws, repeats, n_folds=5):
    """Return the Comparison of two procedures on grouped, stratified folds, and a fit of each."""
    from skmedimg.evaluation._comparison import Comparison
    from skmedimg.evaluation._records import FoldPredictions, FoldResult, Split
    from skmedimg.evaluation.scores._score_table import choose_metrics, score_fold
    from skmedimg.evaluation.splitting._targets import Targets

    label = np.zeros(patient.max() + 1, dtype=int)
    rows, masks = np.arange(len(y)), y.ndim > 1
    if masks:
        metrics, _ = choose_metrics(["dice"], "segmentation", 2)
        data = Targets("segmentation", y, y, label[patient], patient)
    else:
        metrics, _ = choose_metrics(METRICS, "classification", 2, 1)
        label[patient] = y
        data = Targets("classification", y, y, y, patient, np.array([0, 1]), 1)
    splits, results = [], {"0": [], "1": []}
    for repeat in range(repeats):
        fold = fold_of_patients(label, n_folds, draws)[patient]
        for k in range(n_folds):
            split = Split(repeat, k, rows[fold != k], rows[fold == k])
            splits.append(split)
            for name, model in zip("01", models, strict=True):
                model.fit(X[split.train], y[split.train], draws)
                decided = model.decide(X[split.test])
                scores = None if masks else np.column_stack([-decided, decided])
                predictions = FoldPredictions((decided > 0).astype(int), scores)
                scores, _ = score_fold(data, split, predictions, metrics)
                results[name].append(FoldResult(name, split, predictions, scores))
    comparison = Comparison(
        names=("0", "1"),
        task=data.task,
        y=y,
        classes=data.classes,
        splits=tuple(splits),
        metrics=metrics,
        fold_results={name: tuple(each) for name, each in results.items()},
        pos_label=data.pos_label,
        groups=patient,
    )
    return comparison, models


def fold_of_patients(label, n_folds, draws):
    """Return the fold of each patient: those of a class are dealt to the folds in turn."""
    fold, start = np.empty(len(label), dtype=int), 0
    for each in (0, 1):
        ids = draws.permutation(np.flatnonzero(label == each))
        fold[ids] = (np.arange(len(ids)) + start) % n_folds
        start += len(ids)
    return fold


def score_others(model, X, y, metric):
    from sklearn.metrics import roc_auc_score

    decided = model.decide(X)
    if metric == "dice":
        from skmedimg.metrics import dice

        return float(dice(y, (decided > 0).astype(int)))
    if metric == "roc_auc":
        return float(roc_auc_score(y, decided))
    right = (decided > 0) == (y == 1)
    if metric == "accuracy":
        return float(right.mean())
    return float((right[y == 1].mean() + right[y == 0].mean()) / 2)


def summarize(records, equal):
    """Return error rates, power, coverage and width of a cell, each with its Monte-Carlo error."""
    found = {}
    for metric in records[0]:
        column = {key: np.array([r[metric][key] for r in records]) for key in records[0][metric]}
        means = column["means"]
        truth = column["truth"].mean(0)
        gap = 0.0 if equal else truth[0] - truth[1]
        low, high = column["limits"].T
        known = np.isfinite(low)
        spread = means.std(0)
        inside = (column["low"] <= truth) & (truth <= column["high"])
        width = column["high"] - column["low"]
        row = {
            "truth": truth.round(3).tolist(),
            "bias": (means.mean(0) - truth).round(4).tolist(),
            "outside limits": rate(((gap < low) | (gap > high))[known]),
            "untested": round(float(1 - known.mean()), 3),
            "coverage": [rate(each) for each in inside.T],
            "width by that of the oracle": (np.nanmean(width, 0) / (3.92 * spread))
            .round(2)
            .tolist(),
        }
        what = "better, of equal ones" if equal else "power"
        for place, method in enumerate(("as concluded", "by the other variance")):
            row[f"{what}, {method}"] = rate(column["p"][:, place] < 0.05)
        found[metric] = row
    return found


def rate(hits):
    """Return a share and half its 95 % interval."""
    share = float(np.mean(hits))
    return [round(share, 3), round(float(1.96 * np.sqrt(share * (1 - share) / len(hits))), 3)]


if __name__ == "__main__":
    main()
