"""Splits batches into micro-batches once memory has run out."""

import math

import torch

from skmedimg._device import release_memory
from skmedimg._warnings import warn_user

# CUDA has an error class of its own; the CPU, MPS and CUDA's libraries only have these messages.
_MESSAGES = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")

ADVICE = "Use smaller images, a smaller network or device='cpu'; a segmenter can set tile."


class MicroBatcher:
    """Runs work on batches whole, or on micro-batches of the size that was found to fit."""

    def __init__(self, device, min_size=1, max_size=None):
        self.device = device
        self.min_size = min_size
        self.max_size = max_size  # None while whole batches have always fitted

    def run(self, work, n):
        """Return what work returns for each part (a slice, or None for all) of n images."""
        while True:
            parts = self._split(n)
            try:
                return [work(part) for part in parts]
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                size = math.ceil(n / len(parts))
                shortage = _shortage(error, self.device, f"with {size} images at once")
            # Only out here does no frame of the error hold on to what was computed. All parts are
            # computed again, because gradients of some are already added up.
            release_memory(self.device)
            self._shrink(size, shortage)

    def _split(self, n):
        if self.max_size is None or n <= self.max_size:
            return [None]
        # As few parts as fit, of equal size: a rest smaller than min_size would not train.
        count = max(1, min(math.ceil(n / self.max_size), n // self.min_size))
        edges = [n * k // count for k in range(count + 1)]
        return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]

    def _shrink(self, size, shortage):
        if size <= self.min_size or self.max_size == self.min_size:
            raise torch.OutOfMemoryError(f"{shortage}. {ADVICE}")
        self.max_size = max(size // 2, self.min_size)
        warn_user(f"{shortage}: continuing with micro-batches of {self.max_size}.")


def take(values, part):
    """Return a slice of values; None returns all, without the microseconds that a view costs."""
    return values if part is None else values[part]


def concatenate(parts):
    """Return tensors as one; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def is_out_of_memory(error):
    """Tell whether an error means that memory ran out, on any device."""
    kinds = (torch.OutOfMemoryError, MemoryError)
    return isinstance(error, kinds) or any(message in str(error) for message in _MESSAGES)


def out_of_memory(error, device, what, advice=ADVICE):
    """Return an error with device, cause and advice if memory ran out, else the error itself."""
    if not is_out_of_memory(error):
        return error
    return torch.OutOfMemoryError(f"{_shortage(error, device, what)}. {advice}")


def _shortage(error, device, what):
    cause = str(error).partition("\n")[0]
    return f"Out of memory on {device} {what} ({cause})"
