"""Keeping fitted models: files that hold no code, cards that describe them, and ONNX."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
