"""Weights of a backbone: from torchvision, from a file, or from another network."""

import argparse
import functools
import hashlib
import os
import pickle
import re
import zipfile

import torch
from torchvision import models

from skmedimg._warnings import warn_user
from skmedimg.networks._backbone_table import BACKBONES
from skmedimg.networks._download import download
from skmedimg.networks._efficientnet_lite import package_file, timm_names
from skmedimg.networks._foundation_files import foundation_file
from skmedimg.networks._foundation_table import FOUNDATION
from skmedimg.networks._key_maps import renamed
from skmedimg.networks._timm import TIMM, timm_cached, timm_file, timm_head, timm_tensors

_FILE_SUFFIXES = (".pth", ".pt", ".bin", ".safetensors")
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_CLASSES = 1000  # of the published heads
_SHOWN = 5


def find_weights(weights, name, width=1.0):
    """Return a hashable source of the tensors that `weights` names, downloaded if need be."""
    if name.startswith(TIMM) and weights == "DEFAULT":
        path = timm_file(name)
        if path is None:
            return (None, name)
    else:
        path = _path_of(weights, name, width)
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"There is no file of weights at {path!r}.")
    facts = os.stat(path)
    # With time and size, so that a file that was written again is read again.
    return (path, name, facts.st_mtime_ns, facts.st_size)


def read_weights(weights, name, *, width=1.0):
    """Read the weights of a backbone, published or from a file, without running code of the file.

    Parameters
    ----------
    weights : str or path
        "DEFAULT" or another published name, as "IMAGENET1K_V1", downloaded once; or a file of
        tensors (.pth, .pt, .bin, .safetensors).
    name : str
        A name of `BACKBONES`, "timm:NAME", or "" for a network of one's own.
    width : float, default=1.0
        Width of mobilenet_v2.

    Returns
    -------
    tensors : dict of str to torch.Tensor
        Without the classifier. They are shared between calls: do not change them in place.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> import torch
    >>> from skmedimg.networks import build_backbone, read_weights
    >>> backbone = build_backbone("squeezenet1_1")
    >>> path = Path(mkdtemp()) / "mine.pth"
    >>> torch.save(backbone.network.state_dict(), path)
    >>> read_weights(path, "squeezenet1_1")["features.0.weight"].shape
    torch.Size([64, 3, 3, 3])
    """
    return read_source(find_weights(weights, name, width))


@functools.lru_cache(maxsize=2)
def read_source(source):
    """Return the tensors of a source by name, without head; the last two stay in memory."""
    path, name = source[:2]
    if path is None:
        tensors = timm_tensors(name)
    else:
        tensors = _unwrap(read_tensors(path))
        _check_tensors(path, tensors)
        if name == "efficientnet_lite0":
            tensors = timm_names(tensors)
        if name in FOUNDATION:
            tensors = renamed(tensors, FOUNDATION[name].layouts)
        tensors = {_modern_name(key): value for key, value in tensors.items()}
    if _network_name(name).startswith(TIMM):
        tensors = {f"model.{key}": value for key, value in tensors.items()}
    return {key: _as_computed(value) for key, value in _without_head(tensors, name).items()}


@functools.lru_cache(maxsize=16)
def weights_facts(source):
    """Return file name, SHA-256 and license (dict of str) of a source, for the model card."""
    path, name = source[:2]
    if path is None:  # timm's client fetched it
        path = timm_cached(name)
    if path is None:
        return {"file": name}
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    facts = {"file": os.path.basename(path), "sha256": digest}
    return facts | ({"license": FOUNDATION[name].license} if name in FOUNDATION else {})


def fill_backbone(backbone, tensors):
    """Put tensors into a backbone; frozen parts share their memory, trainable parts get copies.

    Parameters
    ----------
    backbone : Backbone
        Changed in place.
    tensors : dict of str to torch.Tensor
        As from `read_weights`, or the `state_dict` of a network like `backbone.network`.

    Examples
    --------
    >>> from skmedimg.networks import build_backbone, fill_backbone
    >>> tensors = build_backbone("squeezenet1_1").network.state_dict()
    >>> backbone = build_backbone("squeezenet1_1", init_weights=False)
    >>> fill_backbone(backbone, tensors)
    """
    tensors = dict(tensors)
    own = backbone.network.state_dict(keep_vars=True)
    _add_counters(tensors, own)
    _compare(own, tensors)
    trainable = _trainable_names(backbone.network)
    for name, place in own.items():
        value = tensors[name].detach().to(place.device, place.dtype)
        # Sharing saves a copy of a large frozen backbone per fit; trainable tensors would change
        # those of the next fit.
        place.data = value.clone() if name in trainable else value


def read_tensors(path):
    """Read a file of tensors without running any code that it may hold."""
    if path.endswith(".safetensors"):
        return _read_safetensors(path)
    try:
        _check_zip(path)
        # weights_only refuses pickles that could run code. Training scripts save their arguments
        # beside the weights, in a class that holds attributes and does nothing.
        with torch.serialization.safe_globals([argparse.Namespace]):
            saved = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # the unpickler raises anything where a file of pickles is cut off
        # of a protocol that torch.save does not write
        foreign = "Detected pickle protocol" in str(error)
        if foreign or isinstance(error, pickle.UnpicklingError):
            raise ValueError(
                f"{path!r} is not a file of tensors alone, and anything else could run code while "
                "it is read. Save the network's state_dict() with torch.save or safetensors "
                "instead."
            ) from error
        raise ValueError(
            f"{path!r} is not a complete file of tensors ({_first_line(error)}). Fetch or save it "
            "again."
        ) from error
    if not isinstance(saved, dict) or not all(isinstance(name, str) for name in saved):
        raise ValueError(
            f"{path!r} holds a {type(saved).__name__}, not tensors by name. Save the network's "
            "state_dict() instead."
        )
    return saved


def _path_of(weights, name, width):
    """Return the file that `weights` means, downloaded if need be."""
    if name in BACKBONES and isinstance(weights, str) and _is_published(weights, name):
        if width != 1.0:
            raise ValueError(
                f"weights={weights!r} are for {name} of width 1.0, and width is {width}. Pass "
                "weights=PATH to a file of weights of this width, or weights=None."
            )
        if BACKBONES[name].package:
            return package_file()
        return download(models.get_model_weights(name)[weights].url, name)
    if name in FOUNDATION and weights == "DEFAULT":
        return foundation_file(name)
    path = os.fspath(weights)
    if not path.endswith(_FILE_SUFFIXES) and not os.path.exists(path):
        published = ["DEFAULT", *(entry.name for entry in _entries(name))]
        raise ValueError(
            f"weights={path!r} is neither a file nor one of the published weights of "
            f"{name or 'this backbone'} ({', '.join(published)}). Pass one of these, a path, or "
            "weights=None."
        )
    return path


def _entries(name):
    """Return torchvision's published weights of a backbone."""
    if name not in BACKBONES or BACKBONES[name].package:
        return []
    return list(models.get_model_weights(name))


def _is_published(weights, name):
    return weights == "DEFAULT" or weights in {entry.name for entry in _entries(name)}


def _network_name(name):
    """Return "timm:NAME" or the name of a row of `BACKBONES`, also of a foundation model."""
    return FOUNDATION[name].network if name in FOUNDATION else name


def _without_head(tensors, name):
    heads, spare = _heads_of(_network_name(name))
    left_out = tuple(f"{part}." for part in (*heads, *spare))
    dropped = {key: value for key, value in tensors.items() if key.startswith(left_out)}
    if name not in FOUNDATION:  # a classifier of findings is what those are published with
        _warn_of_head([len(value) for key, value in dropped.items() if key.startswith(heads)])
    return {key: value for key, value in tensors.items() if key not in dropped}


def _heads_of(name):
    """Return the names of the classifiers in published weights, and of the auxiliary ones."""
    if name.startswith(TIMM):
        return tuple(f"model.{head}" for head in timm_head(name)), ()
    if name not in BACKBONES:
        return (), ()
    return (BACKBONES[name].head,), tuple(filter(None, [BACKBONES[name].spare]))


def _as_computed(value):
    """Return a tensor as float32 in the memory layout of training."""
    # Done once here, no fit has to convert it again.
    if not value.is_floating_point():
        return value
    layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
    return value.float().contiguous(memory_format=layout)


def _check_zip(path):
    """Raise BadZipFile where a byte of a zip has changed or its end is missing."""
    # torch compares no checksums, and takes a zip without an end for a pickle.
    with open(path, "rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    if is_zip:
        with zipfile.ZipFile(path) as archive:
            if (member := archive.testzip()) is not None:
                raise zipfile.BadZipFile(f"its member {member!r} is damaged")


def _first_line(error):
    return str(error).partition("\n")[0] or type(error).__name__


def _check_tensors(path, tensors):
    """Raise where a tensor of a file is not made of finite numbers, each stored once."""
    for name, value in tensors.items():
        if value.layout is not torch.strided:
            fault = "is sparse"
        elif value.is_complex() or value.is_quantized:
            fault = f"holds {value.dtype}"
        # A view of one number can have a million million of them, which a copy would allocate.
        elif value.numel() * value.itemsize > value.untyped_storage().nbytes():
            fault = "repeats numbers that are stored once"
        elif not value.isfinite().all():
            fault = "holds NaN or infinite numbers"
        else:
            continue
        raise ValueError(
            f"{path!r} cannot be used as weights: its tensor {name!r} {fault}, and weights are "
            "finite real numbers."
        )


def _read_safetensors(path):
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        # Read and not mapped, as load_file does: a mapped file that is shortened kills the process.
        with open(path, "rb") as file:
            return load(file.read())
    except SafetensorError as error:
        raise ValueError(
            f"{path!r} is not a complete safetensors file ({error}). Fetch or save it again."
        ) from error


def _unwrap(saved):
    """Return the tensors by name from the dictionaries that training scripts save."""
    for name in _WRAPPERS:
        if isinstance(saved.get(name), dict):
            saved = saved[name]
    tensors = {name: value for name, value in saved.items() if isinstance(value, torch.Tensor)}
    for prefix in ("module.", "_orig_mod."):  # of DataParallel and of torch.compile
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _modern_name(name):
    """Return a tensor's name in today's torchvision; old DenseNet files have norm.1 for norm1."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)


def _add_counters(tensors, own):
    """Add the batch counts of BatchNorm, which old files lack; only momentum=None uses them."""
    for name in own:
        if name.endswith("num_batches_tracked"):
            tensors.setdefault(name, torch.tensor(0))


def _compare(own, tensors):
    """Raise if tensors by name do not fit those of the network, with the names that differ."""
    missing = sorted(set(own) - set(tensors))
    surplus = sorted(set(tensors) - set(own))
    shapes = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    kinds = [
        f"{name} {tensors[name].dtype} instead of {own[name].dtype}"
        for name in own
        if name in tensors
        and own[name].is_floating_point()
        and not tensors[name].is_floating_point()
    ]
    faults = {
        "missing": missing,
        "unexpected": surplus,
        "of another shape": shapes,
        "of another dtype": kinds,
    }
    if any(faults.values()):
        lists = "; ".join(f"{kind}: {_shorten(names)}" for kind, names in faults.items() if names)
        raise ValueError(f"The weights do not fit the backbone. {lists}.")


def _shorten(names):
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _warn_of_head(outputs):
    """Warn if the head that is left out is not that of ImageNet: it may have been wanted."""
    if outputs and outputs[-1] != _CLASSES:
        warn_user(
            f"The classifier of {outputs[-1]} outputs in the file of weights is left out: "
            "a new one is trained on top of the backbone.",
        )


def _trainable_names(network):
    """Return the names of tensors of trainable parts, running statistics included."""
    names = set()
    for prefix, part in network.named_modules():
        if any(p.requires_grad for p in part.parameters(recurse=False)):
            own = [*part._parameters, *part._buffers]
            names |= {f"{prefix}.{name}" if prefix else name for name in own}
    return names
