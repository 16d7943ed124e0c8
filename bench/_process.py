"""Work in processes of their own, whose memory is counted from nothing."""

import json
import subprocess
import sys

from bench._machine import ROOT

PREFIX = """
import json, resource, sys, time

def peak():
    "Most MiB that this process held so far; Linux counts in KiB."
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

def timed(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin

given = json.loads(sys.argv[1])
"""


def in_process(code, **given):
    """Run code that finds `peak`, `timed` and the dict `given`; return what it prints as JSON."""
    command = [sys.executable, "-c", PREFIX + code, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)
