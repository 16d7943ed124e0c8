"""Which process works on which trial, which trials are lost, and which ones count."""

import os
import platform
import threading
import time
from contextlib import contextmanager, suppress

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import TrialState

# optuna's own heartbeat is not used: journals have none, Study.ask and tell do not record it, and
# it finds a dead process after its grace period only, where a process of this machine is looked up.
OWNER = "owner"  # the trial's attribute: host, process, and when the process was last seen
_HEARTBEAT = 20  # seconds between two signs of life
_DEAD_AFTER = 600  # seconds of silence after which a process on another machine counts as dead
_RETRIES = 1  # a trial that kills two processes is not tried a third time
# What a full disk raises: of a journal, and of a database.
CANNOT_WRITE = (OSError, StorageInternalError)
# Trials that this process gave up and could not mark as lost, by number and start.
_GIVEN_UP = set()


def counted_trials(study):
    """Return the trials that count toward `n_trials`: neither waiting nor lost."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state != TrialState.WAITING and not _is_lost(trial)]


def finished_trials(study):
    """Return the trials that a search ran to their end, in order; others may be in the study."""
    ended = [trial for trial in counted_trials(study) if trial.state.is_finished()]
    return [trial for trial in ended if OWNER in trial.user_attrs]


def running_trials(study):
    """Return the trials that a process works on."""
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def retry_lost_trials(study):
    """Mark the trials of dead processes as lost, and put their parameters into the queue again."""
    for trial in running_trials(study):
        retries = trial.user_attrs.get("retry", 0)
        if _is_alive(trial) or not mark_lost(study, trial.number):
            continue
        if retries < _RETRIES:
            study.enqueue_trial(trial.params, user_attrs={"retry": retries + 1})


def mark_lost(study, trial):
    """Mark a running trial as lost; return False if it is finished already."""
    try:
        study.tell(trial, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # another process was faster
        return False
    return True


@contextmanager
def given_up_on_full_disk(trial):
    """Remember that this process no longer works on the trial where the block cannot write that."""
    try:
        yield
    except CANNOT_WRITE:
        _GIVEN_UP.add((trial.number, trial.datetime_start))
        raise


@contextmanager
def heartbeat(trial):
    """Record in the storage, while the block runs, that this process works on the trial."""
    done = threading.Event()
    _record(trial)
    # a daemon thread: Python does not wait for it when the process ends
    thread = threading.Thread(target=_keep_recording, args=(trial, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _is_lost(trial):
    # a trial that failed by an error of its own has the error among its attributes
    return trial.state == TrialState.FAIL and "error" not in trial.user_attrs


def _keep_recording(trial, done):
    while not done.wait(_HEARTBEAT):
        # another process took this one for dead, or the disk is full; the trial itself finds out
        # when it reports
        with suppress(UpdateFinishedTrialError, *CANNOT_WRITE):
            _record(trial)


def _record(trial):
    owner = {"host": platform.node(), "process": os.getpid(), "seen": time.time()}
    trial.set_user_attr(OWNER, owner)


def _is_alive(trial):
    if (trial.number, trial.datetime_start) in _GIVEN_UP:
        return False
    owner = trial.user_attrs.get(OWNER)
    if owner is None:  # it began just now, and its process has not recorded itself yet
        return time.time() - trial.datetime_start.timestamp() < _DEAD_AFTER
    if owner["host"] == platform.node() and not _process_exists(owner["process"]):
        return False
    return time.time() - owner["seen"] < _DEAD_AFTER


def _process_exists(process):
    try:
        os.kill(process, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and belongs to another user
        return True
    return True
