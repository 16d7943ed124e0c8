"""Methods that classes inherit from scikit-learn and imbalanced-learn, for their pages."""

import inspect
import re

import skmedimg

_LIBRARIES = ("sklearn", "imblearn")


def inherited_methods():
    """Return full name -> methods from elsewhere, each as (name, class it is from, summary).

    Returns
    -------
    methods : dict of str to list of (str, str, str)
    """
    exported = [getattr(skmedimg, name) for name in skmedimg.__all__]
    modules = [each for each in exported if inspect.ismodule(each)]
    things = {f"{m.__name__}.{name}": getattr(m, name) for m in modules for name in m.__all__}
    return {name: list(_methods(each)) for name, each in things.items() if inspect.isclass(each)}


def _methods(kind):
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        owner = next(base for base in kind.__mro__ if name in vars(base))
        if not name.startswith("_") and owner.__module__.startswith(_LIBRARIES):
            yield name, _public_path(owner), _summary(method)


def _public_path(owner):
    """Return a class as documentation names it: `sklearn.base.BaseEstimator`."""
    parts = [part for part in owner.__module__.split(".") if not part.startswith("_")]
    return ".".join([*parts, owner.__name__])


def _summary(method):
    first = (inspect.getdoc(method) or "").partition("\n\n")[0].replace("\n", " ").strip()
    return re.sub(r":\w+:`([^`<]*?)(?: <[^`]*>)?`", r"\1", first)  # the targets are not here
