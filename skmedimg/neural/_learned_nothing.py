"""Warns of a fit that learned nothing: one class for all training images, or empty masks."""

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from skmedimg._training.net import run_network
from skmedimg._warnings import warn_user

# Shorter fits are trials, of whose networks nobody expects anything.
_LEAST_EPOCHS, _LEAST_STEPS = 5, 20
_FEW_STEPS = 100
# Images that are predicted, of each class or with foreground, where the history looks suspicious.
_N_PREDICTED = 8


def warn_if_one_class(model, training):
    """Warn if a fitted classifier learned no more of a Dataset than how frequent classes are."""
    if _is_trial(model):
        return
    y = _to_numpy(training.targets["y"])
    share = np.bincount(y).max() / len(y)
    fault = None
    # A network that predicts one class is right as often as this class occurs.
    if model.history_[-1]["train_score"] <= share + 0.01:
        fault = _one_class(model, training, y)
    fault = fault or _loss_of_frequencies(model, training, y)
    if fault:
        advice = 'class_weight="balanced"' if share > 0.8 else None
        _warn(model, fault, advice)


def warn_if_masks_are_empty(model, training):
    """Warn if a fitted segmenter finds no foreground in training images that have some."""
    # Without validation images the threshold is tuned later, by folds that warn themselves.
    tunes_later = model.threshold == "tune" and "valid_loss" not in model.history_[-1]
    if _is_trial(model) or tunes_later:
        return
    y = training.targets["y"]
    found = y > 0 if model._ignored is None else (y > 0) & (y != model._ignored)
    has_foreground = _to_numpy(found.reshape(len(training), -1).any(1))
    # An image without foreground is right with an empty mask.
    if model.history_[-1]["train_score"] > 1.05 - has_foreground.mean():
        return
    rows = np.flatnonzero(has_foreground)[:_N_PREDICTED]
    masks = model._run(_images(training, rows), model._decide)
    if not masks.any():
        advice = 'loss="dice_ce"' if model.loss in ("bce", "ce") else None
        _warn(model, "it predicts empty masks for training images that are not", advice)


def _is_trial(model):
    return model.n_iter_ < _LEAST_EPOCHS or _n_steps(model) < _LEAST_STEPS


def _n_steps(model):
    return sum(epoch["train_batch_count"] for epoch in model.history_)


def _one_class(model, training, y):
    """Return what is wrong if a few training images of each class get the same class, or None."""
    rows = np.concatenate([np.flatnonzero(y == code)[:_N_PREDICTED] for code in np.unique(y)])
    logits = run_network(model.net_, _images(training, rows), flat=model._takes_rows)
    found = logits.argmax(1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(int)
    if (found != found[0]).any():
        return None
    return f"it predicts {model.classes_.tolist()[found[0]]!r} for all training images"


def _loss_of_frequencies(model, training, y):
    """Return what is wrong if the loss never fell below that of the class frequencies, or None."""
    # Other losses, smoothed and mixed labels have another scale.
    if model.loss != "cross_entropy" or model.label_smoothing or model.mixup:
        return None
    weights = training.targets.get("w")
    totals = np.bincount(y, None if weights is None else _to_numpy(weights))
    shares = totals[totals > 0] / totals.sum()
    chance, least = -(shares * np.log(shares)).sum(), min(e["train_loss"] for e in model.history_)
    if least < 0.999 * chance:
        return None
    return (
        f"its training loss ({least:.3f}) never fell below that of a model that only knows how "
        f"frequent the classes are ({chance:.3f})"
    )


def _warn(model, fault, advice):
    n_steps = _n_steps(model)
    rate = f"divide learning_rate={model.learning_rate:g} by 10, or ask lr_find for one"
    if n_steps < _FEW_STEPS:
        advice = f"It took {n_steps} steps only: raise max_epochs, or leave it at None"
    elif not getattr(model, "standardize", True):
        advice = f"Set standardize=True, or {rate}"
    else:
        advice = f"Perhaps {rate}" if advice is None else f"Set {advice}, or {rate}"
    warn_user(
        f"{type(model).__name__} learned nothing: {fault}. {advice}. If this does not help, the "
        "images may not show what y says.",
        ConvergenceWarning,
    )


def _images(training, rows):
    """Return some images of a Dataset as an array, in their own dtype."""
    return _to_numpy(training.take(torch.as_tensor(rows))[0])


def _to_numpy(values):
    """Return a tensor of any device as an array; arrays as they are."""
    return values.cpu().numpy() if isinstance(values, torch.Tensor) else values
