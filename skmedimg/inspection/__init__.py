"""Inspect fitted models: tables of layers, and maps that explain the prediction of an image."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
