"""How deep a backbone is trained: its weight layers in order, each with its own norm."""

from numbers import Integral

from torch import nn

_WEIGHT_LAYERS = (nn.modules.conv._ConvNd, nn.Linear, nn.MultiheadAttention)


def weight_layers(network, norms="after"):
    """Return the parameters of a network in weight layers, first to last.

    A weight layer is a convolution or a linear layer (in attention, the projection of queries,
    keys and values is one and the output's another). All other parameters, of norms mostly,
    belong to the weight layer beside them.

    Parameters
    ----------
    network : nn.Module
    norms : {"after", "before"}, default="after"
        The side of a weight layer on which its own norm stands.

    Returns
    -------
    layers : list of list of nn.Parameter

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from skmedimg.networks._freeze import weight_layers
    >>> with torch.device("meta"):
    ...     block = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Conv2d(2, 4, 3))
    >>> [len(layer) for layer in weight_layers(block)]
    [4, 2]
    """
    layers, waiting, seen = [], [], set()
    for module in network.modules():
        own = [p for p in module.parameters(recurse=False) if id(p) not in seen]
        seen.update(map(id, own))
        if isinstance(module, _WEIGHT_LAYERS) and own:
            layers.append(waiting + own)
            waiting = []
        elif layers and norms == "after":
            layers[-1] += own
        else:
            waiting += own
    if waiting and layers:
        layers[-1] += waiting
    return layers


def count_trainable(trainable_layers, n_layers):
    """Return how many weight layers a freeze depth leaves open.

    Parameters
    ----------
    trainable_layers : int, float or "all"
        So many of the last layers; a float is a share of all layers.
    n_layers : int

    Returns
    -------
    count : int

    Examples
    --------
    >>> from skmedimg.networks._freeze import count_trainable
    >>> [count_trainable(depth, 13) for depth in (0, 2, 0.5, 1.0, "all")]
    [0, 2, 6, 13, 13]
    """
    if trainable_layers == "all":
        return n_layers
    if not isinstance(trainable_layers, Integral):
        return round(trainable_layers * n_layers)
    if trainable_layers > n_layers:
        raise ValueError(
            f"trainable_layers={trainable_layers} is more than the {n_layers} weight layers of the "
            'backbone; use "all" to train all of them.'
        )
    return int(trainable_layers)
