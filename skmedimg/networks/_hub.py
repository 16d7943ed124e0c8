"""Files of networks on huggingface.co: those of its cache, or fetched where they were asked for."""

import json
import math
import os
import re
import urllib.error
import urllib.request

_REPOSITORY = re.compile(r"([\w.-]+/[\w.-]+?)(?:@([\w.-]+))?")
_LARGEST_CONFIG = 1 << 20


def parse_repository(text, name):
    """Return (OWNER/NAME, revision or None) of the text behind "hf-hub:"."""
    found = _REPOSITORY.fullmatch(text)
    if not found or ".." in text:
        raise ValueError(f"backbone={name!r} needs the form 'timm:hf-hub:OWNER/NAME'.")
    return found.groups()


def cached_file(repository, file, revision=None):
    """Return the path of a file in huggingface's cache, or None."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repository, file, revision=revision)
    return path if isinstance(path, str) else None


def hub_file(repository, files, name, revision=None):
    """Return the path of the first file of some that a repository has, fetched if need be."""
    for file in files:
        if (path := cached_file(repository, file, revision)) is not None:
            return path
    for file in files[:-1]:
        # the client would retry for a minute
        if _answer(repository, file, name, revision) != 404:
            return _fetch(repository, file, name, revision)
    if _answer(repository, files[-1], name, revision) == 404:
        raise OSError(
            f"https://huggingface.co/{repository} has no {' and no '.join(files)}, so {name} is "
            'not a network of timm there. Check the name, or pass a network of timm as "timm:NAME".'
        )
    return _fetch(repository, files[-1], name, revision)


def hub_config(repository, name, revision=None):
    """Return "architecture", "model_args" and "pretrained_cfg" of a network on huggingface.co."""
    path = hub_file(repository, ["config.json"], name, revision)
    try:
        if os.path.getsize(path) > _LARGEST_CONFIG:
            raise ValueError("it is larger than 1 MB")
        with open(path, encoding="utf-8") as file:
            return _checked_config(json.load(file))
    except ValueError as error:
        raise ValueError(
            f"{name} is not a network of timm: its config.json cannot be used ({error})."
        ) from error


def _checked_config(config):
    """Return what is used of a configuration, or raise a ValueError."""
    if not isinstance(config, dict) or not isinstance(config.get("architecture"), str):
        raise ValueError('it has no "architecture" of timm')
    arguments = config.get("model_args") or {}
    facts = config.get("pretrained_cfg") or config
    if not isinstance(arguments, dict) or not isinstance(facts, dict):
        raise ValueError('"model_args" and "pretrained_cfg" need names and values')
    for key in ("mean", "std", "input_size"):
        values = facts.get(key, [1.0, 1.0, 1.0])
        if not (isinstance(values, list) and values and all(map(_is_number, values))):
            raise ValueError(f"{key} needs numbers, but is {values!r}")
    if not all(facts.get("std", [1.0])):
        raise ValueError("std needs numbers other than 0")
    size = facts.get("input_size", [3, 224, 224])
    if len(size) != 3 or not all(isinstance(side, int) and 0 < side <= 4096 for side in size):
        raise ValueError(f"input_size needs channels, height and width, but is {size!r}")
    return {
        "architecture": config["architecture"],
        "model_args": {key: _frozen(value) for key, value in arguments.items()},
        "pretrained_cfg": facts,
    }


def _is_number(value):
    return isinstance(value, (int, float)) and math.isfinite(value)


def _frozen(value):
    """Return a JSON value that can be a key: lists as tuples."""
    if isinstance(value, dict):
        raise ValueError('"model_args" needs numbers, text and lists')
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _answer(repository, file, name, revision):
    """Return 200 or 404 for a file on huggingface.co; OSError where nothing can be fetched."""
    from huggingface_hub import get_token, hf_hub_url

    url, token = hf_hub_url(repository, file, revision=revision), get_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    page = f"https://huggingface.co/{repository}"
    try:
        request = urllib.request.Request(url, method="HEAD", headers=headers)
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return 404
        if error.code in (401, 403):
            raise OSError(
                f"{name} cannot be fetched (HTTP {error.code}): {page} does not exist, or its "
                "terms have to be accepted there first, and `hf auth login` run here."
            ) from error
        raise OSError(f"{name} cannot be fetched from {url} (HTTP {error.code}).") from error
    except OSError as error:
        raise OSError(
            f"{file} of {name} is not on this machine and cannot be downloaded ({error}). Run `hf "
            f"download {repository} {file}` where there is a connection, and copy the cache folder."
        ) from error
    return 200


def _fetch(repository, file, name, revision):
    from huggingface_hub import hf_hub_download

    try:
        return hf_hub_download(repository, file, revision=revision)
    except Exception as error:  # the client raises whatever its transport raises
        first = str(error).strip().partition("\n")[0]
        raise OSError(f"{file} of {name} cannot be downloaded ({first}).") from error
