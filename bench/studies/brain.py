"""Brain MRI, tumour or not: a frozen SqueezeNet with a head against report 001's scratch CNN.

No timing: `SKMEDIMG_DATA=FOLDER python -m bench.studies.brain [--repeats 5] [--seed 0]`.
A run that was interrupted goes on where it stopped.
"""

import argparse
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS

NAME = "brain"
FROZEN, SCRATCH = "frozen SqueezeNet with a head", "scratch CNN of report 001"
METRICS = ["balanced_accuracy", "accuracy", "roc_auc"]
WORK = "tumour or not on 253 brain MRI slices, five folds, files of equal bytes in one fold"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folds", type=int, default=5, help="the first so many of the five")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--checkpoint", type=Path, default=Path("build") / NAME)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with pinned_threads(1):
        result = run(options)
    run_of = {"seed": options.seed, "repeats": options.repeats, "folds": options.folds}
    report = figures(result) | run_of | describe()
    report |= {"work": WORK, "facts": facts(report), "threads": 1}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{NAME}.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


def run(options):
    """Compare both on the same folds; files of equal bytes stay on one side."""
    from sklearn.model_selection import StratifiedGroupKFold

    from skmedimg import compare

    paths, labels, groups = load()
    splits = []
    for repeat in range(options.repeats):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=options.seed + repeat)
        splits += list(folds.split(paths, labels, groups))[: options.folds]
    return compare(
        {FROZEN: frozen(), SCRATCH: scratch(options.epochs)}, paths, labels, groups=groups,
        cv=splits, scoring=METRICS, pos_label="yes", random_state=options.seed, audit=False,
        checkpoint=options.checkpoint,
    )  # fmt: skip


def load():
    folder = Path(os.environ["SKMEDIMG_DATA"]) / "brain_mri"
    paths = sorted(folder.glob("*/*"))
    labels = np.array([path.parent.name for path in paths])
    return [str(path) for path in paths], labels, [digest(path) for path in paths]


def digest(path):
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def frozen():
    """SqueezeNet with ImageNet's weights and the head that the report puts on its VGG16."""
    from skmedimg import ImageLoader, Pipeline, TransferClassifier

    loader = ImageLoader((224, 224), color="rgb", crop="foreground")
    network = TransferClassifier(
        "squeezenet1_1", weights=weights(), head_units=(256, 128), head_dropout=(0.5, 0.0)
    )
    return Pipeline([loader, network])


def weights():
    default = Path(os.environ["SKMEDIMG_DATA"]).parent / "weights" / "squeezenet1_1_imagenet.pth"
    return os.environ.get("SKMEDIMG_WEIGHTS", str(default))


def scratch(epochs):
    """The report's network, with its 2,494,977 parameters."""
    from skmedimg import Augmenter, ImageLoader, Pipeline, ScratchCNN

    loader = ImageLoader((128, 128), color="rgb", crop="foreground")
    augment = Augmenter(
        rotation=10, zoom=0.1, shift=0.1, shear=10, flip="horizontal", brightness=0.1, contrast=0.1
    )
    network = ScratchCNN(
        (32, 64, 128, 256), activation="leaky-relu", norm="batch", dense_units=(128, 64),
        block_order="conv-act-pool-norm", dropout=(0.5, 0.0), max_epochs=epochs, augment=augment,
        convs_per_block=1, global_pool=False, standardize=False, learning_rate=1e-3,
        weight_decay=0.0, schedule="cosine",
    )  # fmt: skip
    return Pipeline([loader, network])


def figures(result):
    """Return means with intervals, and the interval of the difference."""
    means = {
        name: {metric: interval(result.interval(name, metric)) for metric in METRICS}
        for name in (FROZEN, SCRATCH)
    }
    differences = {metric: difference(result, metric) for metric in METRICS}
    return {"name": NAME, "scores": means, "frozen minus scratch": differences}


def facts(report):
    """Return the figures as lines of text."""
    lines = {}
    for name, scores in report["scores"].items():
        texts = [
            f"{m} {s['mean']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for m, s in scores.items()
        ]
        lines[name] = "; ".join(texts)
    for metric, found in report["frozen minus scratch"].items():
        lines[f"claim by {metric}"] = found["claim"]
    lines["folds"] = "{folds} of five, repeats: {repeats}, seed {seed}".format(**report)
    return lines


def interval(found):
    return {"mean": float(found.mean), "low": float(found.low), "high": float(found.high)}


def difference(result, metric):
    """Compare fold by fold: the corrected resampled t interval of Nadeau and Bengio."""
    tests = result.tests(reference=FROZEN, metric=metric)
    pair = {FROZEN, SCRATCH}
    decisive = [asdict(r) for r in tests.records if {r.first, r.second} == pair and r.decisive]
    conclusion = next(each.text for each in tests.conclusions if set(each.pair) == pair)
    return {"claim": conclusion, "records": decisive}


if __name__ == "__main__":
    main()
