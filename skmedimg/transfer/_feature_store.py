"""FeatureStore: a cache of the features that a frozen network computed from images."""

import os
import tempfile
import threading
from collections import OrderedDict
from numbers import Real
from pathlib import Path

import numpy as np

from skmedimg.transfer._shards import Shards

_CHUNK_BYTES = 64 << 20
_FIRST_CHUNK, _LARGEST_CHUNK = 256, 4096
_SHARED = {}
_SHARED_LOCK = threading.Lock()


class FeatureStore:
    """Keeps rows of features under keys: in memory within a budget, else on disk.

    Keys are made of contents: of the network's weights, its preprocessing and precision, and of
    the image's bytes. So nothing in the store can be out of date, and folds, candidates,
    estimators, processes and runs can all share one.

    Parameters
    ----------
    directory : str, os.PathLike or None, default=None
        Where rows are written, to be found by other processes and later runs. None keeps them
        in memory, and writes only what does not fit: to the folder `skmedimg/features` of the
        user's cache, or to the one that the environment variable SKMEDIMG_CACHE names.
    memory : int, default=2**30
        Bytes of rows kept in memory; those used least recently go first.
    disk : int, default=4 * 2**30
        Bytes on disk; files used least recently go first.

    See Also
    --------
    BackboneFeatures : The transformer that fills a store.
    skmedimg.neural.TransferClassifier : The classifier that does, with its parameter `cache`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.transfer import FeatureStore
    >>> store = FeatureStore()
    >>> keys = [bytes([k] * 16) for k in range(4)]
    >>> for again in range(2):
    ...     rows = store.fetch("sizes", keys, lambda wanted: np.ones((len(wanted), 3)))
    >>> rows.shape
    (4, 3)
    >>> store.info()["hits"], store.info()["misses"]
    (4, 4)
    """

    def __init__(self, directory=None, *, memory=2**30, disk=4 * 2**30):
        for name, limit in (("memory", memory), ("disk", disk)):
            if not isinstance(limit, Real) or not limit >= 0:
                raise ValueError(f"{name} needs a number of bytes, 2**30 say, but is {limit!r}.")
        if not isinstance(directory, (str, os.PathLike, type(None))):
            raise TypeError(f"directory needs a path, a str say, or None, but is {directory!r}.")
        if directory is not None and Path(directory).is_file():
            raise NotADirectoryError(f"directory={os.fspath(directory)!r} is a file, not a folder.")
        self.directory = directory
        self.memory = memory
        self.disk = disk
        self._rows = OrderedDict()  # (space, key) -> row, the one used last at the end
        self._bytes = self._hits = self._misses = 0
        self._shards = Shards(_cache_folder() if directory is None else directory, disk)
        self._lock = threading.RLock()

    def fetch(self, space, keys, compute, *, keep=True):
        """Return one row per key, computing those that are in no cache.

        Threads wait for each other here: what one computes, the next one finds.

        Parameters
        ----------
        space : str
            What the rows have in common; all of a space have the same length and dtype.
        keys : list of bytes
            16 bytes each.
        compute : callable
            Maps positions in `keys` (list of int) to rows (n, d).
        keep : bool, default=True
            False forgets what had to be computed.

        Returns
        -------
        rows : ndarray (len(keys), d)
            A copy; mapped to a temporary file where it is larger than the memory budget.
        """
        with self._lock:
            sheet = _Sheet(len(keys), self.memory, self._shards.folder)
            first = {}  # a key that occurs twice is computed once
            for position, key in enumerate(keys):
                first.setdefault(key, position)
            missing = self._recall(space, first, sheet)
            self._hits += len(keys) - len(missing)
            self._misses += len(missing)
            self._compute(space, keys, missing, compute, sheet, keep)
            for position, key in enumerate(keys):
                if first[key] != position:
                    sheet.rows[position] = sheet.rows[first[key]]
            return sheet.rows

    def has_room(self, n_bytes):
        """Return whether so many bytes could be kept.

        Parameters
        ----------
        n_bytes : int
            Number of bytes.

        Returns
        -------
        has_room : bool
        """
        return n_bytes <= max(self.memory, self.disk)

    def clear(self):
        """Forget all rows, those on disk too."""
        with self._lock:
            self._rows.clear()
            self._bytes = 0
            self._shards.clear()

    def info(self):
        """Return how full the store is and how often it was hit.

        Returns
        -------
        info : dict
            `directory`, `memory_rows`, `memory_bytes`, `disk_rows`, `disk_bytes`, and of this
            process `hits` (rows that were found) and `misses` (rows that had to be computed).
        """
        with self._lock:
            disk_rows, disk_bytes = self._shards.sizes()
            return {
                "directory": str(self._shards.folder),
                "memory_rows": len(self._rows),
                "memory_bytes": self._bytes,
                "disk_rows": disk_rows,
                "disk_bytes": disk_bytes,
                "hits": self._hits,
                "misses": self._misses,
            }

    def __repr__(self):
        return f"FeatureStore({self.directory!r}, memory={self.memory}, disk={self.disk})"

    def __reduce__(self):
        # A copy in another process starts empty: it
        # shares the disk, and not the memory or the lock.
        return type(self)._like, (self.directory, self.memory, self.disk)

    def __deepcopy__(self, memo):
        return self  # clones of an estimator share its store

    @classmethod
    def _like(cls, directory, memory, disk):
        return cls(directory, memory=memory, disk=disk)

    def _recall(self, space, first, sheet):
        """Fill in what memory and disk hold; return the positions of what they do not."""
        on_disk = {}
        for key, position in first.items():
            row = self._rows.get((space, key))
            if row is None:
                on_disk[key] = position
            else:
                self._rows.move_to_end((space, key))
                sheet.put(position, row)
        for key, row in self._shards.read(space, list(on_disk)):
            sheet.put(on_disk.pop(key), row)
            self._remember(space, key, row)
        return list(on_disk.values())

    def _compute(self, space, keys, missing, compute, sheet, keep):
        """Compute rows chunk by chunk, so that an interrupted run keeps what it had."""
        size = _FIRST_CHUNK
        while missing:
            chunk, missing = missing[:size], missing[size:]
            rows = compute(chunk)
            sheet.put(chunk, rows)
            if keep:
                self._keep(space, [keys[position] for position in chunk], rows, sheet)
            # The length of a row is known after the first chunk only.
            size = int(np.clip(_CHUNK_BYTES // rows[0].nbytes, 16, _LARGEST_CHUNK))

    def _keep(self, space, keys, rows, sheet):
        fits = sheet.rows.nbytes <= self.memory
        if fits:
            for key, row in zip(keys, rows, strict=True):
                # A copy: the row is a view of the whole chunk, which could never be freed.
                self._remember(space, key, row.copy())
        # A store without a directory of its own writes only what memory cannot hold.
        if self.directory is not None or not fits:
            self._shards.write(space, keys, rows)

    def _remember(self, space, key, row):
        """Keep a row that nobody changes, and forget those that were used least recently."""
        if row.nbytes > self.memory:
            return
        self._rows[space, key] = row
        self._bytes += row.nbytes
        while self._bytes > self.memory:
            _, oldest = self._rows.popitem(last=False)
            self._bytes -= oldest.nbytes


def shared_store(cache):
    """Return the store that a parameter `cache` means; equal ones share one in this process.

    Parameters
    ----------
    cache : None, "auto", str, os.PathLike or FeatureStore

    Returns
    -------
    store : FeatureStore or None
    """
    if cache is None or isinstance(cache, FeatureStore):
        return cache
    if not os.fspath(cache):
        raise ValueError('cache="" names no directory: pass None, "auto" or a path.')
    # a test or a user may move the user's cache while the process runs
    place = None if cache == "auto" else os.path.abspath(cache)
    name = (place, str(_cache_folder()) if place is None else None)
    with _SHARED_LOCK:
        if name not in _SHARED:
            _SHARED[name] = FeatureStore(place)
        return _SHARED[name]


class _Sheet:
    """The rows that `fetch` returns, in order: in memory, or mapped to a temporary file."""

    def __init__(self, n, memory, folder):
        self.n = n
        self.memory = memory
        self.folder = folder
        self.rows = None

    def put(self, positions, rows):
        if self.rows is None:
            self.rows = self._blank(rows.shape[-1], rows.dtype)
        self.rows[positions] = rows

    def _blank(self, width, dtype):
        size = self.n * width * dtype.itemsize
        if size <= self.memory:
            return np.empty((self.n, width), dtype)
        with _reserved(size, self.folder) as file:
            return np.memmap(file, dtype, "r+", shape=(self.n, width))


def _reserved(size, folder):
    """Return a temporary file of that size, beside the features or in the usual place."""
    for place in (folder, None):  # the usual place comes second: it may be memory
        try:
            if place is not None:
                place.mkdir(parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(dir=place)
        except OSError as error:
            reason = error
            continue
        try:
            _fill(file, size)
        except OSError as error:
            reason = error
            file.close()
        else:
            return file
    raise OSError(
        reason.errno,
        f"There is no room for a temporary file of {size} bytes, neither in {str(folder)!r} nor in "
        f"{tempfile.gettempdir()!r} ({reason.strerror}). Free some space, set another cache "
        "directory, or let the FeatureStore keep more in memory: memory=2**34, say.",
    )


def _fill(file, size):
    """Take the disk blocks of a file now: a mapped file whose disk is full kills the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        file.write(block[: size - start])
    file.flush()


def _cache_folder():
    named = os.environ.get("SKMEDIMG_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or _home_cache()) / "skmedimg" / "features"


def _home_cache():
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # containers run under users that have no home
        return Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"
