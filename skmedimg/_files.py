"""Writes files that are there whole or not at all, and cells that are not run."""

import contextlib
import os
import secrets

# Spreadsheets run cells that begin with these, and names come from other people.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value):
    """Return a value as the cell of a table that no spreadsheet takes for a formula.

    Examples
    --------
    >>> from skmedimg._files import csv_cell
    >>> csv_cell("=1+1"), csv_cell("well"), csv_cell(-1)
    ("'=1+1", 'well', -1)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def utf8(text):
    """Return text as UTF-8; bytes of a file name that are not UTF-8 stay what they were."""
    # os.fsdecode reads such bytes as surrogates, which UTF-8 alone refuses to write.
    return text.encode("utf-8", "surrogateescape")


@contextlib.contextmanager
def whole_file(path):
    """Open a binary file for writing that takes its name when it is complete."""
    # It is written beside its place and moved: a reader finds the whole new file or what was there
    # before, also after an interrupt, a full disk or a power cut.
    path = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe cannot be replaced
        with open(path, "wb") as file:
            yield file
        return
    path = os.path.realpath(path)  # a link goes on pointing to its file
    part = f"{path}.{secrets.token_hex(4)}.part"
    try:
        with open(part, "xb") as file:  # not tempfile's: other users may read what the umask says
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
