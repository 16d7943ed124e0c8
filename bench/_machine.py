"""Where a result comes from: processor, library versions, revision, day."""

import datetime
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
KERAS = ROOT / "build" / "keras-venv"
PEERS = ROOT / "build" / "peers"
LIBRARIES = (
    *("numpy", "scipy", "scikit-learn", "scikit-image", "skorch", "torch", "torchvision"),
    *("imbalanced-learn", "optuna", "opencv-python-headless", "keras", "tensorflow-cpu", "pillow"),
    *("numba", "kornia", "monai", "timm", "distributed"),
)
BRANCH = "main"  # commits of other branches may be gone after a rebase


def describe():
    """Return all there is to know about this run that is not a time, as a dict."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "revision": revision(),
        "machine": machine(),
        "versions": versions(),
    }


def revision():
    """Return the short commit, marked where nobody else can check out these sources, or None."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    if not commit:
        return None
    if _git("status", "--porcelain", "--", "skmedimg", "bench", ":(exclude)bench/results"):
        return f"{commit}+changes"
    has_branch = _git("rev-parse", "--verify", "--quiet", BRANCH)
    lost = has_branch and _git("merge-base", "--is-ancestor", commit, BRANCH) is None
    return f"{commit}+unmerged" if lost else commit


def doubts(result):
    """Return why a result is not to be quoted, a list of str.

    Parameters
    ----------
    result : dict
        With machine and revision; processes, if it is of a row.
    """
    machine, commit = result["machine"], result["revision"]
    most = max(machine["cores"] or 1, result.get("processes", 1))
    found = []
    if (machine["load"] or 0) > most:
        found.append(f"load {machine['load']} on {machine['cores']} cores")
    if not commit or "+" in commit:
        found.append(f"sources that are no commit of {BRANCH} ({commit})")
    return found


def wait_for_quiet(seconds=180, step=10):
    """Wait until the load of the row before has faded; return why the machine is not quiet."""
    end = time.monotonic() + seconds
    while True:
        found = doubts({"machine": machine(), "revision": revision()})
        if not any(text.startswith("load") for text in found) or time.monotonic() > end:
            return found
        time.sleep(step)


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
    """Return the versions of libraries here and of peers in environments of their own."""
    places = [*sys.path, *map(str, [*KERAS.glob("lib/python*/site-packages"), *PEERS.glob("*")])]
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        first = next(distributions(name=library, path=places), None)
        found |= {library: first.version} if first else {}
    return found
