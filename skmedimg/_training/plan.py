"""How a network is trained: plan, optimizers, schedules, best epoch, fit state and observer."""

import copy
import math
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
)

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
class TrainingPlan:
    """How a network is trained, apart from its data."""

    device: torch.device
    precision: Precision
    criterion: nn.Module  # maps (outputs, targets) to one loss per image
    n_classes: int
    score: object  # maps (outputs, targets) to one score per image, for the history
    optimizer: object  # a name of OPTIMIZERS, or a callable that takes parameter groups
    learning_rate: float
    weight_decay: float
    schedule: object  # one of SCHEDULES, or a callable of an optimizer and a number of steps
    batch_size: int
    # A module on the device that inputs pass first, or None: kept out of the network, which so
    # keeps its own layers and parameter names.
    standardize: nn.Module | None = None
    micro_batches: bool = False  # whether a batch that does not fit into memory is split
    micro_batch_size: int | None = None  # into which batches are split, in memory or not
    ema_decay: float | None = None  # of the moving average of the weights
    gradient_clip: float | None = None
    callbacks: list | None = None  # of skorch
    reuse_memory: bool = True


def start_schedule(net, epochs, steps):
    """Start the learning-rate schedule anew, for so many epochs of so many steps."""
    plan, optimizer = net.plan, net.optimizer_
    # A net that is trained further still has the rates that its last schedule ended with.
    for group, asked in zip(optimizer.param_groups, net.groups, strict=True):
        group["lr"] = group["initial_lr"] = asked.get("lr", plan.learning_rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    net.lr_scheduler_ = net.plateau_scheduler_ = None
    if plan.schedule == "cosine":
        net.lr_scheduler_ = CosineAnnealingLR(optimizer, epochs * steps)
    elif plan.schedule == "onecycle":
        net.lr_scheduler_ = OneCycleLR(optimizer, rates, epochs * steps, cycle_momentum=False)
    elif plan.schedule == "plateau":
        net.plateau_scheduler_ = ReduceLROnPlateau(optimizer, factor=0.3, patience=3)
    elif callable(plan.schedule):
        net.lr_scheduler_ = _own_schedule(plan.schedule, optimizer, epochs * steps)


def _own_schedule(schedule, optimizer, n_steps):
    """Return the scheduler that a callable of the user makes, which steps after every batch."""
    name = getattr(schedule, "__name__", repr(schedule))
    try:
        made = schedule(optimizer, n_steps)
    except TypeError as error:
        raise TypeError(f"schedule={name} needs to take (optimizer, n_steps): {error}") from error
    if not isinstance(made, LRScheduler) or isinstance(made, ReduceLROnPlateau):
        raise TypeError(
            f"schedule={name} needs to return a torch LRScheduler that steps without a loss, but "
            f"returned a {type(made).__name__}."
        )
    return made


def step_plateau(net):
    """Lower the learning rate where the schedule is "plateau" and the loss no longer falls."""
    if net.plateau_scheduler_ is not None:
        last = net.history[-1]
        net.plateau_scheduler_.step(last.get("valid_loss", last["train_loss"]))


class BestEpoch:
    """The weights of the epoch with the lowest validation loss so far."""

    def __init__(self, patience):
        self.patience = patience
        self.loss, self.epoch, self.weights, self.waited = math.inf, None, None, 0

    def update(self, net):
        """Compare the last epoch with the best; True after `patience` epochs without a better."""
        loss = net.history[-1, "valid_loss"]
        self.waited += 1
        if loss < self.loss:
            self.loss, self.epoch, self.waited = loss, len(net.history) - 1, 0
            self.weights = copy.deepcopy(net.module_.state_dict())
        return self.waited >= self.patience

    def restore(self, net):
        """Load the weights of the best epoch into the net."""
        if self.weights is not None:
            net.module_.load_state_dict(self.weights)

    def state(self, names):
        """Return the state for a checkpoint, with the named weights only: others never change."""
        weights = self.weights and {name: self.weights[name] for name in names}
        return {**vars(self), "weights": weights}

    def load_state(self, state, net):
        """Restore what `state` returned, with the missing weights taken from the net."""
        vars(self).update(state)
        if self.weights is not None:
            self.weights = {**copy.deepcopy(net.module_.state_dict()), **self.weights}


@dataclass(frozen=True)
class FitState:
    """Everything that training changes, and exactly what a checkpoint stores."""

    net: object
    generators: tuple  # of the order of the images, and of dropout and augmentation
    best: BestEpoch | None


class EpochObserver:
    """Is called before and after every epoch of a fit; this one does nothing."""

    def skip_epochs(self, epochs):
        """Called before the first epoch, with the number of those that a checkpoint holds."""

    def begin_epoch(self, net):
        """Called before an epoch."""

    def end_epoch(self, net):
        """Called after an epoch; True ends the training."""
        return False
