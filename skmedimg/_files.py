"""Files that are there whole or not at all."""

import contextlib
import os
import secrets


def utf8(text):
    r"""Return text as UTF-8; what could not be read in a file's name is the bytes that it was.

    Parameters
    ----------
    text : str

    Returns
    -------
    data : bytes

    Examples
    --------
    >>> import os
    >>> from skmedimg._files import utf8
    >>> utf8(os.fsdecode(b"scan \xe9.png"))
    b'scan \xe9.png'
    """
    return text.encode("utf-8", "surrogateescape")


@contextlib.contextmanager
def whole_file(path):
    """Open a file for writing that takes its name when it is complete.

    It is written beside its place and moved: a reader finds the whole new file or what was there
    before, also after an interrupt, a full disk or a power cut. A link goes on pointing to the file
    it points to; a device or a pipe, which cannot be replaced, takes what is written as it comes.

    Parameters
    ----------
    path : str or os.PathLike

    Yields
    ------
    file : binary file

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmedimg._files import whole_file
    >>> path = Path(tempfile.mkdtemp()) / "result"
    >>> with whole_file(path) as file:
    ...     found = path.exists()
    ...     _ = file.write(b"done")
    >>> found, path.read_bytes()
    (False, b'done')
    """
    path = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    path = os.path.realpath(path)
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
