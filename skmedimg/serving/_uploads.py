"""Files of a form that a browser sent: their names and bytes, within limits."""

import re
from dataclasses import dataclass

# What recognizes a format by the end of the name: DICOM without its signature, and NIfTI.
_SUFFIXES = (".dcm", ".dicom", ".nii.gz", ".nii")
_LONGEST_NAME = 200
_BOUNDARY = re.compile(r'multipart/form-data;.*?boundary="?([^";,\s]{1,200})"?', re.IGNORECASE)
_FILENAME = re.compile(r'; *filename="([^"\r\n]*)"', re.IGNORECASE)


class UploadError(ValueError):
    """What was sent is no list of files, or breaks a limit; `status` is the code of HTTP."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class UploadLimits:
    """What one request may bring."""

    max_bytes: int = 200_000_000
    max_files: int = 50

    @property
    def megabytes(self):
        """Return the limit of the bytes as text."""
        return f"{self.max_bytes / 1e6:g}"


def files_in(body, content_type, limits):
    """Return (name, bytes) of each file of a form; the names are for the reader only."""
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        raise UploadError("Send files with the form of the page.")
    line = b"\r\n--" + found[1].encode("latin-1", "replace")
    # A part has a name, so it is counted before anything is copied.
    if body.count(line) > limits.max_files + 2:
        raise UploadError(_too_many(limits), 413)
    parts = (b"\r\n" + body).split(line)
    if len(parts) < 3 or not parts[-1].startswith(b"--"):
        raise UploadError("The files did not arrive complete. Send them again.")
    files = [file for file in map(_file, parts[1:-1]) if file is not None]
    if not files:
        raise UploadError("Choose at least one image.")
    if len(files) > limits.max_files:
        raise UploadError(_too_many(limits), 413)
    return files


def suffix_of(name):
    """Return the end of a name that a decoder has to know, one of four, or none.

    Examples
    --------
    >>> from skmedimg.serving._uploads import suffix_of
    >>> suffix_of("scan.DCM"), suffix_of("../../x.py")
    ('.dcm', '')
    """
    return next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), "")


def shown_name(text):
    """Return a file name without folders and control characters, of limited length.

    Examples
    --------
    >>> from skmedimg.serving._uploads import shown_name
    >>> shown_name("C:\\\\scans\\\\a.png"), shown_name("../../etc/passwd")
    ('a.png', 'passwd')
    """
    name = re.split(r"[/\\]", text)[-1]
    name = "".join(letter for letter in name if letter.isprintable())
    return name[-_LONGEST_NAME:] or "file without a name"


def _file(part):
    """Return (name, bytes) of a part, or None where it holds no file."""
    head, gap, content = part.partition(b"\r\n\r\n")
    found = _FILENAME.search(head.decode("utf-8", "replace"))
    # A form without a chosen file sends one without a name.
    if not gap or found is None or not (found[1] or content):
        return None
    # Browsers write quotes and line ends in names like this.
    name = found[1].replace("%22", '"').replace("%0D", " ").replace("%0A", " ")
    return shown_name(name), content


def _too_many(limits):
    return f"These are more than {limits.max_files} files. Send them in several parts."
