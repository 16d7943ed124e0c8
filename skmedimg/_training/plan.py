"""How a network is trained: plan, optimizers, learning rates, best epoch and who listens."""

import copy
import math
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau

from skmedimg._device import Precision
from skmedimg.networks._rmsprop import RMSprop

OPTIMIZERS = MappingProxyType(
    {
        "adam": partial(Adam, fused=True),
        "adamw": partial(AdamW, fused=True),
        "sgd": partial(SGD, momentum=0.9, nesterov=True, fused=True),
        "rmsprop": RMSprop,
    }
)

SCHEDULES = ("constant", "cosine", "onecycle", "plateau")


@dataclass(frozen=True)
class Plan:
    """How a network is trained, apart from its data.

    Parameters
    ----------
    device : torch.device
    precision : Precision
    criterion : nn.Module
        Maps (outputs, targets) to one loss per image.
    score : callable
        Maps (outputs, targets) to one score per image, for the history.
    optimizer : str or callable
        A name of `OPTIMIZERS`, or what makes an optimizer of parameter groups.
    learning_rate, weight_decay : float
    schedule : str
        One of `SCHEDULES`.
    batch_size : int
        Images per step.
    in_pieces : bool, default=False
        Whether a step may take its images piece by piece where memory is short.
    gradient_clip : float or None, default=None
    callbacks : list or None, default=None
        skorch callbacks.
    reuse_memory : bool, default=True
    """

    device: torch.device
    precision: Precision
    criterion: nn.Module
    score: object
    optimizer: object
    learning_rate: float
    weight_decay: float
    schedule: str
    batch_size: int
    in_pieces: bool = False
    gradient_clip: float | None = None
    callbacks: list | None = None
    reuse_memory: bool = True


def start_schedule(net, epochs, steps):
    """Start the learning rate's course over, from the rate asked for.

    Parameters
    ----------
    net : Net
    epochs : int
    steps : int
        Steps per epoch.
    """
    plan, optimizer = net.plan, net.optimizer_
    for group, asked in zip(optimizer.param_groups, net.groups, strict=True):
        group["lr"] = group["initial_lr"] = asked.get("lr", plan.learning_rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    net.stepper_ = net.plateau_ = None
    if plan.schedule == "cosine":
        net.stepper_ = CosineAnnealingLR(optimizer, epochs * steps)
    elif plan.schedule == "onecycle":
        net.stepper_ = OneCycleLR(optimizer, rates, epochs * steps, cycle_momentum=False)
    elif plan.schedule == "plateau":
        net.plateau_ = ReduceLROnPlateau(optimizer, factor=0.3, patience=3)


def step_plateau(net):
    """Lower the learning rate where the schedule is "plateau" and the loss no longer falls.

    Parameters
    ----------
    net : Net
    """
    if net.plateau_ is not None:
        last = net.history[-1]
        net.plateau_.step(last.get("valid_loss", last["train_loss"]))


class BestEpoch:
    """The weights of the epoch with the lowest validation loss so far.

    Parameters
    ----------
    patience : int
        Epochs without a lower loss to wait for one.
    """

    def __init__(self, patience):
        self.patience = patience
        self.loss, self.epoch, self.weights, self.waited = math.inf, None, None, 0

    def see(self, net):
        """Look at the epoch just run; True when patience is at an end."""
        loss = net.history[-1, "valid_loss"]
        self.waited += 1
        if loss < self.loss:
            self.loss, self.epoch, self.waited = loss, len(net.history) - 1, 0
            self.weights = copy.deepcopy(net.module_.state_dict())
        return self.waited >= self.patience

    def restore(self, net):
        """Put the weights of the best epoch back."""
        if self.weights is not None:
            net.module_.load_state_dict(self.weights)

    def state(self, names):
        """Return all there is to know, of the weights those named: the others never move."""
        weights = self.weights and {name: self.weights[name] for name in names}
        return {**vars(self), "weights": weights}

    def load_state(self, state, net):
        """Know again what `state` told, of a net whose other weights are the same."""
        vars(self).update(state)
        if self.weights is not None:
            self.weights = {**copy.deepcopy(net.module_.state_dict()), **self.weights}


@dataclass(frozen=True)
class Course:
    """All that moves while a network is trained, and that a checkpoint keeps.

    Parameters
    ----------
    net : Net
    generators : tuple of torch.Generator
        What orders the rows, and what draws dropout and augmentation.
    best : BestEpoch or None
    """

    net: object
    generators: tuple
    best: BestEpoch | None


class Listener:
    """Hears of every epoch of a fit; the default does nothing."""

    def skip_epochs(self, epochs):
        """Called before the first epoch where earlier ones are not run again."""

    def begin_epoch(self, net):
        """Called before an epoch."""

    def end_epoch(self, net):
        """Called after an epoch; True ends the training."""
        return False
