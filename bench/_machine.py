"""Where a result comes from: processor, library versions, revision, day."""

import datetime
import os
import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
KERAS = ROOT / "build" / "keras-venv"
LIBRARIES = (
    *("numpy", "scipy", "scikit-learn", "scikit-image", "skorch", "torch", "torchvision"),
    *("imbalanced-learn", "optuna", "opencv-python-headless", "keras", "tensorflow-cpu", "pillow"),
)


def describe():
    """Return all there is to know about this run that is not a time, as a dict."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "revision": revision(),
        "machine": machine(),
        "versions": versions(),
    }


def revision():
    """Return the short commit, with a plus when the sources differ from it, or None."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    return commit and commit + ("+" if _git("status", "--porcelain", "--", "skmedimg") else "")


def _git(*arguments):
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def machine():
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "gpu": gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def processor():
    """Return the name of the processor; Linux keeps it in a file, others in platform."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def gpu():
    """Return the name of the CUDA device, where torch is loaded and sees one."""
    torch = sys.modules.get("torch")
    return torch.cuda.get_device_name() if torch and torch.cuda.is_available() else None


def versions():
    """Return the versions of libraries here, and of Keras in the environment of its own."""
    places = [*sys.path, *map(str, KERAS.glob("lib/python*/site-packages"))]
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        first = next(distributions(name=library, path=places), None)
        found |= {library: first.version} if first else {}
    return found
