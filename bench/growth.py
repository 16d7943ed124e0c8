"""How cost grows with images, pixels, folds and candidates: the exponent, which is one at most.

Cost is processor time, which a busy machine changes little. It is start plus slope times size; the
exponent is that of cost between the smallest and the largest size (2 for a cost that is squared).
"""

import time
from functools import partial

import numpy as np

from bench import Measured, Row
from bench.transfer import ours as transfer
from bench.transfer import photographs, weights_of

IMAGES, FOLDS, EPOCHS = 32, 4, 5
ALLOWED = 0.10  # of each cost, off the straight line


def cost_of(work):
    """Return the seconds of processor that some work takes."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def exponent_of(works):
    """Return a callable that measures each size once and returns the exponent of the cost.

    Parameters
    ----------
    works : dict of int to callable
        Size -> the work.
    """
    COSTS.clear()
    cost_of(works[min(works)])  # what is loaded or compiled once is no cost of a size

    def run():
        for size, work in works.items():
            COSTS.setdefault(size, []).append(cost_of(work))
        return Measured(exponent(list(works), [COSTS[size][-1] for size in works]))

    return run


COSTS = {}


def exponent(sizes, costs):
    """Return the slope of the logarithms of costs against those of sizes.

    >>> round(exponent([10, 20, 40], [3, 6, 12]), 6), round(exponent([1, 2, 4], [1, 4, 16]), 6)
    (1.0, 2.0)
    """
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def straight_line(medians=None):
    """Tell how far the median costs lie off a straight line, whose start may be above zero."""
    sizes = np.array(list(COSTS))
    costs = np.array([np.median(COSTS[size]) for size in COSTS])
    slope, start = np.polyfit(sizes, costs, 1, w=1 / costs)
    off = float(np.abs((slope * sizes + start) / costs - 1).max())
    return {
        **{f"seconds at {size}": f"{cost:.3g}" for size, cost in zip(sizes, costs, strict=True)},
        "seconds for one more": f"{slope:.3g}",
        f"off a straight line, at most (limit {ALLOWED})": round(off, 3),
        "met": off <= ALLOWED,
    }


def scans(count, side=64):
    images = np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)
    return images, np.arange(count) % 2


def fit_cnn(X, y):
    from skmedimg import ScratchCNN

    ScratchCNN((16, 32), max_epochs=1, random_state=0, precision="float32").fit(X, y)


def make_images(sizes, quick):
    sizes = [n // 8 for n in sizes] if quick else sizes
    X, y = scans(max(sizes))
    return {"ours": exponent_of({n: partial(fit_cnn, X[:n], y[:n]) for n in sizes})}


def make_pixels(sizes, quick):
    """Twice the pixels is a side longer by the root of two."""
    sides = [round(pixels**0.5) for pixels in sizes]
    stacks = [scans(16 if quick else 128, side) for side in sides]
    works = [partial(fit_cnn, *given) for given in stacks]
    return {"ours": exponent_of(dict(zip(sizes, works, strict=True)))}


def make_folds(sizes, quick):
    """Fit and score a head per fold; each fold trains on half the images, however many there are.

    A new store every time: the backbone's forward passes are the cost at no fold.
    """
    X, y = photographs(IMAGES, 64)
    return {"ours": exponent_of({n: partial(cross_validate, n, X, y) for n in sizes})}


def head():
    return transfer("mobilenet_v2", weights_of("mobilenet_v2"), max_epochs=EPOCHS)


def cross_validate(folds, X, y):
    from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

    cv = StratifiedShuffleSplit(folds, test_size=0.5, random_state=0)
    model = head()
    cross_val_score(model, X, y, cv=cv, error_score="raise")


def make_candidates(sizes, quick):
    X, y = photographs(IMAGES, 64)
    return {"ours": exponent_of({n: partial(search, n, X, y) for n in sizes})}


def search(candidates, X, y):
    from sklearn.model_selection import GridSearchCV

    grid = {"learning_rate": np.logspace(-4, -1, candidates)}
    model = head()
    GridSearchCV(model, grid, cv=FOLDS, refit=False, error_score="raise").fit(X, y)


def candidate_facts(medians):
    """Add what fitting and scoring one head in all folds costs, its features in the store."""
    return straight_line() | {"seconds of its head alone": f"{head_alone():.3g}"}


def head_alone():
    from sklearn.model_selection import cross_val_score

    X, y = photographs(IMAGES, 64)
    model = head()
    once = partial(cross_val_score, model, X, y, cv=FOLDS, error_score="raise")
    once()  # fills the store
    return cost_of(once)


def row(name, work, make, sizes, facts=straight_line):
    return Row(
        f"growth-{name}",
        f"exponent of the cost: {work} ({', '.join(map(str, sizes))})",
        partial(make, sizes),
        facts=facts,
        limits={"ours": 1 + ALLOWED},
        repeats=5,
        unit="exponent",
    )


ROWS = [
    row("images", "an epoch of a CNN on so many images of 64x64", make_images, (64, 128, 256, 512)),
    row("pixels", "an epoch of a CNN on 128 images of so many pixels", make_pixels,
        (32**2, 48**2, 64**2, 96**2)),
    row("folds", "cross-validation of a head on a frozen MobileNetV2 in so many folds", make_folds,
        (2, 4, 8, 16)),
    row("candidates", "grid search of so many heads on a frozen MobileNetV2 in 4 folds",
        make_candidates, (1, 2, 4, 8), candidate_facts),
]  # fmt: skip
