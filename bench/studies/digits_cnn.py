"""Is the gap of `digits/cnn` ours? The recipe and Keras's own code, seed by seed, on all of MNIST.

`SKMEDIMG_DATA=FOLDER python -m bench.studies.digits_cnn [--seeds 0 1 2]`. Report 002 has .9846 on
the 10,000 test images. Keras runs in an environment of its own (`bench._keras`). Each fit is one
line of a file; `--table` prints them.
"""

import os
import statistics
import subprocess
from pathlib import Path

import numpy as np

from bench._keras import PYTHON, READY, make_environment
from bench._machine import ROOT
from bench.studies import read_records, run_cases, study_parser

NAME = "digits_cnn"


def main():
    parser = study_parser(__doc__, [0, 1, 2])
    parser.add_argument("--who", nargs="+", default=["Keras", "recipe"], choices=list(WHO))
    options = parser.parse_args()
    path = options.out / f"{NAME}.jsonl"
    if options.table:
        print(table(read_records(path)))
        return
    cases = ({"who": who, "seed": seed} for seed in options.seeds for who in options.who)
    run_cases(path, key_of, cases, accuracy)


def key_of(line):
    return line["who"], line["seed"]


def accuracy(case):
    return {"accuracy": round(WHO[case["who"]](case["seed"]), 4)}


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
