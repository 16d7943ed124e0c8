"""Rows of numbers on disk, many to a file, written so that no crash can spoil them."""

import contextlib
import os
import struct
import tempfile
import time
from pathlib import Path

import numpy as np
import xxhash

from skmedimg._warnings import warn_user

# magic, rows, bytes of a row, dtype; then the keys, the checksums and the rows themselves
_HEAD = struct.Struct("<8sQQ8s")
_MAGIC = b"SKMEDF02"
_KEY, _SUM = 16, 8
_DTYPES = {np.dtype(code).str.encode(): np.dtype(code) for code in "?bBhHiIqQefd"}
_SMALL = 1 << 20  # files under a megabyte are merged
_MANY = 32  # when a folder holds so many of them
_ABANDONED = 3600.0  # seconds after which a half-written file has no writer any more


class Shards:
    """A folder of files, each of many rows under keys; rows of one space are alike.

    Every file is written under another name and then renamed, so readers in other processes see
    it whole or not at all. Damaged files are removed when they are met, and their rows are
    computed anew. When the folder grows over its limit, files unused for longest go first.

    Parameters
    ----------
    folder : str or os.PathLike
    limit : int
        Bytes.
    """

    def __init__(self, folder, limit):
        self.folder = Path(folder)
        self.limit = limit
        self._places = {}  # space -> {key: (file name, row)}
        self._known = {}  # space -> names of the files read into _places
        self._refused = False

    def read(self, space, keys):
        """Return the rows that are there.

        Parameters
        ----------
        space : str
        keys : iterable of bytes

        Returns
        -------
        found : dict of bytes to ndarray (d,)
        """
        self._look_around(space)
        places = self._places.get(space, {})
        wanted = {}
        for key in keys:
            if key in places:
                name, row = places[key]
                wanted.setdefault(name, []).append((key, row))
        found = {}
        for name, entries in wanted.items():
            found |= self._read_file(space, name, entries)
        return found

    def write(self, space, keys, rows):
        """Write rows under their keys; a disk that refuses is mentioned, and nothing is kept.

        Parameters
        ----------
        space : str
        keys : list of bytes
        rows : ndarray (n, d)
        """
        if rows.nbytes > self.limit:
            return
        try:
            self._write_file(space, keys, rows)
            self._merge(space)
            self._evict()
            self._refused = False
        except OSError as error:
            self._mention(error)

    def _mention(self, error):
        """Warn that the disk refuses, once until it takes something again."""
        if not self._refused:
            warn_user(
                f"Features could not be kept in {str(self.folder)!r} ({error}); they are computed "
                "again the next time. Free some space or set another cache directory.",
            )
        self._refused = True

    def clear(self):
        """Remove all files of ours, and nothing else."""
        for path in [*self._files("*.shard"), *self._files("*.part")]:
            path.unlink(missing_ok=True)
        for space in self._spaces():
            with contextlib.suppress(OSError):  # somebody else keeps a file there
                space.rmdir()
        self._places.clear()
        self._known.clear()

    def sizes(self):
        """Return the number of rows and of bytes on disk.

        Returns
        -------
        rows, n_bytes : int
        """
        heads = [_read_head(path) for path in self._files("*.shard")]
        return sum(head[0] for head in heads if head), sum(_size(p) for p in self._files("*.shard"))

    def _spaces(self):
        return [path for path in self.folder.glob("*") if path.is_dir()]

    def _files(self, pattern):
        return [path for space in self._spaces() for path in space.glob(pattern)]

    def _look_around(self, space):
        """Learn of files that other processes wrote or removed."""
        folder = self.folder / space
        there = {path.name for path in folder.glob("*.shard")} if folder.is_dir() else set()
        known = self._known.setdefault(space, set())
        if there == known:
            return
        places = self._places.setdefault(space, {})
        for key in [key for key, (name, _) in places.items() if name not in there]:
            del places[key]
        for name in there - known:
            places |= {key: (name, row) for row, key in enumerate(_read_keys(folder / name))}
        self._known[space] = there

    def _read_file(self, space, name, entries):
        path = self.folder / space / name
        try:
            sums, rows = _open(path)
        except (OSError, ValueError):
            return self._forget(space, name, path)
        found = {}
        for key, row in entries:
            values = rows[row]
            if _sum(key, values) != sums[row]:
                return self._forget(space, name, path)
            found[key] = values
        with contextlib.suppress(OSError):  # a read-only folder is read all the same
            os.utime(path)
        return found

    def _forget(self, space, name, path):
        """Remove a damaged file; one that vanished was evicted by somebody else."""
        _remove_damaged(path)
        places = self._places[space]
        for key in [key for key, place in places.items() if place[0] == name]:
            del places[key]
        self._known[space].discard(name)
        return {}

    def _write_file(self, space, keys, rows):
        folder = self.folder / space
        folder.mkdir(parents=True, exist_ok=True)
        rows = np.ascontiguousarray(rows)
        name = f"{xxhash.xxh3_128_hexdigest(b''.join(keys))}.shard"
        handle, part = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_HEAD.pack(_MAGIC, len(rows), rows[0].nbytes, rows.dtype.str.encode()))
                file.write(b"".join(keys))
                sums = [_sum(key, row) for key, row in zip(keys, rows, strict=True)]
                file.write(np.array(sums, np.uint64).tobytes())
                file.write(rows.data)
            os.replace(part, folder / name)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return name

    def _merge(self, space):
        """Turn many small files, as single predictions leave them, into one."""
        folder = self.folder / space
        small = [path for path in folder.glob("*.shard") if _size(path) < _SMALL]
        if len(small) < _MANY:
            return
        self._look_around(space)
        names = {path.name for path in small}
        keys = [key for key, (name, _) in self._places[space].items() if name in names]
        found = self.read(space, keys)
        merged = self._write_file(space, list(found), np.stack(list(found.values())))
        for path in small:
            if path.name != merged:
                path.unlink(missing_ok=True)

    def _evict(self):
        """Remove what was not used for longest, until the rest is within the limit."""
        for path in self._files("*.part"):
            if _age(path) > _ABANDONED:
                path.unlink(missing_ok=True)
        files = sorted(self._files("*.shard"), key=_age)
        used = np.cumsum([_size(path) for path in files])
        for path, total in zip(files, used, strict=True):
            if total > self.limit:
                path.unlink(missing_ok=True)


def _sum(key, row):
    return xxhash.xxh3_64_intdigest(key + row.dtype.str.encode() + row.tobytes())


def _read_head(path):
    """Return (rows, bytes of a row, dtype), or None for a file that is not whole."""
    try:
        with open(path, "rb") as file:
            magic, n, width, kind = _HEAD.unpack(file.read(_HEAD.size))
            size = os.fstat(file.fileno()).st_size  # the name may be gone or another's by now
    except (OSError, struct.error):
        return None
    dtype = _DTYPES.get(kind.rstrip(b"\0"))
    whole = magic == _MAGIC and size == _HEAD.size + n * (_KEY + _SUM + width)
    return (n, width, dtype) if whole and dtype and width % dtype.itemsize == 0 else None


def _read_keys(path):
    """Return the keys of a file, none of one that is damaged."""
    head = _read_head(path)
    if head is None:
        _remove_damaged(path)
        return []
    with open(path, "rb") as file:
        file.seek(_HEAD.size)
        joined = file.read(head[0] * _KEY)
    return [joined[start : start + _KEY] for start in range(0, len(joined), _KEY)]


def _remove_damaged(path):
    if path.exists():
        with contextlib.suppress(OSError):  # from a read-only folder it is ignored all the same
            path.unlink(missing_ok=True)
        warn_user(
            f"The cache file {str(path)!r} was damaged; its features are computed again.",
        )


def _open(path):
    """Return checksums (n,) and rows (n, d) of a file, mapped into memory."""
    head = _read_head(path)
    if head is None:
        raise ValueError(f"{path} is not whole.")
    n, width, dtype = head
    start = _HEAD.size + n * _KEY
    sums = np.fromfile(path, np.uint64, n, offset=start)
    rows = np.memmap(path, dtype, "r", start + n * _SUM, (n, width // dtype.itemsize))
    return sums, rows


def _size(path):
    try:
        return path.stat().st_size
    except OSError:  # another process removed it
        return 0


def _age(path):
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
