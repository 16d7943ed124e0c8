"""Memory of a comparison of 200,000 images of 64x64."""

from functools import partial

from bench import Measured, Row
from bench._process import in_process

COUNT, SIDE = 200_000, 64
LIMIT = 4096  # MiB at the peak, of which the images are 781
COMPARE = """
import numpy as np
import torch
from sklearn.linear_model import SGDClassifier
from skmedimg import HOG, Pipeline, ScratchCNN, compare

torch.set_num_threads(1)
count, side = given["count"], given["side"]
rng = np.random.default_rng(0)
X = np.empty((count, side, side), np.uint8)
for start in range(0, count, 1000):
    X[start : start + 1000] = rng.integers(0, 256, X[start : start + 1000].shape, np.uint8)
y = rng.integers(0, 2, count)
X[y == 1, :8] //= 2
hog = HOG(pixels_per_cell=(16, 16), cells_per_block=(2, 2))
models = {
    "HOG + linear": Pipeline([hog, SGDClassifier(loss="log_loss", random_state=0)]),
    "CNN": ScratchCNN((4, 8), convs_per_block=1, max_epochs=1, batch_size=256, random_state=0),
}
settings = {"cv": 2, "repeats": 1, "groups": np.arange(count) // 4, "pos_label": 1}
before = peak()
seconds = timed(lambda: compare(models, X, y, random_state=0, verbose=0, **settings).summary())
print(json.dumps({"MiB": peak(), "before": before, "seconds": seconds}))
"""
REPORTS = {}


def peak(count):
    REPORTS[count] = in_process(COMPARE, count=count, side=SIDE)
    return Measured(REPORTS[count]["MiB"])


def make(quick):
    """Compare all images, and a quarter of them: what more images take is the difference."""
    count = COUNT // 100 if quick else COUNT
    return {"ours": partial(peak, count), "ours, a quarter": partial(peak, count // 4)}


def facts(medians):
    more, less = (REPORTS[count] for count in sorted(REPORTS, reverse=True))
    images = 3 * max(REPORTS) // 4
    return {
        "MiB before the comparison, with the images": round(more["before"]),
        "bytes for one more image": round((more["MiB"] - less["MiB"]) * 2**20 / images),
        "seconds": round(more["seconds"], 1),
        "seconds for one more image": f"{(more['seconds'] - less['seconds']) / images:.2g}",
    }


ROWS = [
    Row(
        "scale-memory",
        f"peak of the process that compares a linear model on HOG and a small CNN on {COUNT:,} "
        f"images of {SIDE}x{SIDE}, with audit, in 2 folds",
        make,
        limits={"ours": LIMIT},
        facts=facts,
        repeats=1,
        unit="MiB",
    ),
]
