"""Pieces every network is made of: activations, norms and a dropout with its own generator."""

import torch
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.3),  # Keras's slope, which the published networks use
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}

# Those whose value never falls as their input rises, so that the largest input stays the largest.
RISING_ACTIVATIONS = frozenset(ACTIVATIONS) - {"gelu", "silu"}


class Dropout(nn.Module):
    """Dropout that draws from a generator of its own, so that fits in threads stay repeatable.

    Parameters
    ----------
    p : float
        Share of values set to zero in training.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p
        self.generator = None

    def forward(self, values):
        """Return the values, in training some of them zero and the others scaled up."""
        if not self.training or self.p == 0:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - self.p, generator=self.generator)
        return values * kept.div_(1 - self.p)

    def extra_repr(self):
        return f"p={self.p}"


def glorot(network):
    """Draw all weights anew as Keras draws them: Glorot's uniform, biases of zero; in place.

    torch's own are smaller, and what a small network has learned after ten epochs depends on it.

    Parameters
    ----------
    network : nn.Module

    Returns
    -------
    network : nn.Module

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks._blocks import glorot
    >>> with torch.random.fork_rng():
    ...     layer = glorot(torch.nn.Linear(10, 20))
    >>> bool(layer.weight.abs().max() <= (6 / 30) ** 0.5), layer.bias.unique().tolist()
    (True, [0.0])
    """
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


STARTING_WEIGHTS = {"torch": lambda network: network, "glorot": glorot}


def own_dropout(module):
    """Replace torch's Dropout layers inside a module by ours, in place, and return it.

    Parameters
    ----------
    module : nn.Module

    Returns
    -------
    module : nn.Module
    """
    for name, child in module.named_children():
        if isinstance(child, (nn.Dropout, nn.Dropout2d)):
            setattr(module, name, Dropout(child.p))
        else:
            own_dropout(child)
    return module


def set_generator(module, generator):
    """Give every part of a module that draws random numbers the same generator.

    Parameters
    ----------
    module : nn.Module
    generator : torch.Generator or None
    """
    for part in module.modules():
        if hasattr(part, "generator"):
            part.generator = generator


def norm_1d(kind, features):
    """Return the norm of a dense layer as a list of zero or one module.

    Parameters
    ----------
    kind : {"batch", "layer"} or None
    features : int

    Returns
    -------
    modules : list of nn.Module
    """
    if kind is None:
        return []
    return [nn.BatchNorm1d(features) if kind == "batch" else nn.LayerNorm(features)]


def norm_2d(kind, channels):
    """Return the norm of a convolution as a list of zero or one module.

    Parameters
    ----------
    kind : {"batch", "group"} or None
        "group" takes groups of about 8 channels: no statistics across images, so it holds for
        any batch size and weighted image.
    channels : int

    Returns
    -------
    modules : list of nn.Module
    """
    if kind is None:
        return []
    if kind == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.GroupNorm(_groups_for(channels), channels)]


def _groups_for(channels):
    wanted = max(1, channels // 8)
    return next(groups for groups in range(wanted, 0, -1) if channels % groups == 0)
