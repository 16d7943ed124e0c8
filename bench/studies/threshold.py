"""How often ThresholdAt keeps a sensitivity on new cases, with a refitted model and an ensemble.

No timing, no data: `python -m bench.studies.threshold [--draws 400] [--cells NAME ...]`. Each draw
is one study: a training set, a threshold for a sensitivity of .95, and its true sensitivity and
specificity, on 10,000 fresh cases of either class.
"""

import argparse
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS

NAME = "threshold"
PROMISED = 0.95
N_FRESH = 10_000


@dataclass(frozen=True)
class Cell:
    """A population, a model and the size of a study."""

    model: str
    positives: int  # patients; there are as many negatives
    features: int
    distance: float  # of the class means, in standard deviations
    confidence: float = 0.95
    images: int = 1  # of each patient
    correlation: float = 0.0  # of the images of a patient, within a class


CELLS = {
    "LDA, 60": Cell("lda", 60, 5, 2.2),
    "LDA, 100": Cell("lda", 100, 5, 2.2),
    "LDA, 200": Cell("lda", 200, 5, 2.2),
    "LDA, 100, no confidence": Cell("lda", 100, 5, 2.2, confidence=None),
    "LDA, 80 patients x 4, correlation .8": Cell("lda", 80, 5, 2.2, images=4, correlation=0.8),
    "LDA, 80 patients x 4, correlation .2": Cell("lda", 80, 5, 2.2, images=4, correlation=0.2),
    "LDA, 100, 60 features": Cell("lda", 100, 60, 2.2),
    "logistic C=1, 100, 20 features": Cell("weak", 100, 20, 2.2),
    "logistic C=1e4, 100, 20 features": Cell("strong", 100, 20, 2.2),
    "logistic C=1e4, 100, 36 features, near separation": Cell("strong", 100, 36, 3.0),
    "logistic C=1e4, 100, 40 features, near separation": Cell("strong", 100, 40, 2.6),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=400, help="studies per cell")
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    table = {}
    with pinned_threads(1):
        for name in options.cells:
            table[name] = simulate(CELLS[name], options.draws)
            print(name, json.dumps(table[name], indent=1), flush=True)
    report = {
        "name": NAME,
        "work": f"ThresholdAt(sensitivity={PROMISED}), {options.draws} simulated studies a cell",
        "threads": 1,
        "repeats": options.draws,
        "facts": table,
        **describe(),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, sort_keys=True)
    (options.out / f"{NAME}.json").write_text(text + "\n", "utf-8")


def simulate(cell, n_draws):
    """Return {way to predict: how often the sensitivity is kept, and what it costs}."""
    fresh = [draw(cell, np.random.default_rng(10**6), N_FRESH, positive) for positive in (0, 1)]
    found, warned = {"refit": [], "ensemble": []}, []
    for seed in range(n_draws):
        X, y, groups = study(cell, seed)
        for way, results in found.items():
            model = make_model(cell, way == "ensemble")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model.fit(X, y, groups=groups)
            if way == "refit":
                warned.append(any("may not keep" in str(each.message) for each in caught))
            cleared, reached = (model.decision_function(X_fresh) >= 0 for X_fresh in fresh)
            results.append((reached.mean(), 1 - cleared.mean()))
    table = {way: summary(np.array(results)) for way, results in found.items()}
    table["refit"]["warned"] = round(float(np.mean(warned)), 3)
    quiet = np.array(found["refit"])[~np.array(warned)]
    table["refit without a warning"] = summary(quiet) if len(quiet) else None
    return table


def summary(results):
    kept = np.mean(results[:, 0] >= PROMISED)
    return {
        "studies": len(results),
        "kept": round(float(kept), 3),
        "kept, standard error": round(float(np.sqrt(kept * (1 - kept) / len(results))), 3),
        "sensitivity, mean": round(float(results[:, 0].mean()), 3),
        "sensitivity, smallest": round(float(results[:, 0].min()), 3),
        "specificity, mean": round(float(results[:, 1].mean()), 3),
    }


def study(cell, seed):
    """Return X, y and the patients of a training set."""
    random = np.random.default_rng(seed)
    n = cell.positives * cell.images
    X = np.concatenate([draw(cell, random, cell.positives, positive) for positive in (0, 1)])
    groups = np.arange(2 * n) // cell.images if cell.images > 1 else None
    return X, np.repeat([0, 1], n), groups


def draw(cell, random, n_patients, positive):
    """Return images of new patients of one class, the images of a patient next to each other."""
    shape = n_patients, cell.images, cell.features
    own, shared = random.normal(size=shape), random.normal(size=(n_patients, 1, cell.features))
    X = np.sqrt(1 - cell.correlation) * own + np.sqrt(cell.correlation) * shared
    X[..., :5] += positive * cell.distance / np.sqrt(5)  # the first five features are informative
    return X.reshape(-1, cell.features)


def make_model(cell, ensemble):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression

    from skmedimg import ThresholdAt

    models = {
        "lda": LinearDiscriminantAnalysis(),
        "weak": LogisticRegression(C=1, max_iter=1000),
        "strong": LogisticRegression(C=1e4, max_iter=1000),
    }
    promise = {"sensitivity": PROMISED, "confidence": cell.confidence}
    return ThresholdAt(models[cell.model], **promise, pos_label=1, ensemble=ensemble)


if __name__ == "__main__":
    main()
