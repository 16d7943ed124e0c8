"""The safetensors format in a few lines: a header of JSON, then the raw bytes of each tensor."""

import json
import math
import struct

import numpy as np

# Names of the format for the dtypes that numpy has, all little-endian.
_NAMES = {
    "?": "BOOL", "i1": "I8", "u1": "U8", "i2": "I16", "u2": "U16", "i4": "I32", "u4": "U32",
    "i8": "I64", "u8": "U64", "f2": "F16", "f4": "F32", "f8": "F64",
}  # fmt: skip
_DTYPES = {name: np.dtype(code).newbyteorder("<") for code, name in _NAMES.items()}
_CODES = {dtype: name for name, dtype in _DTYPES.items()}
_LENGTH = struct.Struct("<Q")
_MOST_HEADER = 16 << 20
_ALIGNMENT = 8


def is_storable(dtype):
    """Tell whether the format has a dtype.

    Parameters
    ----------
    dtype : numpy.dtype

    Returns
    -------
    is_storable : bool
    """
    return dtype.newbyteorder("<") in _CODES


def pack_tensors(tensors):
    """Return arrays in the safetensors format.

    Parameters
    ----------
    tensors : dict of str to ndarray
        Of booleans, integers or floats; none is copied that lies in order.

    Returns
    -------
    pieces : list of bytes-like
        To be written one after the other.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.saving._tensors import pack_tensors, unpack_tensors
    >>> pieces = pack_tensors({"weights": np.arange(3.0), "bias": np.float32(2)})
    >>> unpack_tensors(b"".join(pieces))
    {'weights': array([0., 1., 2.]), 'bias': array(2., dtype=float32)}
    """
    arrays = {name: _little_endian(array) for name, array in tensors.items()}
    # widest first, as the library does it: then every array is aligned when the file is mapped
    names = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header, start = {}, 0
    for name in names:
        array = arrays[name]
        end = start + array.nbytes
        header[name] = {
            "dtype": _CODES[array.dtype], "shape": list(array.shape), "data_offsets": [start, end],
        }  # fmt: skip
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return [_LENGTH.pack(len(text)), text, *(_bytes_of(arrays[name]) for name in names)]


def unpack_tensors(content):
    """Return the arrays that a file in the safetensors format holds.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    tensors : dict of str to ndarray
        Copies, which may be written to.
    """
    header, body = _split(memoryview(content))
    header.pop("__metadata__", None)
    tensors, position = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: _span(item)):
        start, end = _span((name, entry))
        dtype, shape = _kind(name, entry)
        if start != position or end > len(body) or end - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"tensor {name!r} does not lie where its header says.")
        tensors[name] = np.frombuffer(body[start:end], dtype).reshape(shape).copy()
        position = end
    if position != len(body):
        raise ValueError(f"{len(body) - position} bytes belong to no tensor.")
    return {name: tensors[name] for name in header}


def _little_endian(array):
    array = np.asarray(array)
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _bytes_of(array):
    return memoryview(array.reshape(-1).view(np.uint8)) if array.size else b""


def _split(content):
    """Return the parsed header and the bytes behind it."""
    if len(content) < _LENGTH.size:
        raise ValueError("there is no header.")
    [length] = _LENGTH.unpack_from(content)
    if length > min(_MOST_HEADER, len(content) - _LENGTH.size):
        raise ValueError(f"the header claims {length} bytes.")
    end = _LENGTH.size + length
    header = json.loads(bytes(content[_LENGTH.size : end]), object_pairs_hook=_no_name_twice)
    if not isinstance(header, dict):
        raise ValueError("the header is no JSON object.")
    return header, content[end:]


def _no_name_twice(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("the header has a name twice.")
    return dict(pairs)


def _span(item):
    name, entry = item
    span = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not (_are_counts(span) and len(span) == 2):
        raise ValueError(f"tensor {name!r} has no place.")
    return tuple(span)


def _kind(name, entry):
    dtype, shape = entry.get("dtype"), entry.get("shape")
    if dtype not in _NAMES.values():
        raise ValueError(f"tensor {name!r} has dtype {dtype!r}, which numpy does not have.")
    if not _are_counts(shape):
        raise ValueError(f"tensor {name!r} has shape {shape!r}.")
    return _DTYPES[dtype], shape


def _are_counts(values):
    return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)
