"""Outputs of the frozen part of a network: computed once per image, then from a store."""

import os
from functools import partial
from numbers import Real

import numpy as np
import torch
from torch import nn

from skmedimg._device import autocast, exact_kernels
from skmedimg._sklearn import Interval, StrOptions
from skmedimg._training.inference import are_few, inference_batches
from skmedimg._training.microbatches import MicroBatcher, concatenate, take
from skmedimg.images._keys import image_keys, network_space
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import check_images
from skmedimg.networks._backbones import backbone_row
from skmedimg.networks._foundation_table import FOUNDATION
from skmedimg.networks._pooling import POOLINGS
from skmedimg.networks._timm import TIMM, timm_size
from skmedimg.transfer._feature_store import FeatureStore
from skmedimg.transfer._weights import WEIGHTS

BACKBONE_CONSTRAINTS = {
    "backbone": [str, nn.Module],
    "weights": WEIGHTS,
    "pooling": [StrOptions(set(POOLINGS))],
    "width": [Interval(Real, 0, None, closed="neither")],
    "gray": [StrOptions({"repeat", "sum"})],
    "cache": [str, os.PathLike, FeatureStore, None],
}


def backbone_images(estimator, X, *, reset):
    """Return validated images; paths are decoded to the size the backbone was made for."""
    shape = estimator.image_shape
    # Paths have no size of their own before they are decoded; arrays keep theirs.
    if reset and shape is None and list_paths(X) is not None:
        shape = _own_size(estimator.backbone)
    return check_images(estimator, X, reset=reset, image_shape=shape, color="rgb")


def frozen_rows(images, network, store, device, precision):
    """Return what the frozen part of a network makes of images, asking the store first."""
    if network.exact:
        precision = precision._replace(autocast=None)

    few = are_few(images)  # those differ in the last bit from what a larger batch gives

    def compute(positions):
        return _run(images[np.asarray(positions)], network, device, precision, not few)

    if store is None:
        return _run(images, network, device, precision, not few)
    # Everything that changes a feature is in the name: weights, device, precision and image size.
    space = network_space(network, device.type, *map(str, precision), tuple(images.shape[1:]))
    return store.fetch(space, image_keys(images), compute, keep=not few)


def _run(images, network, device, precision, pads):
    network.eval()
    batcher, parts = MicroBatcher(device), []
    with torch.inference_mode(), exact_kernels(device), autocast(device, precision):
        # Padded batches give an image the same bits whatever it is computed with.
        for batch, count in inference_batches(images, device, precision, pad=pads):
            run = partial(_forward_frozen, network, precision.dtype, batch)
            parts.append(concatenate(batcher.run(run, len(batch)))[:count].numpy())
    return np.concatenate(parts)


def _forward_frozen(network, dtype, rows, part):
    return network.forward_frozen(take(rows, part)).to(dtype).cpu()


def _own_size(backbone):
    """Return (height, width) of the images that a backbone was made for, if that is known."""
    if not isinstance(backbone, str):
        return None
    if backbone.startswith(TIMM):
        return timm_size(backbone)
    row = FOUNDATION.get(backbone) or backbone_row(backbone)
    return (row.size, row.size)
