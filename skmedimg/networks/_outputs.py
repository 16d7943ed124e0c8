"""What the numbers of a last layer mean: losses, probabilities and hits."""

import torch
from torch import nn
from torch.nn import functional


class OneLogitLoss(nn.Module):
    """Cross-entropy of two classes told apart by one logit, one value per image."""

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, 1) and labels (n,) of 0 and 1."""
        return functional.binary_cross_entropy_with_logits(
            logits[:, 0], labels.to(logits.dtype), reduction="none"
        )

    def mean(self, logits, labels):
        """Return the mean loss of images that all weigh the same, in one kernel."""
        return functional.binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype))


class ClassLogitsLoss(nn.Module):
    """Cross-entropy over one logit per class, one value per image."""

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, n_classes) and labels (n,)."""
        return functional.cross_entropy(logits, labels, reduction="none")

    def mean(self, logits, labels):
        """Return the mean loss of images that all weigh the same, in one kernel."""
        return functional.cross_entropy(logits, labels)


# Outputs of published networks that are no probability, and what follows from it.
DEGENERATE = {
    "relu": "relu gives anything from 0 up where the loss needs a probability, and nothing is "
    "learned from images that it puts below 0 or above 1",
    "softmax-1": "a softmax over one unit is 1 for every image, so nothing can be learned",
}

OUTPUTS = ("auto", "softmax", *DEGENERATE)


class DegenerateUnit(nn.Module):
    """One unit taken for a probability that it is not, and turned into its logit.

    Keras clips such values to [1e-7, 1 - 1e-7] before it takes logarithms; so do we.

    Parameters
    ----------
    kind : {"relu", "softmax-1"}
    """

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, values):
        """Return the logit (n, 1) of values (n, 1)."""
        values = values.to(torch.promote_types(values.dtype, torch.float32))
        taken = values.relu() if self.kind == "relu" else values.softmax(1)
        return torch.logit(taken, eps=1e-7)

    def extra_repr(self):
        return self.kind


def class_loss(n_outputs):
    """Return the cross-entropy that fits the number of outputs.

    Parameters
    ----------
    n_outputs : int
        1 for one logit, else one per class.

    Returns
    -------
    loss : nn.Module
    """
    return OneLogitLoss() if n_outputs == 1 else ClassLogitsLoss()


def probabilities(logits):
    """Return one probability per class.

    Parameters
    ----------
    logits : Tensor (n, 1) or (n, n_classes)

    Returns
    -------
    probabilities : Tensor (n, n_classes)
    """
    if logits.shape[1] > 1:
        return logits.softmax(1)
    return torch.cat([(-logits).sigmoid(), logits.sigmoid()], 1)


def hits(logits, labels):
    """Tell which images got their label.

    Parameters
    ----------
    logits : Tensor (n, 1) or (n, n_classes)
    labels : Tensor (n,)

    Returns
    -------
    hits : Tensor (n,) of bool
    """
    found = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    return found == labels
