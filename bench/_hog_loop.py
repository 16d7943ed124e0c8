"""HOG of gray bytes as a loop that numba compiles, image by image, with one table of gradients."""

import numpy as np

from bench._peers import load_peer

SIDE = 511  # gradients of bytes run from -255 to 255
EPSILON, CLIP = np.float32(1e-5), np.float32(0.2)


def compiled_hog(images, options, quick):
    """Return a callable that describes gray bytes as scikit-image does; or a reason, a str."""
    numba = load_peer("numba", quick)
    if isinstance(numba, str):
        return numba
    bins, sizes = table(options["orientations"])
    describe = numba.njit(fastmath=True)(loop)
    sides = (*options["pixels_per_cell"], *options["cells_per_block"])
    return lambda: describe(images, bins, sizes, options["orientations"], *sides)


def table(orientations):
    """Return the bin and the magnitude of each pair of gradients, by scikit-image's formula."""
    steps = np.arange(-255, 256, dtype=float)
    down, across = np.meshgrid(steps, steps, indexing="ij")
    angles = np.rad2deg(np.arctan2(down, across)) % 180
    bins = (angles / (180 / orientations)).astype(np.int8)
    sizes = np.hypot(down, across).astype(np.float32)
    # An angle that rounds to 180 degrees is in no bin.
    return np.minimum(bins, orientations - 1), np.where(bins < orientations, sizes, 0)


def loop(images, bins, sizes, orientations, cell_rows, cell_columns, block_rows, block_columns):
    count, height, width = images.shape
    down, across = height // cell_rows, width // cell_columns
    high, wide = down - block_rows + 1, across - block_columns + 1
    length = block_rows * block_columns * orientations
    found = np.empty((count, high * wide * length), np.float32)
    for k in range(count):
        cells = np.zeros((down, across, orientations), np.float32)
        for i in range(down * cell_rows):
            edge = i == 0 or i == height - 1
            for j in range(across * cell_columns):
                rise = run = 0
                # Whole numbers, since differences of bytes would wrap around.
                if not edge:
                    rise = np.int64(images[k, i + 1, j]) - np.int64(images[k, i - 1, j])
                if 0 < j < width - 1:
                    run = np.int64(images[k, i, j + 1]) - np.int64(images[k, i, j - 1])
                bin_ = bins[rise + 255, run + 255]
                cells[i // cell_rows, j // cell_columns, bin_] += sizes[rise + 255, run + 255]
        cells /= cell_rows * cell_columns
        for i in range(high):
            for j in range(wide):
                block = found[k, (i * wide + j) * length : (i * wide + j + 1) * length]
                part = cells[i : i + block_rows, j : j + block_columns]
                block[:] = part.copy().reshape(length)
                block /= np.sqrt((block * block).sum() + EPSILON**2)
                block[:] = np.minimum(block, CLIP)
                block /= np.sqrt((block * block).sum() + EPSILON**2)
    return found
