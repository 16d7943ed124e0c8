"""Oriented gradients of stacks of images: ours against scikit-image and OpenCV, image by image."""

from functools import partial

import numpy as np

from bench import Row
from bench._opencv import load_opencv

DIGITS = {"orientations": 8, "pixels_per_cell": (4, 4), "cells_per_block": (1, 1)}
USUAL = {"orientations": 9, "pixels_per_cell": (8, 8), "cells_per_block": (3, 3)}


def crops(n, side, color, dtype):
    """Parts of a photograph: as bytes, as the same whole numbers in floats, or scaled to 0..1."""
    from skimage import data

    picture = data.astronaut() if color else data.camera()
    starts = [(7 * k % (512 - side), 13 * k % (512 - side)) for k in range(n)]
    images = np.stack([picture[a : a + side, b : b + side] for a, b in starts])
    if dtype == "fractions":
        return images / np.float32(255)
    return images.astype(dtype)


def ours(images, options):
    from skmedimg.features import hog

    return lambda: hog(images, device="cpu", **options)


def scikit_image(images, options):
    from skimage.feature import hog

    axis = -1 if images.ndim == 4 else None
    return lambda: [hog(image, channel_axis=axis, **options) for image in images]


def opencv(images, options, quick):
    cv2 = load_opencv(quick)
    if isinstance(cv2, str):
        return cv2
    cell, block = options["pixels_per_cell"][::-1], options["cells_per_block"][::-1]
    window = tuple(side // c * c for side, c in zip(images.shape[2:0:-1], cell, strict=True))
    area = tuple(b * c for b, c in zip(block, cell, strict=True))
    descriptor = cv2.HOGDescriptor(window, area, cell, cell, options["orientations"])
    return lambda: [descriptor.compute(image) for image in images]


def make(quick, n, side, color, dtype, options):
    images = crops(n // 4 if quick else n, side, color, dtype)
    calls = {"ours": ours(images, options), "scikit-image loop": scikit_image(images, options)}
    if images.dtype == np.uint8:
        calls["cv2 loop"] = opencv(images, options, quick)
    return calls


def facts(seconds, n, side, color, dtype, options):
    """How far from scikit-image's numbers ours are, at most."""
    images = crops(10, side, color, dtype)
    error = np.abs(ours(images, options)() - scikit_image(images, options)()).max()
    return {"largest error": f"{error:.1e}", "images": n}


WHY = (
    "the goals are those of a Zen 5 with AVX-512. Elsewhere torch's own kernels fill the time: the "
    "sum of table rows (embedding_bag) a third, copies a fifth, norms a tenth (torch's profiler, "
    "Zen 3). There the method that reached the goals takes 1.1 to 1.9 times as long as ours."
)
WHY_FLOAT = (
    "whole numbers do take the way of bytes, but bytes themselves reach 34x on a Zen 3 (processor "
    "time), and to see that none is a fraction takes a quarter of the work on cells. The goal is "
    "that of a Zen 5 with AVX-512."
)


def row(name, work, goals, n, side, color=False, dtype=np.uint8, options=USUAL, why=WHY):
    case = {"n": n, "side": side, "color": color, "dtype": dtype, "options": options}
    peers = dict(zip(("scikit-image loop", "cv2 loop"), goals, strict=False))
    return Row(
        name=name,
        work=work,
        make=partial(make, **case),
        facts=partial(facts, **case),
        goals=peers,
        repeats=9,
        why=why,
    )


ROWS = [
    row("hog-28", "bytes 28x28, 8 orientations, 4x4 cells", (120, 3), 1000, 28, options=DIGITS),
    row("hog-128", "bytes 128x128, 9 orientations, 8x8 cells, 3x3 blocks", (45, 5), 100, 128),
    row(
        "hog-128-rgb",
        "RGB bytes 128x128, 9 orientations, 8x8 cells, 3x3 blocks",
        (24, 2),
        60,
        128,
        color=True,
    ),
    row("hog-224", "bytes 224x224, 9 orientations, 8x8 cells, 3x3 blocks", (40, 5), 40, 224),
    row(
        "hog-224-rgb",
        "RGB bytes 224x224, 9 orientations, 8x8 cells, 3x3 blocks",
        (20, 2),
        24,
        224,
        color=True,
    ),
    row("hog-float", "whole numbers in float32, 128x128", (40,), 100, 128, dtype=np.float32,
        why=WHY_FLOAT),
    row("hog-fractions", "float32 scaled to 0..1, 128x128", (), 100, 128, dtype="fractions"),
]  # fmt: skip
