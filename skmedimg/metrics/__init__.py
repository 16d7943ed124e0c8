"""Figures of merit of masks and of decisions, per image and per class, and scorers made of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
