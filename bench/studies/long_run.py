"""Two hundred fits in one process: do memory, file handles and threads grow?

No timing: `python -m bench.studies.long_run [--fits 200]`.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench._machine import describe
from bench.studies import RESULTS

NAME = "long-run"
FITS = """
import gc, json, os, sys, tempfile, threading, time
import torch
from skmedimg import ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter
from skmedimg.datasets import make_lesions

torch.set_num_threads(1)
count, warm = int(sys.argv[1]), int(sys.argv[2])
data = make_lesions(40, size=32, random_state=0)
folder = tempfile.TemporaryDirectory()
short = {"max_epochs": 2, "batch_size": 16}
networks = [
    (ShallowMLP((16,), dropout=0.2, **short), data.target),
    (ScratchCNN((4, 8), **short), data.target),
    (TransferClassifier("squeezenet1_1", weights=None, cache=folder.name, **short), data.target),
    (UNetSegmenter((4, 8), **short), data.masks),
]

def now():
    gc.collect()
    resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    device = torch.cuda.memory_allocated() / 1e6 if torch.cuda.is_available() else 0.0
    return resident, len(os.listdir("/proc/self/fd")), threading.active_count(), device

begin = time.perf_counter()
for fit in range(count):
    if fit == warm:  # libraries have made their caches and pools by now
        before = now()
    network, target = networks[fit % len(networks)]
    network.fit(data.images, target).predict(data.images)
after = now()
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "before": before, "after": after}))
"""
WARM = 40


def main(arguments=None):
    """Run the study and write what changed between the first fits and the last."""
    parser = argparse.ArgumentParser(prog="python -m bench.studies.long_run", description=__doc__)
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    report = {"name": NAME, **study(options.fits), **describe()}
    print(json.dumps(report, indent=1))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{NAME}.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def study(count):
    """Fit in a process of its own, where nothing else takes memory."""
    command = [sys.executable, "-c", FITS, str(count), str(WARM)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    before, after = measured["before"], measured["after"]
    return {
        "fits": count,
        "seconds": round(measured["seconds"], 1),
        f"MB after {WARM} fits": round(before[0], 1),
        "MB at the end": round(after[0], 1),
        "file handles more": after[1] - before[1],
        "threads more": after[2] - before[2],
        "MB more on the GPU": round(after[3] - before[3], 1),
    }


if __name__ == "__main__":
    main()
