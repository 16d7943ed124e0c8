"""OpenCV as a peer, in a folder of its own: it is no dependency of ours."""

import importlib
import subprocess
import sys

from bench._machine import ROOT

FOLDER = ROOT / "build" / "opencv"
RELEASE = "opencv-python-headless<5"  # version 5 has no HOGDescriptor


def load_opencv(quick):
    """Return the module cv2, or the reason why there is none, a str.

    What is not installed is put into `build/opencv` once, unless the run is a quick one; numpy and
    the interpreter are ours, so that it runs in turns with ours in one process.
    """
    if not FOLDER.exists():
        failed = "a quick run installs no OpenCV" if quick else install()
        if failed:
            return failed
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    return importlib.import_module("cv2")


def install():
    """Install into the folder and return None, or the reason why that failed."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", RELEASE]
    done = subprocess.run([*command, "--target", FOLDER], capture_output=True, text=True)
    return None if done.returncode == 0 else f"pip found no {RELEASE}: no network?"
