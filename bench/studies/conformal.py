"""How often conformal sets hold the true class where patients have several images: a simulation.

No timing: `python -m bench.studies.conformal [--draws 120] [--out FOLDER]`. Each draw is a study of
patients with 1 to 20 images, whose images resemble each other; patients with few images are harder
to classify. The truth is that of one random image of each of 400 new patients. Three ways to count
are compared: each patient once (ConformalClassifier with groups), one random image of each patient
(Dunn et al. 2022), and each image once, as if all were independent. About a minute.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import PredefinedSplit

from bench._machine import describe
from bench.studies import RESULTS
from skmedimg.evaluation import ConformalClassifier

NAME = "conformal"
COVERAGE = 0.9
N_CLASSES, N_NEW = 3, 400


class Centroids(ClassifierMixin, BaseEstimator):
    """Probabilities by the distance from the mean of each class."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means = np.stack([X[y == label].mean(0) for label in self.classes_])
        return self

    def predict_proba(self, X):
        squares = ((X[:, None] - self.means) ** 2).sum(-1)
        weights = np.exp(-(squares - squares.min(1, keepdims=True)) / 2)
        return weights / weights.sum(1, keepdims=True)


def draw_patients(n, draws):
    """Return images (n, 2), labels and patients; patients of few images are harder."""
    y = np.arange(n) % N_CLASSES
    many = draws.random(n) < 0.3
    counts = np.where(many, draws.integers(8, 21, n), draws.integers(1, 4, n))
    angles = 2 * np.pi * y / N_CLASSES
    spread = np.where(many, 0.6, 1.4)[:, None]
    centers = 1.5 * np.column_stack([np.cos(angles), np.sin(angles)])
    centers += spread * draws.standard_normal((n, 2))
    patients = np.repeat(np.arange(n), counts)
    return (
        centers[patients] + 0.4 * draws.standard_normal((len(patients), 2)),
        y[patients],
        patients,
    )


def one_image_each(patients, draws):
    order = draws.permutation(len(patients))
    return order[np.unique(patients[order], return_index=True)[1]]


def calibrated(how, X, y, patients, draws, split):
    """Return a fitted ConformalClassifier whose calibration rows count as `how` says."""
    # the same folds for all three, and never a patient on both sides
    folds = draws.permutation(np.arange(patients.max() + 1)) % 5
    test = folds[patients]
    if split:
        test = np.where(test < 2, 0, -1)
    pairs = list(PredefinedSplit(test).split())
    if how == "one image":
        kept = np.isin(np.arange(len(y)), one_image_each(patients, draws))
        pairs = [(train, rows[kept[rows]]) for train, rows in pairs]
    groups = patients if how == "patients" else None
    return ConformalClassifier(Centroids(), COVERAGE, cv=pairs).fit(X, y, groups=groups)


def simulate(n_patients, n_draws, split, seed=0):
    """Return for each way to count the coverage, its standard error and the mean size of a set."""
    found = {how: [] for how in ("patients", "one image", "images")}
    for draw in range(n_draws):
        draws = np.random.default_rng([seed, n_patients, draw])
        X, y, patients = draw_patients(n_patients, draws)
        X_new, y_new, new = draw_patients(N_NEW, draws)
        rows = one_image_each(new, draws)
        for how, rates in found.items():
            model = calibrated(how, X, y, patients, np.random.default_rng([draw, 1]), split)
            sets = model.predict_set(X_new[rows])
            rates.append((sets[np.arange(len(rows)), y_new[rows]].mean(), sets.sum(1).mean()))
    return {
        how: {
            "coverage": round(float(np.mean(rates, 0)[0]), 4),
            "standard_error": round(float(np.std(rates, 0)[0] / np.sqrt(n_draws)), 4),
            "size": round(float(np.mean(rates, 0)[1]), 3),
        }
        for how, rates in found.items()
    }


def main():
    """Run every cell and write the coverages as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=120)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cells = {
        f"{'split' if split else 'cross'}, {n} patients": simulate(n, options.draws, split)
        for split in (True, False)
        for n in (60, 200)
    }
    for name, found in cells.items():
        for how, each in found.items():
            print(f"{name:20} {how:10} {each}")
    result = {"machine": describe(), "draws": options.draws, "goal": COVERAGE, "cells": cells}
    (options.out / f"{NAME}.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
