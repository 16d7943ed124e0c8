"""Which backbone, and how deep: frozen, head first, or fine-tuned, on three sets of real images.

No timing:
`SKMEDIMG_DATA=FOLDER python -m bench.studies.backbones [--sets chest] [--recipes linear] ...`.
A run that was interrupted goes on where it stopped.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS, read_records
from bench.studies import brain as brain_study

NAME = "backbones"
WORK = "Two backbones by four recipes on chest X-rays, brain MRI and lungs of four classes"
BACKBONES = ("efficientnet_lite0", "squeezenet1_1")
# Weight layers that are trained: what is left frozen ends at maps of 28x28 and of 14x14 pixels.
DEEP = {"efficientnet_lite0": 34, "squeezenet1_1": 19}
LATE = {"efficientnet_lite0": 28, "squeezenet1_1": 13}
EPOCHS = {"chest": 4, "brain": 12, "lungs": 6}
HEAD_EPOCHS = {"chest": 2, "brain": 4, "lungs": 2}  # of LP-FT, before the last layers are trained
TITLES = {
    "linear": "frozen, logistic regression",
    "network": "frozen, network of 128 units",
    "lpft": "head first, then the last layers (LP-FT)",
    "fine": "fine-tuned with augmentation",
}
SHOWN = ("auc", "balanced accuracy", "accuracy")
RESAMPLES = 200


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=list(EPOCHS), choices=list(EPOCHS))
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES), choices=BACKBONES)
    parser.add_argument("--recipes", nargs="+", default=list(TITLES), choices=list(TITLES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--folds", type=int, default=5, help="first folds of the grouped five")
    parser.add_argument("--done", type=Path, default=Path("build") / f"{NAME}.jsonl")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with pinned_threads(1):
        run(options)
    write(options)


def run(options):
    """Fit what is not done yet, and add a line to the file of finished fits after each."""
    options.done.parent.mkdir(parents=True, exist_ok=True)
    finished = {key(record) for record in read_records(options.done)}
    for name in options.sets:
        data = LOADERS[name]()
        for recipe in options.recipes:
            for backbone in options.backbones:
                for split, seed, train, test in splits(name, recipe, data, options):
                    cell = {"set": name, "recipe": recipe, "backbone": backbone}
                    cell |= {"split": split, "seed": seed}
                    if key(cell) in finished:
                        continue
                    cell |= fit_and_predict(cell, data, train, test, options.done.parent)
                    with options.done.open("a") as file:
                        file.write(json.dumps(cell) + "\n")
                    print(name, recipe, backbone, split, seed, score(cell, data), flush=True)


def splits(name, recipe, data, options):
    """Yield (split, seed, train, test): the official split for each seed, or grouped folds."""
    if name == "chest":
        train, test = (np.flatnonzero(data["part"] == part) for part in ("train", "test"))
        # Logistic regression on frozen features draws nothing.
        for seed in options.seeds[: 1 if recipe == "linear" else None]:
            yield "official", seed, train, test
        return
    for fold, (train, test) in enumerate(folds(data)[: options.folds]):
        yield fold, 0, train, test


def folds(data):
    from sklearn.model_selection import StratifiedGroupKFold

    cv = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    return list(cv.split(data["X"], data["y"], data["groups"]))


def fit_and_predict(cell, data, train, test, folder):
    """Return the predicted probabilities of the test images, and how long it took."""
    model = make(cell, folder)
    begin = time.perf_counter()
    model.fit(data["X"][train], data["y"][train])
    fitted = time.perf_counter()
    probabilities = model.predict_proba(data["X"][test])
    return {
        "probabilities": np.round(probabilities, 5).tolist(),
        "minutes": round((fitted - begin) / 60, 2),
        "predict minutes": round((time.perf_counter() - fitted) / 60, 2),
    }


def make(cell, folder):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from skmedimg import Augmenter, BackboneFeatures, Pipeline, TransferClassifier

    backbone, recipe = cell["backbone"], cell["recipe"]
    weights = "DEFAULT" if backbone == "efficientnet_lite0" else brain_study.weights()
    # Features are computed once for all recipes and folds, and kept between runs.
    cache = str(folder / f"{NAME}-features")
    if recipe == "linear":
        features = BackboneFeatures(backbone, weights=weights, cache=cache)
        # C: 1,280 standardized features separate the classes; a weak penalty would overfit.
        classifier = LogisticRegression(C=0.01, max_iter=3000)
        return Pipeline([features, StandardScaler(), classifier])
    common = {"weights": weights, "random_state": cell["seed"]}
    if recipe == "network":
        return TransferClassifier(
            backbone, head_units=(128,), head_dropout=0.5, cache=cache, **common
        )
    if recipe == "lpft":
        alone = HEAD_EPOCHS[cell["set"]]
        return TransferClassifier(
            backbone,
            trainable_layers=LATE[backbone],
            unfreeze_after=alone,
            max_epochs=EPOCHS[cell["set"]] + 1,
            backbone_learning_rate=0.1,
            optimizer="adamw",
            weight_decay=0.01,
            cache=cache,
            **common,
        )
    augment = Augmenter(
        rotation=15,
        zoom=0.15,
        shift=0.1,
        shear=5,
        brightness=0.3,
        contrast=0.3,
        flip="horizontal",
        noise=0.02,
    )
    return TransferClassifier(
        backbone,
        trainable_layers=DEEP[backbone],
        max_epochs=EPOCHS[cell["set"]],
        backbone_learning_rate=0.3,
        optimizer="adamw",
        weight_decay=0.01,
        augment=augment,
        predict_augment="flip-horizontal",
        **common,
    )


def load_chest():
    """Return the official split, images as they are published here: gray, 224x224."""
    from skmedimg.datasets import CHEST_XRAY_PATIENT, load_image_folder
    from skmedimg.images import LazyImages

    folder = Path(os.environ["SKMEDIMG_DATA"]) / "chest_pneumonia"
    data = load_image_folder(folder, group_pattern=CHEST_XRAY_PATIENT)
    X = LazyImages(data.paths, size=(224, 224), color="gray").load()
    y = (data.target == "PNEUMONIA").astype(int)
    return {"X": X, "y": y, "groups": data.groups, "part": data.split}


def load_brain():
    from skmedimg.images import LazyImages

    paths, labels, groups = brain_study.load()
    X = LazyImages(paths, size=(224, 224), color="rgb", crop="foreground").load()
    return {"X": X, "y": (labels == "yes").astype(int), "groups": np.array(groups)}


def load_lungs():
    with np.load(Path(os.environ["SKMEDIMG_DATA"]) / "lungs_4class_128.npz") as file:
        return {"X": file["images"], "y": file["labels"], "groups": file["groups"]}


LOADERS = {"chest": load_chest, "brain": load_brain, "lungs": load_lungs}


def key(record):
    return tuple(record[name] for name in ("set", "recipe", "backbone", "split", "seed"))


def score(record, data):
    """Return AUC (of one class against the others, averaged) and balanced accuracy of a fit."""
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

    test = test_rows(record, data)
    y, given = data["y"][test], np.array(record["probabilities"])
    given = given / given.sum(1, keepdims=True)  # rounded in the file
    found = given.argmax(1)
    return {
        "auc": roc_auc_score(y, given[:, 1] if given.shape[1] == 2 else given, multi_class="ovr"),
        "balanced accuracy": balanced_accuracy_score(y, found),
        "accuracy": accuracy_score(y, found),
    }


def test_rows(record, data):
    if record["split"] == "official":
        return np.flatnonzero(data["part"] == "test")
    return folds(data)[record["split"]][1]


def write(options):
    """Sum up all finished fits, of this run and of those before, in the result file."""
    cells = {}
    for record in read_records(options.done):
        cells.setdefault((record["set"], record["recipe"], record["backbone"]), []).append(record)
    path = options.out / f"{NAME}.json"
    # The probabilities of earlier runs may be gone; their rows stay until they are run again.
    before = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    before = {(row["set"], row["recipe"], row["backbone"]): row for row in before}
    rows = []
    for name in EPOCHS:
        data = LOADERS[name]() if any(cell[0] == name for cell in cells) else None
        for recipe in TITLES:
            for backbone in BACKBONES:
                if records := cells.get((name, recipe, backbone)):
                    rows.append(summary(name, recipe, backbone, records, data))
                elif row := before.get((name, TITLES[recipe], backbone)):
                    rows.append(row)
    result = {"name": NAME, "work": WORK, "rows": rows, "facts": facts(rows), **describe()}
    options.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(result["facts"], indent=1))


def summary(name, recipe, backbone, records, data):
    """Return mean scores over the fits of one cell, with intervals over patients."""
    row = {"set": name, "recipe": TITLES[recipe], "backbone": backbone, "fits": len(records)}
    row["minutes per fit"] = float(np.median([record["minutes"] for record in records]))
    scores = [score(record, data) for record in records]
    row |= {shown: round(float(np.mean([each[shown] for each in scores])), 4) for shown in SHOWN}
    row["auc interval"] = interval(records, data)
    if name == "chest":
        row["decisions"] = decisions(records[0], data)
    return row


def interval(records, data):
    """Return the 95 % interval of the mean AUC, from resampling whole patients."""
    aucs, parts, groups = [], [], np.asarray(data["groups"])
    for record in records:
        test = test_rows(record, data)
        _, patients = np.unique(groups[test], return_inverse=True)
        parts.append((record, data["y"][test], patients))
    for number in range(RESAMPLES):
        # Fits with other seeds are tested on the same patients, so that they get the same draw.
        drawn, found = {}, []
        for record, y, patients in parts:
            n = patients.max() + 1
            if (split := record["split"]) not in drawn:
                draws = np.random.default_rng([number, len(drawn)])
                drawn[split] = np.bincount(draws.integers(0, n, n), minlength=n)
            found.append(resampled_auc(record, y, drawn[split][patients]))
        if None not in found:
            aucs.append(np.mean(found))
    return [round(float(limit), 3) for limit in np.percentile(aucs, [2.5, 97.5])]


def resampled_auc(record, y, times):
    """Return the AUC with each image as often as drawn, None where a class was not drawn."""
    from sklearn.metrics import roc_auc_score

    kept = np.repeat(np.arange(len(y)), times)
    given = np.array(record["probabilities"])[kept]
    if len(np.unique(y[kept])) < given.shape[1]:
        return None
    given = given / given.sum(1, keepdims=True)  # rounded in the file
    return roc_auc_score(y[kept], given[:, 1] if given.shape[1] == 2 else given, multi_class="ovr")


def decisions(record, data):
    """Return accuracy and balanced accuracy at one half, before and after correcting prevalence."""
    from sklearn.metrics import accuracy_score, balanced_accuracy_score

    y, test = data["y"], test_rows(record, data)
    given = np.array(record["probabilities"])[:, 1].clip(1e-5, 1 - 1e-5)
    trained, actual = (y[data["part"] == part].mean() for part in ("train", "test"))
    corrected = {
        "as predicted": given,
        "prevalence of the test set known": shifted(given, trained, actual),
        "prevalence estimated from the predictions": shifted(
            given, trained, estimated(given, trained)
        ),
        "both classes as frequent": shifted(given, trained, 0.5),
    }
    return {
        name: {
            "accuracy": round(float(accuracy_score(y[test], p > 0.5)), 4),
            "balanced accuracy": round(float(balanced_accuracy_score(y[test], p > 0.5)), 4),
        }
        for name, p in corrected.items()
    }


def shifted(probabilities, trained, actual):
    """Return probabilities for another prevalence than that of the training images (Bayes)."""
    odds = probabilities / (1 - probabilities)
    odds = odds * actual / (1 - actual) * (1 - trained) / trained
    return odds / (1 + odds)


def estimated(probabilities, trained):
    """Return the prevalence that explains predictions best (Saerens et al., 2002)."""
    # https://doi.org/10.1162/089976602753284446
    prevalence = trained
    for _ in range(100):
        prevalence = shifted(probabilities, trained, prevalence).mean()
    return prevalence


def facts(rows):
    """Return one line of text per cell."""
    return {
        f"{row['set']}, {row['backbone']}, {row['recipe']}": (
            f"AUC {row['auc']:.3f} ({row['auc interval'][0]:.3f} to {row['auc interval'][1]:.3f}), "
            f"balanced accuracy {row['balanced accuracy']:.3f}, {row['fits']} fits of "
            f"{row['minutes per fit']:g} minutes"
        )
        for row in rows
    }


if __name__ == "__main__":
    main()
