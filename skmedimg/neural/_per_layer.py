"""Parameters that hold one value per layer or block."""


def per_layer(name, value, kind, least, *, below=None, n_layers=None):
    """Return a tuple of checked numbers, one per layer; one number stands for all `n_layers`.

    Where `n_layers` is None the value decides how many layers there are, and one number is one.
    """
    values = _as_tuple(name, value, n_layers)
    for item in values:
        # bool is a subclass of int, and True units are a mistake.
        fits = isinstance(item, kind) and not isinstance(item, bool) and item >= least
        if not fits or (below is not None and item >= below):
            upper = "" if below is None else f" and below {below}"
            noun = "whole numbers" if kind.__name__ == "Integral" else "numbers"
            raise ValueError(f"{name} needs {noun} of at least {least}{upper}, but is {value!r}.")
    return values


def per_layer_choice(name, value, choices, n_layers):
    """Return a tuple of checked choices, one per layer; one choice stands for all `n_layers`."""
    values = _as_tuple(name, value, n_layers)
    for item in values:
        if item not in choices:
            raise ValueError(f"{name} needs one of {sorted(choices)}, but is {value!r}.")
    return values


def _as_tuple(name, value, n_layers):
    """Return a value as a tuple of `n_layers` values, or of as many as it has if that is None."""
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return (value,) * (1 if n_layers is None else n_layers)
    if n_layers is not None and len(value) != n_layers:
        raise ValueError(
            f"{name} needs one value, or one per layer ({n_layers}), but has {len(value)}: "
            f"{value!r}."
        )
    return tuple(value)
