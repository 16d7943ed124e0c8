"""Searching over whole pipelines: which approach, and with which parameters."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "OptunaSearch": "skmedimg.search._optuna_search",
    "default_space": "skmedimg.search._spaces",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.search' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
