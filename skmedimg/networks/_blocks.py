"""Layers that all networks share: activations, norms and a dropout with its own generator."""

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

# Activations that keep the order of their inputs, so that the largest stays the largest.
INCREASING_ACTIVATIONS = frozenset(ACTIVATIONS) - {"gelu", "silu"}


def new_activation(activation):
    """Return a new module of a name in ACTIVATIONS, or of a class or function without arguments."""
    if isinstance(activation, str):
        return ACTIVATIONS[activation]()
    made = activation()
    if not isinstance(made, nn.Module):
        raise TypeError(
            f"activation={activation!r} needs to return a torch.nn.Module, as torch.nn.Mish does, "
            f"but returned a {type(made).__name__}."
        )
    return made


class Dropout(nn.Module):
    """Dropout that draws from a generator of its own, so that fits in threads stay repeatable.

    Parameters
    ----------
    p : float
        Share of the values that become zero in training.
    whole_channels : bool, default=False
        Whether all values of a channel become zero together, as in torch's Dropout2d.

    Attributes
    ----------
    generator : torch.Generator or None
        What it draws from; None means torch's global generator. See `set_generator`.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import Dropout, set_generator
    >>> dropout = Dropout(0.5)
    >>> set_generator(dropout, torch.Generator().manual_seed(0))
    >>> sorted(dropout(torch.ones(100)).unique().tolist())
    [0.0, 2.0]
    """

    def __init__(self, p, whole_channels=False):
        super().__init__()
        self.p = p
        self.whole_channels = whole_channels
        self.generator = None

    def forward(self, values):
        """Return the values, in training some of them zero and the others scaled up."""
        if not self.training or self.p == 0:
            return values
        # The factor 1 / (1 - p) keeps the expected value, so prediction needs none.
        shape = values.shape
        if self.whole_channels:
            shape = (*shape[:2], *[1] * (len(shape) - 2))
        kept = torch.empty_like(values) if shape == values.shape else values.new_empty(shape)
        return values * kept.bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)

    def extra_repr(self):
        return f"p={self.p}"


def glorot(network):
    """Initialize weights by Glorot's uniform and biases by zero, as Keras; return the network."""
    # torch's own weights are smaller, and a small network differs by it even after ten epochs.
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


WEIGHT_INITS = {"torch": lambda network: network, "glorot": glorot}


_CHANNEL_DROPOUTS = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def own_dropout(module):
    """Replace torch's dropout, which uses the global generator, by ours, and return the module."""
    for name, child in module.named_children():
        if isinstance(child, (nn.Dropout, *_CHANNEL_DROPOUTS)):
            setattr(module, name, Dropout(child.p, isinstance(child, _CHANNEL_DROPOUTS)))
        else:
            own_dropout(child)
    return module


def set_generator(module, generator):
    """Set the generator of every part of a module that draws random numbers.

    Parameters
    ----------
    module : torch.nn.Module
        Its parts of the kinds `Dropout` and `StochasticDepth` are changed in place.
    generator : torch.Generator or None
        On the device of the module.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import mlp, set_generator
    >>> network = mlp(4, (8,), 2, dropout=(0.5,))
    >>> set_generator(network, torch.Generator().manual_seed(0))
    """
    for part in module.modules():
        if hasattr(part, "generator"):
            part.generator = generator


def norm_1d(kind, features):
    """Return the norm of a dense layer as a list of zero or one module."""
    if kind is None:
        return []
    return [nn.BatchNorm1d(features) if kind == "batch" else nn.LayerNorm(features)]


def norm_2d(kind, channels):
    """Return the norm of a convolution as a list of zero or one module."""
    if kind is None:
        return []
    if kind == "batch":
        return [nn.BatchNorm2d(channels)]
    # Groups of about 8 channels; a group count has to divide the channels.
    groups = next(n for n in range(max(1, channels // 8), 0, -1) if channels % n == 0)
    return [nn.GroupNorm(groups, channels)]
