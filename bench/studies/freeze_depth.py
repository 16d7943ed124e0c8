"""How deep to train SqueezeNet on brain MRI: score against freeze depth, and the guide's plot.

No timing: `SKMEDIMG_DATA=FOLDER python -m bench.studies.freeze_depth [--repeats 2] [--plot FILE]`.
A run that was interrupted goes on where it stopped.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS, read_records
from bench.studies.brain import load, weights

NAME = "freeze-depth"
DEPTHS = [0, 1, 4, 8, 16, "all"]
RATES = [1.0, 0.1]  # of the backbone, times that of the head
N_LAYERS = 25
WORK = "SqueezeNet 1.1 on 253 brain MRI slices: balanced accuracy at each freeze depth"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--done", type=Path, default=Path("build") / f"{NAME}.jsonl")
    parser.add_argument("--plot", type=Path, help="draw what is there, run nothing")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.plot:
        draw(json.loads((options.out / f"{NAME}.json").read_text()), options.plot)
        return
    with pinned_threads(1):
        records = run(options.repeats, options.done)
    options.out.mkdir(parents=True, exist_ok=True)
    report = {"name": NAME, "work": WORK, "records": records} | describe()
    report |= {"facts": facts(report)}
    (options.out / f"{NAME}.json").write_text(json.dumps(report, indent=1) + "\n")


def run(repeats, done):
    """Score each depth on each fold; files of equal bytes stay on one side."""
    from sklearn.model_selection import StratifiedGroupKFold

    from skmedimg.images import LazyImages

    paths, y, groups = load()
    X = LazyImages(paths, size=(128, 128), color="rgb", crop="foreground").load()
    done.parent.mkdir(parents=True, exist_ok=True)
    records = read_records(done)
    finished = {
        tuple(record[key] for key in ("repeat", "fold", "depth", "rate")) for record in records
    }
    for repeat in range(repeats):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=repeat)
        for fold, (train, test) in enumerate(folds.split(X, y, groups)):
            for depth, rate in settings():
                if (repeat, fold, depth, rate) not in finished:
                    scores = score(X, y, train, test, depth, rate, repeat)
                    record = {"repeat": repeat, "fold": fold, "depth": depth, "rate": rate}
                    records.append(record | scores)
                    with done.open("a") as file:
                        file.write(json.dumps(records[-1]) + "\n")
                    print(records[-1], flush=True)
    return records


def settings():
    return [(depth, rate) for depth in DEPTHS for rate in RATES if depth != 0 or rate == 1.0]


def score(X, y, train, test, depth, rate, seed):
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    from skmedimg import TransferClassifier

    model = TransferClassifier(
        "squeezenet1_1", weights=weights(), trainable_layers=depth, head_units=(128,),
        head_dropout=0.5, backbone_learning_rate=rate, random_state=seed,
    ).fit(X[train], y[train])  # fmt: skip
    probability = model.predict_proba(X[test])[:, 1]
    found = model.classes_[(probability > 0.5).astype(int)]
    return {
        "balanced_accuracy": float(balanced_accuracy_score(y[test], found)),
        "roc_auc": float(roc_auc_score(y[test], probability)),
        "parameters": sum(p.numel() for p in model.net_.module_.parameters() if p.requires_grad),
    }


def facts(report):
    """Return the mean of each depth as lines of text, and its standard error where there is one."""
    lines = {}
    for depth, rate in settings():
        column = scores_at(report, depth, rate)
        if not column:  # the run was stopped
            continue
        text = f"{np.mean(column):.3f}, folds: {len(column)}"
        if len(column) > 1:
            text += f", standard error {standard_error(column):.3f}"
        lines[f"trainable_layers={depth!r}, backbone_learning_rate={rate:g}"] = text
    return lines


def draw(report, path):
    """Plot the mean over folds and its standard error; folds share images, so it is a rough one."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for rate in RATES:
        found = {d: scores_at(report, d, 1.0 if d == 0 else rate) for d in DEPTHS}
        depths, columns = zip(*[pair for pair in found.items() if pair[1]], strict=True)
        layers = [N_LAYERS if depth == "all" else depth for depth in depths]
        means = [np.mean(column) for column in columns]
        errors = [standard_error(column) for column in columns]
        axis.errorbar(
            layers, means, errors, marker="o", capsize=3, label=f"backbone_learning_rate={rate:g}"
        )
    axis.set(xlabel="trainable_layers (25 is all)", ylabel="balanced accuracy on held-out folds")
    axis.legend()
    figure.savefig(path, metadata={"Date": None} if Path(path).suffix == ".svg" else None)


def standard_error(column):
    return np.std(column, ddof=1) / len(column) ** 0.5 if len(column) > 1 else np.nan


def scores_at(report, depth, rate):
    wanted = [r for r in report["records"] if r["depth"] == depth and r["rate"] == rate]
    return [record["balanced_accuracy"] for record in wanted]


if __name__ == "__main__":
    main()
