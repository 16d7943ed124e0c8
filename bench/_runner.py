"""Measure ours and its peers in turns, and say how many times less ours takes."""

import contextlib
import pkgutil
import statistics
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path

FEW = 2  # samples: calls that are sampled so rarely last minutes and need no call to warm up
SHORTEST_SAMPLE = 0.02  # seconds; faster calls are repeated until a sample lasts this long
LONG = 2.0  # seconds; slower calls are warm after one


class Measured(float):
    """A number that a callable measured itself: seconds in another process, MiB, an exponent."""


class Row:
    """One row of the benchmark: a piece of work done by ours and by its peers.

    Parameters
    ----------
    name : str
        What the row is called on the command line, in its result file and on the page.
    work : str
        What is done, in one line.
    make : callable
        `make(quick)` prepares the data and returns a dict of name -> callable without arguments,
        with "ours" among them. One call is one sample. A peer that cannot run here is given as
        the reason, a str, instead of its callable. Names that start with "ours" are variants of
        ours ("ours, bfloat16"): timed, but no peers.
    goals : dict of str -> float
        Peer -> how many times what ours takes it shall take, at least.
    limits : dict of str -> float
        Name -> the most that one call of it may take, in `unit`.
    facts : callable or None
        `facts(medians)` gets the dict of name -> median after all calls and returns a dict of
        whatever else is worth a note: errors, counts, slopes.
    threads : int
        Threads of torch, BLAS, OpenMP and OpenCV while the row runs.
    repeats : int
        Samples of each callable; a third of them, at least three, when `quick`. One or two are for
        calls of minutes, which are not called before to warm up.
    why : str
        Why it misses a goal, and by how much, where it does; for the page.
    unit : "s", "MiB" or "exponent"
        What one call measures. Calls of a row in seconds are timed and repeated until a sample is
        long enough; all others return a `Measured` and are called once per sample.
    processes : int
        Processes or threads that the row itself keeps busy: they are no other load.
    """

    def __init__(
        self,
        name,
        work,
        make,
        goals=None,
        limits=None,
        facts=None,
        threads=1,
        repeats=15,
        why="",
        unit="s",
        processes=1,
    ):
        self.name = name
        self.work = work
        self.make = make
        self.goals = goals or {}
        self.limits = limits or {}
        self.facts = facts
        self.threads = threads
        self.repeats = repeats
        self.why = why
        self.unit = unit
        self.processes = processes


def all_rows():
    """Return the rows of every bench module: module name -> list of rows."""
    found = pkgutil.iter_modules([Path(__file__).parent])
    names = [m.name for m in found if not m.ispkg and not m.name.startswith("_")]
    return {name: import_module(f"bench.{name}").ROWS for name in sorted(names)}


def run_row(row, quick=False):
    """Run one row and return its result, ready for JSON.

    Parameters
    ----------
    row : Row
        The row.
    quick : bool, default=False
        Take a third of the samples; `row.make` is told as well and may take less data.

    Returns
    -------
    result : dict
        With keys name, work, quick, threads, processes, repeats, unit, values, ratios, limits,
        facts, absent.
    """
    # Imported here: the processes of Keras import this module and have no scikit-learn.
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # labels are random, fits are short
        with pinned_threads(row.threads):
            contenders = row.make(quick)
        absent = {name: reason for name, reason in contenders.items() if isinstance(reason, str)}
        calls = {name: call for name, call in contenders.items() if name not in absent}
        repeats = min(row.repeats, max(3, row.repeats // 3)) if quick else row.repeats
        with pinned_threads(row.threads):
            samples = alternate(calls, repeats, is_timed=row.unit == "s")
        medians = {name: statistics.median(taken) for name, taken in samples.items()}
        facts = row.facts(medians) if row.facts else {}
    result = {
        "name": row.name,
        "work": row.work,
        "quick": quick,
        "threads": row.threads,
        "processes": row.processes,
        "repeats": repeats,
        "unit": row.unit,
        "values": {name: spread(taken) for name, taken in samples.items()},
        "ratios": ratios(samples),
        "facts": facts,
        "absent": absent,
    }
    return judge(result, row)


@contextlib.contextmanager
def pinned_threads(count):
    """Hold every thread pool that is loaded at `count` threads, and put it back afterwards."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(count), contextlib.ExitStack() as undo:
        for get, put in _own_thread_settings():
            undo.callback(put, get())
            put(count)
        yield


def _own_thread_settings():
    """Libraries with thread counts of their own, where they are loaded."""
    torch, cv2 = sys.modules.get("torch"), sys.modules.get("cv2")
    if torch:
        yield torch.get_num_threads, torch.set_num_threads
    if cv2:
        yield cv2.getNumThreads, cv2.setNumThreads


def alternate(calls, repeats, is_timed=True):
    """Sample the callables in turns, so that a slow spell of the machine meets them all.

    Returns
    -------
    samples : dict of str -> list of float
        What one call takes; sample i of one was taken next to sample i of the others.
    """
    warm = is_timed and repeats > FEW
    loops = {name: warm_up(call) if warm else 1 for name, call in calls.items()}
    samples = {name: [] for name in calls}
    for turn in range(repeats):
        order = list(calls) if turn % 2 else list(calls)[::-1]
        for name in order:
            taken = sample(calls[name], loops[name]) if is_timed else float(calls[name]())
            samples[name].append(taken)
    return samples


def warm_up(call):
    """Call once or twice and return how many calls make one sample long enough to be timed."""
    seconds = sample(call, 1)
    if seconds < LONG:
        seconds = sample(call, 1)
    return max(1, round(SHORTEST_SAMPLE / max(seconds, 1e-7)))


def sample(call, loops):
    """Return the mean seconds of some calls in a row."""
    begin = time.perf_counter()
    for _ in range(loops):
        outcome = call()
    elapsed = (time.perf_counter() - begin) / loops
    return float(outcome) if isinstance(outcome, Measured) else elapsed


def ratios(samples):
    """Each peer against ours: the quartiles of the ratios of neighboring samples."""
    ours = samples.get("ours", [])
    peers = [name for name in samples if ours and not name.startswith("ours")]
    return {p: spread([t / o for t, o in zip(samples[p], ours, strict=True)]) for p in peers}


def judge(result, row):
    """Return the result with the goals and limits of a row, and whether they are met."""
    judged = {}
    for peer, ratio in result["ratios"].items():
        judged[peer] = {key: ratio[key] for key in ("median", "low", "high")}
        if (goal := row.goals.get(peer)) is not None:
            judged[peer] |= {"goal": goal, "met": ratio["median"] >= goal}
    medians = {name: value["median"] for name, value in result["values"].items()}
    limits = {
        name: {"limit": limit, "met": medians[name] <= limit}
        for name, limit in row.limits.items()
        if name in medians
    }
    return result | {"ratios": judged, "limits": limits}


def spread(values):
    """Median and quartiles.

    Parameters
    ----------
    values : list of float

    Returns
    -------
    summary : dict with keys median, low, high
        Rounded to four significant digits.
    """
    if len(values) == 1:
        values = values * 2
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": digits(median), "low": digits(low), "high": digits(high)}


def digits(value, count=4):
    return float(f"{value:.{count}g}")
