"""Estimators to what JSON can hold; arrays are put aside.

scikit-learn's estimators are encoded here as ours are, not by skops. skops checks types and not
numbers, so _check_loaded.py is needed with it too. It does not trust decision trees or KD trees, so
fewer estimators could be saved. And two formats in a file would need two readers.
"""

import math
import os
from collections import OrderedDict
from datetime import datetime

import numpy as np
from scipy import sparse

from skmedimg.saving._classes import name_of, name_of_value
from skmedimg.saving._derived import without_derived
from skmedimg.saving._local_paths import in_dict, without_folders
from skmedimg.saving._trees import pack_tree
from skmedimg.saving._trusted import encode_own, is_own_callable

PLAIN = (bool, int, str, type(None))

# What safetensors has no dtype for goes as numbers of the same bytes.
BITS = {"c": "f", "M": "i8", "m": "i8", "U": "u4", "S": "u1"}


def encode(value, arrays, where):
    """Return a value as what JSON can hold.

    Parameters
    ----------
    value : object
    arrays : dict of str to ndarray
        Gets the arrays, by the names that the encoded value refers to.
    where : str
        How one comes to the value, for the error.

    Returns
    -------
    encoded : object
    """
    kind = type(value)
    # JSON has neither nan nor infinity.
    if kind in PLAIN or (kind is float and math.isfinite(value)):
        return value
    write = _WRITERS.get(kind) or _WRITERS_BY_NAME.get(f"{kind.__module__}.{kind.__qualname__}")
    if write is not None:
        return write(value, arrays, where)
    if isinstance(value, np.generic):
        # The dtype of a scalar decides how later sums are rounded.
        return {"scalar": _array(np.asarray(value), arrays, where)}
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if sparse.issparse(value) and value.format in ("csr", "csc"):
        return _sparse(value, arrays, where)
    # Functions and types that are values are known by name alone: no code is saved.
    name = name_of_value(value)
    if name is not None:
        return {"named": name}
    name = name_of(kind)
    if name is None:
        raise TypeError(_refusal(kind, where))
    return {"class": name, "state": _state(value, arrays, where)}


def _state(value, arrays, where):
    state = without_derived(value)
    return {
        key: encode_own(item, f"{where}.{key}")
        if is_own_callable(value, key, item)
        else encode(without_folders(key, item), arrays, f"{where}.{key}")
        for key, item in state.items()
    }


def _items(values, arrays, where):
    return [encode(value, arrays, f"{where}[{i}]") for i, value in enumerate(values)]


def _dict(value, arrays, where):
    # Pairs, because the keys of a dict need not be text.
    pairs = [
        [
            encode(key, arrays, where),
            encode(in_dict(without_folders, key, item), arrays, f"{where}[{key!r}]"),
        ]
        for key, item in value.items()
    ]
    return {"dict": pairs}


def _array(array, arrays, where):
    """Put an array aside, in the order it lies in memory: sums depend on it in the last bit."""
    if array.dtype.kind == "O":
        return {"objects": _items(array.ravel().tolist(), arrays, where), "shape": [*array.shape]}
    if array.dtype.fields or array.dtype.newbyteorder("=").name == "longdouble":
        raise TypeError(f"{where} has dtype {array.dtype}, which is not saved.")
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    flat = array.ravel(order)
    kind = {} if array.dtype.kind in "biuf" else {"dtype": array.dtype.newbyteorder("<").str}
    name = str(len(arrays))
    arrays[name] = _bits(flat) if kind else flat
    return {"name": name, "shape": [*array.shape], "order": order, **kind}


def _bits(flat):
    # safetensors holds plain numbers; complex ones, dates and text are stored as their bits.
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    bits = BITS[flat.dtype.kind]
    return flat.view(f"<f{flat.dtype.itemsize // 2}" if bits == "f" else f"<{bits}")


def _masked(value, arrays, where):
    plain, mask = np.ma.getdata(value), np.ma.getmaskarray(value)
    return {"masked": [encode(plain, arrays, where), encode(mask, arrays, where)]}


def _sparse(value, arrays, where):
    items = [value.data, value.indices, value.indptr]
    shape = [*value.shape]
    return {"sparse": [type(value).__name__, shape, *_items(items, arrays, where)]}


def _random_state(value, arrays, where):
    return {"random-state": encode(value.get_state(legacy=True), arrays, where)}


def _store(value, arrays, where):
    settings = [None, value.memory, value.disk]  # a directory is never saved
    return {"store": [encode(each, arrays, where) for each in settings]}


def _tree(value, arrays, where):
    return {"tree": _dict(pack_tree(value), arrays, where)["dict"]}


def _study(value, arrays, where):
    # The trials alone: the storage of a study may be a database of this machine.
    trials = [
        encode(trial, arrays, f"{where}.trials[{i}]") for i, trial in enumerate(value.get_trials())
    ]
    directions = [direction.name for direction in value.directions]
    return {"study": {"name": value.study_name, "directions": directions, "trials": trials}}


_WRITERS = {
    float: lambda value, arrays, where: {"float": repr(value)},
    list: lambda value, arrays, where: {"list": _items(value, arrays, where)},
    tuple: lambda value, arrays, where: {"tuple": _items(value, arrays, where)},
    set: lambda value, arrays, where: {"set": _items(value, arrays, where)},
    slice: lambda value, arrays, where: {
        "slice": _items([value.start, value.stop, value.step], arrays, where)
    },
    dict: _dict,
    OrderedDict: _dict,
    datetime: lambda value, arrays, where: {"datetime": value.isoformat()},
    np.ndarray: lambda value, arrays, where: {"array": _array(value, arrays, where)},
    np.ma.MaskedArray: _masked,
    np.random.RandomState: _random_state,
}

# Of libraries that are not imported for the sake of models that have none of it.
_WRITERS_BY_NAME = {
    "torch.device": lambda value, arrays, where: {"device": str(value)},
    "skmedimg.transfer._feature_store.FeatureStore": _store,
    "optuna.study.study.Study": _study,
    "sklearn.tree._tree.Tree": _tree,
    "sklearn.utils._bunch.Bunch": lambda value, arrays, where: {
        "bunch": _dict(value, arrays, where)["dict"]
    },
    "optuna.trial._state.TrialState": lambda value, arrays, where: {"trial-state": value.name},
}


def _refusal(kind, where):
    return (
        f"{where} is a {kind.__module__}.{kind.__qualname__}, which cannot be saved without code. "
        "Saved are this package's estimators, most of scikit-learn's, numbers, text and arrays. "
        "Replace it by a name or None, save the best_estimator_ of a search, or use pickle and "
        "trust the file."
    )
