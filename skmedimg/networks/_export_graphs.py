"""Modules around a network in an ONNX graph: scaling before it, probabilities after it."""

import torch
from torch import nn

from skmedimg.networks._outputs import probabilities
from skmedimg.networks._views import mean_over_views


class FromPixels(nn.Module):
    """From stored images to scaled images with channels first, or rows."""

    def __init__(self, image_shape, largest, flat=False):
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.largest = largest
        self.flat = flat

    def forward(self, images):
        """Return float images (n, channels, height, width) or rows (n, n_features)."""
        # The graph takes stored pixels, so that scaling cannot be forgotten by its user.
        values = images.to(torch.float32)
        if self.largest is not None:
            values = values / self.largest
        if self.flat:
            return values.flatten(1)
        return values.reshape(-1, *self.image_shape).permute(0, 3, 1, 2)


class Probabilities(nn.Module):
    """From logits to one probability per class."""

    def forward(self, logits):
        """Return probabilities (n, n_classes, ...)."""
        return probabilities(logits)


class OverViews(nn.Module):
    """A network whose predictions are averaged over mirrored and shifted images."""

    def __init__(self, network, names):
        super().__init__()
        self.network = network
        self.names = names

    def forward(self, images):
        """Return logits (n, n_classes, ...) of the mean probabilities."""
        return mean_over_views(self.network, images, self.names)


class MeanOf(nn.Module):
    """The mean of what several graphs compute from the same images."""

    def __init__(self, graphs):
        super().__init__()
        self.graphs = nn.ModuleList(graphs)

    def forward(self, images):
        """Return the mean (n, ...) of the graphs' outputs."""
        return torch.stack([graph(images) for graph in self.graphs]).mean(0)


class Rows(nn.Module):
    """From images to the features of the frozen part of a network."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        """Return features (n, n_features)."""
        return self.network.forward_frozen(images)


class Affine(nn.Module):
    """From rows to rows @ matrix + constant, or rows * factor + constant."""

    def __init__(self, factor, constant):
        super().__init__()
        self.register_buffer("factor", factor)
        self.register_buffer("constant", constant)

    def forward(self, rows):
        """Return rows (n, n_outputs)."""
        scaled = rows @ self.factor if self.factor.ndim == 2 else rows * self.factor
        return scaled + self.constant


class Chosen(nn.Module):
    """From rows to some of their columns."""

    def __init__(self, columns):
        super().__init__()
        self.register_buffer("columns", columns)

    def forward(self, rows):
        """Return rows (n, n_outputs)."""
        return rows.index_select(1, self.columns)
