"""The exponential moving average of a network's weights, which replaces them at the end."""

import contextlib

import torch


class WeightAverage:
    """The moving average of a net's trained weights, updated after every step."""

    def __init__(self, decay):
        self.decay = decay
        self.weights = None  # tensors like the net's, once there was a step

    def update(self, net):
        """Move the average towards the weights after a step; the first step starts it."""
        current = [weights.detach() for weights in net.trainable_params_]
        if self.weights is None:
            self.weights = [weights.clone() for weights in current]
        else:
            torch._foreach_lerp_(self.weights, current, 1 - self.decay)

    def apply(self, net):
        """Copy the average into the net."""
        if self.weights is not None:
            self._copy(net, self.weights)

    @contextlib.contextmanager
    def applied(self, net):
        """Give the net the average inside, and its own weights back after it."""
        own = [weights.detach().clone() for weights in net.trainable_params_]
        self.apply(net)
        try:
            yield
        finally:
            self._copy(net, own)

    def load(self, net, weights):
        """Continue from the weights of an average that a checkpoint holds."""
        if weights is not None:
            pairs = zip(weights, net.trainable_params_, strict=True)
            self.weights = [torch.empty_like(own).copy_(value).detach() for value, own in pairs]

    def _copy(self, net, values):
        # In place: a captured graph reads the weights where they are.
        with torch.no_grad():
            for weights, value in zip(net.trainable_params_, values, strict=True):
                weights.copy_(value)
