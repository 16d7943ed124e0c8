"""Images in: reading, lazy stacks, the gate that checks them, cropping and augmentation."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "CropForeground": "skmedimg.images._crop_foreground",
    "ImageLoader": "skmedimg.images._image_loader",
    "ImageReadError": "skmedimg.images._limits",
    "LazyImages": "skmedimg.images._lazy_images",
    "crop_foreground": "skmedimg.images._foreground",
    "read_image": "skmedimg.images._read_image",
    "resize_image": "skmedimg.images._resize",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.images' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
