"""A comparison as JSON and back: every number, no code."""

import base64
import json
import os
import zlib
from pathlib import Path

import numpy as np

from skmedimg._files import whole_file
from skmedimg.evaluation._records import Answer, Metric, Split

_FORMAT = 1


def write_comparison(comparison, path):
    """Write a comparison as JSON.

    Parameters
    ----------
    comparison : Comparison
    path : str or os.PathLike
    """
    fields = {name: getattr(comparison, name) for name in comparison.__dataclass_fields__}
    fields["audit"] = None if comparison.audit is None else comparison.audit.to_dict()
    content = {"skmedimg_comparison": _FORMAT, **_encode(fields)}
    with whole_file(path) as file:
        file.write(json.dumps(content, allow_nan=False).encode())


def read_comparison(path):
    """Return the fields of a comparison that `write_comparison` wrote.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    fields : dict
    """
    file = Path(path).read_bytes()
    try:
        return _fields(json.loads(file))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(
            f"{os.fspath(path)!r} is not a comparison written by Comparison.to_json, or it is "
            f"damaged ({error!r})."
        ) from error


def _fields(content):
    if content.pop("skmedimg_comparison", None) != _FORMAT:
        raise ValueError(f"skmedimg_comparison needs to be {_FORMAT}")
    fields = _decode(content)
    fields["splits"] = tuple(Split(*split) for split in fields["splits"])
    fields["metrics"] = tuple(Metric(*metric) for metric in fields["metrics"])
    fields["answers"] = {name: _answers(cells) for name, cells in fields["answers"].items()}
    return {name: _frozen(name, value) for name, value in fields.items()}


def _answers(cells):
    return tuple(None if cell is None else Answer(*cell) for cell in cells)


def _frozen(name, value):
    if name == "history":
        return {key: tuple(epochs) for key, epochs in value.items()}
    if name == "audit" and value is not None:
        from skmedimg.evaluation.auditing._audit import Audit

        return Audit.from_dict(value)
    return tuple(value) if isinstance(value, list) else value


def _encode(value):
    if isinstance(value, np.ndarray):
        return _encode_array(value)
    if isinstance(value, np.generic):
        return _encode(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return _encode_dict(value)
    if isinstance(value, (list, tuple)):
        return [_encode(each) for each in value]
    return value


def _encode_dict(value):
    if set(value) & {"array", "float", "dict"}:  # an estimator may be called so
        return {"dict": [[_encode(key), _encode(each)] for key, each in value.items()]}
    return {key: _encode(each) for key, each in value.items()}


def _encode_array(array):
    kind = array.dtype.str
    if array.dtype.kind in "OTU":
        kind = "O" if array.dtype.kind == "O" else "U"
        return {"array": _encode(array.tolist()), "dtype": kind}
    if array.ndim < 3:
        return {"array": _encode(array.tolist()), "dtype": kind}
    packed = zlib.compress(np.ascontiguousarray(array).tobytes())
    return {"array": base64.b64encode(packed).decode(), "dtype": kind, "shape": list(array.shape)}


def _decode(value):
    if isinstance(value, list):
        return [_decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"float"}:
        return float(value["float"])
    if set(value) == {"dict"}:
        return {_decode(key): _decode(each) for key, each in value["dict"]}
    if "array" in value:
        return _decode_array(value)
    return {key: _decode(each) for key, each in value.items()}


def _decode_array(value):
    kind = value["dtype"]
    if "shape" in value:
        return _unpack(base64.b64decode(value["array"]), np.dtype(kind), value["shape"])
    items = _decode(value["array"])
    if kind == "O":
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array
    return np.array(items, dtype=str if kind == "U" else np.dtype(kind))


def _unpack(packed, dtype, shape):
    size = int(np.prod(shape)) * dtype.itemsize  # a file cannot make us unpack more than it says
    content = zlib.decompressobj().decompress(packed, size)
    return np.frombuffer(content, dtype=dtype).reshape(shape)
