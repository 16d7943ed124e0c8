"""Pictures of oriented gradients: bars in each cell, as scikit-image draws them."""

import numpy as np


def draw_bars(cells, shape, pixels_per_cell):
    """Draw the cells of images as bars, each as bright as its orientation is frequent.

    Parameters
    ----------
    cells : ndarray (n, cell rows, cell columns, orientations)
    shape : tuple of int (height, width)
        Of the pictures.
    pixels_per_cell : tuple of int (rows, columns)

    Returns
    -------
    pictures : ndarray (n, height, width) of float32
    """
    from scipy.sparse import csr_array

    pixels, bars = _strokes(cells.shape[1:], shape[1], pixels_per_cell)
    ink = np.ones(len(pixels), cells.dtype)
    drawing = csr_array((ink, (pixels, bars)), shape=(shape[0] * shape[1], cells[0].size))
    return np.ascontiguousarray((drawing @ cells.reshape(len(cells), -1).T).T).reshape(-1, *shape)


def _strokes(grid, width, pixels_per_cell):
    """Return the pixels that bars are made of, and which bar each belongs to."""
    centres = [
        (row * pixels_per_cell[0] + pixels_per_cell[0] // 2,
         column * pixels_per_cell[1] + pixels_per_cell[1] // 2)
        for row in range(grid[0])
        for column in range(grid[1])
    ]  # fmt: skip
    radius = min(pixels_per_cell) // 2 - 1
    angles = np.pi * (np.arange(grid[2]) + 0.5) / grid[2]
    tips = [(radius * np.cos(angle), radius * np.sin(angle)) for angle in angles]
    strokes = [_stroke(centre, tip, width) for centre in centres for tip in tips]
    return np.concatenate(strokes), np.repeat(np.arange(len(strokes)), [len(s) for s in strokes])


def _stroke(centre, tip, width):
    from skimage.draw import line

    (row, column), (down, right) = centre, tip
    ends = int(row - down), int(column + right), int(row + down), int(column - right)
    rows, columns = line(*ends)
    return rows * width + columns
