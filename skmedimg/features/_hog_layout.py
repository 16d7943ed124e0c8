"""What a choice of cells and blocks comes to: the parameters, the sizes they fit, the names."""

from collections import namedtuple
from numbers import Integral

import numpy as np

from skmedimg._sklearn import Interval, StrOptions

CONSTRAINTS = {
    "orientations": [Interval(Integral, 1, None, closed="left")],
    "pixels_per_cell": [tuple, list],
    "cells_per_block": [tuple, list],
    "block_norm": [StrOptions({"L1", "L1-sqrt", "L2", "L2-Hys"})],
    "transform_sqrt": ["boolean"],
    "channels": [StrOptions({"max-gradient", "gray"})],
    "device": [str],
    "batch_size": [Interval(Integral, 1, None, closed="left"), None],
}

Settings = namedtuple(
    "Settings",
    "orientations pixels_per_cell cells_per_block block_norm transform_sqrt channels",
)


def checked_settings(orientations, pixels_per_cell, cells_per_block, *others):
    """Return the parameters that say what is computed, their sizes checked."""
    for name, sizes in [("pixels_per_cell", pixels_per_cell), ("cells_per_block", cells_per_block)]:
        whole = all(isinstance(size, Integral) and size > 0 for size in sizes)
        if len(sizes) != 2 or not whole:
            raise ValueError(f"{name} needs two positive integers (rows, columns), got {sizes!r}.")
    return Settings(orientations, tuple(pixels_per_cell), tuple(cells_per_block), *others)


def check_shape(shape, settings):
    """Refuse images that are too small for one block, or have the wrong number of channels."""
    height, width = shape[1:3]
    (rows, columns), (down, across) = settings.pixels_per_cell, settings.cells_per_block
    if height < rows * down or width < columns * across:
        raise ValueError(
            f"HOG needs images of at least {rows * down}x{columns * across} pixels for blocks of "
            f"{down}x{across} cells of {rows}x{columns} pixels, but they have {height}x{width}. "
            "Lower pixels_per_cell or cells_per_block, or enlarge the images with "
            f"ImageLoader(({rows * down}, {columns * across}))."
        )
    if settings.channels == "gray" and len(shape) == 4 and shape[3] not in (1, 3):
        raise ValueError(
            f"channels='gray' needs images of 1 or 3 channels, but they have {shape[3]}. "
            "Use channels='max-gradient', which takes any number."
        )


def feature_names(height, width, settings):
    """Return the names of the features of images of this size, in their order."""
    (rows, columns), (down, across) = settings.pixels_per_cell, settings.cells_per_block
    cells = [f"_br{r}_bc{c}" for r in range(down) for c in range(across)]
    return np.array(
        [
            f"hog_r{r}_c{c}{cell if len(cells) > 1 else ''}_o{orientation}"
            for r in range(height // rows - down + 1)
            for c in range(width // columns - across + 1)
            for cell in cells
            for orientation in range(settings.orientations)
        ],
        dtype=object,
    )
