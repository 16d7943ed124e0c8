"""Lungs in real chest X-rays: how well the published U-Net does on unseen patients.

No timing:
`SKMEDIMG_DATA=FOLDER python -m bench.studies.lungs [--seeds 0 1 2] [--nets published ...]`.
A fit of 20 epochs takes one to two hours of a slow core; `--side 64 --train 400` takes a thirtieth
and writes a result file of its own.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import numpy as np
from skimage.measure import block_reduce

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS

NAME = "lungs"
SIDE = 128  # of the images as they are
SUMMED = (
    *("dice", "surface dice", "iou", "pixel f1", "pixel precision", "pixel recall"),
    *("hausdorff 95", "boundary f1"),
)
GOALS = {"dice": 0.93, "iou": 0.87}
PUBLISHED = {"norm": None, "standardize": False, "learning_rate": 1e-3, "schedule": "cosine"}
NETS = {
    "published": {**PUBLISHED, "schedule": "constant"},
    "cosine schedule": PUBLISHED,
    "group norm": {**PUBLISHED, "norm": "group"},
    "batch norm": {**PUBLISHED, "norm": "batch"},
    "larger": {**PUBLISHED, "filters": (32, 64, 128, 256)},
    "larger, batch norm": {**PUBLISHED, "filters": (32, 64, 128, 256), "norm": "batch"},
    "defaults": {},
    "EfficientNet-Lite0 encoder": {"backbone": "efficientnet_lite0"},
}
RESAMPLES = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--nets", nargs="+", default=["published"], choices=sorted(NETS))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--side", type=int, default=SIDE, choices=[SIDE, SIDE // 2])
    parser.add_argument("--train", type=int, help="so many training images at most")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    data = load(options.side)
    name = NAME if (options.side, options.train) == (SIDE, None) else f"{NAME}-small"
    work = f"U-Nets on {options.side}x{options.side} chest X-rays, {options.epochs} epochs; "
    work += "scored on the other 30 % of patients"
    with pinned_threads(1):
        for seed in options.seeds:
            for net in options.nets:
                figures = evaluate(data, NETS[net], seed, options.epochs, options.train)
                print(net, seed, figures, flush=True)
                write(options.out, name, work, net, seed, figures)


def load(side):
    folder = Path(os.environ["SKMEDIMG_DATA"])
    with np.load(folder / "lungs_4class_128.npz") as file:
        data = {name: file[name] for name in ("images", "masks", "labels", "groups")}
    if side < SIDE:
        means = block_reduce(data["images"].astype(np.float32), (1, 2, 2), np.mean)
        data["images"] = means.round().astype(np.uint8)
        data["masks"] = data["masks"][:, ::2, ::2]
    return data


def evaluate(data, parameters, seed, epochs, most=None):
    """Train on 70 % of the patients, or on `most` images of them; score the others."""
    from skmedimg import UNetSegmenter, metrics

    train, test = split(data, seed)
    if most is not None:
        train = np.random.RandomState(seed).permutation(train)[:most]
    images = np.repeat(data["images"][..., None], 3, axis=-1)  # the published net takes colors
    model = UNetSegmenter(max_epochs=epochs, random_state=seed).set_params(**parameters)
    begin = time.perf_counter()
    model.fit(images[train], data["masks"][train])
    seconds = time.perf_counter() - begin
    true, pred = data["masks"][test], model.predict(images[test])
    patients = data["groups"][test]
    dice, surface = (
        metric(true, pred, average="image") for metric in (metrics.dice, metrics.surface_dice)
    )
    return {
        "dice": float(dice.mean()),
        "dice interval": interval(dice, patients),
        "surface dice": float(surface.mean()),  # within one pixel
        "surface dice interval": interval(surface, patients),
        "iou": metrics.iou(true, pred),
        "pixel f1": metrics.pixel_f1(true, pred),
        "pixel precision": metrics.pixel_precision(true, pred),
        "pixel recall": metrics.pixel_recall(true, pred),
        "hausdorff 95": metrics.hausdorff_distance(true, pred, missing="diagonal"),
        "boundary f1": metrics.boundary_f1(true, pred),
        "lowest dice": float(dice.min()),
        "parameters": sum(p.numel() for p in model.net_.module_.parameters()),
        "images": [len(train), len(test)],
        "seconds": seconds,
    }


def interval(values, patients):
    """Return the 95 % interval of a mean over images, from resampling whole patients."""
    _, patient = np.unique(patients, return_inverse=True)
    count = patient.max() + 1
    sums, sizes = np.bincount(patient, values), np.bincount(patient)
    drawn = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    return [round(float(limit), 4) for limit in np.percentile(means, [2.5, 97.5])]


def split(data, seed):
    """Return rows of 70 % and 30 % of the patients, stratified by diagnosis."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(10, shuffle=True, random_state=seed)
    tenths = [rows for _, rows in folds.split(data["images"], data["labels"], data["groups"])]
    return np.sort(np.concatenate(tenths[3:])), np.sort(np.concatenate(tenths[:3]))


def write(folder, name, work, net, seed, figures):
    """Add one run to the result file, whose facts sum up the seeds of each net."""
    path = folder / f"{name}.json"
    runs = json.loads(path.read_text("utf-8"))["runs"] if path.exists() else {}
    runs.setdefault(net, {})[str(seed)] = {k: rounded(v) for k, v in figures.items()}
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result(name, work, runs), indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def result(name, work, runs):
    empty = {name: {} for name in ("seconds", "speedup", "limits", "absent")}
    return {
        "name": name,
        "work": work,
        "quick": False,
        "threads": 1,
        "repeats": 1,
        "facts": {net: summary(list(seeds.values())) for net, seeds in sorted(runs.items())},
        "runs": runs,
        **empty,
        **describe(),
    }


def summary(runs):
    """Return mean and range over the seeds as one line."""
    parts = [f"{runs[0]['parameters']:,} parameters, {len(runs)} seeds"]
    for name in SUMMED:
        # Runs of before surface Dice was computed do not have it.
        values = [run[name] for run in runs if name in run]
        if not values:
            continue
        text = f"{name} {statistics.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
        if all(f"{name} interval" in run for run in runs):
            limits = np.mean([run[f"{name} interval"] for run in runs], axis=0)
            text += f", 95 % interval of a seed {limits[0]:.4f} to {limits[1]:.4f}"
        if name in GOALS:
            text += f" goal {GOALS[name]} {'met' if min(values) >= GOALS[name] else 'MISSED'}"
        parts.append(text)
    return "; ".join(parts)


def rounded(value):
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
