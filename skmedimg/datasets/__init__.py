"""Labelled images to learn from: folders and tables of yours, and synthetic lesions."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "CHEST_XRAY_PATIENT": "skmedimg.datasets._image_folder",
    "load_image_folder": "skmedimg.datasets._image_folder",
    "load_image_table": "skmedimg.datasets._image_table",
    "make_lesions": "skmedimg.datasets._lesions",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.datasets' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
