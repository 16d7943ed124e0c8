"""Scaling of pixels: stored images become float tensors on a device, in this module alone."""

import numpy as np
import torch

_SCALED = {np.dtype(kind): float(np.iinfo(kind).max) for kind in ("u1", "i1", "u2", "i2")}


def to_device(batch, device, precision):
    """Return a batch of stored images as a float tensor, integers scaled.

    Booleans and integers of 8 and 16 bits hold pixels and are divided by the largest value of
    their dtype; floats and wider integers hold measurements and are taken as they are.

    Parameters
    ----------
    batch : ndarray or Tensor (n, height, width, channels) or (n, n_features)
    device : torch.device
    precision : Precision

    Returns
    -------
    tensor : Tensor (n, channels, height, width) or (n, n_features)
    """
    largest = _largest_value(batch)
    tensor = as_tensor(batch).to(device, non_blocking=True)
    if tensor.ndim == 4:
        tensor = tensor.permute(0, 3, 1, 2)
        layout = torch.channels_last if precision.channels_last else torch.contiguous_format
        tensor = tensor.to(precision.dtype, memory_format=layout)
    else:
        tensor = tensor.to(precision.dtype)
    return tensor if largest is None else tensor.div_(largest)


def largest_value(dtype):
    """Return what pixels of a dtype are divided by, or None for numbers taken as they are.

    Parameters
    ----------
    dtype : numpy.dtype

    Returns
    -------
    largest : float or None
    """
    return _SCALED.get(dtype.newbyteorder("="))


def _largest_value(batch):
    if isinstance(batch, np.ndarray):
        return largest_value(batch.dtype)
    integer = not batch.is_floating_point() and batch.dtype is not torch.bool
    return float(torch.iinfo(batch.dtype).max) if integer and batch.itemsize < 4 else None


def as_tensor(array):
    """Return stored values as a tensor of their own dtype."""
    if isinstance(array, torch.Tensor):
        return array
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()  # torch warns of the one and refuses the other
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
