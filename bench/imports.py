"""What an import costs: ours, its first estimators, and the libraries underneath."""

import subprocess
import sys

from bench import Measured, Row

LIBRARIES = ("sklearn", "torch", "torchvision", "skimage", "skorch")
CLOCK = """
import sys, time
begin = time.perf_counter()
{}
print(time.perf_counter() - begin, *(name for name in {} if name in sys.modules))
"""
FIRST_USES = {
    "ours, then HOG": "from skmedimg import HOG",
    "ours, then ShallowMLP": "from skmedimg import ShallowMLP",
    "ours, then TransferClassifier": "from skmedimg import TransferClassifier",
}
LOADED = {}


def importing(name, statement):
    """Return a callable that times a statement in a fresh interpreter, and notes what it loads."""
    command = [sys.executable, "-c", CLOCK.format(statement, LIBRARIES)]

    def run():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, *LOADED[name] = done.stdout.split()
        return Measured(seconds)

    return run


def loaded(seconds):
    return {f"loaded by {name}": ", ".join(found) or "none" for name, found in LOADED.items()}


def make(quick):
    statements = {"ours": "import skmedimg", **FIRST_USES}
    statements["ours, and all five libraries"] = f"import skmedimg, {', '.join(LIBRARIES)}"
    if quick:  # each of the others takes up to ten seconds, four times
        statements = {name: statements[name] for name in ("ours", "ours, then HOG")}
    return {name: importing(name, statement) for name, statement in statements.items()}


ROWS = [
    Row(
        name="import",
        work="import skmedimg in a fresh interpreter; then its estimators",
        make=make,
        facts=loaded,
        limits={"ours": 0.060},
        repeats=7,
    )
]
