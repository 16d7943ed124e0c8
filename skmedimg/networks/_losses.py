"""Losses of masks, one value per image, so that images can be weighted."""

import torch
from torch import nn
from torch.nn import functional

from skmedimg.networks._outputs import class_loss, probabilities

LOSSES = ("bce", "ce", "dice", "dice_ce", "focal", "tversky")


class MaskLoss(nn.Module):
    """A loss of masks by name, one value per image.

    Parameters
    ----------
    name : {"bce", "ce", "dice", "dice_ce", "focal", "tversky"}
        "bce" and "ce" are both `pixel_cross_entropy`; the others have functions of their names.
    class_weight : torch.Tensor (n_classes,) or None, default=None
        Weight of each class in the loss. None: all count the same.
    label_smoothing : float, default=0.0
        Of the cross-entropy in "bce", "ce" and "dice_ce".
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    See Also
    --------
    dice_ce_loss : Return `dice_loss` plus `pixel_cross_entropy`, whose gradients do not vanish.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import MaskLoss
    >>> MaskLoss("bce")(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4))
    tensor([0.6931])
    """

    def __init__(self, name, class_weight=None, label_smoothing=0.0, ignore_index=None):
        super().__init__()
        self.name = name
        self.label_smoothing = label_smoothing
        self.ignore_index = ignore_index
        self.register_buffer("class_weight", class_weight)

    def forward(self, logits, labels):
        """Return the loss (n,) of logits (n, 1 or n_classes, h, w) and labels (n, h, w)."""
        options = {"ignore_index": self.ignore_index}
        if self.label_smoothing:
            options["label_smoothing"] = self.label_smoothing
        return _BY_NAME[self.name](logits, labels.long(), self.class_weight, **options)

    def extra_repr(self):
        ignored = "" if self.ignore_index is None else f", ignore_index={self.ignore_index}"
        return f"{self.name!r}, label_smoothing={self.label_smoothing}{ignored}"


def pixel_cross_entropy(
    logits, labels, class_weight=None, *, label_smoothing=0.0, ignore_index=None
):
    """Return the mean cross-entropy over the pixels of each image.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, height, width)
        Outputs of a network before they become probabilities.
    labels : torch.Tensor (n, height, width) of int
        Class number of each pixel.
    class_weight : torch.Tensor (n_classes,) or None, default=None
        Weight of each class in the loss. None: all count the same.
    label_smoothing : float, default=0.0
        Share of each label that is spread evenly over all classes.
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    losses : torch.Tensor (n,)
        0 for an image without a pixel that counts.

    See Also
    --------
    focal_loss : Return the focal loss of each image.
    dice_ce_loss : Return `dice_loss` plus `pixel_cross_entropy`, whose gradients do not vanish.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import pixel_cross_entropy
    >>> pixel_cross_entropy(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4, dtype=int))
    tensor([0.6931])
    """
    labels, counted = _counted(labels, ignore_index)
    losses = class_loss(logits.shape[1], label_smoothing=label_smoothing)(logits, labels)
    return _mean_per_image(losses, labels, class_weight, counted)


def focal_loss(logits, labels, class_weight=None, gamma=2.0, *, ignore_index=None):
    """Return the focal loss [1]_ of each image.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, height, width)
        Outputs of a network before they become probabilities.
    labels : torch.Tensor (n, height, width) of int
        Class number of each pixel.
    class_weight : torch.Tensor (n_classes,) or None, default=None
        Weight of each class in the loss. None: all count the same.
    gamma : float, default=2.0
        Cross-entropy is multiplied by (1 - p) ** gamma, p the probability of the true class.
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    losses : torch.Tensor (n,)

    See Also
    --------
    pixel_cross_entropy : Return the mean cross-entropy over the pixels of each image.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar. "Focal Loss for Dense Object
           Detection". ICCV 2017, 2999-3007. https://doi.org/10.1109/ICCV.2017.324

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import focal_loss
    >>> focal_loss(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4, dtype=int))
    tensor([0.1733])
    """
    # exp(-cross-entropy) is the probability of the true class. Focal loss: Lin et al. (2017).
    labels, counted = _counted(labels, ignore_index)
    losses = class_loss(logits.shape[1])(logits, labels)
    losses = losses * (1 - torch.exp(-losses)) ** gamma
    return _mean_per_image(losses, labels, class_weight, counted)


def tversky_loss(
    logits, labels, class_weight=None, alpha=0.3, beta=0.7, smooth=0.5, *, ignore_index=None
):
    """Return 1 - TP / (TP + alpha FP + beta FN), the Tversky loss [1]_ of each image.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, height, width)
        Outputs of a network before they become probabilities.
    labels : torch.Tensor (n, height, width) of int
        Class number of each pixel.
    class_weight : torch.Tensor (n_classes,) or None, default=None
        Weight of each class in the loss. None: all count the same.
    alpha, beta : float, default=0.3, 0.7
        Weight of false positives and of false negatives. Counts are sums of probabilities; the
        loss is the mean over the classes but the first.
    smooth : float, default=0.5
        Added to both sides of the ratio.
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    losses : torch.Tensor (n,)

    See Also
    --------
    dice_loss
        Return 1 - soft Dice coefficient of each image, averaged over the foreground
        classes.

    References
    ----------
    .. [1] S. S. M. Salehi, D. Erdogmus, A. Gholipour. "Tversky Loss Function for Image
           Segmentation Using 3D Fully Convolutional Deep Networks". MLMI 2017, 379-387.
           https://doi.org/10.1007/978-3-319-67389-9_44

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import tversky_loss
    >>> tversky_loss(torch.zeros(1, 1, 4, 4), torch.ones(1, 4, 4, dtype=int))
    tensor([0.3972])
    """
    # `smooth` pixels are added to both sides of the ratio: without them the loss of an image that
    # lacks the class would be 0 / 0.
    labels, counted = _counted(labels, ignore_index)
    pred, true = _foreground(logits, labels)
    if counted is not None:
        pred, true = pred * counted[:, None], true * counted[:, None]
    tp = (pred * true).flatten(2).sum(2)
    fp, fn = pred.flatten(2).sum(2) - tp, true.flatten(2).sum(2) - tp
    losses = 1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
    if class_weight is None:
        return losses.mean(1)
    # Without the background's weight, which these losses leave out.
    weights = class_weight[1:].to(losses.dtype)
    return (losses * weights).sum(1) / weights.sum()


def dice_loss(logits, labels, class_weight=None, *, ignore_index=None):
    """Return 1 - soft Dice coefficient of each image, averaged over the foreground classes.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, height, width)
        Outputs of a network before they become probabilities.
    labels : torch.Tensor (n, height, width) of int
        Class number of each pixel.
    class_weight : torch.Tensor (n_classes,) or None, default=None
        Weight of each class in the loss. None: all count the same.
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    losses : torch.Tensor (n,)

    See Also
    --------
    dice_ce_loss : Return `dice_loss` plus `pixel_cross_entropy`, whose gradients do not vanish.
    tversky_loss : Return 1 - TP / (TP + alpha FP + beta FN), the Tversky loss of each image.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import dice_loss
    >>> dice_loss(torch.zeros(1, 1, 4, 4), torch.ones(1, 4, 4, dtype=int))
    tensor([0.3200])
    """
    half = {"alpha": 0.5, "beta": 0.5}
    return tversky_loss(logits, labels, class_weight, **half, ignore_index=ignore_index)


def dice_ce_loss(logits, labels, class_weight=None, *, label_smoothing=0.0, ignore_index=None):
    """Return `dice_loss` plus `pixel_cross_entropy`, whose gradients do not vanish.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, height, width)
        Outputs of a network before they become probabilities.
    labels : torch.Tensor (n, height, width) of int
        Class number of each pixel.
    class_weight : torch.Tensor (n_classes,) or None, default=None
        Weight of each class in the loss. None: all count the same.
    label_smoothing : float, default=0.0
        Of the cross-entropy.
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    losses : torch.Tensor (n,)

    See Also
    --------
    dice_loss
        Return 1 - soft Dice coefficient of each image, averaged over the foreground
        classes.
    pixel_cross_entropy : Return the mean cross-entropy over the pixels of each image.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import dice_ce_loss
    >>> dice_ce_loss(torch.zeros(1, 1, 4, 4), torch.ones(1, 4, 4, dtype=int))
    tensor([1.0131])
    """
    ignored = {"ignore_index": ignore_index}
    overlap = dice_loss(logits, labels, class_weight, **ignored)
    smoothing = {"label_smoothing": label_smoothing}
    return overlap + pixel_cross_entropy(logits, labels, class_weight, **smoothing, **ignored)


# "bce" and "ce" differ in the number of logits, which the segmenter chooses.
_BY_NAME = {
    "bce": pixel_cross_entropy,
    "ce": pixel_cross_entropy,
    "dice": dice_loss,
    "dice_ce": dice_ce_loss,
    "focal": focal_loss,
    "tversky": tversky_loss,
}


def dice_score(logits, labels, *, ignore_index=None):
    """Return the foreground Dice coefficient of each image, for the training history.

    Parameters
    ----------
    logits : torch.Tensor (n, 1 or n_classes, height, width)
        Outputs of a network before they become probabilities.
    labels : torch.Tensor (n, height, width) of int
        Class number of each pixel.
    ignore_index : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    scores : torch.Tensor (n,)
        Mean over the foreground classes that an image has or is given; 1 where there is none.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import dice_score
    >>> dice_score(torch.ones(1, 1, 4, 4), torch.ones(1, 4, 4, dtype=int))
    tensor([1.])
    """
    found = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1)
    classes = torch.arange(1, max(logits.shape[1], 2), device=logits.device).view(-1, 1, 1)
    pred, true = (found[:, None] == classes).flatten(2), (labels[:, None] == classes).flatten(2)
    if ignore_index is not None:
        pred = pred & (labels != ignore_index).flatten(1)[:, None]
    sizes = pred.sum(2) + true.sum(2)
    overlap = 2.0 * (pred & true).sum(2) / sizes.clamp(min=1)
    # Classes that neither mask holds are left out of the mean; an
    # image without any foreground in both is right, and counts 1.
    n_present = (sizes > 0).sum(1)
    return torch.where(n_present > 0, overlap.sum(1) / n_present.clamp(min=1), 1.0)


def _counted(labels, ignore_index):
    """Return labels that are all classes, and which pixels count; None where all do."""
    if ignore_index is None:
        return labels, None
    counted = labels != ignore_index
    return labels.masked_fill(~counted, 0), counted


def _mean_per_image(losses, labels, class_weight, counted):
    if class_weight is not None:
        losses = losses * class_weight.to(losses.dtype)[labels]
    if counted is None:
        return losses.flatten(1).mean(1)
    # An image without a pixel that counts has a loss of 0, and a gradient of 0.
    return (losses * counted).flatten(1).sum(1) / counted.flatten(1).sum(1).clamp(min=1)


def _foreground(logits, labels):
    """Return probabilities and truth (n, n_foreground, height, width), the background left out."""
    pred = probabilities(logits)[:, 1:]
    true = functional.one_hot(labels, pred.shape[1] + 1).movedim(-1, 1)[:, 1:]
    return pred, true.to(pred.dtype)
