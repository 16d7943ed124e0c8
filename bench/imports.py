"""What an import costs: ours, its first estimators, and the libraries underneath."""

import subprocess
import sys

from bench import Row, Timed

CLOCK = "import time; begin = time.perf_counter(); {}; print(time.perf_counter() - begin)"
LIBRARIES = "import sklearn, torch, torchvision, skimage, skorch"
FIRST_USES = {
    "ours, then HOG": "from skmedimg import HOG",
    "ours, then ShallowMLP": "from skmedimg import ShallowMLP",
    "ours, then TransferClassifier": "from skmedimg import TransferClassifier",
}


def importing(statement):
    """Return a callable that times a statement in a fresh interpreter."""
    command = [sys.executable, "-c", CLOCK.format(statement)]
    return lambda: Timed(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def make(quick):
    import skmedimg

    calls = {"ours": importing("import skmedimg"), "all five libraries": importing(LIBRARIES)}
    for name, statement in FIRST_USES.items():
        there = name.split()[-1] in skmedimg.__all__
        calls[name] = importing(statement) if there else "not part of this version"
    return calls


ROWS = [
    Row(
        name="import",
        work="import skmedimg in a fresh interpreter; then its estimators",
        make=make,
        limits={"ours": 0.060},
    )
]
