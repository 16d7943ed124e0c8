"""Predicting large images: overlapping windows, whose logits are blended without seams."""

import numpy as np
import torch

from skmedimg._training.net import run_network

# Pixels per batch: on the CPU what keeps activations under the 32 MB from which glibc gives every
# block back to the kernel (twice as fast as four times as many); on a GPU what fills it.
_PIXELS = {"cpu": 1 << 17}
_PIXELS_ELSEWHERE = 1 << 22

# Images this small are cheap to pad to full batches, which makes each round the same.
_SMALL = 32 * 32


def run_tiled(net, images, tile, overlap, finish, views=()):
    """Return what a network says of images that it sees window by window.

    Windows start where the network's pooling grid starts, so that a pixel further from a window's
    edge than the receptive field reaches gets the very value it has in the whole image. The outer
    quarter of an overlap is not used; in its middle half one window fades into the next.
    """
    parts = []
    for row in range(images.shape[0]):
        logits = _run_image(net, images[row], tile, overlap, views)
        parts.append(finish(torch.from_numpy(logits)).numpy())
    return np.concatenate(parts)


def images_at_once(net, shape):
    """Return how many images to run through a network at once, or None for its own choice."""
    pixels = shape[1] * shape[2]
    budget = _PIXELS.get(net.plan.device.type, _PIXELS_ELSEWHERE)
    return None if pixels <= _SMALL else max(1, budget // pixels)


def windows(length, size, overlap, multiple):
    """Return where windows start and how much each counts, along one side of an image."""
    # Rounded up to whole cells of the pooling grid.
    size = min(-(-size // multiple) * multiple, length)
    steps = max(1, int(size * (1 - overlap)) // multiple)  # in cells of the grid
    cells = (length - size) // multiple
    # The fewest windows that overlap enough, then spread evenly over the image.
    count = -(-cells // steps) + 1
    starts = [k * cells // max(count - 1, 1) * multiple for k in range(count)]
    return starts, _fades(starts, size, length)


def _run_image(net, image, tile, overlap, views):
    """Return blended logits (1, channels, height, width), computed a row of windows at a time."""
    height, width = image.shape[:2]
    multiple = getattr(net.module_, "multiple", 1)
    # Padding to whole cells here keeps every window on the network's pooling grid.
    image = np.pad(image, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="edge")
    tops, down = windows(image.shape[0], tile[0], overlap, multiple)
    lefts, across = windows(image.shape[1], tile[1], overlap, multiple)
    blended = None
    for top, fade in zip(tops, down, strict=True):
        # One row of windows at a time: few logits wait in memory to be blended.
        strip = image[top : top + down.shape[1]]
        tiles = np.stack([strip[:, left : left + across.shape[1]] for left in lefts])
        size = images_at_once(net, tiles.shape)
        logits = run_network(net, tiles, batch_size=size, views=views)
        if blended is None:
            blended = np.zeros((1, logits.shape[1], *image.shape[:2]), dtype=logits.dtype)
        for left, weights, window in zip(lefts, across, logits, strict=True):
            place = blended[0, :, top : top + len(fade), left : left + len(weights)]
            place += window * fade[:, None] * weights
    return blended[..., :height, :width]


def _fades(starts, size, length):
    """Return the weight of each window at each of its pixels; they sum to 1 over the side."""
    weights = np.ones((len(starts), size), dtype=np.float32)
    for k in range(1, len(starts)):
        # Windows are spread evenly, so an overlap may be larger than asked for.
        common = starts[k - 1] + size - starts[k]
        # A ramp over the middle half of the overlap: 0 in its first quarter, 1 in its last.
        rise = np.clip((np.arange(common) + 0.5) * 2 / common - 0.5, 0, 1)
        weights[k, :common] *= rise
        weights[k - 1, size - common :] *= 1 - rise
    # Where three windows overlap, the products do not sum to 1.
    total = np.zeros(length, dtype=np.float32)
    for start, row in zip(starts, weights, strict=True):
        total[start : start + size] += row
    return np.stack([row / total[s : s + size] for s, row in zip(starts, weights, strict=True)])
