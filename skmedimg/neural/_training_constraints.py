"""Allowed values of the training parameters that all networks share."""

import numbers

import torch

from skmedimg._device import PRECISIONS
from skmedimg._sklearn import HasMethods, Interval, StrOptions
from skmedimg._training.plan import OPTIMIZERS, SCHEDULES
from skmedimg.networks._losses import LOSSES
from skmedimg.networks._views import VIEWS

# What scikit-learn validates when `fit` begins; each estimator adds its own parameters.
TRAINING_CONSTRAINTS = {
    "max_epochs": [Interval(numbers.Integral, 1, None, closed="left"), None],
    "batch_size": [Interval(numbers.Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
    "weight_decay": [Interval(numbers.Real, 0, None, closed="left")],
    "schedule": [StrOptions(set(SCHEDULES)), callable],
    "gradient_clip": [None, Interval(numbers.Real, 0, None, closed="neither")],
    "accumulate": [Interval(numbers.Integral, 1, None, closed="left")],
    "ema_decay": [None, Interval(numbers.Real, 0, 1, closed="neither")],
    "class_weight": [StrOptions({"balanced"}), dict, None],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(numbers.Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(numbers.Integral, 1, None, closed="left")],
    "augment": [None, HasMethods("augment_batch"), callable],
    "image_shape": ["array-like", None],
    "callbacks": [list, tuple, None],
    "device": [str, torch.device],
    "precision": [StrOptions(set(PRECISIONS))],
    "reuse_memory": ["boolean"],
    "random_state": ["random_state"],
    "warm_start": ["boolean"],
    "verbose": ["verbose"],
}

# What networks on images have beside them.
IMAGE_CONSTRAINTS = {"predict_augment": [StrOptions(set(VIEWS)), tuple, list, None]}

# What classifiers have beside them.
CLASSIFIER_CONSTRAINTS = {
    "loss": [StrOptions({"cross_entropy", "focal"}), callable],
    "label_smoothing": [Interval(numbers.Real, 0, 1, closed="left")],
    "mixup": [Interval(numbers.Real, 0, None, closed="left")],
}

_SIDES = [Interval(numbers.Integral, 1, None, closed="left"), tuple, list, None]

# What segmenters have beside them.
SEGMENTER_CONSTRAINTS = {
    **IMAGE_CONSTRAINTS,
    "loss": [StrOptions(set(LOSSES)), callable],
    "label_smoothing": [Interval(numbers.Real, 0, 1, closed="left")],
    "threshold": [Interval(numbers.Real, 0, 1, closed="neither"), StrOptions({"tune"})],
    "tile": _SIDES,
    "tile_overlap": [Interval(numbers.Real, 0, 1, closed="left")],
    "patch_size": _SIDES,
    "postprocess": [HasMethods("transform"), callable, None],
    "ignore_label": [numbers.Integral, None],
}


def check_class_weight(class_weight, classes):
    """Raise where a weight of a dict is not a finite number from 0, or where all classes have 0."""
    wrong = {
        label: weight
        for label, weight in class_weight.items()
        if not isinstance(weight, numbers.Real) or not 0 <= weight < float("inf")
    }
    if wrong:
        raise ValueError(f"class_weight needs finite numbers from 0, but has {wrong}.")
    if not any(class_weight.get(label, 1) for label in classes.tolist()):  # 1: as scikit-learn
        raise ValueError(f"class_weight={class_weight} needs a weight above 0 for one class.")


def check_callbacks(callbacks):
    """Raise where an entry is no callback of skorch, alone or as (name, callback)."""
    for entry in callbacks or ():
        callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks needs callbacks of skorch, but holds {entry!r}. To stop early, write "
                "early_stopping=True; skorch.callbacks has the classes."
            )
