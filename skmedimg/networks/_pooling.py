"""Pooling: from the last feature maps of a backbone, or a transformer's tokens, to rows."""

import torch

POOLINGS = ("auto", "avg", "max", "flatten", "cls", "cls+avg")


def pooled_parts(values, pooling, n_prefix=0):
    """Return what pooling makes of maps, tokens or rows, in parts that stand side by side.

    Tokens (n, n_tokens, width) begin with `n_prefix` that belong to no patch, the class token
    first. Pooled maps keep two axes of length 1.
    """
    if pooling == "flatten" or values.ndim == 2:
        return [values]
    if values.ndim == 4:
        reduce = torch.mean if pooling == "avg" else torch.amax
        return [reduce(values, (2, 3), keepdim=True)]
    patches = values[:, n_prefix:]
    if pooling == "max":
        return [patches.amax(1)]
    parts = {"cls": lambda: values[:, 0], "avg": lambda: patches.mean(1)}
    return [parts[part]() for part in pooling.split("+")]


def check_pooling(pooling, values, name, *, n_prefix=None, has_class=False):
    """Raise a ValueError if a backbone that returns such values cannot be pooled so."""
    if values.ndim == 4:
        known = ("avg", "max", "flatten")
    elif values.ndim == 2:
        known = ("flatten",)
    elif n_prefix is None:
        known = ()
    else:
        known = ("avg", "max", "flatten", *(("cls", "cls+avg") if has_class else ()))
    if pooling in ("auto", *known):
        return
    if "cls" in pooling:
        lacks = "a class token"
    elif values.ndim == 2:
        lacks = "feature maps"
    else:
        lacks = "feature maps or tokens that are known"
    choices = " or ".join(f'"{choice}"' for choice in ("auto", *known))
    raise ValueError(
        f"pooling={pooling!r} needs {lacks}, which {name} does not have: it takes {choices}."
    )
