"""Progress of long calls: one line that moves on a terminal, plain lines anywhere else."""

import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar

from tqdm import tqdm

_TICK = 0.5  # seconds between two states of the line
_BAR = "{desc} {percentage:3.0f}%|{bar:8}| {elapsed}<{remaining}{postfix}"
# Where the fit of this thread writes its epochs: a file, because fits run in other processes too.
_EPOCHS = ContextVar("epochs", default=None)


def is_live():
    """Return whether standard error shows a line that is written over: a terminal or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def with_progress(items, total, what, unit):
    """Yield items and show how many came: on a line that moves, or on one line at the end."""
    if is_live():
        yield from tqdm(items, total=total, desc=what, unit=unit, dynamic_ncols=True)
        return
    done = 0
    for item in items:
        yield item
        done += 1
        if done == total:  # here, because who has all items may not ask for another one
            print(f"{what}: 100% {done}/{total} {unit}s", file=sys.stderr, flush=True)


@contextmanager
def epochs_go_to(path):
    """Let networks that are fitted in this thread write their epochs to a file, unless None."""
    if path is None:
        yield
        return
    token = _EPOCHS.set([path, 0.0])
    try:
        _write(path, "")  # the fit has begun
        yield
    finally:
        _EPOCHS.reset(token)
        if os.path.exists(path):
            os.remove(path)


def report_epoch(done, total):
    """Write the epoch that a network has reached, for whoever shows the progress of its fit."""
    target = _EPOCHS.get()
    if target is not None and time.monotonic() - target[1] > _TICK / 2:
        target[1] = time.monotonic()
        _write(target[0], f"{done:9d} {total:9d}")


def _write(path, text):
    try:
        # never emptied: whoever reads it meanwhile sees the epoch before
        with open(path, "r+" if text else "w") as file:
            file.write(text)
    except OSError:  # a worker on another machine has no such folder, and a disk may be full
        pass


class FitProgress:
    """Shows the fits of a comparison: on one line while they run, or a line per finished fit.

    Parameters
    ----------
    verbose : bool
        False shows nothing.

    Examples
    --------
    >>> from skmedimg._progress import FitProgress
    >>> with FitProgress(verbose=False) as progress:
    ...     progress.begin(["cnn, fold 1"])
    ...     progress.finish(0, "cnn: AUC 0.912")
    """

    def __init__(self, verbose):
        self.verbose = verbose
        self.live = bool(verbose) and is_live()
        self.labels, self.finished, self.status, self.last = [], set(), "", ""
        self.folder = self.bar = None

    def __enter__(self):
        if self.live:
            self.folder = tempfile.mkdtemp(prefix="skmedimg-")
            self.bar = tqdm(total=1, desc="Comparing", bar_format=_BAR, dynamic_ncols=True)
            self.over = threading.Event()
            # A thread, because the caller waits for fits: the line has to move all the same.
            self.ticker = threading.Thread(target=self._tick, daemon=True)
            self.ticker.start()
        return self

    def __exit__(self, *error):
        if self.live:
            self.over.set()
            self.ticker.join()
            self.status = ""
            self.bar.leave = bool(self.labels)
            if self.labels:
                self._draw()
            self.bar.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, status):
        """Show what happens before the first fit."""
        self.status = status

    def begin(self, labels):
        """Start to count fits, which are called by labels."""
        self.labels, self.status = list(labels), ""
        if self.live:
            self.bar.total = max(len(self.labels), 1)

    def start(self):
        """Count time from here on: fits that a checkpoint held took none."""
        if self.live:
            self.bar.initial = len(self.finished)
            self.bar.start_t = time.time()

    def finish(self, number, text):
        """Count a fit as finished; `text` says what came of it."""
        self.finished.add(number)
        self.last = f"{self.labels[number]}: {' '.join(text.split())}"
        if self.verbose and not self.live:
            done = f"{len(self.finished)}/{len(self.labels)}"
            print(f"{done} {self.last}", file=sys.stderr, flush=True)

    def path_of(self, number):
        """Return the file that a fit writes its epochs to, or None where nothing is shown."""
        return None if self.folder is None else os.path.join(self.folder, f"{number}")

    def _tick(self):
        while not self.over.wait(_TICK):
            self._draw()

    def _draw(self):
        running = self._running()
        self.bar.n = len(self.finished) + sum(share for _, share, _ in running)
        if self.labels:
            fits = f"{len(self.finished)}/{len(self.labels)} fits"
            self.bar.set_description_str(fits, refresh=False)
        self.bar.set_postfix_str(self._words(running), refresh=False)
        self.bar.refresh()

    def _words(self, running):
        """Return what the line says beside the bar: the fit that runs, or the last one."""
        if self.status or not running:
            return self.status or self.last
        number, _, epoch = running[0]
        more = f" +{len(running) - 1}" if len(running) > 1 else ""
        return f"{self.labels[number]}{epoch}{more}"

    def _running(self):
        """Return (number, share that is done, words for its epoch) of the fits that run."""
        found = []
        for name in sorted(os.listdir(self.folder), key=int):
            try:
                with open(os.path.join(self.folder, name)) as file:
                    done, total = map(int, file.read().split())
                found.append((int(name), done / total, f", epoch {done}/{total}"))
            except FileNotFoundError:  # it ended just now
                continue
            except ValueError:  # no network, or one in its first epoch
                found.append((int(name), 0.0, ""))
        return found
