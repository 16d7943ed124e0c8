"""Systems of five student reports as unfitted pipelines, with what the reports say about them."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
