"""Open an image file such that neither a read nor the time a decoder takes has no bound."""

import io
import os
import time

from skmedimg.images._limits import ImageReadError

_BLOCK = 2**20


class ImageFile(io.BufferedReader):
    """A binary file for decoders, which reads no more than is there and for a limited time.

    It is not mapped: where another program shortens a mapped file, the process dies of SIGBUS.
    `data` holds the bytes of a file that is in memory, and `path` is then its name in messages.
    """

    def __init__(self, path, max_seconds=None, data=None):
        super().__init__(io.FileIO(path) if data is None else io.BytesIO(data))
        self._path, self._max_seconds = path, max_seconds
        self._size = os.fstat(self.fileno()).st_size if data is None else len(data)
        self._start = time.thread_time()

    def read(self, size=-1):
        """Return the next bytes, as `io.BufferedReader` does."""
        # Decoders read block by block, so all that take long come by. Computing time of this
        # thread: a slow disk and other threads do not count.
        if self._max_seconds and time.thread_time() - self._start > self._max_seconds:
            raise ImageReadError(
                f"{self._path!r} takes more than {self._max_seconds} s to decode. Store it in "
                "another format, or pass verify=False if you trust the file."
            )
        # Python allocates what is asked for, and a damaged length may ask for 4 GB.
        if size is not None and size > _BLOCK:
            size = min(size, max(0, self._size - self.tell()))
        return super().read(size)

    def count(self, marker):
        """Return how often some bytes occur between here and the end of the file."""
        count, tail = 0, b""
        while block := self.read(_BLOCK):
            count += (tail + block).count(marker)
            tail = block[len(block) - len(marker) + 1 :]  # a marker may lie across two blocks
        return count
