"""Keeping fitted models: files that hold no code, cards that describe them, and ONNX."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
