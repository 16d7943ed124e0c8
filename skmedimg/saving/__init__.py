"""Keeping fitted models: files that hold no code, cards that describe them, and ONNX."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "ModelCard": "skmedimg.saving._model_card",
    "load": "skmedimg.saving._save",
    "read_card": "skmedimg.saving._save",
    "save": "skmedimg.saving._save",
    "to_onnx": "skmedimg.saving._to_onnx",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.saving' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
