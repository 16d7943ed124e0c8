"""How many images pass through a network at once: fewer, once memory has run out."""

import math

import torch

from skmedimg._device import release_memory
from skmedimg._warnings import warn_user

# CUDA has an error of its own; the CPU, MPS and CUDA's libraries tell it in words.
_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")

SMALLER = "Use smaller images, a smaller network or device='cpu'; a segmenter can set tile."


class Pieces:
    """Cuts batches into pieces that fit into memory, as found out by trying.

    Parameters
    ----------
    device : torch.device
    way_out : str
        What to do where nothing fits, for the error.
    halve : bool, default=True
        False makes the first failure an error.
    smallest : int, default=1
        Images of the smallest piece that is tried.

    Attributes
    ----------
    most : int or None
        Images at once; None while memory has always sufficed.

    Examples
    --------
    >>> import torch
    >>> from skmedimg._training.microbatches import Pieces
    >>> pieces = Pieces(torch.device("cpu"), "Take smaller images.")
    >>> pieces.most = 4
    >>> pieces.run(lambda piece: piece, 10)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    """

    def __init__(self, device, way_out, *, halve=True, smallest=1):
        self.device = device
        self.way_out = way_out
        self.halve = halve
        self.smallest = smallest
        self.most = None

    def run(self, work, n):
        """Do some work on n images, piece by piece, all of it again when memory runs out.

        Parameters
        ----------
        work : callable
            Gets a slice, or None for all images.
        n : int

        Returns
        -------
        results : list
            What `work` returned.
        """
        while True:
            cut = self._cut(n)
            try:
                return [work(piece) for piece in cut]
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                said = _first_line(error)
            # only out here does no frame of the error hold on to what was computed
            release_memory(self.device)
            self._shrink(-(-n // len(cut)), said)

    def _cut(self, n):
        if self.most is None or n <= self.most:
            return [None]
        count = max(1, min(math.ceil(n / self.most), n // self.smallest))
        edges = [n * k // count for k in range(count + 1)]
        return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]

    def _shrink(self, failed, said):
        found = _shortage(self.device, f"{failed} images at once", said)
        if not self.halve or failed <= self.smallest or self.most == self.smallest:
            raise torch.OutOfMemoryError(f"{found}. {self.way_out}")
        self.most = max(failed // 2, self.smallest)
        warn_user(f"{found}: they now pass {self.most} at a time.")


def rows_of(values, piece):
    """Return a piece of a batch.

    Parameters
    ----------
    values : Tensor (n, ...)
    piece : slice or None
        None is all of it, without the microseconds of a view.

    Returns
    -------
    rows : Tensor
    """
    return values if piece is None else values[piece]


def joined(parts):
    """Return the results of pieces as one.

    Parameters
    ----------
    parts : sequence of Tensor

    Returns
    -------
    whole : Tensor
    """
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def is_out_of_memory(error):
    """Tell whether an error says that memory does not suffice.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    out_of_memory : bool
    """
    kinds = (torch.OutOfMemoryError, MemoryError)
    return isinstance(error, kinds) or any(word in str(error) for word in _WORDS)


def explained(error, device, what):
    """Return an error that says what had no room where one says that memory ran out, else itself.

    Parameters
    ----------
    error : Exception
    device : torch.device
    what : str

    Returns
    -------
    error : Exception

    Examples
    --------
    >>> import torch
    >>> from skmedimg._training.microbatches import explained
    >>> explained(MemoryError("out of memory"), torch.device("cpu"), "the network's weights")
    OutOfMemoryError("cpu has not memory enough for the network's weights (out of memory). Use ...")
    """
    if not is_out_of_memory(error):
        return error
    found = _shortage(device, what, _first_line(error))
    return torch.OutOfMemoryError(f"{found}. {SMALLER}")


def _first_line(error):
    return str(error).partition("\n")[0]


def _shortage(device, what, said):
    return f"{device} has not memory enough for {what} ({said})"
