"""Scikit-learn compatible classification and segmentation of medical images."""

import lazy_loader as _lazy

__version__ = "0.2.0.dev0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
