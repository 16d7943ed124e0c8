"""The best score of a search against honest ones, on brain MRI: how much too good is it?

No timing: `SKMEDIMG_DATA=FOLDER python -m bench.studies.selection_bias [--images 60] [--draws 12]`.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS
from bench.studies.brain import load

NAME = "selection-bias"
METRIC = "balanced_accuracy"
SCORES = ("best_score_ of the search", "compare of the search", "images nobody touched")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="that the search is given")
    parser.add_argument("--draws", type=int, default=12, help="of these images, seeds 0, 1 ...")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    X, labels, groups = pixels()
    runs = []
    with pinned_threads(1):
        for seed in range(options.draws):
            given, rest = draw(labels, groups, options.images, seed)
            search = make_search(options.trials, seed)
            runs.append(judge(search, X, labels, groups, given, rest, seed))
            print(seed, runs[-1], flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result(runs, options), indent=1, sort_keys=True)
    (options.out / f"{NAME}.json").write_text(text + "\n", "utf-8")


def pixels():
    """Decode every scan once; files of equal bytes are one group."""
    from skmedimg import ImageLoader

    paths, labels, digests = load()
    loader = ImageLoader((64, 64), color="gray", crop="foreground")
    return loader.fit_transform(paths), labels, np.unique(digests, return_inverse=True)[1]


def draw(labels, groups, n_images, seed):
    """Return the rows that a search gets, and those that it does not; copies stay together."""
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = len(labels) // n_images
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    rest, given = next(folds.split(labels, labels, groups))
    return given, rest


def make_search(n_trials, seed):
    """HOG before three models with the parameters that people try."""
    from optuna.distributions import FloatDistribution
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from skmedimg import HOG, OptunaSearch, Pipeline

    hog = {
        "hog__orientations": [6, 9, 12],
        "hog__pixels_per_cell": [(8, 8), (16, 16)],
        "hog__cells_per_block": [(1, 1), (2, 2)],
    }
    own = {
        "linear": {"logisticregression__C": FloatDistribution(1e-4, 1e2, log=True)},
        "svm": {
            "svc__C": FloatDistribution(1e-2, 1e3, log=True),
            "svc__gamma": FloatDistribution(1e-6, 1e-1, log=True),
        },
        "neighbours": {"kneighborsclassifier__n_neighbors": [1, 3, 5, 9, 15]},
    }
    last = {"linear": LogisticRegression(), "svm": SVC(), "neighbours": KNeighborsClassifier()}
    return OptunaSearch(
        {name: Pipeline([HOG(), StandardScaler(), model]) for name, model in last.items()},
        {name: hog | space for name, space in own.items()},
        n_trials=n_trials, cv=5, scoring=METRIC, random_state=seed,
    )  # fmt: skip


def judge(search, X, labels, groups, given, rest, seed):
    """Score one search in three ways; the last one is what the others try to foretell."""
    from skmedimg import compare

    nested = compare(
        {"search": search}, X[given], labels[given], groups=groups[given], cv=5, scoring=METRIC,
        pos_label="yes", random_state=seed, verbose=0, baseline=False, audit=False,
    )  # fmt: skip
    search.fit(X[given], labels[given], groups=groups[given])
    values = search.best_score_, nested.interval("search").mean, search.score(X[rest], labels[rest])
    return dict(zip(SCORES, map(float, values), strict=True))


def result(runs, options):
    table = {name: np.array([run[name] for run in runs]) for name in SCORES}
    gaps = {name: table[name] - table[SCORES[-1]] for name in SCORES[:-1]}
    facts = {name: f"{values.mean():.3f}" for name, values in table.items()}
    facts |= {f"{name}, too good by": spread(values) for name, values in gaps.items()}
    return {
        "name": NAME,
        "work": f"OptunaSearch of {options.trials} trials on {options.images} brain MRI scans, "
        f"drawn {options.draws} times of {len(load()[0])}; balanced accuracy",
        "quick": False,
        "threads": 1,
        "repeats": options.draws,
        "facts": facts,
        "runs": [{name: round(value, 4) for name, value in run.items()} for run in runs],
        **{name: {} for name in ("seconds", "speedup", "limits", "absent")},
        **describe(),
    }


def spread(values):
    error = values.std(ddof=1) / len(values) ** 0.5
    return f"{values.mean():+.3f} (standard error {error:.3f})"


if __name__ == "__main__":
    main()
