"""Batches of images that are looked at, once and in order, so that each rounds the same."""

import math

import numpy as np
import torch

from skmedimg._training.batches import Dataset, cut_ahead
from skmedimg.images._pixels import to_device

# Batches are padded to a multiple of this: matrix kernels work in blocks of rows and round a row
# in a block that is not full differently (in its last bit).
_ROW_BLOCK = 16

# So few large images are worth no padding, which would cost many times what they do.
_FEW = 4
_LARGE_IMAGE = 64 * 64

# Values per batch: activations that stay in the caches and under glibc's 32 MB blocks; on a GPU
# enough of them to keep it busy, 48 colour images of 224x224.
_VALUES = {"cpu": 1 << 19, "cuda": 1 << 23}
_MOST_ROWS = 4096


class InferenceBatches:
    """All rows once, in order, none augmented.

    Parameters
    ----------
    dataset : Dataset
    batch_size : int or None, default=None
        None takes as many rows as caches like.
    """

    def __init__(self, dataset, batch_size=None):
        self.dataset = dataset
        values = math.prod(dataset.images.shape[1:])
        wanted = _VALUES.get(dataset.device.type, _VALUES["cpu"]) // values
        blocks = max(1, min(_MOST_ROWS, wanted) // _ROW_BLOCK)
        fitting = blocks * _ROW_BLOCK  # whole blocks: a full batch needs no padding
        self.batch_size = batch_size or dataset.at_once or fitting

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        n = len(self.dataset)
        batches = [slice(a, min(a + self.batch_size, n)) for a in range(0, n, self.batch_size)]
        for stored in cut_ahead(self.dataset, batches):
            yield self.dataset.tensors(stored)


def inference_batches(images, device, precision, *, flat=False, batch_size=None, pads=True):
    """Yield stored images batch by batch as a network takes them, and how many are in each.

    Parameters
    ----------
    images : ndarray (n, height, width, channels) or (n, n_features), or LazyImages
    device : torch.device
    precision : Precision
    flat : bool, default=False
        As of `Dataset`.
    batch_size : int or None, default=None
        None takes as many images as caches like.
    pads : bool, default=True
        Whether short batches are padded, so that an image rounds the same in every batch.

    Yields
    ------
    batch : Tensor (count or more, ...)
        What lies behind the first `count` images is padding.
    count : int
    """
    if pads and isinstance(images, np.ndarray) and len(images) <= _ROW_BLOCK:
        yield _one_block(images, device, precision, flat), len(images)
        return
    dataset = Dataset(images, device, precision, flat=flat)
    for batch, _ in InferenceBatches(dataset, batch_size):
        yield (_padded(batch) if pads else batch), len(batch)


def are_few(images):
    """Tell whether images are so few and large that padding them would cost more than they do.

    Parameters
    ----------
    images : ndarray or LazyImages

    Returns
    -------
    few : bool
    """
    are_images = len(images.shape) > 2
    return are_images and len(images) <= _FEW and math.prod(images.shape[1:3]) >= _LARGE_IMAGE


def _one_block(images, device, precision, flat):
    """Return up to 16 images, padded; a dataset of them would take longer than a small network."""
    block = np.zeros((_ROW_BLOCK, *images.shape[1:]), images.dtype)
    block[: len(images)] = images
    return to_device(block.reshape(_ROW_BLOCK, -1) if flat else block, device, precision)


def _padded(batch):
    missing = -len(batch) % _ROW_BLOCK
    if missing == 0:
        return batch
    return torch.cat([batch, batch.new_zeros(missing, *batch.shape[1:])])
