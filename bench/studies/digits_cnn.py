"""Is the gap of `digits/cnn` ours? The recipe and Keras's own code, seed by seed, on all of MNIST.

`SKMEDIMG_DATA=FOLDER python -m bench.studies.digits_cnn [--seeds 0 1 2]`. Report 002 has .9846 on
the 10,000 test images. Keras runs in an environment of its own (`bench._keras`). Each fit is one
line of a file; `--table` prints them.
"""

import argparse
import os
import statistics
import subprocess
from pathlib import Path

import numpy as np

from bench._keras import PYTHON, READY, make_environment
from bench._machine import ROOT
from bench._runner import pinned_threads
from bench.studies import RESULTS, append_record, read_records

NAME = "digits_cnn"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--who", nargs="+", default=["Keras", "recipe"], choices=list(WHO))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table and fit nothing")
    options = parser.parse_args()
    path = options.out / f"{NAME}.jsonl"
    if options.table:
        print(table(read_records(path)))
        return
    done = {(line["who"], line["seed"]) for line in read_records(path)}
    with pinned_threads(1):
        for seed in options.seeds:
            for who in options.who:
                if (who, seed) not in done:
                    line = {"who": who, "seed": seed, "accuracy": round(WHO[who](seed), 4)}
                    append_record(path, line)


def digits_file():
    return Path(os.environ["SKMEDIMG_DATA"]) / "mnist.npz"


def recipe(seed):
    from skmedimg.recipes import load_recipe

    with np.load(digits_file()) as data:
        model = load_recipe("digits/cnn").set_params(model__random_state=seed)
        model.fit(data["train_images"], data["train_labels"])
        return model.score(data["test_images"], data["test_labels"])


def keras(seed):
    if not READY.exists() and (failed := make_environment()):
        raise SystemExit(failed)
    command = [PYTHON, "-m", "bench.studies._keras_digits", digits_file(), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


WHO = {"Keras": keras, "recipe": recipe}


def table(lines):
    """Return the accuracies of both, as Markdown."""
    rows = ["| digits/cnn | test accuracy, mean | per seed |", "|---|---|---|"]
    for who in WHO:
        found = {line["seed"]: line["accuracy"] for line in lines if line["who"] == who}
        each = ", ".join(f"{found[seed]:.4f}" for seed in sorted(found))
        mean = f"{statistics.mean(found.values()):.4f}" if found else ""
        rows.append(f"| {who} | {mean} | {each} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
