"""Pixels: how they are scaled, how RGB becomes gray, and how they reach a device."""

import numpy as np
from PIL import Image

# Weights of red, green and blue in gray: ITU-R 601, as Pillow has them.
LUMA = (0.299, 0.587, 0.114)

# The divisor of integer pixels. Wider integers hold measurements and are not scaled.
_LARGEST = {np.dtype(kind): float(np.iinfo(kind).max) for kind in ("u1", "i1", "u2", "i2")}


def to_gray(images):
    """Return images (..., 3) or (..., 1) as gray (...) of the same dtype.

    Integers and booleans are rounded to the nearest value, floats are not.
    """
    if images.shape[-1] == 1:
        return images[..., 0]
    if images.dtype == np.uint8:
        # Pillow's own conversion takes half the time of three products in numpy.
        lines = np.ascontiguousarray(images).reshape(-1, *images.shape[-2:])
        return np.array(Image.fromarray(lines).convert("L")).reshape(images.shape[:-1])
    red, green, blue = np.moveaxis(images, -1, 0)
    gray = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return gray if images.dtype.kind == "f" else np.rint(gray).astype(images.dtype)


def pixel_limits(dtype):
    """Return the smallest and largest pixel of a dtype; None for dtypes that hold measurements."""
    if dtype.kind == "b":
        return 0.0, 1.0
    if largest_value(dtype) is None:
        return None
    limits = np.iinfo(dtype)
    return float(limits.min), float(limits.max)


def largest_value(dtype):
    """Return the number that pixels of a numpy dtype are divided by; None where they are not."""
    return _LARGEST.get(dtype.newbyteorder("="))


def to_device(batch, device, precision):
    """Return a batch (n, height, width, channels) or (n, n_features) as a float tensor on a device.

    Integers of 8 and 16 bits are divided by the largest value of their dtype. Images come out
    channels first.
    """
    import torch

    largest = _divisor(batch)
    # Sent in the stored dtype: bytes are a quarter of float32.
    tensor = as_tensor(batch).to(device, non_blocking=True)
    if tensor.ndim == 4:
        tensor = tensor.permute(0, 3, 1, 2)
        layout = torch.channels_last if precision.channels_last else torch.contiguous_format
        tensor = tensor.to(precision.dtype, memory_format=layout)
    else:
        tensor = tensor.to(precision.dtype)
    return tensor if largest is None else tensor.div_(largest)


def as_tensor(array):
    """Return an array, or a tensor, as a tensor of its own dtype."""
    import torch

    if isinstance(array, torch.Tensor):
        return array
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()  # torch warns of the one and refuses the other
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))


def _divisor(batch):
    """Return the number that an array or tensor of pixels is divided by, or None."""
    import torch

    if isinstance(batch, np.ndarray):
        return largest_value(batch.dtype)
    integer = not batch.is_floating_point() and batch.dtype is not torch.bool
    return float(torch.iinfo(batch.dtype).max) if integer and batch.itemsize < 4 else None
