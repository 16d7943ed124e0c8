"""Fits that run in threads meet before each epoch, and small networks of one shape train as one."""

import contextlib
import threading
import warnings
from numbers import Integral

import joblib

from skmedimg._sklearn import Interval, validate_params
from skmedimg._training.stacked_mlp import Stack, kinship

# Seconds without a newcomer after which a group that is not full yet sets off.
_PATIENCE = 0.1

_lock = threading.Lock()
_meetings = []  # of the contexts that are open, the innermost last


@contextlib.contextmanager
@validate_params(
    {"fits": [Interval(Integral, 2, None, closed="left")]}, prefer_skip_nested_validation=True
)
def fit_together(fits=10):
    """Train small networks that are fitted at the same time as one, with a product for all.

    Inside, joblib runs so many fits in threads: of a search, of `compare`, of `cross_val_score`.
    Those of one shape train batch by batch beside each other, each on its own rows, at its own
    rate and from its own start; what they learn differs by rounding from what they learn alone.
    It pays where a step takes less time than it takes Python to ask for it: dense networks of a
    few hundred units on rows, as on features of a frozen backbone.

    `ShallowMLP` without dropout and norm takes part, trained by "adam" or "adamw". Every other
    estimator is fitted in its thread, as joblib does it.

    Parameters
    ----------
    fits : int, default=10
        How many train at once; more than ten seldom gain on a processor.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmedimg import ShallowMLP
    >>> from skmedimg.neural import fit_together
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"learning_rate": [1e-3, 1e-2, 1e-1]}
    >>> search = GridSearchCV(ShallowMLP(random_state=0), grid, cv=5)
    >>> with fit_together():
    ...     _ = search.fit(X, y)
    >>> bool(search.best_score_ > 0.9)
    True
    """
    meeting = _Meeting(fits)
    with _lock:
        _meetings.append(meeting)
    try:
        # scikit-learn's searches set the filters of warnings in threads that put back each other's
        with warnings.catch_warnings(), joblib.parallel_config("threading", n_jobs=fits):
            yield
    finally:
        with _lock:
            _meetings.remove(meeting)


@contextlib.contextmanager
def company(net, batches):
    """Yield what trains the epochs of a net: with others of its shape where they are, or alone.

    Parameters
    ----------
    net : Net
    batches : TrainingBatches

    Yields
    ------
    trainer : object
        With `dataset` and `train_epoch()`.
    """
    meeting = _meetings[-1] if _meetings else None
    shape = None if meeting is None else kinship(net, batches, meeting.most)
    group = None if shape is None else meeting.join(shape, member := _Member(net, batches))
    if group is None:
        yield _Alone(net, batches)
        return
    try:
        yield member
    finally:
        group.leave(member)


class _Alone:
    """Trains a net by itself."""

    def __init__(self, net, batches):
        self.net, self.batches, self.dataset = net, batches, batches.dataset

    def train_epoch(self):
        self.net.run_single_epoch(self.batches, True, "train", self.net.train_step)


class _Member:
    """Trains a net beside others; each thread notes the epoch of its own net."""

    def __init__(self, net, batches):
        self.net, self.batches, self.dataset = net, batches, batches.dataset
        self.group = self.learned = None

    def train_epoch(self):
        self.net.note_epoch("train", *self.group.train(self))


class _Meeting:
    """Where fits of one shape find each other."""

    def __init__(self, most):
        self.most = most
        self.turn = threading.Condition()
        self.forming = {}

    def join(self, shape, member):
        """Return the group of a fit, or None where nobody else came in time."""
        with self.turn:
            group = self.forming.setdefault(shape, _Group())
            group.members.append(member)
            member.group = group
            if len(group.members) == self.most:
                self._close(shape)
            self.turn.notify_all()
            try:
                self._wait_for_others(shape, group)
            except BaseException:  # Ctrl-C: nobody shall wait for this one
                group.leave(member)
                raise
        return group if len(group.members) > 1 else None

    def _wait_for_others(self, shape, group):
        while self.forming.get(shape) is group:
            seen = len(group.members)
            if not self.turn.wait(_PATIENCE) and len(group.members) == seen:
                self._close(shape)

    def _close(self, shape):
        self.forming.pop(shape, None)
        self.turn.notify_all()


class _Group:
    """Fits that train each epoch as one; one may leave, and the others go on."""

    def __init__(self):
        self.turn = threading.Condition()
        self.members, self.waiting = [], []
        self.stack = None

    def train(self, member):
        """Wait for the others, train an epoch, and return what it made of this one."""
        with self.turn:
            member.learned = None
            self.waiting.append(member)
            self._train_if_all_are_here()
            while member.learned is None:
                self.turn.wait()
        if isinstance(member.learned, BaseException):
            raise member.learned
        return member.learned

    def leave(self, member):
        """Take a fit out that has ended, however it did."""
        with self.turn:
            self.members.remove(member)
            if member in self.waiting:
                self.waiting.remove(member)
            self.stack = None
            self._train_if_all_are_here()

    def _train_if_all_are_here(self):
        if not self.members or len(self.waiting) < len(self.members):
            return
        try:
            self.stack = self.stack or Stack([(m.net, m.batches) for m in self.members])
            learned = self.stack.train_epoch()
        except BaseException as error:
            learned = [error] * len(self.members)
        for each, outcome in zip(self.members, learned, strict=True):
            each.learned = outcome
        self.waiting.clear()
        self.turn.notify_all()
