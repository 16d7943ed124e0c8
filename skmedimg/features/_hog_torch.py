"""Oriented gradients of whole stacks: chunk by chunk to the device, and back as rows."""

import math

import numpy as np
import torch

from skmedimg._device import keep_freed_memory, resolve_device
from skmedimg.features._chunks import gray, stored_chunks
from skmedimg.features._hog_cells import cell_histograms

# Pixels worked on at a time: what stays in a core's cache, what keeps a GPU busy.
_CHUNK = {"cpu": 1 << 17, "cuda": 1 << 23}

# Stacks of fewer values are done before the allocator's habits matter.
_LARGE_STACK = 1 << 22

# Bytes of a result that may lie in locked pages, which no other program can have.
_LOCKED = 1 << 28

# Rows shorter than two vector registers are multiplied number by number.
_SHORT = 32

_EPSILON = 1e-5
_CLIP = 0.2


def describe(images, settings, device, batch_size):
    """Return the normalised blocks of every image.

    Parameters
    ----------
    images : ndarray (n, height, width[, channels]) or LazyImages
    settings : namedtuple
        The parameters of `hog` that say what is computed.
    device : str
    batch_size : int or None

    Returns
    -------
    features : ndarray (n, n_features) of float32
    """
    down, across = cell_grid(images.shape, settings)
    rows, columns = settings.cells_per_block
    n_blocks = (down - rows + 1) * (across - columns + 1)
    shape = (len(images), n_blocks * rows * columns * settings.orientations)
    return _in_chunks(_normalised_blocks, shape, images, settings, device, batch_size)


def cells(images, settings, device, batch_size):
    """Return the cells of every image, as they are before blocks are normalised.

    Parameters
    ----------
    images, settings, device, batch_size
        As for `describe`.

    Returns
    -------
    cells : ndarray (n, cell rows, cell columns, orientations) of float32
    """
    shape = (len(images), *cell_grid(images.shape, settings), settings.orientations)
    return _in_chunks(_means, shape, images, settings, device, batch_size)


def cell_grid(shape, settings):
    """Return the rows and columns of cells in images of this shape."""
    sides = zip(shape[1:3], settings.pixels_per_cell, strict=True)
    return tuple(side // pixels for side, pixels in sides)


def _in_chunks(finish, shape, images, settings, device, batch_size):
    """Compute the cells of each chunk on the device and bring back what `finish` makes of them."""
    device = _device(device)
    size = batch_size or max(1, _CHUNK[device.type] // math.prod(images.shape[1:3]))
    large = device.type == "cpu" and math.prod(images.shape) > _LARGE_STACK
    result = _empty(shape, device)
    with torch.inference_mode(), keep_freed_memory(large):
        for rows, chunk in stored_chunks(images, size):
            if settings.channels == "gray":
                chunk = gray(chunk)[..., None]
            pixels = _tensor(chunk).to(device)
            if settings.transform_sqrt:
                pixels = _square_root(pixels)
            cells = cell_histograms(pixels, settings.orientations, settings.pixels_per_cell)
            finish(cells, settings, torch.from_numpy(result[rows]))
    return result


def _empty(shape, device):
    """Return room for the result; where a GPU writes it, it writes to locked pages in a tenth."""
    if device.type == "cpu" or 4 * math.prod(shape) > _LOCKED:
        return np.empty(shape, np.float32)
    return torch.empty(shape, pin_memory=True).numpy()


def _device(device):
    device = resolve_device(device)
    return torch.device("cpu") if device.type == "mps" else device  # angles need double precision


def _tensor(chunk):
    """Return bytes as they are and other pixels in scikit-image's precision."""
    if chunk.dtype == bool:
        chunk = chunk.view(np.uint8)
    kept = {np.dtype(np.uint8): np.uint8, np.dtype("f2"): np.float32, np.dtype("f4"): np.float32}
    dtype = kept.get(chunk.dtype.newbyteorder("="), np.float64)
    return torch.from_numpy(np.require(chunk, dtype, ["C", "W"]))


def _square_root(pixels):
    if pixels.dtype == torch.uint8:
        pixels = pixels.double()
    if pixels.amin() < 0:
        raise ValueError(
            "transform_sqrt=True needs pixels that are not negative, but the smallest is "
            f"{pixels.amin():g}. Set transform_sqrt=False, or shift the pixels."
        )
    return pixels.sqrt()


def _means(cells, settings, result):
    result.copy_(cells.div_(math.prod(settings.pixels_per_cell)))


def _normalised_blocks(cells, settings, result):
    """Write every block of neighbouring cells, normalised, to the result on the CPU."""
    blocks = _blocks(cells, *settings.cells_per_block)
    epsilon = _EPSILON * math.prod(settings.pixels_per_cell)  # of sums, where that of means is due
    if settings.block_norm == "L2-Hys":
        blocks.mul_(_inverse_length(blocks, epsilon)).clamp_(max=_CLIP)
        epsilon = _EPSILON
    inverse = _inverse_length if settings.block_norm.startswith("L2") else _inverse_sum
    result = result.view(blocks.shape)
    if blocks.device == result.device:
        torch.mul(blocks, inverse(blocks, epsilon), out=result)
    else:
        result.copy_(blocks.mul_(inverse(blocks, epsilon)))
    if settings.block_norm == "L1-sqrt":
        result.sqrt_()


def _blocks(cells, rows, columns):
    """Return (n_blocks, values of a block): the window of cells at every position."""
    if rows == columns == 1:
        return cells.view(-1, cells.shape[3])
    n, down, across, orientations = cells.shape
    image, line, cell = cells.stride()[:3]
    shape = (n, down - rows + 1, across - columns + 1, rows, columns * orientations)
    windows = cells.as_strided(shape, (image, line, cell, line, 1))
    return windows.reshape(-1, rows * columns * orientations)


def _inverse_length(blocks, epsilon):
    length = torch.linalg.vector_norm(blocks, dim=1, keepdim=True)
    return _per_value(length.square_().add_(epsilon**2).rsqrt_(), blocks)


def _inverse_sum(blocks, epsilon):
    total = torch.linalg.vector_norm(blocks, 1, dim=1, keepdim=True)
    return _per_value(total.add_(epsilon).reciprocal_(), blocks)


def _per_value(scale, blocks):
    """Repeat the number of each short row for all its values: faster than to stretch a column."""
    if blocks.shape[1] >= _SHORT:
        return scale
    return torch.mm(scale, scale.new_ones(1, blocks.shape[1]))
