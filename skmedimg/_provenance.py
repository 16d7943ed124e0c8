"""Provenance: what data, splits, estimators and library versions a result was computed from."""

import hashlib
import platform
import re
import sys

import numpy as np

from skmedimg import __version__
from skmedimg._files import utf8
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths

_LIBRARIES = ("numpy", "scipy", "sklearn", "joblib", "torch", "torchvision", "skorch", "imblearn")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_BLOCK = 1 << 20


def without_addresses(text):
    """Return a repr without addresses in memory, which differ between two processes."""
    return _ADDRESS.sub("", text)


def describe(estimator):
    """Return the full repr of an estimator, the same in every process."""
    return without_addresses(estimator.__repr__(N_CHAR_MAX=10**9))


def estimator_key(name, estimator):
    """Return 16 hexadecimal digits that identify an estimator and its parameters."""
    described = f"{name}\n{describe(estimator)}\n{type(estimator).__module__}"
    return sha256([utf8(described)])[:16]


def sha256(pieces):
    """Return the SHA-256 of pieces of bytes, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def versions():
    """Return {library: version} of those libraries that are loaded."""
    loaded = {name: sys.modules[name] for name in _LIBRARIES if name in sys.modules}
    return {
        "skmedimg": __version__,
        "python": platform.python_version(),
        **{name: module.__version__ for name, module in loaded.items()},
    }


def split_bytes(train, test):
    """Return the rows of one split as bytes for a digest."""
    return np.int64([*train, -1, *test]).tobytes()


def fingerprint(X, y, groups):
    """Return the SHA-256 of images, targets and groups, in hexadecimal.

    Files count with their bytes, not with their names, so that the same data have the same
    fingerprint on another machine.
    """
    return sha256(_bytes_of_data(X, y, groups))


def file_digests(X):
    """Return 16 hexadecimal digits of the content of each file of X; [] where X is arrays."""
    paths = None if X is None else _paths_of(X)
    return [sha256(_bytes_of_file(path))[:16] for path in paths or []]


def _paths_of(X):
    """Return the paths of X, or None where it holds anything else."""
    return list(X.paths) if hasattr(X, "paths") else list_paths(X)


def _bytes_of_data(X, y, groups):
    """Yield the bytes of images, targets and groups."""
    paths = _paths_of(X)
    if paths is None:
        yield from _bytes_of_array(X.toarray() if hasattr(X, "toarray") else X)
    else:
        for path in paths:
            yield from _bytes_of_file(path)
    for part in (y, groups):
        if part is not None:
            yield from _bytes_of_array(part)


def _bytes_of_array(array):
    """Yield kind and shape of an array, then its values."""
    if not isinstance(array, LazyImages):  # those are read image by image
        array = np.asarray(array)
    yield f"{array.dtype.kind}{array.shape}".encode()
    if array.dtype.kind in "OTU":
        yield utf8("\0".join(map(str, array.ravel().tolist())))
        return
    for row in array:  # row by row, so that the whole array is never copied
        yield np.ascontiguousarray(row).data


def _bytes_of_file(path):
    """Yield the content of a file in blocks, then a zero byte."""
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            yield block
    yield b"\0"
