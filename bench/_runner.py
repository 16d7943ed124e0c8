"""Time ours and its peers in turns, and say how often faster ours is."""

import contextlib
import statistics
import sys
import time

SHORTEST_SAMPLE = 0.02  # seconds; faster calls are repeated until a sample lasts this long
LONG = 2.0  # seconds; slower calls are warm after one


class Timed(float):
    """Seconds that a callable measured itself, in another process for example."""


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
        Peer -> how many times faster than it ours shall be, at least.
    limits : dict of str -> float
        Name -> the most seconds one call of it may take.
    facts : callable or None
        `facts(seconds)` gets the dict of name -> median seconds after the timing and returns a
        dict of whatever else is worth a note: errors, counts, slopes.
    threads : int
        Threads of torch, BLAS, OpenMP and OpenCV while the row runs.
    repeats : int
        Samples of each callable; a third of them, at least three, when `quick`.
    why : str
        Why it misses a goal, and by how much, where it does; for the page.
    """

    def __init__(
        self, name, work, make, goals=None, limits=None, facts=None, threads=1, repeats=15, why=""
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
        With keys name, work, quick, threads, repeats, seconds, speedup, limits, facts, absent.
    """
    with pinned_threads(row.threads):
        contenders = row.make(quick)
    absent = {name: reason for name, reason in contenders.items() if isinstance(reason, str)}
    calls = {name: call for name, call in contenders.items() if name not in absent}
    repeats = max(3, row.repeats // 3) if quick else row.repeats
    with pinned_threads(row.threads):
        samples = alternate(calls, repeats)
    medians = {name: statistics.median(taken) for name, taken in samples.items()}
    return {
        "name": row.name,
        "work": row.work,
        "quick": quick,
        "threads": row.threads,
        "repeats": repeats,
        "seconds": {name: spread(taken) for name, taken in samples.items()},
        "speedup": speedups(row, samples),
        "limits": {n: judge_limit(row.limits[n], medians[n]) for n in row.limits if n in medians},
        "facts": row.facts(medians) if row.facts else {},
        "absent": absent,
    }


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


def alternate(calls, repeats):
    """Sample the callables in turns, so that a slow spell of the machine meets them all.

    Returns
    -------
    samples : dict of str -> list of float
        Seconds per call; sample i of one was taken next to sample i of the others.
    """
    loops = {name: warm_up(call) for name, call in calls.items()}
    samples = {name: [] for name in calls}
    for turn in range(repeats):
        order = list(calls) if turn % 2 else list(calls)[::-1]
        for name in order:
            samples[name].append(sample(calls[name], loops[name]))
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
    return float(outcome) if isinstance(outcome, Timed) else elapsed


def speedups(row, samples):
    """Ours against each peer: the quartiles of the ratios of neighbouring samples."""
    ours = samples.get("ours", [])
    peers = [name for name in samples if ours and not name.startswith("ours")]
    ratios = {p: [t / o for t, o in zip(samples[p], ours, strict=True)] for p in peers}
    return {p: spread(ratios[p]) | judge_goal(row.goals.get(p), ratios[p]) for p in peers}


def judge_goal(goal, ratios):
    return {} if goal is None else {"goal": goal, "met": statistics.median(ratios) >= goal}


def judge_limit(limit, seconds):
    return {"limit": limit, "met": seconds <= limit}


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
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": digits(median), "low": digits(low), "high": digits(high)}


def digits(value, count=4):
    return float(f"{value:.{count}g}")
