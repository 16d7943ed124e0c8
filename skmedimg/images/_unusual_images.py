"""Warnings about images that a fit accepts, but that are probably not what was meant."""

import numpy as np

from skmedimg._warnings import warn_user

_MOST_CHANNELS = 4


def warn_of_unusual(name, images, relative):
    """Warn of volumes taken for channels and of pixels of another scale than their dtype says.

    `relative` tells that the estimator standardizes its inputs, and has no use for their scale.
    """
    if len(images.shape) != 4 or 1 in images.shape[1:3]:  # rows of features have any scale
        return
    n, height, width, channels = images.shape
    if channels > _MOST_CHANNELS:
        warn_user(
            f"{name} takes X of shape {tuple(images.shape)} for {n} images of {height}x{width} "
            f"pixels with {channels} channels each. Volumes are passed slice by slice: "
            "X.reshape(-1, *X.shape[2:]), with y and groups repeated."
        )
    if not relative and isinstance(images, np.ndarray):
        _warn_of_scale(name, images)


def _warn_of_scale(name, images):
    largest = images.max()
    if images.dtype.kind == "f" and 2 < largest <= 255 and images.min() >= 0:
        warn_user(
            f"{name} gets {images.dtype} pixels up to {largest:g}, which are not scaled to [0, 1] "
            "as integers are: pass X / 255, or X.astype(numpy.uint8)."
        )
    # Scanners store 12 bits in 16. A black image fits every scale.
    if images.dtype == np.uint16 and 0 < largest < 4096:
        warn_user(
            f"{name} gets uint16 pixels up to {largest}, which are divided by 65535 and stay below "
            f"{4096 / 65535:.2f}: pass (X / {255 if largest < 256 else 4095}).astype('float32')."
        )
