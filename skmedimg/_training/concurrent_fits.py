"""Concurrent fits: threads wait for each other before each epoch and train as one stack."""

import contextlib
import threading

from skmedimg._training.stacked_mlp import Stack, stack_key

# Seconds without another fit after which a group that is not full yet starts to train.
_PATIENCE = 0.1

_lock = threading.Lock()
_rendezvous = []  # the innermost last


@contextlib.contextmanager
def open_rendezvous(max_size):
    """Let fits that start inside meet, in groups of at most so many."""
    rendezvous = _Rendezvous(max_size)
    with _lock:
        _rendezvous.append(rendezvous)
    try:
        yield
    finally:
        with _lock:
            _rendezvous.remove(rendezvous)


@contextlib.contextmanager
def trainer_for(net, batches):
    """Yield what trains the epochs of a net: a stack of concurrent fits, or the net alone."""
    rendezvous = _rendezvous[-1] if _rendezvous else None
    key = None if rendezvous is None else stack_key(net, batches, rendezvous.max_size)
    trainer = GroupedTrainer(net, batches)
    group = None if key is None else rendezvous.join(key, trainer)
    if group is None:
        yield SoloTrainer(net, batches)
        return
    try:
        yield trainer
    finally:
        group.leave(trainer)


class SoloTrainer:
    """Trains a net by itself."""

    def __init__(self, net, batches):
        self.net, self.batches, self.dataset = net, batches, batches.dataset

    def train_epoch(self):
        self.net.run_single_epoch(self.batches, True, "train", self.net.train_step)


class GroupedTrainer:
    """Trains a net in a group of concurrent fits; each thread records the epochs of its own net."""

    def __init__(self, net, batches):
        self.net, self.batches, self.dataset = net, batches, batches.dataset
        self.group = self.result = None

    def train_epoch(self):
        self.net.record_epoch("train", *self.group.train(self))


class _Rendezvous:
    """Collects fits of equal stack keys into groups."""

    def __init__(self, max_size):
        self.max_size = max_size
        self.changed = threading.Condition()
        self.forming = {}

    def join(self, key, trainer):
        """Return the group of a fit, or None where no other fit came in time."""
        with self.changed:
            group = self.forming.setdefault(key, _Group())
            group.members.append(trainer)
            trainer.group = group
            if len(group.members) == self.max_size:
                self._close(key)
            self.changed.notify_all()
            try:
                self._wait_for_others(key, group)
            except BaseException:  # after Ctrl-C nobody shall wait for this fit
                group.leave(trainer)
                raise
        return group if len(group.members) > 1 else None

    def _wait_for_others(self, key, group):
        while self.forming.get(key) is group:
            n_members = len(group.members)
            if not self.changed.wait(_PATIENCE) and len(group.members) == n_members:
                self._close(key)

    def _close(self, key):
        self.forming.pop(key, None)
        self.changed.notify_all()


class _Group:
    """Fits that train each epoch as one stack; a fit that ends leaves, and the others go on."""

    def __init__(self):
        self.changed = threading.Condition()
        self.members, self.waiting = [], []
        self.stack = None

    def train(self, trainer):
        """Wait for the other fits, train an epoch, and return the result of this fit."""
        with self.changed:
            trainer.result = None
            self.waiting.append(trainer)
            self._train_if_complete()
            while trainer.result is None:
                self.changed.wait()
        if isinstance(trainer.result, BaseException):
            raise trainer.result
        return trainer.result

    def leave(self, trainer):
        """Remove a fit that has ended, by success, error or interrupt."""
        with self.changed:
            self.members.remove(trainer)
            if trainer in self.waiting:
                self.waiting.remove(trainer)
            self.stack = None  # the next epoch has fewer nets
            self._train_if_complete()

    def _train_if_complete(self):
        # The last thread to arrive trains for all; the others sleep until it notifies them.
        if not self.members or len(self.waiting) < len(self.members):
            return
        try:
            self.stack = self.stack or Stack([(m.net, m.batches) for m in self.members])
            results = self.stack.train_epoch()
        except BaseException as error:  # every waiting fit fails, or it would wait for ever
            results = [error] * len(self.members)
        for member, result in zip(self.members, results, strict=True):
            member.result = result
        self.waiting.clear()
        self.changed.notify_all()
