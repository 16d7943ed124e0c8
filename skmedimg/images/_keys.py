"""Keys of cached features: digests of images as they are stored, and of networks."""

import inspect
import os

import numpy as np
import torch
import xxhash

from skmedimg import __version__

_FILES = {}  # (path, time, size, inode) -> digest of the bytes
_MOST_FILES = 1 << 20
_SPACES = {}  # (source of the weights, facts, changes since) -> name of the space
# Packages whose code belongs to their version; any other module's code may change overnight.
_VERSIONED = ("torch.", "torchvision.", "timm.", "skmedimg.")


def content_hash(*contents):
    """Return the XXH3 hash object of bytes, arrays and tensors, one after another in C order."""
    state = xxhash.xxh3_128()
    for content in contents:
        if isinstance(content, torch.Tensor):
            content = content.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
        elif isinstance(content, np.ndarray):
            content = np.ascontiguousarray(content)
        state.update(content)
    return state


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
    kind = f"{images.dtype.str} {tuple(images.shape[1:])}".encode()
    if hasattr(images, "paths"):
        # Another version may decode otherwise.
        kind += f" {images._options} {__version__}".encode()
        return [content_hash(kind, _file_digest(path)).digest() for path in images.paths]
    return [content_hash(kind, image).digest() for image in images]


def network_space(network, *facts):
    """Return the name of the cache space for the output of a network's frozen part."""
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
        return _network_digest(parts, tensors, facts)
    if known not in _SPACES:
        _SPACES[known] = _network_digest(parts, tensors, facts)
    return _SPACES[known]


def _network_digest(parts, tensors, facts):
    described = repr((facts, *map(repr, parts), *_code(parts)))
    return content_hash(described.encode(), *tensors).hexdigest()


def _file_digest(path):
    """Digest a file, once for as long as its time and size stay."""
    facts = os.stat(path)
    name = (path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    if name not in _FILES:
        # Simpler than dropping the oldest, and rare: a million files.
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
