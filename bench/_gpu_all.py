"""Everything that needs a GPU, within eight minutes: its tests, and its rows one by one.

`python -m bench._gpu_all --out DIR --label NAME` goes on where it stopped: what left a file in DIR
is done. Each step is a process with a limit of its own, and no step begins that may not fit into
what is left. `--plan` prints the steps.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench._machine import ROOT

SECONDS = 470
# Rows, the most telling first -> the most seconds that each may take.
ROWS = {
    "gpu-parity": 20,
    "gpu-cnn-bfloat16": 45,
    "gpu-cnn-float32": 45,
    "gpu-unet": 45,
    "gpu-mlp": 40,
    "gpu-hog": 20,
    "gpu-features-efficientnet_lite0": 25,
    "gpu-features-resnet50": 25,
    "gpu-many-fits": 30,
    "gpu-compare": 75,
    "gpu-times-cnn": 15,
    "gpu-times-unet": 15,
    "gpu-times-hog-mlp": 15,
}
TESTS = ("tests/training/test_gpu.py",)
TESTS_SECONDS = 55


class Step(NamedTuple):
    """A command, the file that tells that it is done, and its limit in seconds."""

    name: str
    command: list
    file: Path
    seconds: int


def plan(out, label):
    """Return the steps in their order: the tests, then the rows."""
    python = [sys.executable, "-m"]
    tests = [*python, "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    steps = [Step("tests", tests, out / f"gpu-tests.{label}.txt", TESTS_SECONDS)]
    for name, seconds in ROWS.items():
        command = [*python, "bench", name, "--anyway", "--out", str(out), "--label", label]
        steps.append(Step(name, command, out / f"{name}.{label}.json", seconds))
    return steps


def run(steps, seconds, clock=time.monotonic, execute=subprocess.run):
    """Run what is not done yet; return what was said of each step.

    Parameters
    ----------
    steps : list of Step
    seconds : float
        For all of them.
    clock, execute : callable
        `time.monotonic` and `subprocess.run`, or what a test has in their place.
    """
    end, said = clock() + seconds, {}
    for step in steps:
        left = end - clock()
        if step.file.exists():
            said[step.name] = "is there"
        elif left < step.seconds:
            said[step.name] = f"left out: {left:.0f} s are left of the {step.seconds} s it may take"
        else:
            begin = clock()
            said[step.name] = f"{attempt(step, execute)} in {clock() - begin:.0f} s"
        print(f"{step.name}: {said[step.name]}", flush=True)
    return said


def attempt(step, execute):
    """Run one step; its output is kept where it failed, and of the tests always."""
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": step.seconds}
    try:
        done = execute(step.command, **options)
    except subprocess.TimeoutExpired:
        return f"stopped after {step.seconds} s"
    text = done.stdout + done.stderr
    if step.file.suffix == ".txt":
        step.file.write_text(text, "utf-8")
    if done.returncode:
        step.file.with_suffix(".failed").write_text(text, "utf-8")
    return "failed" if done.returncode else "done"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m bench._gpu_all", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build") / "gpu")
    parser.add_argument("--label", default="gpu", help="of the machine, in the names of files")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--plan", action="store_true", help="print the steps, run nothing")
    options = parser.parse_args(arguments)
    steps = plan(options.out, options.label)
    if options.plan:
        for step in steps:
            print(f"{step.seconds:>4} s  {' '.join(map(str, step.command[1:]))}")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    run(steps, options.seconds)


if __name__ == "__main__":
    main()
