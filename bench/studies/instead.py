"""A search with a small budget against what the reports built, on images no trial has seen.

No timing: `SKMEDIMG_DATA=FOLDER python -m bench.studies.instead [--sets brain]`.
A run that was interrupted goes on where it stopped.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS, brain

SCORES = ["balanced_accuracy", "accuracy", "roc_auc"]
TRIALS = {"brain": 20, "chest": 12}
WORK = {
    "brain": "tumour or not on 253 brain MRI slices, five folds, equal files in one fold",
    "chest": "pneumonia or not on chest X-rays, the official training and test sets",
}
SEARCH = "search"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=list(TRIALS), default=list(TRIALS))
    parser.add_argument("--checkpoint", type=Path, default=Path("build"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    for name in options.sets:
        with pinned_threads(1):
            report = run(name, options.checkpoint / f"instead-{name}")
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report | describe(), indent=2) + "\n"
        (options.out / f"instead-{name}.json").write_text(text)
        print(text)


def run(name, checkpoint):
    """Compare the search with the reports' models on the same rows; it is run in every fold."""
    from skmedimg import compare

    begin = time.process_time()
    paths, y, groups, splits, positive = SETS[name]()
    models = {SEARCH: search(name)} | RIVALS[name]()
    result = compare(
        models, paths, y, groups=groups, cv=splits, scoring=SCORES, pos_label=positive,
        random_state=0, audit=False, baseline=False, checkpoint=checkpoint,
    )  # fmt: skip
    chosen = search(name)
    train = splits[0][0]
    chosen.set_params(random_state=0).fit(paths[train], y[train], groups=groups[train])
    facts = {f"{who}: {score}": told(result.interval(who, score)) for who in models
             for score in SCORES}  # fmt: skip
    claims = [each.text for score in SCORES for each in result.tests(SEARCH, score).conclusions]
    facts |= {f"claim {number}": claim for number, claim in enumerate(claims, 1)}
    facts["on the first training rows"] = (
        f"{chosen.best_name_} {chosen.best_params_}, selection score {chosen.best_score_:.3f}"
    )
    facts["seconds of processor"] = round(time.process_time() - begin)
    return {"name": f"instead-{name}", "work": WORK[name], "facts": facts, "threads": 1}


def told(found):
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def search(name):
    """Four kinds of pipeline compete for the trials; files are decoded once for all of them."""
    from optuna.distributions import FloatDistribution
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from skmedimg import (
        HOG,
        BackboneFeatures,
        ImageLoader,
        OptunaSearch,
        Pipeline,
        TransferClassifier,
    )
    from skmedimg.search import default_space

    crop = "foreground" if name == "brain" else "none"
    features = BackboneFeatures("squeezenet1_1", weights=brain.weights())
    linear = LogisticRegression(max_iter=1000, class_weight="balanced")
    ends = {
        "SqueezeNet, linear": [features, StandardScaler(), linear],
        "SqueezeNet, SVM": [features, StandardScaler(), SVC(class_weight="balanced")],
        "SqueezeNet, network": [TransferClassifier("squeezenet1_1", weights=brain.weights())],
        "HOG, linear": [HOG(), StandardScaler(), linear],
    }
    memory = str(Path(tempfile.gettempdir()) / "skmedimg-instead")
    pipelines = {
        kind: Pipeline([ImageLoader((224, 224), color="rgb", crop=crop), *end], memory=memory)
        for kind, end in ends.items()
    }
    weak = {"logisticregression__C": FloatDistribution(1e-5, 1.0, log=True)}
    pooling = {"backbonefeatures__pooling": ["avg", "max"]}
    spaces = {
        "SqueezeNet, linear": weak | pooling,
        "SqueezeNet, SVM": {"svc__C": FloatDistribution(0.1, 100.0, log=True)} | pooling,
        "SqueezeNet, network": default_space(pipelines["SqueezeNet, network"]),
        "HOG, linear": weak | {"hog__pixels_per_cell": [(16, 16), (32, 32)]},
    }
    settings = {"n_trials": TRIALS[name], "cv": 3, "scoring": "balanced_accuracy"}
    return OptunaSearch(pipelines, spaces, **settings)


def brain_set():
    from sklearn.model_selection import StratifiedGroupKFold

    paths, labels, groups = brain.load()
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    splits = list(folds.split(paths, labels, groups))
    return np.array(paths), labels, np.array(groups), splits, "yes"


def chest_set():
    """Return the official sets, which share no patient."""
    from skmedimg import load_image_folder
    from skmedimg.datasets import CHEST_XRAY_PATIENT

    folder = Path(os.environ["SKMEDIMG_DATA"]) / "chest_pneumonia"
    data = load_image_folder(folder, group_pattern=CHEST_XRAY_PATIENT)
    parts = [np.flatnonzero(data.split == part) for part in ("train", "test")]
    return np.array(data.paths), data.target, np.array(data.groups), [tuple(parts)], "PNEUMONIA"


def brain_rivals():
    return {"report 001, frozen": brain.frozen(), "report 001, from scratch": brain.scratch(30)}


def chest_rivals():
    """Return the reports' favourites as far as a processor gets with them."""
    from skmedimg.recipes import load_recipe

    smaller = {"loader__size": (64, 64), "model__max_epochs": 8}
    return {
        "chest/cnn2, 64 pixels, 8 epochs": load_recipe("chest/cnn2").set_params(**smaller),
        "chest/small-cnn": load_recipe("chest/small-cnn"),
    }


SETS = {"brain": brain_set, "chest": chest_set}
RIVALS = {"brain": brain_rivals, "chest": chest_rivals}

if __name__ == "__main__":
    main()
