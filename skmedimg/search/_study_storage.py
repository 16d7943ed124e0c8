"""Opens the storage of a study, and refuses files that are not a study's."""

import json
import logging
import os
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from skmedimg._warnings import warn_user

JOURNAL = "journal:"
_LONGEST_FIRST_LINE = 1 << 20  # bytes; a file that is not a journal may be a single line


def open_storage(storage):
    """Return the optuna storage of "journal:FILE", a database's URL, a storage or None."""
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


@contextmanager
def silence_optuna():
    """Keep optuna from logging every study and sampler; errors are still logged."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def open_study(storage, study_name, directions, sampler=None, pruner=None):
    """Return a study: a new one, or the one of this name in the storage."""
    return optuna.create_study(
        storage=open_storage(storage),
        study_name=study_name,
        directions=directions,
        sampler=sampler,
        pruner=pruner,
        load_if_exists=study_name is not None,
    )


def _open_database(url):
    try:
        # the password stays out of error messages
        shown = make_url(url).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise ValueError(f"storage={url!r} is not the URL of a database ({error}).") from error
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
    except Exception as error:  # optuna replays the file, and fails in many ways on damaged lines
        raise _damaged(path, f"is damaged and cannot be continued ({error!r})") from error


def _check_journal(path):
    """Refuse a file that is not a journal; cut off a last line that is only half written."""
    if not os.path.exists(path):
        return
    if not os.path.isfile(path):
        raise ValueError(f"storage='journal:{path}' needs a file, but this is not one.")
    with open(path, "rb") as file:
        first = file.readline(_LONGEST_FIRST_LINE)
    # another process may be in the middle of writing it
    unfinished = first.startswith(b"{") and not first.endswith(b"\n")
    if first and not unfinished:
        _check_first_line(path, first)
    if _torn_line(path) is None:
        return
    lock = JournalFileSymlinkLock(path)
    lock.acquire()  # now no other process is in the middle of a line
    try:
        start = _torn_line(path)
        if start == 0:
            _check_first_line(path, b"")
        if start is not None:
            os.truncate(path, start)
            warn_user(f"The last line of {path!r} was only half written; it was cut off.")
    finally:
        lock.release()


def _check_first_line(path, line):
    if not _is_record(line):
        raise _damaged(
            path,
            "is damaged or is not an optuna journal: its first line is not a JSON object with "
            "'op_code'",
        )


def _torn_line(path):
    """Return where a half written last line begins in a file, or None if the last one is whole."""
    content = Path(path).read_bytes()
    start = content.rfind(b"\n", 0, -1) + 1
    last = content[start:]
    if not last or _is_record(last):
        return None
    # a full disk leaves NUL bytes instead of a line
    torn = not last.endswith(b"\n") or not last.strip(b"\0\n")
    if torn and all(map(_is_record, content[:start].splitlines(keepends=True))):
        return start
    raise _damaged(path, "is damaged and cannot be continued (not only its last line is torn)")


def _is_record(line):
    """Tell whether a line ends and is a record of optuna."""
    with suppress(ValueError, RecursionError):
        record = json.loads(line) if line.endswith(b"\n") else None
        return isinstance(record, dict) and isinstance(record.get("op_code"), int)
    return False


def _damaged(path, what):
    return ValueError(
        f"storage='journal:{path}' {what}. The file was not changed. Begin another file, or "
        "restore this one from a copy."
    )
