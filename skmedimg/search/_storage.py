"""Where a study is kept, and who is at work on which of its trials."""

import logging
import os
import platform
import threading
import time
from contextlib import contextmanager, suppress

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

JOURNAL = "journal:"
OWNER = "owner"
_BEAT = 20  # seconds between signs of life
_SILENCE = 600  # seconds without one after which a process on another machine counts as dead
_RETRIES = 1  # a trial that kills two processes is not tried a third time


def open_storage(storage):
    """Return the optuna storage that is meant.

    Parameters
    ----------
    storage : str, optuna.storages.BaseStorage or None
        "journal:file.log", or the URL of a database.

    Returns
    -------
    storage : optuna.storages.BaseStorage or None
    """
    if not isinstance(storage, str):
        return storage
    if storage.startswith(JOURNAL):
        return JournalStorage(JournalFileBackend(storage.removeprefix(JOURNAL)))
    if "://" not in storage:
        raise ValueError(
            f"storage={storage!r} needs 'journal:study.log' or the URL of a database, such as "
            "'sqlite:///study.db'."
        )
    return RDBStorage(storage)


def counted(study):
    """Return the trials that count: all but those waiting and those lost with their process.

    A trial that failed by an error of its own has the error among its attributes; one that failed
    without was lost or superfluous.

    Parameters
    ----------
    study : optuna.Study

    Returns
    -------
    trials : list of optuna.trial.FrozenTrial
    """
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state != TrialState.WAITING and not _void(trial)]


def running(study):
    """Return the trials that somebody is at work on.

    Parameters
    ----------
    study : optuna.Study

    Returns
    -------
    trials : list of optuna.trial.FrozenTrial
    """
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def retry_lost(study):
    """Give up the trials whose process is dead, and put them in line once more.

    Parameters
    ----------
    study : optuna.Study
    """
    for trial in running(study):
        retries = trial.user_attrs.get("retry", 0)
        if _alive(trial) or not give_up(study, trial.number):
            continue
        if retries < _RETRIES:
            study.enqueue_trial(trial.params, user_attrs={"retry": retries + 1})


def give_up(study, trial):
    """Mark a running trial as lost; False if somebody else was faster.

    Parameters
    ----------
    study : optuna.Study
    trial : optuna.Trial or int

    Returns
    -------
    done : bool
    """
    try:
        study.tell(trial, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # it is finished already
        return False
    return True


@contextmanager
def signs_of_life(trial):
    """Say in the storage, while the block runs, that this process is at work on the trial.

    Parameters
    ----------
    trial : optuna.Trial
    """
    over = threading.Event()
    _sign(trial)
    thread = threading.Thread(target=_keep_signing, args=(trial, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def quiet():
    """Keep optuna from reporting every study and sampler; errors still show."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def new_study(storage, name, directions, sampler, pruner):
    """Return a study that is open, or opened anew.

    Parameters
    ----------
    storage : str, optuna.storages.BaseStorage or None
    name : str or None
    directions : list of str
    sampler : optuna.samplers.BaseSampler
    pruner : optuna.pruners.BasePruner

    Returns
    -------
    study : optuna.Study
    """
    return optuna.create_study(
        storage=open_storage(storage), study_name=name, directions=directions, sampler=sampler,
        pruner=pruner, load_if_exists=name is not None,
    )  # fmt: skip


def _void(trial):
    return trial.state == TrialState.FAIL and "error" not in trial.user_attrs


def _keep_signing(trial, over):
    while not over.wait(_BEAT):
        with suppress(UpdateFinishedTrialError):
            _sign(trial)


def _sign(trial):
    owner = {"host": platform.node(), "process": os.getpid(), "seen": time.time()}
    trial.set_user_attr(OWNER, owner)


def _alive(trial):
    owner = trial.user_attrs.get(OWNER)
    if owner is None:  # just begun, and not signed yet
        return time.time() - trial.datetime_start.timestamp() < _SILENCE
    if owner["host"] == platform.node() and not _process_exists(owner["process"]):
        return False
    return time.time() - owner["seen"] < _SILENCE


def _process_exists(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
