"""Libraries as peers, in folders of their own: they are no dependencies of ours."""

import importlib
import subprocess
import sys

from bench._machine import PEERS

# Module -> what pip installs, without what comes along: numpy, torch and the interpreter are ours.
PACKAGES = {
    "cv2": ("opencv-python-headless<5",),
    "kornia": ("kornia", "kornia_rs"),
    "monai": ("monai",),
    "numba": ("numba", "llvmlite"),
}


def load_peer(module, quick):
    """Return a module, or the reason why there is none, a str.

    What is missing is installed below `build/peers` once, unless the run is a quick one; it then
    runs in turns with ours in one process.
    """
    folder = PEERS / module
    if not (folder / module).exists():
        failed = f"a quick run installs no {module}" if quick else install(module, folder)
        if failed:
            return failed
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(module)


def install(module, folder):
    """Install into the folder and return None, or the reason why that failed."""
    packages = PACKAGES[module]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *packages]
    done = subprocess.run([*command, "--target", folder], capture_output=True, text=True)
    return None if done.returncode == 0 else f"pip found no {' and '.join(packages)}: no network?"
