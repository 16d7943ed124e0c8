"""Labelled images to learn from: folders and tables of yours, and synthetic lesions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
