"""Folders for the files that a row reads; they are gone when the benchmark ends."""

import atexit
import shutil
import tempfile
from pathlib import Path


def scratch_folder():
    """Return a new empty folder that is removed when the interpreter ends."""
    folder = tempfile.mkdtemp(prefix="bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
