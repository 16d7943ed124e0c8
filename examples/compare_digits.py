"""Compare three models on scikit-learn's handwritten digits by stratified 5-fold.

Run it with `make demo` or `python examples/compare_digits.py`; it takes about a minute.
"""

import time

from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skmedimg import HOG, Pipeline, ScratchCNN, ShallowMLP

MODELS = {
    "HOG + ShallowMLP": Pipeline([HOG(pixels_per_cell=(2, 2)), ShallowMLP(random_state=0)]),
    "ShallowMLP": ShallowMLP(random_state=0),
    "ScratchCNN": ScratchCNN(random_state=0),
}


def main():
    digits = load_digits()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    print(f"{len(digits.target)} digits of 8 x 8 pixels, {folds.get_n_splits()} folds\n")
    print(f"{'model':<18} {'accuracy':>9} {'sd':>7} {'seconds':>8}", flush=True)
    for name, model in MODELS.items():
        begin = time.perf_counter()
        scores = cross_val_score(model, digits.images, digits.target, cv=folds, error_score="raise")
        seconds = time.perf_counter() - begin
        print(f"{name:<18} {scores.mean():>9.4f} {scores.std():>7.4f} {seconds:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
