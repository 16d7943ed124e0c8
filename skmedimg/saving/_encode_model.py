"""Estimators to what JSON can hold; arrays and foreign estimators are put aside."""

import math
import os
from collections import OrderedDict
from datetime import datetime

import numpy as np

from skmedimg.saving._classes import name_of
from skmedimg.saving._foreign import pack_foreign
from skmedimg.saving._local_paths import in_dict, without_folders
from skmedimg.saving._trees import pack_tree

PLAIN = (bool, int, str, type(None))

# What safetensors has no dtype for goes as numbers of the same bytes.
BITS = {"c": "f", "M": "i8", "m": "i8", "U": "u4", "S": "u1"}


class Parts:
    """What an encoded model refers to by name.

    Attributes
    ----------
    arrays : dict of str to ndarray
    foreign : dict of str to bytes
    """

    def __init__(self):
        self.arrays, self.foreign = {}, {}

    def put_array(self, array):
        return _put(self.arrays, array)

    def put_foreign(self, content):
        return _put(self.foreign, content)


def encode(value, parts, where):
    """Return a value as what JSON can hold.

    Parameters
    ----------
    value : object
    parts : Parts
        Gets what is put aside.
    where : str
        How one comes to the value, for the error.

    Returns
    -------
    encoded : object
    """
    kind = type(value)
    if kind in PLAIN or (kind is float and math.isfinite(value)):
        return value
    write = _WRITERS.get(kind) or _WRITERS_BY_NAME.get(f"{kind.__module__}.{kind.__qualname__}")
    if write is not None:
        return write(value, parts, where)
    if isinstance(value, np.generic):
        return {"scalar": _array(np.asarray(value), parts, where)}
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    name = name_of(kind)
    if name is None:
        return {"foreign": parts.put_foreign(pack_foreign(value, where))}
    return {"class": name, "state": _state(value, parts, where)}


def _put(table, content):
    name = str(len(table))
    table[name] = content
    return name


def _state(value, parts, where):
    state = dict(value.__getstate__() or {})
    return {
        key: encode(without_folders(key, item), parts, f"{where}.{key}")
        for key, item in state.items()
    }


def _items(values, parts, where):
    return [encode(value, parts, f"{where}[{i}]") for i, value in enumerate(values)]


def _dict(value, parts, where):
    pairs = [
        [
            encode(key, parts, where),
            encode(in_dict(without_folders, key, item), parts, f"{where}[{key!r}]"),
        ]
        for key, item in value.items()
    ]
    return {"dict": pairs}


def _array(array, parts, where):
    """Put an array aside, in the order it lies in memory: sums depend on it in the last bit."""
    if array.dtype.kind == "O":
        return {"objects": _items(array.ravel().tolist(), parts, where), "shape": [*array.shape]}
    if array.dtype.fields or array.dtype.newbyteorder("=").name == "longdouble":
        raise TypeError(f"{where} has dtype {array.dtype}, which is not saved.")
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    flat = array.ravel(order)
    kind = {} if array.dtype.kind in "biuf" else {"dtype": array.dtype.newbyteorder("<").str}
    name = parts.put_array(_bits(flat) if kind else flat)
    return {"name": name, "shape": [*array.shape], "order": order, **kind}


def _bits(flat):
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    bits = BITS[flat.dtype.kind]
    return flat.view(f"<f{flat.dtype.itemsize // 2}" if bits == "f" else f"<{bits}")


def _masked(value, parts, where):
    plain, mask = np.ma.getdata(value), np.ma.getmaskarray(value)
    return {"masked": [encode(plain, parts, where), encode(mask, parts, where)]}


def _random_state(value, parts, where):
    return {"random-state": encode(value.get_state(legacy=True), parts, where)}


def _store(value, parts, where):
    settings = [None, value.memory, value.disk]  # a directory is never saved
    return {"store": [encode(each, parts, where) for each in settings]}


def _tree(value, parts, where):
    return {"tree": _dict(pack_tree(value), parts, where)["dict"]}


def _study(value, parts, where):
    trials = [
        encode(trial, parts, f"{where}.trials[{i}]") for i, trial in enumerate(value.get_trials())
    ]
    directions = [direction.name for direction in value.directions]
    return {"study": {"name": value.study_name, "directions": directions, "trials": trials}}


_WRITERS = {
    float: lambda value, parts, where: {"float": repr(value)},
    list: lambda value, parts, where: {"list": _items(value, parts, where)},
    tuple: lambda value, parts, where: {"tuple": _items(value, parts, where)},
    dict: _dict,
    OrderedDict: _dict,
    datetime: lambda value, parts, where: {"datetime": value.isoformat()},
    np.ndarray: lambda value, parts, where: {"array": _array(value, parts, where)},
    np.ma.MaskedArray: _masked,
    np.random.RandomState: _random_state,
}

# Of libraries that are not imported for the sake of models that have none of it.
_WRITERS_BY_NAME = {
    "torch.device": lambda value, parts, where: {"device": str(value)},
    "skmedimg.transfer._feature_store.FeatureStore": _store,
    "optuna.study.study.Study": _study,
    "sklearn.tree._tree.Tree": _tree,
    "sklearn.utils._bunch.Bunch": lambda value, parts, where: {
        "bunch": _dict(value, parts, where)["dict"]
    },
    "optuna.trial._state.TrialState": lambda value, parts, where: {"trial-state": value.name},
}
