"""Images in: reading, lazy stacks, the gate that checks them, cropping and augmentation."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
