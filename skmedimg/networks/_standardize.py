"""Standardization of a network's inputs, by a mean and standard deviation learned before."""

import numpy as np
import torch
from torch import nn


class Standardize(nn.Module):
    """Subtract a mean and divide by a deviation, per channel of images or per column of rows.

    Parameters
    ----------
    mean, std : array-like (n_channels,) or (n_features,)
        Mean and standard deviation of each channel or feature.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import Standardize
    >>> Standardize([1.0, 2.0], [1.0, 0.5])(torch.tensor([[2.0, 3.0]]))
    tensor([[1., 2.]], dtype=torch.float64)
    """

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(np.asarray(mean)))
        self.register_buffer("factor", torch.as_tensor(1 / np.asarray(std)))

    def forward(self, values):
        """Return the standardized images (n, channels, height, width) or rows (n, n_features)."""
        # Not values * factor + constant: a small deviation from a large mean would be rounded off.
        shape = (-1,) + (1,) * (values.ndim - 2)
        return (values - self.mean.view(shape)) * self.factor.view(shape)
