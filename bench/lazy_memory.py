"""Memory of a network that trains on more images than it could hold."""

from functools import partial

from bench import Measured, Row
from bench._process import in_process
from bench._scratch import scratch_folder
from bench.load import make_files

LIMIT = 1500  # MiB above the imports
TRAINING = """
from skmedimg import ImageLoader, ScratchCNN

import torch, torchvision, skorch, sklearn  # whatever training imports, before it is counted
torch.set_num_threads(1)
files, count = given["files"], given["count"]
paths = [files[k % len(files)] for k in range(count)]
imported = peak()
images = ImageLoader(lazy=given["lazy"]).fit_transform(paths)
cnn = ScratchCNN((4, 8), norm=None, dense_units=(8,), max_epochs=1, random_state=0)
seconds = timed(lambda: cnn.fit(images, [k % 2 for k in range(count)]))
cnn.predict_proba(images[: count // 10])
print(json.dumps({"MiB": peak() - imported, "seconds": seconds, "stack": images.nbytes / 2**20}))
"""
REPORTS = {}


def peak(files, count, lazy):
    """Train once, in a process of its own, since memory that was ever used stays counted."""
    REPORTS[count, lazy] = in_process(TRAINING, files=files, count=count, lazy=lazy)
    return Measured(REPORTS[count, lazy]["MiB"])


def make_many(quick):
    files = make_files(scratch_folder() / "files", 20 if quick else 200, 512, 512, "L", spread=0)
    return {"ours": partial(peak, files, 200 if quick else 20_000, True)}


def many_facts(medians):
    ((count, _), report) = next(iter(REPORTS.items()))
    return {
        "images": count,
        "MiB of the decoded stack": round(report["stack"]),
        "seconds of the epoch": round(report["seconds"], 1),
    }


def make_growth(quick):
    files = make_files(scratch_folder() / "files", 10 if quick else 50, 256, 256, "L", spread=0)
    sizes = (50, 100) if quick else (250, 500, 1000)
    return {
        f"ours, {kind}, {count} images": partial(peak, files, count, kind == "lazy")
        for kind in ("lazy", "whole")
        for count in sizes
    }


ROWS = [
    Row(
        name="lazy-memory",
        work="peak above the imports: one epoch of a small CNN on 20,000 lazy JPEGs of 512x512",
        make=make_many,
        facts=many_facts,
        limits={"ours": LIMIT},
        repeats=1,
        unit="MiB",
    ),
    Row(
        name="growth-memory",
        work="peak above the imports: an epoch on so many JPEGs of 256x256, decoded lazily or as a "
        "whole",
        make=make_growth,
        repeats=2,
        unit="MiB",
    ),
]
