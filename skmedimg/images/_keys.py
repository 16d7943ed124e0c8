"""Keys made of contents: of images as they are stored, and of networks as they compute."""

import inspect
import os

import numpy as np
import xxhash

from skmedimg import __version__
from skmedimg.images._lazy_images import LazyImages

_FILES = {}  # (path, time, size, inode) -> digest of the bytes
_MOST_FILES = 1 << 20
_SPACES = {}  # (source of the weights, facts, changes since) -> name of the space
# Packages whose code belongs to their version; any other module's code may change overnight.
_VERSIONED = ("torch.", "torchvision.", "timm.", "skmedimg.")


def image_keys(images):
    """Return one key per image, of the bytes it is stored in: nothing is cast or decoded.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images._keys import image_keys
    >>> images = np.zeros((2, 8, 8, 1), dtype=np.uint8)
    >>> images[1, 0, 0] = 1
    >>> len(set(image_keys(images) + image_keys(images)))
    2
    """
    kind = f"{images.dtype.str} {tuple(images.shape[1:])}"
    if isinstance(images, LazyImages):
        kind = f"{kind} {images._options} {__version__}"  # another version may decode otherwise
        return [_key(kind, _file_digest(path)) for path in images.paths]
    return [_key(kind, np.ascontiguousarray(image)) for image in images]


def network_space(network, *facts):
    """Return the name of the space for what a network's frozen part computes."""
    backbone = network.backbone
    parts = backbone.steps[: backbone.cut]
    if network.is_pooled:
        parts = [*parts, *([backbone.network.get_submodule(backbone.neck)] * bool(backbone.neck))]
        facts = (*facts, network.pooling)
    tensors = [value for part in parts for value in [*part.parameters(), *part.buffers()]]
    facts = (*facts, backbone.cut, backbone.gray, *_constants(backbone))
    # weights that came from a file are digested once, unless somebody changed them since
    known = (backbone.source, facts, sum(value._version for value in tensors))
    if backbone.source is None:
        return _digest(parts, tensors, facts)
    if known not in _SPACES:
        _SPACES[known] = _digest(parts, tensors, facts)
    return _SPACES[known]


def _digest(parts, tensors, facts):
    state = xxhash.xxh3_128(repr((facts, *map(repr, parts), *_code(parts))).encode())
    for value in tensors:
        state.update(value.detach().cpu().contiguous().flatten().numpy())
    return state.hexdigest()


def _key(kind, content):
    state = xxhash.xxh3_128(kind.encode())
    state.update(content)
    return state.digest()


def _file_digest(path):
    """Digest a file, once for as long as its time and size stay."""
    facts = os.stat(path)
    name = (path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    if name not in _FILES:
        if len(_FILES) >= _MOST_FILES:
            _FILES.clear()
        with open(path, "rb") as file:
            _FILES[name] = xxhash.xxh3_128_digest(file.read())
    return _FILES[name]


def _constants(backbone):
    constants = (backbone.mean, backbone.std)
    return [None if values is None else tuple(values.flatten().tolist()) for values in constants]


def _code(parts):
    """Collect the source of modules that are the user's own."""
    kinds = {type(module) for part in parts for module in part.modules()}
    own = [kind for kind in kinds if not f"{kind.__module__}.".startswith(_VERSIONED)]
    return sorted(filter(None, map(_source, own)))


def _source(kind):
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # typed in at a prompt
        return kind.__qualname__
