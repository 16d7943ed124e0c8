"""A comparison as JSON and back: every number, no code."""

import base64
import json
import os
import zlib
from dataclasses import fields
from pathlib import Path

import numpy as np

from skmedimg._files import whole_file
from skmedimg.evaluation._records import FoldPredictions, FoldResult, Metric, Split, WarningRecord
from skmedimg.evaluation.external._set_shift import ShiftRow
from skmedimg.evaluation.subgroups._patient_columns import columns_from_dict, columns_to_dict
from skmedimg.evaluation.subgroups._source_files import (
    load_report_from_dict,
    load_report_to_dict,
)

_FORMAT = 2
_KINDS = "biufcOU"  # of arrays: numbers, text, and labels that are Python objects


def write_comparison(comparison, path):
    """Write a Comparison as JSON to a path."""
    content = {"skmedimg_comparison": _FORMAT, **_encode(_content(comparison))}
    with whole_file(path) as file:
        # allow_nan=False: NaN and Infinity are not JSON, and other parsers refuse the file.
        file.write(json.dumps(content, allow_nan=False).encode())


def read_comparison(path, kind):
    """Return the Comparison (of class `kind`) that `write_comparison` wrote to a path."""
    file = Path(path).read_bytes()
    try:
        content = json.loads(file)
        version = content.pop("skmedimg_comparison", None)
        # Errors inside are of a damaged file; another version is reported below as what it is.
        if version == _FORMAT:
            if "set_name" in content:
                return _read_external(_decode(content))
            comparison = kind(**_records(_decode(content)))
            _check(comparison)
            return comparison
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error) as error:
        raise ValueError(
            f"{os.fspath(path)!r} is not a comparison written by Comparison.to_json, or it is "
            f"damaged ({error!r})."
        ) from error
    raise ValueError(
        f"{os.fspath(path)!r} is not a comparison of format {_FORMAT}: its skmedimg_comparison is "
        f"{version!r}. Files of version 0.1 have to be made again, by compare() and to_json()."
    )


def _content(comparison):
    """Return the fields of a Comparison as dicts, lists and arrays; fitted models are left out."""
    content = _shallow(comparison)
    del content["models"]
    content["audit"] = None if comparison.audit is None else comparison.audit.to_dict()
    content["columns"] = columns_to_dict(comparison.columns)
    content["load_report"] = load_report_to_dict(comparison.load_report)
    content["external"] = {name: _content(each) for name, each in comparison.external.items()}
    for name in {"splits", "metrics", "warnings", "shift"} & set(content):
        content[name] = [_shallow(each) for each in content[name]]
    content["fold_results"] = {
        name: [_fold_fields(result) for result in results]
        for name, results in comparison.fold_results.items()
    }
    return content


def _shallow(record):
    """Return the fields of a dataclass by name, values as they are."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


def _fold_fields(result):
    """Return the fields of a FoldResult; its split and name are known from its place."""
    content = _shallow(result)
    del content["split"], content["name"], content["model"]
    if result.predictions is not None:
        content["predictions"] = _shallow(result.predictions)
    return content


def _records(content):
    """Return the fields of a Comparison, its records made of dicts."""
    splits = tuple(Split(**split) for split in content["splits"])
    content["splits"] = splits
    content["metrics"] = tuple(Metric(**metric) for metric in content["metrics"])
    content["warnings"] = tuple(WarningRecord(**each) for each in content["warnings"])
    content["names"] = tuple(content["names"])
    content["fold_results"] = {
        name: tuple(
            _fold_result(name, split, result) for split, result in zip(splits, results, strict=True)
        )
        for name, results in content["fold_results"].items()
    }
    # Files written before patient columns were known have none.
    content["columns"] = columns_from_dict(content.get("columns"), len(content["y"]))
    content["load_report"] = load_report_from_dict(content.get("load_report"))
    if content["audit"] is not None:
        from skmedimg.evaluation.auditing._audit import Audit

        content["audit"] = Audit.from_dict(content["audit"])
    if "shift" in content:
        content["shift"] = tuple(ShiftRow(**each) for each in content["shift"])
    content["external"] = {
        name: _read_external(each) for name, each in content.get("external", {}).items()
    }
    return content


def _read_external(content):
    """Return the Evaluation of an external set."""
    from skmedimg.evaluation._evaluation import Evaluation

    evaluation = Evaluation(**_records(content))
    _check(evaluation)
    return evaluation


def _fold_result(name, split, content):
    predictions = content.pop("predictions")
    if predictions is not None:
        predictions = FoldPredictions(**predictions)
    return FoldResult(name, split, predictions, **content)


def _check(comparison):
    """Raise ValueError where the parts of a Comparison that was read do not fit each other."""
    n, names = len(comparison.y), [metric.name for metric in comparison.metrics]
    n_classes = 0 if comparison.classes is None else len(comparison.classes)
    if not names or not comparison.splits:
        raise ValueError("metrics and splits need at least one entry each")
    if comparison.baseline not in (None, *comparison.names):
        raise ValueError(f"baseline={comparison.baseline!r} is not one of the names")
    if comparison.pos_label not in (None, *(comparison.classes if n_classes else ())):
        raise ValueError(f"pos_label={comparison.pos_label!r} is not one of the classes")
    if comparison.groups is not None and len(comparison.groups) != n:
        raise ValueError(f"groups needs {n} entries")
    if comparison.ignore_label is not None and not isinstance(comparison.ignore_label, int):
        raise ValueError(f"ignore_label={comparison.ignore_label!r} needs to be an int")
    if comparison.spacing is not None and np.shape(comparison.spacing) != (n, 2):
        raise ValueError(f"spacing needs the shape {(n, 2)}")
    if comparison.files is not None and np.shape(comparison.files) != (n,):
        raise ValueError(f"files needs {n} entries")
    for split in comparison.splits:
        # A negative row would silently index from the end.
        held_out = [] if split.validation is None else [split.validation]
        rows = np.concatenate([split.train, split.test, *held_out])
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
            raise ValueError(f"splits need rows from 0 to {n - 1}")
    for result in (each for results in comparison.fold_results.values() for each in results):
        where = f"fold_results[{result.name!r}]"
        if list(result.scores) != names:
            raise ValueError(f"{where} needs the scores {names}, but has {list(result.scores)}")
        given, n_test = result.predictions, len(result.split.test)
        if given is None:
            continue
        if given.predicted.shape != (n_test, *comparison.y.shape[1:]):
            raise ValueError(f"{where} has predictions of shape {given.predicted.shape}")
        scores = given.decision_scores
        if scores is not None and scores.shape != (n_test, n_classes):
            raise ValueError(f"{where} has decision scores of shape {scores.shape}")


def _encode(value):
    """Return a value as JSON holds it; arrays and floats that are not finite become dicts."""
    if isinstance(value, np.ndarray):
        return _encode_array(value)
    if isinstance(value, np.generic):
        return _encode(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict):
        if set(value) & {"array", "float", "dict"}:  # an estimator may have such a name
            return {"dict": [[_encode(key), _encode(each)] for key, each in value.items()]}
        return {key: _encode(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(each) for each in value]
    return value


def _encode_array(array):
    kind = array.dtype.str
    if array.dtype.kind in "OTU":
        kind = "O" if array.dtype.kind == "O" else "U"
        return {"array": _encode(array.tolist()), "dtype": kind}
    # Tables stay readable in the file; masks as lists of numbers would be many times as large.
    if array.ndim < 3:
        return {"array": _encode(array.tolist()), "dtype": kind}
    packed = zlib.compress(np.ascontiguousarray(array).tobytes())
    return {"array": base64.b64encode(packed).decode(), "dtype": kind, "shape": list(array.shape)}


def _decode(value):
    """Return what `_encode` was given."""
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
    dtype = np.dtype(value["dtype"])
    if dtype.kind not in _KINDS:
        raise ValueError(f"arrays of {dtype} are not read")
    if "shape" in value:
        return _unpack(base64.b64decode(value["array"]), dtype, value["shape"])
    items = _decode(value["array"])
    if dtype.kind == "O":
        # np.array(items) would make an array of two axes of labels that are tuples.
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array
    return np.array(items, dtype=str if dtype.kind == "U" else dtype)


def _unpack(packed, dtype, shape):
    """Return an array; a file cannot make us unpack more than its shape says."""
    size = int(np.prod(shape)) * dtype.itemsize
    content = zlib.decompressobj().decompress(packed, size) if size else b""  # 0 sets no limit
    return np.frombuffer(content, dtype=dtype).reshape(shape)
