"""Dense layers: the multi-layer perceptron, and the head of every other classifier."""

from torch import nn

from skmedimg.networks._blocks import ACTIVATIONS, Dropout, norm_1d
from skmedimg.networks._outputs import DEGENERATE, DegenerateUnit


def mlp(
    n_inputs, hidden_units, n_outputs, *, activation="relu", dropout=(), norm=None, output="auto"
):
    """Return dense layers with their norm, activation and dropout, and a linear last one.

    Parameters
    ----------
    n_inputs : int
    hidden_units : tuple of int
        Units of each hidden layer; may be empty.
    n_outputs : int
    activation : str, default="relu"
        A name of `ACTIVATIONS`.
    dropout : tuple of float, default=()
        One share per hidden layer; () is none at all.
    norm : {"batch", "layer"} or None, default=None
    output : str, default="auto"
        A name of `OUTPUTS`; only the degenerate ones add a layer.

    Returns
    -------
    network : nn.Sequential
        Maps (n, n_inputs) to (n, n_outputs).

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks._mlp_network import mlp
    >>> with torch.device("meta"):
    ...     network = mlp(784, (30, 30), 10)
    >>> sum(weights.numel() for weights in network.parameters())
    24790
    """
    layers = []
    for units, share in zip(hidden_units, dropout or (0,) * len(hidden_units), strict=True):
        layers += [nn.Linear(n_inputs, units), *norm_1d(norm, units), ACTIVATIONS[activation]()]
        layers += [Dropout(share)] if share else []
        n_inputs = units
    last = [DegenerateUnit(output)] if output in DEGENERATE else []
    return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs), *last)
