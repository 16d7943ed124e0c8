"""Which layers of a backbone are trainable: weight layers, or a transformer's blocks."""

from numbers import Integral

from torch import nn

_WEIGHT_LAYERS = (nn.modules.conv._ConvNd, nn.Linear, nn.MultiheadAttention)


def weight_layers(network, norms="after"):
    """Return the parameters of a network in weight layers, first to last.

    A weight layer is a convolution or a linear layer (in attention, the projection of queries,
    keys and values is one and the output's another). All other parameters, of norms mostly,
    belong to the weight layer beside them.
    """
    layers, waiting, seen = [], [], set()
    for module in network.modules():
        # Shared parameters count for the first layer that has them.
        own = [p for p in module.parameters(recurse=False) if id(p) not in seen]
        seen.update(map(id, own))
        if isinstance(module, _WEIGHT_LAYERS) and own:
            layers.append(waiting + own)
            waiting = []
        elif layers and norms == "after":
            layers[-1] += own
        else:
            waiting += own
    # Norms behind the last weight layer belong to it, whichever side norms stand on.
    if waiting and layers:
        layers[-1] += waiting
    return layers


def block_layers(network, blocks):
    """Return the parameters of a network in blocks, given as lists of names, first to last.

    A list of vectors only, such as the norm behind the last block, belongs to the block before.
    """
    parameters, layers = dict(network.named_parameters()), []
    for names in blocks:
        # a shared parameter has one name there, and counts for the block that has it
        own = [parameters.pop(name) for name in names if name in parameters]
        if layers and all(p.ndim < 2 for p in own):
            layers[-1] += own
        elif own:
            layers.append(own)
    return layers


def count_trainable(trainable_layers, n_layers, unit="weight layers"):
    """Return how many layers of `n_layers` are trainable; `unit` is what an error calls them."""
    if trainable_layers == "all":
        return n_layers
    if not isinstance(trainable_layers, Integral):
        # A float is a share of the layers, so that one grid of values suits backbones of any depth.
        return round(trainable_layers * n_layers)
    if trainable_layers > n_layers:
        raise ValueError(
            f"trainable_layers={trainable_layers} is more than the {n_layers} {unit} of the "
            'backbone; use "all" to train all of them.'
        )
    return int(trainable_layers)
