"""Dense layers: the multi-layer perceptron, and the head of every other classifier."""

from torch import nn

from skmedimg.networks._blocks import Dropout, new_activation, norm_1d


def mlp(n_inputs, hidden_units, n_outputs, *, activation="relu", dropout=(), norm=None):
    """Build a multi-layer perceptron, from rows (n, n_inputs) to logits (n, n_outputs).

    Parameters
    ----------
    n_inputs : int
        Number of features.
    hidden_units : sequence of int
        Units of each hidden layer; an empty one gives a linear model.
    n_outputs : int
        Number of logits: classes, or 1 for two classes.
    activation : str or callable, default="relu"
        "relu", "leaky-relu" (slope 0.3), "elu", "gelu", "silu", "tanh", "sigmoid" or "identity",
        or a class or function that returns a module, such as `torch.nn.Mish`.
    dropout : sequence of float, default=()
        Share dropped behind each hidden layer; an empty one drops nothing.
    norm : {"batch", "layer"} or None, default=None
        Norm between each hidden layer and its activation.

    Returns
    -------
    network : torch.nn.Sequential

    See Also
    --------
    convnet : Build a convolutional network, from images (n, channels, height, width) to logits.

    Examples
    --------
    >>> from skmedimg.networks import mlp
    >>> sum(p.numel() for p in mlp(784, (30, 30), 10).parameters())
    24790
    """
    layers = []
    for units, share in zip(hidden_units, dropout or (0,) * len(hidden_units), strict=True):
        layers += [nn.Linear(n_inputs, units), *norm_1d(norm, units), new_activation(activation)]
        # A layer that does nothing would still cost a call per batch.
        layers += [Dropout(share)] if share else []
        n_inputs = units
    return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs))
