"""Memory of a network that trains on more images than it could hold."""

import json
import subprocess
import sys

from bench import Row, Timed
from bench._scratch import scratch_folder
from bench.load import make_files

SIDE, FILES = 512, 200
LIMIT = 1.5  # GB above the imports
TRAINING = """
import json, resource, sys, time
from skmedimg import ImageLoader, ScratchCNN

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

import torch, torchvision, skorch, sklearn  # whatever training imports, before it is counted
torch.set_num_threads(1)
files, count = json.loads(sys.argv[1]), int(sys.argv[2])
paths = [files[k % len(files)] for k in range(count)]
labels = [k % 2 for k in range(count)]
imported = peak()
images = ImageLoader(lazy=True).fit_transform(paths)
cnn = ScratchCNN((4, 8), norm=None, dense_units=(8,), max_epochs=1, random_state=0)
begin = time.perf_counter()
cnn.fit(images, labels)
seconds = time.perf_counter() - begin
cnn.predict_proba(images[: count // 10])
gigabytes = peak() - imported
print(json.dumps({"seconds": seconds, "gigabytes": gigabytes, "stack": images.nbytes / 1e9}))
"""
measured = {}


def make(quick):
    """Train once, in a process of its own, since memory that was ever used stays counted."""
    folder = scratch_folder() / "files"
    files = make_files(folder, FILES, SIDE, SIDE, "L", spread=0)
    count = 1000 if quick else 20_000
    command = [sys.executable, "-c", TRAINING, json.dumps(files), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured.update(json.loads(done.stdout), images=count)
    return {"ours": lambda: Timed(measured["seconds"])}


def facts(seconds):
    return {
        "images": measured["images"],
        "GB of the decoded stack": round(measured["stack"], 2),
        "GB at the peak, above the imports": round(measured["gigabytes"], 2),
        "limit in GB": LIMIT,
        "met": measured["gigabytes"] < LIMIT,
    }


ROWS = [
    Row(
        name="lazy-memory",
        work="one epoch of a small CNN on 20,000 lazy JPEGs of 512x512 (quick: 1,000)",
        make=make,
        facts=facts,
        repeats=2,
    )
]
