"""Files of feature rows on disk, written so that a crash cannot damage them."""

import contextlib
import os
import re
import secrets
import struct
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
# The folder may hold files of others: what has another name is not looked at.
_SPACE = re.compile(r"[0-9a-f]{32}")
_WHOLE = re.compile(r"[0-9a-f]{32}\.shard")
_PART = re.compile(r"[0-9a-f]{32}\.shard\.[0-9a-f]{8}\.part")
_SMALL = 1 << 20  # files under a megabyte are merged
_MANY = 32  # when a folder holds so many of them
_ABANDONED = 3600.0  # seconds after which a half-written file has no writer any more


class Shards:
    """A folder of files, each of many rows under keys; rows of one space are alike.

    Every file is written under another name and then renamed, so readers in other processes see
    it whole or not at all. Damaged files are removed when they are met, and their rows are
    computed anew. When the files are larger than `limit` bytes, those unused for longest go first.
    A file is changed or removed only where its name and its first bytes are those of this class.
    """

    def __init__(self, folder, limit):
        self.folder = Path(folder)
        self.limit = limit
        self._places = {}  # space -> {key: (file name, row)}
        self._known = {}  # space -> names of the files read into _places
        self._refused = False

    def read(self, space, keys):
        """Yield (key, row) of the rows that are there, row a read-only ndarray (d,)."""
        self._look_around(space)
        places = self._places.get(space, {})
        wanted = {}
        for key in keys:
            if key in places:
                name, row = places[key]
                wanted.setdefault(name, []).append((key, row))
        for name, entries in wanted.items():
            yield from self._read_file(space, name, entries)

    def write(self, space, keys, rows):
        """Write rows (n, d) under n keys; a disk that refuses is mentioned, and nothing is kept."""
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
        """Remove all files that this class wrote, and no others."""
        for path in [*self._files(_WHOLE), *self._files(_PART)]:
            _remove(path)
        for space in self._spaces():
            with contextlib.suppress(OSError):  # somebody else keeps a file there
                space.rmdir()
        self._places.clear()
        self._known.clear()

    def sizes(self):
        """Return the numbers of rows and of bytes on disk."""
        sizes = [
            (head[0], _size(path)) for path in self._files(_WHOLE) if (head := _read_head(path))
        ]
        return sum(n for n, _ in sizes), sum(n_bytes for _, n_bytes in sizes)

    def _folder(self, space):
        """Return the folder of a space, whose name may be any text."""
        whole = _SPACE.fullmatch(space)
        return self.folder / (space if whole else xxhash.xxh3_128_hexdigest(space.encode()))

    def _spaces(self):
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if _SPACE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
        return []

    def _files(self, name):
        return [path for space in self._spaces() for path in _list(space, name)]

    def _look_around(self, space):
        """Learn of files that other processes wrote or removed."""
        folder = self._folder(space)
        there = {path.name for path in _list(folder, _WHOLE)}
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
        """Return (key, row) of entries (key, number) of a file, of none if one is damaged."""
        path = self._folder(space) / name
        try:
            found = list(_read_rows(path, entries))
        except (OSError, ValueError):
            self._forget(space, name, path)
            return []
        with contextlib.suppress(OSError):  # a read-only folder is read all the same
            # Eviction goes by this time; access times are switched off on most systems.
            os.utime(path)
        return found

    def _forget(self, space, name, path):
        """Remove a damaged file; one that vanished was evicted by somebody else."""
        _remove_damaged(path)
        places = self._places[space]
        for key in [key for key, place in places.items() if place[0] == name]:
            del places[key]
        self._known[space].discard(name)

    def _write_file(self, space, keys, rows):
        folder = self._folder(space)
        folder.mkdir(parents=True, exist_ok=True)
        rows = np.ascontiguousarray(rows)
        # Named after its keys: two processes that compute the same rows write one file.
        path = folder / f"{xxhash.xxh3_128_hexdigest(b''.join(keys))}.shard"
        while os.path.lexists(path) and not _is_ours(path):  # a file of others keeps its name
            path = folder / f"{secrets.token_hex(16)}.shard"
        part = folder / f"{path.name}.{secrets.token_hex(4)}.part"
        kind = rows.dtype.str.encode()
        # The key and the dtype are in the checksum, so that
        # a row that was moved to another key is noticed.
        sums = [_sum(key, kind, row) for key, row in zip(keys, rows, strict=True)]
        with open(part, "xb") as file:
            try:
                file.write(_HEAD.pack(_MAGIC, len(rows), rows[0].nbytes, kind))
                file.write(b"".join(keys))
                file.write(np.array(sums, np.uint64).tobytes())
                file.write(rows.data)
                file.close()
                # Atomic on one file system, hence the part beside its final place.
                os.replace(part, path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return path.name

    def _merge(self, space):
        """Turn many small files, as single predictions leave them, into one."""
        small = [path for path in _list(self._folder(space), _WHOLE) if _size(path) < _SMALL]
        if len(small) < _MANY:
            return
        self._look_around(space)
        names = {path.name for path in small}
        keys = [key for key, (name, _) in self._places[space].items() if name in names]
        found = dict(self.read(space, keys))
        if not found:
            return
        merged = self._write_file(space, list(found), np.stack(list(found.values())))
        for path in small:
            if path.name != merged:
                _remove(path)

    def _evict(self):
        """Remove what was not used for longest, until the rest is within the limit."""
        for path in self._files(_PART):
            if _age(path) > _ABANDONED:
                _remove(path)
        files = self._files(_WHOLE)
        if sum(map(_size, files)) <= self.limit:
            return
        files = sorted(filter(_is_ours, files), key=_age)
        # The file used last comes first, and all beyond the limit go.
        used = np.cumsum([_size(path) for path in files])
        for path, total in zip(files, used, strict=True):
            if total > self.limit:
                _remove(path)


def _list(folder, name):
    """Return the regular files of a folder whose names match; opening a pipe would block."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [
            Path(entry.path)
            for entry in entries
            if name.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        ]
    return []


def _is_ours(path):
    """Return whether a file begins as ours do, or with what a crash leaves: nothing, or zeros."""
    try:
        with open(path, "rb") as file:
            return not file.read(len(_MAGIC)).strip(b"\0").removeprefix(_MAGIC)
    except OSError:
        return False


def _remove(path):
    """Remove a file if it is ours; tell whether it was."""
    ours = _is_ours(path)
    if ours:
        path.unlink(missing_ok=True)
    return ours


def _sum(key, kind, data):
    checksum = xxhash.xxh3_64(key + kind)
    checksum.update(data)
    return checksum.intdigest()


def _read_head(path):
    """Return (rows, bytes of a row, dtype), or None for a file that is not whole."""
    try:
        with open(path, "rb") as file:
            return _head_of(file)
    except (OSError, ValueError):
        return None


def _head_of(file):
    """Read (rows, bytes of a row, dtype) from an open file; ValueError if it is not whole."""
    head = file.read(_HEAD.size)
    size = os.fstat(file.fileno()).st_size  # the name may be gone or another's by now
    if len(head) == _HEAD.size:
        magic, n, width, kind = _HEAD.unpack(head)
        dtype = _DTYPES.get(kind.rstrip(b"\0"))
        whole = magic == _MAGIC and size == _HEAD.size + n * (_KEY + _SUM + width)
        if whole and dtype and width % dtype.itemsize == 0:
            return n, width, dtype
    raise ValueError(f"{file.name} is not whole.")


def _read_keys(path):
    """Return the keys of a file, none of one that is damaged."""
    try:
        with open(path, "rb") as file:
            n, _, _ = _head_of(file)
            joined = file.read(n * _KEY)
    except (OSError, ValueError):
        _remove_damaged(path)
        return []
    return [joined[start : start + _KEY] for start in range(0, len(joined), _KEY)]


def _remove_damaged(path):
    if not path.exists():
        return
    ours = True
    with contextlib.suppress(OSError):  # from a read-only folder it is ignored all the same
        ours = _remove(path)
    if ours:
        what = "was damaged; its features are computed again."
    else:
        what = "was damaged or is of others. It is left as it is: remove it if nobody needs it."
    warn_user(f"The cache file {str(path)!r} {what}")


def _read_rows(path, entries):
    """Yield (key, row) of entries (key, number) of a file; ValueError if one is damaged."""
    # Read, not mapped: a mapped file that a fault cuts short kills the process.
    with open(path, "rb", buffering=0) as file:
        n, width, dtype = _head_of(file)
        kind = dtype.str.encode()
        file.seek(_HEAD.size + n * _KEY)
        sums = np.frombuffer(file.read(n * _SUM), np.uint64).tolist()
        start = _HEAD.size + n * (_KEY + _SUM)
        for key, number in entries:
            file.seek(start + number * width)
            data = file.read(width)
            if _sum(key, kind, data) != sums[number]:
                raise ValueError(f"{path} is damaged.")
            yield key, np.frombuffer(data, dtype)


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
