"""Losses that a user gives as `loss`, or returns from `build_loss`."""

import copy

import torch
from torch import nn

from skmedimg.networks._losses import MaskLoss
from skmedimg.networks._outputs import ClassFocalLoss, ClassLogitsLoss, OneLogitLoss

_IGNORE_INDEX = -100  # what torch's cross-entropy leaves out without being asked
_OURS = (ClassFocalLoss, ClassLogitsLoss, MaskLoss, OneLogitLoss)


class OwnLoss(nn.Module):
    """A function or module of the user as a loss: one value per image, or their mean."""

    def __init__(self, given, ignored=None):
        super().__init__()
        if isinstance(given, type):
            given = given()
        # A module is moved to the device of the fit, which must not move that of the user.
        self.given = copy.deepcopy(given) if isinstance(given, nn.Module) else given
        # Python that a CUDA graph would not run again.
        self.can_be_captured = isinstance(given, nn.Module)
        self.is_mean = False
        self.ignored = ignored  # code of pixels that do not count

    def forward(self, logits, labels):
        """Return the losses (n,) of logits and class numbers, or their mean."""
        labels = labels.long()
        if self.ignored is not None:
            labels = labels.masked_fill(labels == self.ignored, _IGNORE_INDEX)
        losses = self.given(logits, labels)
        return losses.flatten(1).mean(1) if losses.ndim > 1 else losses

    def try_on(self, logits_shape, device, dtype):
        """Refuse a loss that does not fit, on logits of zero; see whether it returns a mean."""
        self.to(device)
        logits = torch.zeros(logits_shape, device=device, dtype=dtype, requires_grad=True)
        shape = logits_shape[0], *logits_shape[2:]
        # Every class once, as far as there are so many labels.
        labels = torch.arange(2, device=device).view(-1, *[1] * (len(shape) - 1)).expand(shape)
        name = getattr(self.given, "__name__", repr(self.given))
        try:
            losses = self(logits, labels)
        except Exception as error:  # a function of the user may raise anything
            raise ValueError(
                f"loss={name} cannot be called with logits of shape {tuple(logits_shape)} and "
                f"class numbers of shape {tuple(shape)}: {error}"
            ) from error
        if not isinstance(losses, torch.Tensor) or losses.shape not in ((), shape[:1]):
            found = tuple(losses.shape) if isinstance(losses, torch.Tensor) else type(losses)
            raise ValueError(
                f"loss={name} needs to return one loss per image, of shape {shape[:1]}, or their "
                f"mean, but returned {found}."
            )
        if not losses.requires_grad:
            raise ValueError(f"loss={name} has no gradient: compute it from the logits with torch.")
        self.is_mean = losses.ndim == 0

    def refuse_weights(self):
        """Raise where images have different weights, but the loss is already their mean."""
        if self.is_mean:
            raise ValueError(
                "loss returns the mean of a batch, which sample_weight and class_weight cannot "
                "enter: return one loss per image (reduction='none'), or leave the weights out."
            )


def as_loss(given, dtype, ignored=None):
    """Return a loss of this package as it is, and any other as an OwnLoss of a dtype.

    `ignored` is the code of pixels that do not count; a loss of the user gets torch's -100 there.
    """
    return given if isinstance(given, _OURS) else OwnLoss(given, ignored).to(dtype)
