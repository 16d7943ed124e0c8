"""Where the weights of foundation models are on this machine; they are never downloaded."""

import os

import torch

from skmedimg.networks._download import place_of
from skmedimg.networks._foundation_table import FOUNDATION

_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
_FOLDER = "SKMEDIMG_WEIGHTS"
# File names that many repositories have say nothing of the network.
_ANYBODYS = {"model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin"}


def foundation_file(name):
    """Return the file of weights of a foundation model; FileNotFoundError says how to get it."""
    found = find_foundation_file(name)
    if found is None:
        raise FileNotFoundError(_how_to_get(name))
    return found


def find_foundation_file(name):
    """Return the file of weights of a foundation model on this machine, or None."""
    row = FOUNDATION[name]
    if folder := os.environ.get(_FOLDER):
        names = [f"{name}{suffix}" for suffix in _SUFFIXES]
        names += [base for file in row.files if (base := os.path.basename(file)) not in _ANYBODYS]
        for path in (os.path.join(folder, file) for file in names):
            if os.path.isfile(path):
                return path
    for file in row.files:
        if (path := _cached(file, row)) is not None:
            return path
    return None


def _cached(file, row):
    """Return the path of a published file in the cache of the client that fetches it, or None."""
    if file.startswith("hf:"):
        # without huggingface's client there is no such cache
        try:
            from skmedimg.networks._hub import cached_file

            owner, repository, base = file.removeprefix("hf:").split("/")
            return cached_file(f"{owner}/{repository}", base)
        except ImportError:
            return None
    path = place_of(file)
    # what has to be converted is not read from there
    return path if os.path.isfile(path) and not row.convert else None


def _how_to_get(name):
    row = FOUNDATION[name]
    first = row.files[0]
    if row.convert:
        command = f"Make it in Python by `{row.convert}`"
    elif first.startswith("hf:"):
        owner, repository, base = first.removeprefix("hf:").split("/")
        command = f"Fetch it by `hf download {owner}/{repository} {base}`"
    else:
        command = f"Fetch {first}"
    terms = f" Its terms have to be accepted first, at {row.terms}." if row.terms else ""
    folder = os.environ.get(_FOLDER)
    where = f"which is {folder!r}" if folder else "which is not set"
    return (
        f"The weights of {name} ({row.megabytes} MB, {row.license}) are not on this machine, and "
        f"are not downloaded unasked. {command}, or put the file as {name}.safetensors or "
        f"{name}.pth into the folder of the environment variable {_FOLDER}, {where}. Looked for in "
        f"it, in torch.hub's cache ({os.path.join(torch.hub.get_dir(), 'checkpoints')}) and in "
        f"huggingface's.{terms} Or pass weights=PATH, or weights=None to start from random ones."
    )
