"""Looking into fitted models: their layers, and where in an image they look."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
