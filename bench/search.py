"""Searches: heads over a frozen backbone, shared steps, and processes that share a study."""

import time
from contextlib import contextmanager

import numpy as np

from bench import Row, Timed
from bench._scratch import scratch_folder
from bench.load import make_files
from bench.transfer import FOLDS, ours, photographs, plain_search, weights_of

HEADS = 20
RATES = np.logspace(-4, -1, HEADS)
BACKBONE = "mobilenet_v2"
TRIALS = 12


def make_heads(quick):
    """Ours twice, by scikit-learn's search and by optuna's; plainly, with a part extrapolated."""
    X, y = photographs(10 if quick else 40, 64 if quick else 128)
    weights = weights_of(BACKBONE)
    return {
        "ours": lambda: grid_search(ours(BACKBONE, weights), X, y),
        "ours, OptunaSearch": lambda: optuna_search(ours(BACKBONE, weights), X, y),
        "GridSearchCV and plain skorch": lambda: plain_search(BACKBONE, weights, X, y, HEADS),
    }


def grid_search(model, X, y):
    from sklearn.model_selection import GridSearchCV

    grid = {"learning_rate": RATES}
    return GridSearchCV(model, grid, cv=FOLDS, error_score="raise").fit(X, y)


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


def make_dask(quick):
    """Cross-validate once for each kind of X, on a cluster of two processes."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        return {"ours": "dask and distributed are not installed: skmedimg[distributed]"}
    paths = make_files(scratch_folder() / "files", 20 if quick else 100, 512, 512, "L", spread=0)
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**settings) as cluster, Client(cluster):
        seconds = {kind: spread(kind, paths) for kind in ("paths", "undecoded", "pixels")}
    return {f"ours, {kind}": lambda taken=taken: Timed(taken) for kind, taken in seconds.items()}


SENT = {}


def spread(kind, paths):
    """Cross-validate under Dask; return the seconds, and note the bytes that were sent.

    Client and scheduler live in this process: bytes on their way to a worker may count twice.
    """
    from joblib import parallel_config
    from sklearn.model_selection import cross_val_score

    from skmedimg import HOG, ImageLoader, Pipeline, ShallowMLP
    from skmedimg.images import LazyImages

    images = LazyImages(paths)
    X = {"paths": paths, "undecoded": images}.get(kind)
    X = images.load() if X is None else X
    steps = [HOG(), ShallowMLP((8,), max_epochs=2, random_state=0)]
    model = Pipeline([ImageLoader(512), *steps] if kind == "paths" else steps)
    begin = time.perf_counter()
    with counted() as sent, parallel_config(backend="dask"):
        cross_val_score(model, X, np.arange(len(paths)) % 2, cv=4, error_score="raise")
    SENT[kind] = sum(sent)
    return time.perf_counter() - begin


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


def bytes_sent(seconds):
    return {f"bytes sent, {kind}": sent for kind, sent in SENT.items()}


ROWS = [
    Row("search-heads", f"{HEADS} heads in {FOLDS} folds and a refit on a frozen {BACKBONE}, "
        "40 images of 128x128", make_heads, repeats=3,
        goals={"GridSearchCV and plain skorch": 50}),
    Row("search-shared", f"10 networks in {FOLDS} folds on HOG of 60 JPEGs of 500x500, with "
        "Pipeline(memory=...) from empty", make_shared, repeats=5),
    Row("search-trials", f"{TRIALS} trials of a small network in {FOLDS} folds on digits, in one "
        "study", make_trials, facts=trials_per_minute, repeats=3),
    Row("dask-bytes", "4 folds on two Dask processes: 100 JPEGs of 512x512 as paths, undecoded, "
        "or as pixels", make_dask, facts=bytes_sent, repeats=2),
]  # fmt: skip
