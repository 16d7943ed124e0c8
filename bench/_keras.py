"""Keras as a peer, in a process with an environment of its own."""

import subprocess
import sys
import weakref

from bench._machine import KERAS, ROOT
from bench._runner import Measured

PACKAGES = ("keras", "tensorflow-cpu")
PYTHON = KERAS / "bin" / "python"
READY = KERAS / "ready"


def keras_peer(work, quick, threads=1, **sizes):
    """Return a callable that has Keras do some work and returns the seconds it took.

    Parameters
    ----------
    work : str
        A function of `bench._keras_work`.
    quick : bool
        A quick run installs nothing: it goes without Keras where the environment is not there.
    threads : int
        Threads of TensorFlow.
    sizes : int
        What the function takes.

    Returns
    -------
    peer : callable or str
        A str, the reason, where the environment cannot be made or Keras fails.
    """
    if not READY.exists():
        failed = "a quick run installs no Keras" if quick else make_environment()
        if failed:
            return failed
    given = [f"{name}={value}" for name, value in sizes.items()]
    process = subprocess.Popen(
        [PYTHON, "-m", "bench._keras_work", work, str(threads), *given],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if process.stdout.readline() != "ready\n":
        return f"Keras failed: {process.communicate()[1].strip().splitlines()[-1]}"

    def run():
        print("go", file=process.stdin, flush=True)
        return Measured(process.stdout.readline())

    weakref.finalize(run, process.communicate)  # the end of its input ends it
    return run


def make_environment():
    """Install Keras into `build/keras-venv`; return None, or the reason why it failed."""
    pip = [PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES]
    for command in ([sys.executable, "-m", "venv", "--clear", KERAS], pip):
        if subprocess.run(command, capture_output=True).returncode:
            return f"pip found no {' and '.join(PACKAGES)}: no network?"
    READY.touch()
    return None
