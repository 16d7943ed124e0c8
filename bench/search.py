"""Searches: shared steps, and processes and Dask workers that share a study or folds."""

import time
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec

import numpy as np

from bench import Measured, Row
from bench._scratch import scratch_folder
from bench.load import make_files
from bench.transfer import FOLDS

HEADS = 20
RATES = np.logspace(-4, -1, HEADS)
TRIALS, FITS = 12, 20


def optuna_search(model, X, y, **settings):
    """Try as many rates, none of them cut short."""
    from optuna.pruners import NopPruner

    from skmedimg import OptunaSearch

    spaces = {"learning_rate": list(RATES)}
    settings = {"n_trials": HEADS, "pruner": NopPruner(), "random_state": 0, **settings}
    return OptunaSearch(model, spaces, cv=FOLDS, **settings).fit(X, y)


def make_shared(quick):
    """Files to HOG to a network: decoded and described once per fold, or once per candidate."""
    folder = scratch_folder()
    paths = make_files(folder / "files", 20 if quick else 60, 500, 500, "L")
    y = np.arange(len(paths)) % 2
    return {
        "ours": lambda: search_pipeline(paths, y, str(scratch_folder())),
        "without memory": lambda: search_pipeline(paths, y, None),
    }


def search_pipeline(paths, y, memory):
    from sklearn.model_selection import GridSearchCV

    from skmedimg import HOG, ImageLoader, Pipeline, ShallowMLP

    steps = [ImageLoader(128), HOG(), ShallowMLP((32,), max_epochs=5, random_state=0)]
    grid = {"shallowmlp__learning_rate": RATES[::2]}
    search = GridSearchCV(Pipeline(steps, memory=memory), grid, cv=FOLDS, error_score="raise")
    return search.fit(paths, y)


def make_trials(quick):
    """One study in a file, worked on by one, two and three processes; their start counts."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, y = (X[:300], y[:300]) if quick else (X, y)
    folder = scratch_folder()
    numbers = iter(range(10_000))
    return {
        f"ours, {n} processes": lambda n=n: share_study(X, y, folder / f"{next(numbers)}.log", n)
        for n in (1, 2, 3)
    }


def share_study(X, y, file, processes):
    from skmedimg import ShallowMLP

    model = ShallowMLP((32,), max_epochs=10, random_state=0)
    settings = {"storage": f"journal:{file}", "n_trials": TRIALS, "n_jobs": processes}
    return optuna_search(model, X, y, refit=False, **settings)


def trials_per_minute(seconds):
    return {f"trials per minute{n[4:]}": round(60 * TRIALS / s, 1) for n, s in seconds.items()}


NO_DASK = {"ours": "dask and distributed are not installed: skmedimg[distributed]"}


def make_dask_bytes(quick):
    """Cross-validate once for each kind of X, on a cluster of two processes."""
    if find_spec("distributed") is None:
        return NO_DASK
    paths = make_files(scratch_folder() / "files", 12 if quick else 100, 512, 512, "L", spread=0)
    return {
        f"ours, {kind}": partial(bytes_sent, kind, paths)
        for kind in ("paths", "undecoded", "pixels")
    }


@contextmanager
def dask(workers):
    """Start as many Dask processes of one thread and have joblib use them."""
    from distributed import Client, LocalCluster
    from joblib import parallel_config

    settings = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        client.wait_for_workers(workers)
        with parallel_config(backend="dask"):
            yield


def bytes_sent(kind, paths):
    """Cross-validate under Dask; return the MiB that were sent, and note the seconds.

    Client and scheduler live in this process: bytes on their way to a worker may count twice.
    """
    from sklearn.model_selection import cross_val_score

    from skmedimg import HOG, ImageLoader, Pipeline, ShallowMLP
    from skmedimg.images import LazyImages

    images = LazyImages(paths)
    X = {"paths": paths, "undecoded": images}.get(kind)
    X = images.load() if X is None else X
    steps = [HOG(), ShallowMLP((8,), max_epochs=2, random_state=0)]
    model = Pipeline([ImageLoader(512), *steps] if kind == "paths" else steps)
    with dask(2), counted() as sent:
        begin = time.perf_counter()
        cross_val_score(model, X, np.arange(len(paths)) % 2, cv=4, error_score="raise")
        SECONDS[kind] = time.perf_counter() - begin
    return Measured(sum(sent) / 2**20)


SECONDS = {}


@contextmanager
def counted():
    """Note the bytes of every message that this process sends by Dask's sockets."""
    from distributed.comm.tcp import TCP

    plain, sent = TCP.write, []

    async def write(comm, msg, serializers=None, on_error="message"):
        sent.append(await plain(comm, msg, serializers=serializers, on_error=on_error))
        return sent[-1]

    TCP.write = write
    try:
        yield sent
    finally:
        TCP.write = plain


def make_dask_workers(quick):
    """Fit the same networks on two Dask processes and on one; their start does not count.

    joblib computes what is for one worker in this process: it has one thread as well.
    """
    if find_spec("distributed") is None:
        return NO_DASK
    draws = np.random.default_rng(0)
    X = draws.integers(0, 256, (40 if quick else 400, 32, 32), dtype=np.uint8)
    y = draws.integers(0, 2, len(X))
    return {
        "ours": partial(fits_on, 2, X, y, 1 if quick else 5),
        "one worker": partial(fits_on, 1, X, y, 1 if quick else 5),
    }


def fits_on(workers, X, y, epochs):
    from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

    from skmedimg import ScratchCNN

    model = ScratchCNN((8, 16), max_epochs=epochs, random_state=0)
    cv = StratifiedShuffleSplit(FITS, random_state=0)
    with dask(workers):
        cross_val_score(model, X[:20], y[:20], cv=workers * 2)  # imports what a worker needs
        begin = time.perf_counter()
        cross_val_score(model, X, y, cv=cv, error_score="raise")
        return Measured(time.perf_counter() - begin)


ROWS = [
    Row(
        "search-shared",
        f"10 networks in {FOLDS} folds on HOG of 60 JPEGs of 500x500, with Pipeline(memory=...) "
        "from empty",
        make_shared,
        repeats=5,
    ),
    Row(
        "search-trials",
        f"{TRIALS} trials of a small network in {FOLDS} folds on digits, in one study",
        make_trials,
        facts=trials_per_minute,
        repeats=3,
        processes=3,
    ),
    Row(
        "dask-bytes",
        "MiB sent: 4 folds on two Dask processes, 100 JPEGs of 512x512 as paths, undecoded, or as "
        "pixels",
        make_dask_bytes,
        facts=lambda medians: {f"seconds, {kind}": round(s, 1) for kind, s in SECONDS.items()},
        repeats=2,
        unit="MiB",
        processes=3,
    ),
    Row(
        "dask-workers",
        f"{FITS} fits of a small CNN on two Dask workers and on one",
        make_dask_workers,
        goals={"one worker": 1.8},
        repeats=3,
        processes=3,
    ),
]
