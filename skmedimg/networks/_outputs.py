"""From logits to losses, probabilities and hits."""

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
        """Return the mean loss of unweighted images, computed by one kernel."""
        return functional.binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype))


class ClassLogitsLoss(nn.Module):
    """Cross-entropy over one logit per class, one value per image."""

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, n_classes) and labels (n,)."""
        return functional.cross_entropy(logits, labels, reduction="none")

    def mean(self, logits, labels):
        """Return the mean loss of unweighted images, computed by one kernel."""
        return functional.cross_entropy(logits, labels)


def class_loss(n_outputs):
    """Return the cross-entropy of one logit, or of one logit per class."""
    return OneLogitLoss() if n_outputs == 1 else ClassLogitsLoss()


def probabilities(logits):
    """Return probabilities (n, n_classes, ...) of logits (n, 1 or n_classes, ...)."""
    if logits.shape[1] > 1:
        return logits.softmax(1)
    return torch.cat([(-logits).sigmoid(), logits.sigmoid()], 1)


def hits(logits, labels):
    """Return which images are predicted correctly, (n,) of bool."""
    found = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    return found == labels
