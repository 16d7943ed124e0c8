"""Work in processes of their own, whose memory is counted from nothing."""

import json
import subprocess
import sys

from bench._machine import ROOT

PREFIX = """
import json, os, resource, sys, threading, time

most = 0

def watch():
    "Note the memory every 20 ms: some kernels of containers tell what is held, not the peak."
    global most
    page = os.sysconf("SC_PAGE_SIZE")
    while True:
        with open("/proc/self/statm") as file:
            most = max(most, int(file.read().split()[1]) * page / 2**20)
        time.sleep(0.02)

def peak():
    "Most MiB that this process held so far; Linux counts in KiB."
    return max(most, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)

if os.path.exists("/proc/self/statm"):
    threading.Thread(target=watch, daemon=True).start()

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
