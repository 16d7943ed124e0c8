"""Images to rows of numbers: classical descriptors and frozen backbones."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "HOG": "skmedimg.features._hog",
    "Haralick": "skmedimg.features._haralick",
    "IntensityHistogram": "skmedimg.features._intensity",
    "LBP": "skmedimg.features._lbp",
    "haralick": "skmedimg.features._haralick",
    "hog": "skmedimg.features._hog",
    "intensity_histogram": "skmedimg.features._intensity",
    "lbp": "skmedimg.features._lbp",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.features' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
