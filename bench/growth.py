"""How cost grows with images, pixels, folds and candidates, and memory with images.

Cost is processor time, which a busy machine does not change: a straight line, within a tenth.
"""

import json
import subprocess
import sys
import time
from functools import partial

import numpy as np

from bench import Row, Timed
from bench._scratch import scratch_folder
from bench.load import make_files
from bench.transfer import ours as transfer
from bench.transfer import photographs, weights_of

IMAGES, FOLDS, EPOCHS = 32, 4, 5
ALLOWED = 0.10  # of each cost, off the straight line


def cost_of(work):
    """Return a callable that does some work and returns the seconds of processor it took."""

    def run():
        begin = time.process_time()
        work()
        return Timed(time.process_time() - begin)

    return run


def line(sizes, seconds):
    """Fit a straight line to the costs and tell how far off it they lie."""
    costs = np.array([seconds[f"ours, {size}"] for size in sizes])
    slope, start = np.polyfit(sizes, costs, 1, w=1 / costs)
    off = float(np.abs((slope * np.array(sizes) + start) / costs - 1).max())
    return {
        "seconds for one more": f"{slope:.3g}",
        "seconds at none": f"{start:.3g}",
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
    X, y = scans(max(sizes))
    return {f"ours, {n}": cost_of(partial(fit_cnn, X[:n], y[:n])) for n in sizes}


def make_pixels(sizes, quick):
    """Twice the pixels is a side longer by the root of two."""
    sides = [round(pixels**0.5) for pixels in sizes]
    stacks = [scans(128, side) for side in sides]
    return {
        f"ours, {n}": cost_of(partial(fit_cnn, *given))
        for n, given in zip(sizes, stacks, strict=True)
    }


def make_folds(sizes, quick):
    """Fit and score a head per fold; each fold trains on half the images, however many there are.

    A new store every time: the backbone's forward passes are the cost at no fold.
    """
    X, y = photographs(IMAGES, 64)
    return {f"ours, {n}": cost_of(partial(cross_validate, n, X, y)) for n in sizes}


def head():
    return transfer("mobilenet_v2", weights_of("mobilenet_v2"), max_epochs=EPOCHS)


def cross_validate(folds, X, y):
    from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

    cv = StratifiedShuffleSplit(folds, test_size=0.5, random_state=0)
    model = head()
    cross_val_score(model, X, y, cv=cv, error_score="raise")


def make_candidates(sizes, quick):
    X, y = photographs(IMAGES, 64)
    return {f"ours, {n}": cost_of(partial(search, n, X, y)) for n in sizes}


def search(candidates, X, y):
    from sklearn.model_selection import GridSearchCV

    grid = {"learning_rate": np.logspace(-4, -1, candidates)}
    model = head()
    GridSearchCV(model, grid, cv=FOLDS, refit=False, error_score="raise").fit(X, y)


def candidate_facts(sizes, seconds):
    """Add what fitting and scoring one head in all folds costs, its features in the store."""
    return line(sizes, seconds) | {"seconds of its head alone": f"{head_alone():.3g}"}


def head_alone():
    from sklearn.model_selection import cross_val_score

    X, y = photographs(IMAGES, 64)
    model = head()
    alone = cost_of(lambda: cross_val_score(model, X, y, cv=FOLDS, error_score="raise"))
    alone()  # fills the store
    return float(alone())


MEMORY = """
import json, resource, sys
from skmedimg import ImageLoader, ScratchCNN
import torch, torchvision, skorch, sklearn
torch.set_num_threads(1)
files, count, lazy = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "lazy"
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
before = peak()
images = ImageLoader(lazy=lazy).fit_transform([files[k % len(files)] for k in range(count)])
ScratchCNN((4, 8), norm=None, dense_units=(8,), max_epochs=1, random_state=0).fit(
    images, [k % 2 for k in range(count)])
print(peak() - before)
"""
PEAKS = {}


def make_memory(sizes, quick):
    """Take the peak of processes of their own, since memory that was ever used stays counted."""
    folder = scratch_folder() / "files"
    files = json.dumps(make_files(folder, 50, 256, 256, "L", spread=0))
    for kind in ("lazy", "whole"):
        for count in sizes:
            command = [sys.executable, "-c", MEMORY, files, str(count), kind]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            PEAKS[kind, count] = float(done.stdout)
    return {"ours": lambda: Timed(0)}


def memory_facts(sizes, seconds):
    return {
        f"MB at the peak above the imports, {count} images, {kind}": round(PEAKS[kind, count])
        for kind in ("lazy", "whole")
        for count in sizes
    }


def row(name, work, make, sizes, facts=line):
    return Row(f"growth-{name}", work, partial(make, sizes), facts=partial(facts, sizes), repeats=5)


ROWS = [
    row("images", "one epoch of a CNN on so many images of 64x64", make_images,
        (64, 128, 256, 512)),
    row("pixels", "one epoch of a CNN on 128 images of so many pixels", make_pixels,
        (32**2, 48**2, 64**2, 96**2)),
    row("folds", "cross-validation of a head on a frozen MobileNetV2 in so many folds", make_folds,
        (2, 4, 8, 16)),
    row("candidates", "grid search of so many heads on a frozen MobileNetV2 in 4 folds",
        make_candidates, (1, 2, 4, 8), candidate_facts),
    row("memory", "an epoch on so many JPEGs of 256x256, decoded lazily or as a whole",
        make_memory, (250, 500, 1000), memory_facts),
]  # fmt: skip
