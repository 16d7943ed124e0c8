"""Looking into fitted models: their layers, and where in an image they look."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "ExplanationDisplay": "skmedimg.inspection._explanation_display",
    "ParameterTable": "skmedimg.inspection._parameter_table",
    "grad_cam": "skmedimg.inspection._grad_cam",
    "hog_map": "skmedimg.inspection._hog_map",
    "occlusion": "skmedimg.inspection._occlusion",
    "parameter_table": "skmedimg.inspection._parameter_table",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.inspection' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
