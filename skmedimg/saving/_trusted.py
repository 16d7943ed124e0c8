"""Classes and functions of the user in a model: a file holds their names, the caller has them."""

# Parameters of networks that may be functions or classes of the user.
_PARAMETERS = frozenset(("activation", "augment", "loss", "module", "optimizer", "schedule"))


def is_own_callable(owner, key, value):
    """Return whether a value is a function, class or module that the user gave to a network."""
    of_network = type(owner).__module__.startswith("skmedimg.neural.")
    given = callable(value) and not hasattr(value, "augment_batch")
    return of_network and key in _PARAMETERS and given


def encode_own(value, where):
    """Return a function or class of the user as what JSON can hold: its name."""
    name = getattr(value, "__qualname__", None)
    if name is None:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(
            f"{where} is an instance of {kind}, which cannot be saved without code: give a class "
            f"or a function that returns it, defined at the top level of a module.{_hint(where)}"
        )
    if "<" in name:
        raise TypeError(
            f"{where} is {name!r}, which has no name of its own: define it by `def` at the top "
            f"level of a module.{_hint(where)}"
        )
    return {"trusted": full_name(value)}


def trusted_by_name(trusted):
    """Return the classes and functions that a caller trusts, by their full names."""
    if isinstance(trusted, (str, type)) or not hasattr(trusted, "__iter__"):
        raise TypeError(f"trusted needs a list of classes and functions, but is {trusted!r}.")
    for value in trusted:
        if not hasattr(value, "__qualname__"):
            raise TypeError(f"trusted needs classes and functions, but holds {value!r}.")
    return {full_name(value): value for value in trusted}


def full_name(value):
    """Return the module and name of a class or function."""
    return f"{value.__module__}.{value.__qualname__}"


def missing(name):
    """Return the error for a name that the caller does not trust."""
    last = name.rpartition(".")[2]
    return ValueError(
        f"the model uses {name!r}, and a file holds no code. If you trust it, import it and pass "
        f"it: load(path, trusted=[{last}])."
    )


def _hint(where):
    name = where.rpartition(".")[2]
    return " Or leave it out, as prediction does not need it: augment=None." * (name == "augment")
