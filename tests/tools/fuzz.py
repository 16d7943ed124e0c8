"""Damage files by the thousand: each is read or refused by name; no crash, no hang, no flood.

    python -m tests.tools.fuzz [FORMAT ...] [--files 10000] [--first 0] [--out results.json]

A file is told by its format and its number, so `png --first 123 --files 1` makes one again. Files
are read by a child process that may take 1 GB and 5 seconds of processor for each; whatever ends
the child is laid to the file that it was at.
"""

import argparse
import json
import multiprocessing
import platform
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.tools.fuzz_formats import FORMATS
from tests.tools.mutants import mutant, renumbered

MEMORY = 2**30
SECONDS = 5.0
_PATIENCE = 900  # seconds by the clock, the start of the child among them, on a busy machine
_BLOCK = 1000  # files to a process
_GOOD = ("read", "refused")


def damaged(format, wholes, number):
    """Return the file of that number: one of the whole files, damaged."""
    random = np.random.RandomState(number)
    whole = wholes[random.randint(len(wholes))]
    return format.damage(whole, random, (mutant, renumbered)[random.randint(2)])


def judge(format, path):
    """Read one file; return what came of it and, where that is bad, the reason."""
    try:
        format.read(path)
    except format.refusals as error:
        if _ran_out_of_memory(error):
            return "out of memory", traceback.format_exc()
        if path.name not in str(error) and str(path.parent) not in str(error):
            return "unnamed", traceback.format_exc()
        return "refused", None
    except MemoryError:
        return "out of memory", traceback.format_exc()
    except AssertionError:
        return "read wrongly", traceback.format_exc()
    except Exception:
        return "another error", traceback.format_exc()
    return "read", None


def fuzz(name, first, count):
    """Return the outcomes of `count` files of a format, and the bad ones in full."""
    outcomes, bad, slowest, largest, number = Counter(), [], 0.0, 0, first
    while number < first + count:
        stop = min(first + count, number - number % _BLOCK + _BLOCK)
        for at, outcome, reason, seconds, memory in _block(name, number, stop):
            if outcome in _GOOD and seconds > SECONDS:
                outcome, reason = "slow", f"{seconds:.1f} s of processor"
            outcomes[outcome] += 1
            slowest, largest = max(slowest, seconds), max(largest, memory)
            if outcome not in _GOOD:
                bad.append({"number": at, "outcome": outcome, "reason": reason})
            number = at + 1
    figures = {"files": count, "slowest_s": round(slowest, 3), "memory_mb": largest >> 20}
    return figures | {"outcomes": dict(sorted(outcomes.items())), "bad": bad}


def _block(name, first, stop):
    """Yield what came of each file, until the child is through or dead."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    folder = TemporaryDirectory()  # of this process: a child that is killed removes nothing
    child = spawn.Process(target=_work, args=(theirs, folder.name, name, first, stop), daemon=True)
    child.start()
    theirs.close()
    number = first
    try:
        while number < stop:
            if not ours.poll(_PATIENCE):
                yield number, "hang", f"nothing for {_PATIENCE} s by the clock", SECONDS, 0
                return
            yield ours.recv()
            number += 1
    except EOFError:
        child.join()
        out_of_time = child.exitcode == -signal.SIGPROF
        yield number, "hang" if out_of_time else "crash", f"exit code {child.exitcode}", 0.0, 0
    finally:
        child.kill()
        child.join()
        folder.cleanup()


def _work(pipe, folder, name, first, stop):
    """Read files in a child process and report each."""
    format = FORMATS[name]
    wholes = format.wholes()
    warnings.simplefilter("ignore")
    _read_whole_files(format, wholes, Path(folder))  # libraries load and fill their caches
    _limit_memory()
    before = _peak()
    for number in range(first, stop):
        path = Path(folder, f"file {number}", format.name)
        path.parent.mkdir(parents=True)
        path.write_bytes(damaged(format, wholes, number))
        signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)  # ends the process, C code or not
        start = time.process_time()
        outcome, reason = judge(format, path)
        seconds = time.process_time() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send((number, outcome, reason, seconds, _peak() - before))
        _remove(path.parent)


def _read_whole_files(format, wholes, folder):
    for number, whole in enumerate(wholes):
        path = Path(folder, f"whole {number}", format.name)
        path.parent.mkdir(parents=True)
        path.write_bytes(whole)
        judge(format, path)


def _limit_memory():
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _remove(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


def _ran_out_of_memory(error):
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def main(arguments=None):
    """Fuzz the formats that are asked for and print a table; 1 where anything bad came up."""
    options = _options(arguments)
    results = {"machine": platform.platform(), "python": platform.python_version(), "formats": {}}
    print("| format | files | read | refused | bad | slowest | memory |", flush=True)
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name in options.formats or FORMATS:
        found = results["formats"][name] = fuzz(name, options.first, options.files)
        print(_row(name, found), flush=True)
        for each in found["bad"][: options.show]:
            print(f"{name} {each['number']}: {each['outcome']}\n{each['reason']}", file=sys.stderr)
        if options.out:
            Path(options.out).write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return int(any(found["bad"] for found in results["formats"].values()))


def _row(name, found):
    good = [str(found["outcomes"].get(outcome, 0)) for outcome in _GOOD]
    cells = [name, str(found["files"]), *good, str(len(found["bad"]))]
    return f"| {' | '.join(cells)} | {found['slowest_s']:.2f} s | {found['memory_mb']} MB |"


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.tools.fuzz", description=__doc__)
    parser.add_argument("formats", nargs="*", help=f"of {', '.join(FORMATS)}; default all")
    parser.add_argument("--files", type=int, default=10_000, help="of each format")
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--show", type=int, default=3, help="bad files of a format to print")
    parser.add_argument("--out", help="JSON file for the results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main())
