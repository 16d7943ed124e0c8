"""Views of an image for test-time augmentation: mirrored and shifted; masks are mapped back."""

from itertools import product

import torch
from torch.nn import functional

from skmedimg.networks._outputs import probabilities

VIEWS = ("flip-horizontal", "flip-vertical", "shift")

# A shift is this part of the shorter side, and at least a pixel.
_SHIFT = 1 / 32


def mean_over_views(network, images, names):
    """Return logits, one per class, of the mean probabilities of all views of images.

    The views are every combination of the flips and shifts in `names`, the image itself among them.
    """
    # Whole numbers, since sizes are tensors while a graph for ONNX is traced.
    step = max(1, round(min(map(int, images.shape[2:])) * _SHIFT))
    views = list(product(_flips(names), _shifts(names, step)))
    total = 0
    for flips, (down, right) in views:
        found = probabilities(network(_shifted(_flipped(images, flips), down, right)))
        if found.ndim > 2:  # of pixels, which go back to their places
            found = _flipped(_shifted(found, -down, -right), flips)
        total = total + found
    return (total / len(views)).clamp_min(torch.finfo(total.dtype).tiny).log()


def _flips(names):
    """Return the axes that each view is mirrored along."""
    flips = [()]
    for name, axis in (("flip-horizontal", 3), ("flip-vertical", 2)):
        if name in names:
            flips += [(*axes, axis) for axes in flips]
    return flips


def _shifts(names, step):
    """Return the shift of each view in pixels, down and to the right."""
    if "shift" not in names:
        return [(0, 0)]
    return [(0, 0), (step, 0), (-step, 0), (0, step), (0, -step)]


def _flipped(values, axes):
    """Return images or maps mirrored along some axes; ONNX knows no flip along none."""
    return values.flip(axes) if axes else values


def _shifted(values, down, right):
    """Return images or maps (n, channels, height, width) shifted, their edge repeated."""
    if not (down or right):
        return values
    height, width = map(int, values.shape[2:])
    above, left = max(down, 0), max(right, 0)
    padded = functional.pad(values, (left, left - right, above, above - down), mode="replicate")
    return padded[..., above - down :, left - right :][..., :height, :width]
