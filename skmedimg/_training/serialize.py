"""A trained net as plain arrays and numbers, and back."""

import numpy as np
import torch

from skmedimg._training.net import build_net


def pack_net(net):
    """Return weights, optimizer state and history of a net as arrays, numbers and lists."""
    optimizer = net.optimizer_.state_dict()["state"]
    return {
        "weights": {name: _array(value) for name, value in net.module_.state_dict().items()},
        "optimizer": {
            f"{index}/{name}": _array(value)
            for index, values in optimizer.items()
            for name, value in values.items()
        },
        "history": plain_history(net),
    }


def unpack_net(packed, module, plan, groups=None):
    """Return the net that `pack_net` packed, in a module of the same architecture."""
    net = build_net(module, plan, groups)
    weights = {name: torch.from_numpy(value.copy()) for name, value in packed["weights"].items()}
    net.module_.load_state_dict(weights)
    state = net.optimizer_.state_dict()
    state["state"] = _nested(packed["optimizer"], net.trainable_params_)
    net.optimizer_.load_state_dict(state)
    fill_history(net, packed["history"])
    return net


def check_fits(packed, module):
    """Refuse packed weights of other names or shapes than a module's (on the meta device)."""
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {name: value.shape for name, value in packed["weights"].items()}
    if wanted != found:
        name = next(n for n in [*wanted, *found] if wanted.get(n) != found.get(n))
        raise ValueError(
            f"the weights do not fit the parameters: {name!r} has shape {found.get(name)} and "
            f"needs {wanted.get(name)}."
        )


def plain_history(net):
    """Return one dict of numbers per epoch of a net."""
    return [
        {name: value for name, value in record.items() if isinstance(value, (int, float, str))}
        for record in net.history.to_list()
    ]


def fill_history(net, history):
    """Append epochs that were run elsewhere, as `plain_history` returns them, to a net."""
    for record in history:
        net.history.new_epoch()
        for name, value in record.items():
            net.history.record(name, value)


def _array(value):
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy().copy()
    return value


def _nested(flat, trained):
    """Turn {"0/step": array} into {0: {"step": tensor}}."""
    state = {}
    for key, value in flat.items():
        index, name = key.split("/")
        if isinstance(value, np.ndarray):
            # Fused optimizers walk weights and state in the order of memory: with contiguous state
            # channels_last weights would move by the moments of their neighbors.
            value = _laid_out_as(trained[int(index)], torch.from_numpy(value.copy()))
        state.setdefault(int(index), {})[name] = value
    return state


def _laid_out_as(weights, values):
    if values.shape != weights.shape:
        return values
    return torch.empty_like(weights, dtype=values.dtype, device="cpu").copy_(values)
