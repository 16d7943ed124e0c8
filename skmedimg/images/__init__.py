"""Images in: reading, lazy stacks, the gate that checks them, cropping and augmentation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
