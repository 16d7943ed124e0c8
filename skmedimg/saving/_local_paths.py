"""Parameters that name files and folders of one machine: not saved, and not taken from a file."""

import copy
import operator
import os

import numpy as np
from sklearn.base import BaseEstimator

# What is written to, or deleted from: parameter -> what it is reset to.
WRITTEN = {"cache": "auto", "memory": None, "storage": None}
# What is only read, when `fit` is called again: saved without the folder.
READ = ("weights",)


def without_written(name, value):
    """Return the value of a parameter, or what it is reset to where it names a place to write."""
    if name not in WRITTEN or getattr(value, "directory", value) is None:  # None, a memory store
        return value
    default = WRITTEN[name]
    return value if isinstance(value, str) and value == default else default


def without_folders(name, value):
    """Return the value of a parameter as it is saved: no place to write, no absolute path."""
    if name in READ and isinstance(value, (str, os.PathLike)) and os.path.isabs(value):
        return os.path.basename(value)
    return without_written(name, value)


def in_dict(rule, key, value):
    """Apply a rule to a dict's value, which may be a search's choices for "step__cache"."""
    name = key.rpartition("__")[2].removeprefix("param_") if isinstance(key, str) else ""
    if name not in WRITTEN and name not in READ:
        return value
    if type(value) in (list, tuple):
        new = type(value)([in_dict(rule, name, each) for each in value])
        return value if all(map(operator.is_, new, value)) else new
    if type(getattr(value, "choices", None)) is tuple:  # a distribution of optuna
        choices = in_dict(rule, name, value.choices)
        if choices is not value.choices:
            value = copy.copy(value)
            value.choices = choices
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":  # a column of cv_results_
        flat = np.ma.getdata(value).ravel().tolist()
        news = in_dict(rule, name, flat)
        if news is not flat:
            value = value.copy()
            np.ma.getdata(value).flat = news
        return value
    names_a_place = isinstance(value, (str, bytes, os.PathLike)) or hasattr(value, "directory")
    return rule(name, value) if names_a_place else value


def as_saved(value):
    """Return an estimator to be shown, not used: it has the parameters that would be saved."""
    if isinstance(value, BaseEstimator):
        params = value.get_params(deep=False).items()
        shown = object.__new__(type(value))
        vars(shown).update({key: without_folders(key, as_saved(item)) for key, item in params})
        return shown
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(as_saved, value))
    if isinstance(value, dict):
        return {key: in_dict(without_folders, key, as_saved(each)) for key, each in value.items()}
    return value


def settings_line(model, reset):
    """Return the call of `set_params` for parameters as (owner, name); "" where none is reached."""
    params = model.get_params() if isinstance(model, BaseEstimator) else {}
    names = []
    for path in params:
        before, _, name = path.rpartition("__")
        owner = params.get(before) if before else model
        if any(owner is each and name == which for each, which in reset):
            names.append(path)
    return f"model.set_params({', '.join(f'{name}=...' for name in names)})" if names else ""
