"""Oriented gradients of stacks of images: ours against a compiled loop and scikit-image.

The compiled loop is what one would write with numba: the table of all gradients of bytes that ours
has, cells and blocks added up image by image. It is what can be reached; scikit-image's own loop
is shown beside it, as what people use.
"""

from functools import partial

import numpy as np

from bench import Row
from bench._hog_loop import compiled_hog

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


def make(quick, n, side, color, dtype, options):
    images = crops(n // 4 if quick else n, side, color, dtype)
    calls = {"ours": ours(images, options)}
    if images.dtype == np.uint8 and not color:
        calls["compiled loop"] = compiled_hog(images, options, quick)
    return calls | {"scikit-image loop": scikit_image(images, options)}


def facts(seconds, n, side, color, dtype, options):
    """How far from scikit-image's numbers ours are, at most."""
    images = crops(10, side, color, dtype)
    expected = scikit_image(images, options)()
    found = {"largest error": f"{np.abs(ours(images, options)() - expected).max():.1e}"}
    if "compiled loop" in seconds:
        error = np.abs(compiled_hog(images, options, True)() - expected).max()
        found["largest error of the compiled loop"] = f"{error:.1e}"
    return found | {"images": n}


def row(name, work, n, side, color=False, dtype=np.uint8, options=USUAL):
    case = {"n": n, "side": side, "color": color, "dtype": dtype, "options": options}
    return Row(
        name=name,
        work=work,
        make=partial(make, **case),
        facts=partial(facts, **case),
        goals={"compiled loop": 1.0},
        repeats=9,
    )


BLOCKS = "9 orientations, 8x8 cells, 3x3 blocks"
ROWS = [
    row("hog-28", "bytes 28x28, 8 orientations, 4x4 cells", 1000, 28, options=DIGITS),
    row("hog-128", f"bytes 128x128, {BLOCKS}", 100, 128),
    row("hog-128-rgb", f"RGB bytes 128x128, {BLOCKS}", 60, 128, color=True),
    row("hog-224", f"bytes 224x224, {BLOCKS}", 40, 224),
    row("hog-224-rgb", f"RGB bytes 224x224, {BLOCKS}", 24, 224, color=True),
    row("hog-float", "whole numbers in float32, 128x128", 100, 128, dtype=np.float32),
    row("hog-fractions", "float32 scaled to 0..1, 128x128", 100, 128, dtype="fractions"),
]
