"""Run the recipes of the student reports on real images, as the reports did and as one should.

    python examples/reproduce_reports.py [--data DIR] [--only "digits/*"] [--epochs-scale 0.5]

Each recipe runs under its report's protocol (one split, a run per seed) and, with `--honest`,
under one that keeps patients and copies of a picture together, repeats its folds and gives
intervals. Every finished run is one file in `--out`: a run that was killed goes on where it
stopped, and `table.md` there is written anew from all files. The folder of data, $SKMEDIMG_DATA or
"data" where none is named, holds `mnist.npz`, `chest_pneumonia/{train,test}/{NORMAL,PNEUMONIA}`,
`brain_mri/{no,yes}` and `lungs_4class_128.npz`; what is absent is said and left out.
"""

import argparse
import fnmatch
import json
import os
import time
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import train_test_split

from skmedimg import ImageLoader, audit, compare, load_image_folder, metrics
from skmedimg.datasets import CHEST_XRAY_PATIENT
from skmedimg.recipes import DegenerateOutputWarning, list_recipes, load_recipe, recipe_card


@dataclass
class Task:
    """Images and their targets, and how a report splits them."""

    X: object
    y: np.ndarray
    split: object  # seed -> rows to train on, rows to test on
    groups: np.ndarray | None = None
    positive: object = None


def main(arguments=None):
    options = read_options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    names = [n for pattern in options.only for n in fnmatch.filter(list_recipes(), pattern)]
    jobs = [(name, as_reported, seed) for seed in options.seeds for name in names]
    jobs += [(name, honestly, 0) for name in names if options.honest]
    for name, protocol, seed in jobs:
        try:
            run_once(name, protocol, seed, options)
        except (FileNotFoundError, NotADirectoryError) as error:
            print(f"{name}: not run, {error}", flush=True)
        write_table(options.out)


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    data = os.environ.get("SKMEDIMG_DATA", "data")
    parser.add_argument("--data", type=Path, default=data, help=f"folder of images: {data}")
    parser.add_argument("--only", default=["*"], nargs="+", help='recipes, such as "digits/*"')
    parser.add_argument("--epochs-scale", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--honest", action="store_true", help="run the honest protocol as well")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1, help="how often folds are drawn anew")
    parser.add_argument("--size", type=int, help="side of the images, instead of the report's")
    parser.add_argument("--train", type=int, help="so many training images at most")
    parser.add_argument("--backbone", help="a backbone instead of the report's")
    parser.add_argument("--weights", help='a file of weights, or "none" for random ones')
    parser.add_argument("--out", type=Path, default=Path("build/reproduction"))
    return parser.parse_args(arguments)


def file_name(name, protocol, seed, options):
    """Name runs after everything that changes them, so that they do not take each other's place."""
    parts = [name.replace("/", "."), protocol.__name__, f"{seed}", f"x{options.epochs_scale:g}"]
    parts += [f"{options.size}px"] if options.size else []
    parts += [f"{options.train}n"] if options.train else []
    if "backbone" in load_recipe(name).named_steps["model"].get_params():
        parts += [options.backbone or "own", "none" if options.weights == "none" else "weights"]
    return ".".join(parts) + ".json"


def run_once(name, protocol, seed, options):
    """Run a protocol unless its result lies there already, and note what was changed."""
    path = options.out / file_name(name, protocol, seed, options)
    if path.exists():
        return
    model, changes = adapted(name, seed, options)
    begin = time.perf_counter()
    figures = protocol(model, find_task(name, options), seed, options)
    seconds = round(time.perf_counter() - begin)
    row = {"recipe": name, "protocol": protocol.__name__, "seed": seed, "changes": changes}
    row |= {"figures": figures, "seconds": seconds, "date": time.strftime("%Y-%m-%d")}
    path.with_suffix(".part").write_text(json.dumps(row, indent=1), "utf-8")
    path.with_suffix(".part").rename(path)
    print(name, protocol.__name__, seed, figures, f"{seconds} s", flush=True)


def adapted(name, seed, options):
    """Return the recipe as it is run here, and in words what differs from the report's."""
    model, changes = load_recipe(name).set_params(model__random_state=seed), []
    parameters = model.get_params()
    epochs = max(1, round(parameters["model__max_epochs"] * options.epochs_scale))
    if epochs != parameters["model__max_epochs"]:
        changes.append(f"{epochs} of {parameters['model__max_epochs']} epochs")
        model.set_params(model__max_epochs=epochs)
    if options.size and "loader__size" in parameters:
        if (options.size,) * 2 != parameters["loader__size"]:
            changes.append(f"images of {options.size} x {options.size}")
        model.set_params(loader__size=(options.size, options.size))
    if options.train:
        changes.append(f"{options.train} training images")
    if options.backbone and "model__width" in parameters:
        changes.append(f"backbone {options.backbone}")
        model.set_params(model__backbone=options.backbone, model__width=1.0)
    if options.weights and "model__width" in parameters:
        changes += ["random weights"] * (options.weights == "none")
        model.set_params(model__weights=None if options.weights == "none" else options.weights)
    return model, changes


# Protocols -------------------------------------------------------------------------------------


def as_reported(model, task, seed, options):
    """Train on the report's training set and score on its test set, once."""
    train, test = task.split(seed)
    train = some(train, task, options.train, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateOutputWarning)
        model.fit(task.X[train], task.y[train])
    return scores(model, task.X[test], task.y[test])


def some(rows, task, n, seed):
    """Return so many of the rows, as many of each class as there were; None returns all."""
    if not n or n >= len(rows):
        return rows
    return train_test_split(rows, train_size=n, stratify=task.y[rows], random_state=seed)[0]


def scores(model, X, y):
    if y.ndim > 1:
        predicted = model.predict(X)
        names = ("pixel_f1", "pixel_precision", "pixel_recall", "iou", "dice")
        return {name: round(getattr(metrics, name)(y, predicted), 4) for name in names}
    probabilities = model.predict_proba(X)
    predicted = model.classes_[probabilities.argmax(axis=1)]
    figures = {
        "accuracy": float(np.mean(predicted == y)),
        "loss": -np.log(probabilities[np.arange(len(y)), y].clip(1e-7)).mean(),
        "balanced_accuracy": balanced_accuracy_score(y, predicted),
        "f1": f1_score(y, predicted, average="macro"),
    }
    matrix = confusion_matrix(y, predicted, labels=model.classes_).tolist()
    return {name: round(float(value), 4) for name, value in figures.items()} | {"matrix": matrix}


def honestly(model, task, seed, options):
    """Score on folds that keep patients and copies together, with an interval."""
    names = ["iou", "dice"] if task.y.ndim > 1 else ["accuracy", "balanced_accuracy"]
    rows = some(np.arange(len(task.y)), task, options.train, seed)
    result = compare(
        {"recipe": model}, task.X[rows], task.y[rows], groups=groups_of(task)[rows],
        cv=options.folds, repeats=options.repeats, scoring=names, pos_label=task.positive,
        random_state=seed, audit=False, baseline=False, verbose=0,
    )  # fmt: skip
    found = {name: result.interval("recipe", name) for name in names}
    folds = {"folds": options.folds, "repeats": options.repeats}
    scores = {name: (each.mean, each.low, each.high) for name, each in found.items()}
    return {n: [round(float(v), 4) for v in values] for n, values in scores.items()} | folds


def groups_of(task):
    """Return patients merged with copies of the same picture, found once for all recipes."""
    key = id(task)
    if key not in _GROUPS:
        labels = task.y if task.y.ndim == 1 else None
        found = audit(task.X, labels, groups=task.groups, probes=False)
        _GROUPS[key] = found.groups()
    return _GROUPS[key]


_GROUPS = {}


# Data ------------------------------------------------------------------------------------------


def find_task(name, options):
    kind = name.split("/")[0]
    if kind == "chest":
        return chest(options.data, options.size)
    return (
        lungs(options.data, name == "covid/unet") if kind == "covid" else TASKS[kind](options.data)
    )


@cache
def digits(folder):
    data = arrays(folder / "mnist.npz")
    n = len(data["train_labels"])
    rows = np.arange(n + len(data["test_labels"]))
    return Task(
        np.concatenate([data["train_images"], data["test_images"]]),
        np.concatenate([data["train_labels"], data["test_labels"]]),
        lambda seed: (rows[:n], rows[n:]),
    )


def numbered(data):
    return np.searchsorted(data.target_names, data.target)


@cache
def chest(folder, size):
    """Official training and test set; decoded once for all recipes where their size is one."""
    data = load_image_folder(folder / "chest_pneumonia", group_pattern=CHEST_XRAY_PATIENT)
    train, test = (np.flatnonzero(data.split == part) for part in ("train", "test"))
    X = ImageLoader(size).fit_transform(data.paths) if size else data.paths
    return Task(X, numbered(data), lambda seed: (train, test), data.groups, positive=1)


@cache
def brain(folder):
    """137 images to train on and 29 to test on, as in the report, which does not name them."""
    data = load_image_folder(folder / "brain_mri")
    rows = np.arange(len(data.paths))

    def split(seed):
        return train_test_split(
            rows, train_size=137, test_size=29, stratify=data.target, random_state=seed
        )

    return Task(data.paths, numbered(data), split, positive=1)


@cache
def lungs(folder, masks):
    """Four classes of chest X-rays: the nearest to the set of report 004 that is free to use."""
    data = arrays(folder / "lungs_4class_128.npz")
    rows, labels = np.arange(len(data["images"])), data["labels"].astype(int)

    def split(seed):
        return train_test_split(rows, test_size=0.3, stratify=labels, random_state=seed)

    return Task(data["images"], data["masks"] if masks else labels, split, data["groups"])


def arrays(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


TASKS = {"digits": digits, "brain": brain}


# Table -----------------------------------------------------------------------------------------


def write_table(folder):
    """Write what was reported, what came out, and what an honest protocol says, from all files."""
    runs = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    lines = ["| recipe | reported | reproduced | honest | run with |", "| --- " * 5 + "|"]
    for name in list_recipes():
        lines += table_lines(name, [run for run in runs if run["recipe"] == name])
    (folder / "table.md").write_text("\n".join(lines) + "\n", "utf-8")


def table_lines(name, runs):
    """Return a line for each way a recipe was run; the honest protocol stands in the first."""
    ways, fair, how_fair = {}, "", ""
    for run in runs:
        if run["protocol"] == "honestly":
            fair, how_fair = interval(run["figures"]), ", ".join(run["changes"])
        else:
            ways.setdefault(", ".join(run["changes"]), []).append(run["figures"])
    for how, figures in ways.items() or [("", [])]:
        scores = [f.get("accuracy", f.get("pixel_f1")) for f in figures]
        how += f"; {len(scores)} seed{'s' * (len(scores) > 1)}" if scores else ""
        how += f"; honest: {how_fair or 'as published'}" if fair else ""
        yield f"| {name} | {reported(name)} | {spread(scores)} | {fair} | {how.strip('; ')} |"
        fair = ""


def reported(name):
    figures = recipe_card(name).reported
    wanted = ("test accuracy", "validation accuracy", "pixel F1")
    return next((f"{figures[key]}" for key in wanted if key in figures), "-")


def spread(values):
    """Write a mean and its range."""
    if len(values) < 2:
        return f"{values[0]:.4f}" if values else "not run"
    return f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"


def interval(figures):
    metric = "dice" if "dice" in figures else "accuracy"
    mean, low, high = figures[metric]
    words = f"{'Dice ' * (metric == 'dice')}{mean:.3f} [{low:.3f}, {high:.3f}]"
    if "balanced_accuracy" in figures:
        words += f", balanced {figures['balanced_accuracy'][0]:.3f}"
    return words


if __name__ == "__main__":
    main()
