"""How often `Comparison.by` shows a gap between subgroups where there is none, and finds one.

No timing: `python -m bench.studies.subgroup_gaps [--draws 300] [--out FOLDER]`. Each study has
patients with two images each, of which predictions are drawn: a patient's and an image's part stay
the same in all repeats, another part changes from repeat to repeat as training does. Without a gap
all subgroups have one distribution; with one, the signal of one subgroup is weaker. A study counts
where any gap has a p-value below .05 after Holm's correction.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from bench._machine import describe
from bench.studies import RESULTS
from skmedimg.evaluation import Comparison
from skmedimg.evaluation._records import FoldPredictions, FoldResult, Split
from skmedimg.evaluation.scores._score_table import METRICS

NAME = "subgroup-gaps"
SCORES = ("balanced_accuracy", "accuracy", "roc_auc")
# name: (patients, share of positives, separation of the classes, signal lost in group "b", metric)
CELLS = {
    "60 patients": (60, 0.5, 2.0, 0.0, "balanced_accuracy"),
    "150 patients": (150, 0.5, 2.0, 0.0, "roc_auc"),
    "150 patients, one in five ill": (150, 0.2, 2.0, 0.0, "balanced_accuracy"),
    "150 patients, nearly perfect": (150, 0.5, 4.0, 0.0, "accuracy"),
    "150 patients, a gap": (150, 0.5, 3.0, 0.6, "balanced_accuracy"),
}
REPEATS, FOLDS = 2, 5


def draw_study(draws, n_patients, prevalence, separation, lost):
    """Return a Comparison of drawn predictions, with the columns "sex" and "site"."""
    patient = np.repeat(np.arange(n_patients), 2)
    y = (draws.permutation(n_patients) < round(prevalence * n_patients)).astype(int)[patient]
    columns = pd.DataFrame(
        {
            "sex": draws.choice(["a", "b"], n_patients)[patient],
            "site": draws.choice(["x", "y", "z"], n_patients, p=[0.5, 0.3, 0.2])[patient],
        }
    )
    # What training made of this study: one strength of the signal and one threshold.
    strength, threshold = 1 + 0.1 * draws.normal(), 0.2 * draws.normal()
    signal = strength * (2 * y - 1) * separation / 2 * np.where(columns.sex == "b", 1 - lost, 1)
    fixed = signal + 0.7 * draws.normal(size=n_patients)[patient] + 0.6 * draws.normal(size=len(y))
    splits, results = [], []
    for repeat in range(REPEATS):
        fold_of = draws.permutation(n_patients)[patient] % FOLDS
        logit = fixed + threshold + 0.2 * draws.normal(size=len(y)) + 0.1 * draws.normal()
        chance = 1 / (1 + np.exp(-logit))
        for fold in range(FOLDS):
            train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            split = Split(repeat, fold, train, test)
            scores = np.column_stack([1 - chance[test], chance[test]])
            given = FoldPredictions((chance[test] > 0.5).astype(int), scores, True)
            # `by` computes the scores of subgroups itself; those of folds only have to be there.
            results.append(FoldResult("model", split, given, dict.fromkeys(SCORES, 0.5)))
            splits.append(split)
    return Comparison(
        names=("model",),
        task="classification",
        y=y,
        classes=np.array([0, 1]),
        groups=patient,
        splits=tuple(splits),
        metrics=tuple(METRICS[name] for name in SCORES),
        pos_label=1,
        fold_results={"model": tuple(results)},
        columns=columns,
    )


def run_cell(cell, n_draws):
    """Return how often a cell shows any gap, a gap of the sexes, and zero in its intervals."""
    *population, metric = CELLS[cell]
    shown = []
    for number in range(n_draws):
        study = draw_study(np.random.default_rng([number, *map(ord, cell)]), *population)
        records = study.by("sex", "site", metric=metric).records
        adjusted = np.array([each.p_adjusted for each in records])
        low, high = np.transpose([(each.gap_low, each.gap_high) for each in records])
        has_zero = ((low <= 0) & (high >= 0))[np.isfinite(low)].mean()
        shown.append(((adjusted < 0.05).any(), adjusted[0] < 0.05, has_zero))
    names = ("any gap", "gap of sex", "intervals with zero")
    return {"metric": metric, **dict(zip(names, np.mean(shown, 0).round(4).tolist(), strict=True))}


def main():
    """Run every cell and write the shares as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cells = {}
    for cell in CELLS:
        cells[cell] = run_cell(cell, options.draws)
        print(cell, json.dumps(cells[cell]), flush=True)
    content = {"machine": describe(), "draws": options.draws, "cells": cells}
    (options.out / f"{NAME}.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
