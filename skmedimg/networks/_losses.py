"""Losses of masks, one value per image, so that images can be weighted."""

import torch
from torch import nn
from torch.nn import functional

from skmedimg.networks._outputs import class_loss, probabilities

LOSSES = ("bce", "ce", "dice", "dice_ce", "focal", "tversky")


class MaskLoss(nn.Module):
    """A loss of masks by name.

    Parameters
    ----------
    name : {"bce", "ce", "dice", "dice_ce", "focal", "tversky"}
        Cross-entropy ("bce" and "ce" differ in the number of logits alone), one minus the soft
        Dice, the sum of both, cross-entropy that fades out where the network is sure already, and
        Dice that counts misses more than false alarms.
    class_weight : Tensor (n_classes,) or None, default=None
        Weight of a pixel of each class in cross-entropies, of a class in Dice and Tversky.
    """

    def __init__(self, name, class_weight=None):
        super().__init__()
        self.name = name
        self.register_buffer("class_weight", class_weight)

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, 1 or n_classes, h, w) and labels (n, h, w)."""
        return _BY_NAME[self.name](logits, labels.long(), self.class_weight)

    def extra_repr(self):
        return f"{self.name!r}"


def mask_loss(name, class_weight=None):
    """Return a loss of masks by name.

    Parameters
    ----------
    name : {"bce", "ce", "dice", "dice_ce", "focal", "tversky"}
    class_weight : Tensor (n_classes,) or None, default=None

    Returns
    -------
    loss : nn.Module
    """
    return MaskLoss(name, class_weight)


def pixel_cross_entropy(logits, labels, class_weight=None):
    """Mean over the pixels of each image of minus the log-probability of their class.

    Parameters
    ----------
    logits : Tensor (n, 1, height, width) or (n, n_classes, height, width)
    labels : Tensor (n, height, width) of int64
    class_weight : Tensor (n_classes,) or None, default=None

    Returns
    -------
    loss : Tensor (n,)
    """
    losses = _pixel_losses(logits, labels)
    return _mean_per_image(losses, labels, class_weight)


def focal_loss(logits, labels, class_weight=None, gamma=2.0):
    """Cross-entropy times (1 - p)**gamma, p the probability of the true class of the pixel.

    Parameters
    ----------
    logits : Tensor (n, 1, height, width) or (n, n_classes, height, width)
    labels : Tensor (n, height, width) of int64
    class_weight : Tensor (n_classes,) or None, default=None
    gamma : float, default=2.0

    Returns
    -------
    loss : Tensor (n,)
    """
    losses = _pixel_losses(logits, labels)
    return _mean_per_image(losses * (1 - torch.exp(-losses)) ** gamma, labels, class_weight)


def tversky_loss(logits, labels, class_weight=None, alpha=0.3, beta=0.7, smooth=0.5):
    """One minus TP / (TP + alpha FP + beta FN) of soft counts, mean over the foreground classes.

    Parameters
    ----------
    logits : Tensor (n, 1, height, width) or (n, n_classes, height, width)
    labels : Tensor (n, height, width) of int64
    class_weight : Tensor (n_classes,) or None, default=None
    alpha, beta : float
        Price of a false alarm and of a miss.
    smooth : float, default=0.5
        Pixels added to numerator and denominator: an image without the class has a loss too.

    Returns
    -------
    loss : Tensor (n,)
    """
    pred, true = _foreground(logits, labels)
    tp = (pred * true).flatten(2).sum(2)
    fp, fn = pred.flatten(2).sum(2) - tp, true.flatten(2).sum(2) - tp
    losses = 1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
    if class_weight is None:
        return losses.mean(1)
    weights = class_weight[1:].to(losses.dtype)
    return (losses * weights).sum(1) / weights.sum()


def dice_loss(logits, labels, class_weight=None):
    """One minus the soft Dice coefficient, mean over the foreground classes.

    Parameters
    ----------
    logits : Tensor (n, 1, height, width) or (n, n_classes, height, width)
    labels : Tensor (n, height, width) of int64
    class_weight : Tensor (n_classes,) or None, default=None

    Returns
    -------
    loss : Tensor (n,)
    """
    return tversky_loss(logits, labels, class_weight, alpha=0.5, beta=0.5)


def dice_ce_loss(logits, labels, class_weight=None):
    """Sum of `dice_loss`, which sees shapes, and `pixel_cross_entropy`, which has good gradients.

    Parameters
    ----------
    logits : Tensor (n, 1, height, width) or (n, n_classes, height, width)
    labels : Tensor (n, height, width) of int64
    class_weight : Tensor (n_classes,) or None, default=None

    Returns
    -------
    loss : Tensor (n,)
    """
    overlap = dice_loss(logits, labels, class_weight)
    return overlap + pixel_cross_entropy(logits, labels, class_weight)


_BY_NAME = {
    "bce": pixel_cross_entropy,
    "ce": pixel_cross_entropy,
    "dice": dice_loss,
    "dice_ce": dice_ce_loss,
    "focal": focal_loss,
    "tversky": tversky_loss,
}


def dice_score(logits, labels):
    """Return the foreground Dice coefficient of each image, for the training history.

    Parameters
    ----------
    logits : Tensor (n, 1, height, width) or (n, n_classes, height, width)
    labels : Tensor (n, height, width) of int64

    Returns
    -------
    score : Tensor (n,)
        Mean over the foreground classes that either mask holds; 1 where neither holds any.
    """
    found = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    classes = torch.arange(1, max(logits.shape[1], 2), device=logits.device).view(-1, 1, 1)
    pred, true = (found[:, None] == classes).flatten(2), (labels[:, None] == classes).flatten(2)
    sizes = pred.sum(2) + true.sum(2)
    overlap = 2.0 * (pred & true).sum(2) / sizes.clamp(min=1)
    held = (sizes > 0).sum(1)
    return torch.where(held > 0, overlap.sum(1) / held.clamp(min=1), 1.0)


def _pixel_losses(logits, labels):
    return class_loss(logits.shape[1])(logits, labels)


def _mean_per_image(losses, labels, class_weight):
    if class_weight is not None:
        losses = losses * class_weight.to(losses.dtype)[labels]
    return losses.flatten(1).mean(1)


def _foreground(logits, labels):
    """Return probabilities and truth (n, n_foreground, height, width), the background left out."""
    pred = probabilities(logits)[:, 1:]
    true = functional.one_hot(labels, pred.shape[1] + 1).movedim(-1, 1)[:, 1:]
    return pred, true.to(pred.dtype)
