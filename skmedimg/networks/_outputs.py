"""From logits to losses, probabilities and correct predictions."""

import torch
from torch import nn
from torch.nn import functional


class OneLogitLoss(nn.Module):
    """Cross-entropy of two classes separated by one logit, one value per image."""

    def __init__(self, label_smoothing=0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, 1) and labels (n,) of 0 and 1."""
        # From logits: the logarithm of a sigmoid that has rounded to 0 would be infinite.
        return functional.binary_cross_entropy_with_logits(
            logits[:, 0], self._smoothed(labels, logits.dtype), reduction="none"
        )

    def mean(self, logits, labels):
        """Return the mean loss of unweighted images, computed by one kernel."""
        return functional.binary_cross_entropy_with_logits(
            logits[:, 0], self._smoothed(labels, logits.dtype)
        )

    def extra_repr(self):
        return f"label_smoothing={self.label_smoothing}"

    def _smoothed(self, labels, dtype):
        labels = labels.to(dtype)
        share = self.label_smoothing
        return labels * (1 - share) + share / 2 if share else labels


class ClassLogitsLoss(nn.Module):
    """Cross-entropy over one logit per class, one value per image."""

    def __init__(self, label_smoothing=0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, n_classes) and labels (n,)."""
        return functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.label_smoothing
        )

    def mean(self, logits, labels):
        """Return the mean loss of unweighted images, computed by one kernel."""
        return functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)

    def extra_repr(self):
        return f"label_smoothing={self.label_smoothing}"


class ClassFocalLoss(nn.Module):
    """Cross-entropy times (1 - p) ** gamma, p the probability of the true class."""

    def __init__(self, n_outputs, gamma=2.0):
        super().__init__()
        self.cross_entropy = class_loss(n_outputs)
        self.gamma = gamma

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, n_outputs) and labels (n,)."""
        losses = self.cross_entropy(logits, labels)
        # exp(-cross-entropy) is the probability of the true class. Focal loss: Lin et al. (2017).
        return losses * (1 - torch.exp(-losses)) ** self.gamma

    def extra_repr(self):
        return f"gamma={self.gamma}"


def class_loss(n_outputs, *, loss="cross_entropy", label_smoothing=0.0):
    """Return a loss of one logit, or of one logit per class.

    Parameters
    ----------
    n_outputs : int
        1, or the number of classes.
    loss : {"cross_entropy", "focal"}, default="cross_entropy"
        "focal" is the focal loss of Lin et al. (2017) with gamma 2.
    label_smoothing : float, default=0.0
        Share of each label that is spread evenly over all classes, of "cross_entropy" alone.

    Returns
    -------
    loss : torch.nn.Module
        From logits (n, n_outputs) and labels (n,) to losses (n,).

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import class_loss
    >>> class_loss(1)(torch.zeros(2, 1), torch.tensor([0, 1]))
    tensor([0.6931, 0.6931])
    """
    if loss == "focal":
        return ClassFocalLoss(n_outputs)
    return (OneLogitLoss if n_outputs == 1 else ClassLogitsLoss)(label_smoothing)


def probabilities(logits):
    """Return the probabilities of logits, from one logit for two classes too.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, ...)
        Outputs of a network before they become probabilities.

    Returns
    -------
    probabilities : torch.Tensor (n, n_classes, ...)

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import probabilities
    >>> probabilities(torch.tensor([[0.0], [2.0]]))
    tensor([[0.5000, 0.5000],
            [0.1192, 0.8808]])
    """
    if logits.shape[1] > 1:
        return logits.softmax(1)
    # 1 - sigmoid(x) loses all digits for large x; sigmoid(-x) is the same number and does not.
    return torch.cat([(-logits).sigmoid(), logits.sigmoid()], 1)


def hits(logits, labels):
    """Return which images are predicted correctly, (n,) of bool."""
    found = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    return found == labels
