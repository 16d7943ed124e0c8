"""Histograms of oriented gradients in operations that every ONNX runtime has."""

import math

import torch
from torch import nn
from torch.nn import functional

# The constants of scikit-image's hog, whose features this graph has to give.
_EPSILON = 1e-5
_CLIP = 0.2


class HogGraph(nn.Module):
    """From stored images to the features of `skmedimg.features.hog`."""

    def __init__(self, image_shape, settings):
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.settings = settings
        bounds = torch.arange(1, settings.orientations, dtype=torch.float64)
        bounds = bounds * (math.pi / settings.orientations)
        self.register_buffer("cosines", bounds.cos().reshape(-1, 1, 1), persistent=False)
        self.register_buffer("sines", bounds.sin().reshape(-1, 1, 1), persistent=False)

    def forward(self, images):
        """Return features (n, n_features) of images (n, height, width, channels) as stored."""
        planes = images.to(torch.float32).reshape(-1, *self.image_shape).permute(0, 3, 1, 2)
        if self.settings.transform_sqrt:
            planes = planes.double().sqrt()  # equal gradients have to come out equal
        rows, columns = _gradients(planes)
        # The channel with the largest gradient counts, as in scikit-image.
        magnitude = (rows * rows + columns * columns).sqrt()
        if self.image_shape[2] > 1:
            steepest = magnitude.argmax(1, keepdim=True)  # of equals, the first
            rows, columns, magnitude = (
                each.gather(1, steepest) for each in (rows, columns, magnitude)
            )
        cells = self._cells(magnitude.float() * self._orientations(rows.double(), columns.double()))
        return self._normalized(self._blocks(cells)).flatten(1)

    def _orientations(self, rows, columns):
        """Return 1 in the channel of each pixel's orientation and 0 in the others.

        A direction has passed a bound where it lies to the left of it: no angle is computed.
        """
        # HOG's orientations are unsigned: a gradient and
        # its opposite share one, in the upper half plane.
        downward = (rows < 0) | ((rows == 0) & (columns < 0))
        sign = torch.where(downward, -1.0, 1.0)
        rows, columns = rows * sign, columns * sign
        nearly = -1e-9 * (rows + columns.abs())  # a bound that is met is passed, whatever rounds
        passed = (rows * self.cosines - columns * self.sines >= nearly).float()
        ones = torch.ones_like(rows).float()
        return torch.cat([ones, passed], 1) - torch.cat([passed, torch.zeros_like(ones)], 1)

    def _cells(self, weighted):
        """Return the means of each cell (n, orientations, cell rows, cell columns)."""
        return functional.avg_pool2d(weighted, self.settings.pixels_per_cell)

    def _blocks(self, cells):
        """Return (n, block rows, block columns, values): the window of cells at every position."""
        down, across = self.settings.cells_per_block
        height, width = cells.shape[2] - down + 1, cells.shape[3] - across + 1
        windows = [
            cells[:, :, row : row + height, column : column + width]
            for row in range(down)
            for column in range(across)
        ]
        return torch.cat(windows, 1).permute(0, 2, 3, 1)

    def _normalized(self, blocks):
        norm = self.settings.block_norm
        if norm.startswith("L1"):
            scaled = blocks / (blocks.abs().sum(3, keepdim=True) + _EPSILON)
            return scaled.sqrt() if norm == "L1-sqrt" else scaled
        scaled = _of_unit_length(blocks)
        return _of_unit_length(scaled.clamp(max=_CLIP)) if norm == "L2-Hys" else scaled


def _gradients(planes):
    """Return the differences along rows and columns; at the border there are none."""
    # scikit-image's gradients are 0 along the border.
    rows = functional.pad(planes[:, :, 2:] - planes[:, :, :-2], (0, 0, 1, 1))
    columns = functional.pad(planes[..., 2:] - planes[..., :-2], (1, 1))
    return rows, columns


def _of_unit_length(blocks):
    return blocks / ((blocks * blocks).sum(3, keepdim=True) + _EPSILON**2).sqrt()
