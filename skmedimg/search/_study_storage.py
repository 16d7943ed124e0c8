"""Where a study is kept, and who is at work on which of its trials."""

import json
import logging
import os
import platform
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from skmedimg._warnings import warn_user

JOURNAL = "journal:"
OWNER = "owner"
_BEAT = 20  # seconds between signs of life
_SILENCE = 600  # seconds without one after which a process on another machine counts as dead
_LONGEST_FIRST_LINE = 1 << 20  # bytes; a file that is no journal may be of one line
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
        return _open_journal(storage.removeprefix(JOURNAL))
    if "://" not in storage:
        raise ValueError(
            f"storage={storage!r} needs 'journal:study.log' or the URL of a database, such as "
            "'sqlite:///study.db'."
        )
    return _open_database(storage)


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


def _open_database(url):
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise ValueError(f"storage={url!r} is no URL of a database ({error}).") from error
    try:
        return RDBStorage(url)
    except (ArgumentError, DatabaseError) as error:
        raise ValueError(
            f"storage={shown!r} cannot be opened as a database ({error}). Give the URL of a "
            "database, or of a file that does not exist yet, such as 'sqlite:///study.db'."
        ) from error


def _open_journal(path):
    _check_journal(path)
    backend = JournalFileBackend(path)
    try:
        return JournalStorage(backend)
    except OSError:
        raise
    except Exception as error:  # optuna replays what is there, and trips over it in many ways
        raise _damaged(path, f"is damaged and cannot be continued ({error!r})") from error


def _check_journal(path):
    """Refuse a file that is not a journal; cut off a last line that was only half written."""
    if not os.path.exists(path):
        return
    if not os.path.isfile(path):
        raise ValueError(f"storage='journal:{path}' needs a file, and this is none.")
    with open(path, "rb") as file:
        first = file.readline(_LONGEST_FIRST_LINE)
    unfinished = first.startswith(b"{") and not first.endswith(b"\n")  # it may be being written
    if first and not unfinished:
        _check_first_line(path, first)
    if _torn_line(path) is None:
        return
    lock = JournalFileSymlinkLock(path)
    lock.acquire()  # no other process is in the middle of a line now
    try:
        start = _torn_line(path)
        if start == 0:
            _check_first_line(path, b"")
        if start is not None:
            os.truncate(path, start)
            warn_user(f"The last line of {path!r} was only half written; it is cut off.")
    finally:
        lock.release()


def _check_first_line(path, line):
    if not _is_record(line):
        raise _damaged(
            path,
            "is damaged or is not an optuna journal: its first line is no JSON object with "
            "'op_code'",
        )


def _torn_line(path):
    """Return where a half written last line begins in a file, or None if the last one is whole."""
    content = Path(path).read_bytes()
    start = content.rfind(b"\n", 0, -1) + 1
    last = content[start:]
    if not last or _is_record(last):
        return None
    # a full disk leaves NUL bytes where a line was to be
    torn = not last.endswith(b"\n") or not last.strip(b"\0\n")
    if torn and all(map(_is_record, content[:start].splitlines(keepends=True))):
        return start
    raise _damaged(path, "is damaged and cannot be continued (not only its last line is torn)")


def _is_record(line):
    """Tell whether a line is whole and one of those that optuna writes."""
    with suppress(ValueError, RecursionError):
        record = json.loads(line) if line.endswith(b"\n") else None
        return isinstance(record, dict) and isinstance(record.get("op_code"), int)
    return False


def _damaged(path, what):
    return ValueError(
        f"storage='journal:{path}' {what}. The file was not changed. Begin another file, or "
        "restore this one from a copy."
    )


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
