"""Dense layers: the multi-layer perceptron, and the head of every other classifier."""

from torch import nn

from skmedimg.networks._blocks import ACTIVATIONS, Dropout, norm_1d


def mlp(n_inputs, hidden_units, n_outputs, *, activation="relu", dropout=(), norm=None):
    """Return a network from rows (n, n_inputs) to logits (n, n_outputs)."""
    layers = []
    for units, share in zip(hidden_units, dropout or (0,) * len(hidden_units), strict=True):
        layers += [nn.Linear(n_inputs, units), *norm_1d(norm, units), ACTIVATIONS[activation]()]
        # A layer that does nothing would still cost a call per batch.
        layers += [Dropout(share)] if share else []
        n_inputs = units
    return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs))
