"""Makes torch modules of what a user gives as `module`, and tries them before training."""

import copy

import torch
from torch import nn

from skmedimg.networks._blocks import own_dropout


def module_from(given, image_shape, n_outputs, owner):
    """Return a new module: a copy of an instance, or what a class or function returns."""
    if given is None:
        raise ValueError(
            f"{owner} needs module=, a function or class called as f(image_shape, n_outputs) or a "
            "torch.nn.Module; a subclass may override build_module instead."
        )
    if isinstance(given, nn.Module):
        return copy.deepcopy(given)
    name = getattr(given, "__name__", repr(given))
    try:
        made = given(image_shape, n_outputs)
    except TypeError as error:
        raise TypeError(
            f"module={name} needs to take (image_shape, n_outputs) and was called as "
            f"{name}({image_shape}, {n_outputs}): {error}"
        ) from error
    if not isinstance(made, nn.Module):
        raise TypeError(
            f"module={name} needs to return a torch.nn.Module, but returned a "
            f"{type(made).__name__}."
        )
    return made


def finish_module(module, example, output_shape, advice):
    """Return a module that is ready for training, after one prediction of example images.

    Dropout layers get a generator of their own, lazy layers their weights; outputs of another
    shape than `output_shape` are refused with the advice.
    """
    module = own_dropout(module).to(example.device).eval()
    # The instance of a user may be of another dtype; build_net gives it that of the training.
    dtypes = [weights.dtype for weights in module.parameters() if weights.is_floating_point()]
    example = example.to(dtypes[0]) if dtypes else example
    try:
        with torch.no_grad():
            outputs = module(example)
    except Exception as error:  # a module of the user may raise anything
        raise ValueError(
            f"module cannot take inputs of shape {tuple(example.shape)} (n, channels, height, "
            f"width; or n, n_features): {error}"
        ) from error
    shape = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
    if shape != output_shape:
        raise ValueError(
            f"module needs to return logits of shape {output_shape} for {len(example)} inputs of "
            f"shape {tuple(example.shape[1:])}, but returned {shape}. {advice}"
        )
    if not any(weights.requires_grad for weights in module.parameters()):
        raise ValueError("module has no weights that can be trained.")
    return module
