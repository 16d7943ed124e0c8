"""Parameters that hold one value per layer or block."""


def check_parts(name, value, kind, least, *, below=None, n_parts=None):
    """Return a tuple with one checked value per part of a network.

    Parameters
    ----------
    name : str
        The parameter, for the error.
    value : object or sequence of object
        A single value stands for every part where `n_parts` is known.
    kind : type
        numbers.Integral or numbers.Real.
    least : float
        The smallest value allowed.
    below : float or None, default=None
        What every value must stay under.
    n_parts : int or None, default=None

    Returns
    -------
    values : tuple

    Examples
    --------
    >>> from numbers import Integral
    >>> from skmedimg.neural._per_layer import check_parts
    >>> check_parts("kernel_size", 3, Integral, 1, n_parts=2)
    (3, 3)
    """
    values = spread(name, value, n_parts)
    for item in values:
        fits = isinstance(item, kind) and not isinstance(item, bool) and item >= least
        if not fits or (below is not None and item >= below):
            upper = "" if below is None else f" and below {below}"
            noun = "whole numbers" if kind.__name__ == "Integral" else "numbers"
            raise ValueError(f"{name} needs {noun} of at least {least}{upper}, but is {value!r}.")
    return values


def check_choices(name, value, choices, n_parts):
    """Return a tuple with one of the choices per part of a network.

    Parameters
    ----------
    name : str
    value : object or sequence of object
    choices : collection
    n_parts : int

    Returns
    -------
    values : tuple
    """
    values = spread(name, value, n_parts)
    for item in values:
        if item not in choices:
            raise ValueError(f"{name} needs one of {sorted(choices)}, but is {value!r}.")
    return values


def spread(name, value, n_parts):
    """Return one value per part; a single one is repeated.

    Parameters
    ----------
    name : str
    value : object or sequence of object
    n_parts : int or None

    Returns
    -------
    values : tuple
    """
    if isinstance(value, str) or not hasattr(value, "__len__"):
        if n_parts is None:
            raise ValueError(f"{name} needs a tuple, one entry per layer, but is {value!r}.")
        return (value,) * n_parts
    if n_parts is not None and len(value) != n_parts:
        raise ValueError(
            f"{name} needs one value, or one for each of the {n_parts} parts, but has "
            f"{len(value)}: {value!r}."
        )
    return tuple(value)
