"""Save fitted models to one file and load them again, without running anything that is in it."""

import hashlib
import io
import json
import math
import os
import warnings
import zipfile
from importlib import import_module

import numpy as np
import sklearn
from sklearn.base import BaseEstimator

from skmedimg import __version__

__all__ = ["load", "save"]

_FORMAT = "skmedimg-model"
_VERSION = 1
_MANIFEST, _ARRAYS = "manifest.json", "arrays/{}.npy"
_MOST_JSON = 64 << 20
_PLAIN = (bool, int, str, type(None))

# Foreign classes whose state is numbers and arrays: they do nothing when they are made of them.
_FOREIGN = {
    "sklearn.decomposition": ("PCA", "TruncatedSVD"),
    "sklearn.discriminant_analysis": ("LinearDiscriminantAnalysis",),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.feature_selection": ("VarianceThreshold",),
    "sklearn.linear_model": ("LogisticRegression", "RidgeClassifier"),
    "sklearn.naive_bayes": ("GaussianNB",),
    "sklearn.pipeline": ("Pipeline", "FeatureUnion"),
    "sklearn.preprocessing": (
        "LabelBinarizer", "LabelEncoder", "MaxAbsScaler", "MinMaxScaler", "Normalizer",
        "PowerTransformer", "QuantileTransformer", "RobustScaler", "StandardScaler",
    ),
    "sklearn.svm": ("LinearSVC", "SVC"),
}  # fmt: skip


def save(model, path):
    """Save a fitted model to one file: settings as JSON, weights as arrays, no code.

    Parameters
    ----------
    model : estimator or pipeline
        Of this package, with scalers, linear models and the like of scikit-learn as steps.
    path : str or os.PathLike

    Returns
    -------
    path : str
        Where it was saved.

    See Also
    --------
    load : Reads it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmedimg import Pipeline, ShallowMLP
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.saving import load, save
    >>> data = make_lesions(40, size=16, random_state=0)
    >>> model = Pipeline([ShallowMLP((4,), max_epochs=2, random_state=0)])
    >>> model = model.fit(data.images, data.target)
    >>> path = save(model, Path(tempfile.mkdtemp()) / "lesions.skmed")
    >>> bool((load(path).predict_proba(data.images) == model.predict_proba(data.images)).all())
    True
    """
    arrays = []
    content = {
        "format": _FORMAT, "version": _VERSION, "skmedimg": __version__,
        "sklearn": sklearn.__version__, "model": _encode(model, arrays, "model"),
    }  # fmt: skip
    stored = [_to_bytes(array) for array in arrays]
    content["digest"] = _digest(content, stored)
    path = os.fspath(path)
    partial = f"{path}.partial"  # an interrupted save leaves no half a model under the name
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as file:
        file.writestr(_MANIFEST, json.dumps(content))
        for number, each in enumerate(stored):
            file.writestr(_ARRAYS.format(number), each)
    os.replace(partial, path)
    return path


def load(path):
    """Load a model that `save` wrote.

    Only classes named in this module are made, of plain values and arrays: a file from a stranger
    can hold a bad model, but it cannot run anything.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    model : estimator or pipeline

    See Also
    --------
    save : Writes it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg.saving import load, save
    >>> path = Path(tempfile.mkdtemp()) / "model.skmed"
    >>> load(save(LogisticRegression(C=2), path))
    LogisticRegression(C=2)
    """
    path = os.fspath(path)
    content, stored = _read(path)
    if content.get("format") != _FORMAT:
        raise ValueError(f"{path!r} is no model saved by skmedimg.")
    if content.get("version") != _VERSION:
        raise ValueError(
            f"{path!r} was saved in format {content.get('version')!r} and this version reads "
            f"{_VERSION}: load it with skmedimg {content.get('skmedimg')}."
        )
    if content.pop("digest", None) != _digest(content, stored):
        raise ValueError(f"{path!r} was changed after it was saved: its digest does not fit.")
    _warn_of_versions(path, content)
    return _decode(content["model"], [_from_bytes(path, each) for each in stored])


def _encode(value, arrays, where):
    """Return a value as what JSON can hold; arrays are put aside and numbered."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, BaseEstimator):
        return _encode_estimator(value, arrays, where)
    if isinstance(value, np.generic):
        return {"scalar": _put_aside(np.asarray(value), arrays, where)}
    if isinstance(value, np.ndarray):
        return {"array": _put_aside(value, arrays, where)}
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if isinstance(value, (list, tuple)):
        items = [_encode(item, arrays, f"{where}[{i}]") for i, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if isinstance(value, dict):
        pairs = [[_encode(key, arrays, where), _encode(item, arrays, f"{where}[{key!r}]")]
                 for key, item in value.items()]  # fmt: skip
        return {"dict": pairs}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(_refusal(value, where))


def _encode_estimator(value, arrays, where):
    name = _name_of(type(value))
    if name is None:
        raise TypeError(_refusal(value, where))
    state = {
        key: _encode(item, arrays, f"{where}.{key}") for key, item in value.__getstate__().items()
    }
    return {"class": name, "state": state}


def _put_aside(array, arrays, where):
    """Number an array; one of objects goes as the list of them."""
    if array.dtype.kind == "O":
        items = [_encode(item, [], where) for item in array.ravel().tolist()]
        if not all(isinstance(item, _PLAIN) for item in items):
            raise TypeError(f"{where} holds {array.ravel()[:3]!r}..., which is not saved.")
        return {"objects": items, "shape": list(array.shape)}
    if array.dtype.kind not in "biufcSUMm":
        raise TypeError(f"{where} has dtype {array.dtype}, which is not saved.")
    arrays.append(array)
    return len(arrays) - 1


def _refusal(value, where):
    kind = type(value)
    return (
        f"{where} is a {kind.__module__}.{kind.__qualname__}, which cannot be saved without code. "
        "Saved are this package's estimators, scikit-learn's scalers, PCA and linear models, "
        "numbers, text and arrays; pickle and skops take more, at their own risk."
    )


def _decode(value, arrays):
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return _decode_estimator(value, arrays)
    [(kind, content)] = value.items()
    if kind in ("array", "scalar"):
        array = _taken_out(content, arrays)
        return array[()] if kind == "scalar" else array
    if kind in ("list", "tuple"):
        items = [_decode(item, arrays) for item in content]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        return {_decode(key, arrays): _decode(item, arrays) for key, item in content}
    if kind == "float":
        return float(content)
    if kind == "dtype":
        return np.dtype(content)
    raise ValueError(f"A saved model cannot hold {kind!r}.")


def _decode_estimator(value, arrays):
    estimator = object.__new__(_class_of(value["class"]))
    state = {key: _decode(item, arrays) for key, item in value["state"].items()}
    estimator.__setstate__(state)
    return estimator


def _taken_out(content, arrays):
    if isinstance(content, dict):
        array = np.empty(len(content["objects"]), dtype=object)
        array[:] = content["objects"]
        return array.reshape(content["shape"])
    return arrays[content]


def _known():
    """Return the modules of all classes that may be saved, by the name they are saved under."""
    rooms = ("skmedimg", "skmedimg.features")
    exports = {name: at for room in rooms for name, at in import_module(room)._EXPORTS.items()}
    own = {f"skmedimg.{name}": module for name, module in exports.items()}
    foreign = {f"{room}.{name}": room for room, names in _FOREIGN.items() for name in names}
    return own | foreign


def _name_of(kind):
    """Return the name a class is saved under, or None where it is not known."""
    for room in ("skmedimg", *_FOREIGN):
        name = f"{room}.{kind.__name__}"
        module = _known().get(name)
        if module and (kind.__module__ == module or module in _FOREIGN):
            return name if getattr(import_module(module), kind.__name__, None) is kind else None
    return None


def _class_of(name):
    module = _known().get(name)
    if module is None:
        raise ValueError(f"The file asks for {name!r}, which is not among the classes that load.")
    found = getattr(import_module(module), name.rpartition(".")[2])
    if not (isinstance(found, type) and issubclass(found, BaseEstimator)):
        raise ValueError(f"The file asks for {name!r}, which is no estimator.")
    return found


def _read(path):
    try:
        with zipfile.ZipFile(path) as file:
            if file.getinfo(_MANIFEST).file_size > _MOST_JSON:
                raise ValueError(f"{path!r} has settings of more than {_MOST_JSON >> 20} MB.")
            content = json.loads(file.read(_MANIFEST))
            names = [_ARRAYS.format(number) for number in range(len(file.namelist()) - 1)]
            return content, [file.read(name) for name in names]
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path!r} is no model saved by skmedimg, or it is damaged.") from error


def _to_bytes(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def _from_bytes(path, content):
    try:
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path!r} holds an array that cannot be read: {error}") from error


def _digest(content, stored):
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for each in stored:
        digest.update(hashlib.sha256(each).digest())
    return digest.hexdigest()


def _warn_of_versions(path, content):
    for name, here in (("skmedimg", __version__), ("sklearn", sklearn.__version__)):
        there = str(content.get(name))
        if there.split(".")[:2] != here.split(".")[:2]:
            warnings.warn(
                f"{path!r} was saved with {name} {there} and is loaded with {here}: compare its "
                "predictions before you rely on them.",
                UserWarning,
            )
