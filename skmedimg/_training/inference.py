"""Batches for prediction: all images once, in order, sized and padded so that each rounds alike."""

import math

import numpy as np
import torch

from skmedimg._training.batches import Dataset, prefetch
from skmedimg.images._pixels import to_device

# Batches are padded to a multiple of this: matrix kernels work in blocks of rows, and a row in a
# block that is not full differs in its last bit.
_ROW_BLOCK = 16

# Padding so few large images would cost many times what they do.
_FEW = 4
_LARGE_IMAGE = 64 * 64

# Values per batch: activations that stay in the caches and under glibc's 32 MB blocks; on a GPU
# enough of them to keep it busy, 48 color images of 224x224.
_VALUES = {"cpu": 1 << 19, "cuda": 1 << 23}
_MAX_ROWS = 4096


class InferenceBatches:
    """All images of a Dataset once, in order, unaugmented; by default as many as caches like."""

    def __init__(self, dataset, batch_size=None):
        self.dataset = dataset
        values = math.prod(dataset.images.shape[1:])
        wanted = _VALUES.get(dataset.device.type, _VALUES["cpu"]) // values
        # Whole blocks, so that full batches need no padding.
        fitting = max(1, min(_MAX_ROWS, wanted) // _ROW_BLOCK) * _ROW_BLOCK
        self.batch_size = batch_size or dataset.inference_batch_size or fitting

    def __len__(self):
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self):
        n = len(self.dataset)
        batches = [slice(a, min(a + self.batch_size, n)) for a in range(0, n, self.batch_size)]
        for taken in prefetch(self.dataset, batches):
            yield self.dataset.to_tensors(taken)


def inference_batches(images, device, precision, *, flat=False, batch_size=None, pad=True):
    """Yield batches of tensors, short ones padded, and how many images of each are no padding."""
    if pad and isinstance(images, np.ndarray) and len(images) <= _ROW_BLOCK:
        # One block by hand: to set up a Dataset would take longer than a small network does.
        block = np.zeros((_ROW_BLOCK, *images.shape[1:]), images.dtype)
        block[: len(images)] = images
        block = block.reshape(_ROW_BLOCK, -1) if flat else block
        yield to_device(block, device, precision), len(images)
        return
    dataset = Dataset(images, device, precision, flat=flat)
    for batch, _ in InferenceBatches(dataset, batch_size):
        yield (_padded(batch) if pad else batch), len(batch)


def are_few(images):
    """Tell whether images are so few and large that padding would cost more than they do."""
    are_images = len(images.shape) > 2
    return are_images and len(images) <= _FEW and math.prod(images.shape[1:3]) >= _LARGE_IMAGE


def _padded(batch):
    missing = -len(batch) % _ROW_BLOCK
    if missing == 0:
        return batch
    return torch.cat([batch, batch.new_zeros(missing, *batch.shape[1:])])
