"""The Python code that gives a comparison again."""

import inspect
import sys
from numbers import Integral

import numpy as np

from skmedimg._provenance import describe


def call_text(estimators, data, options):
    """Return imports and the call of `compare`; what has no short repr stands there by its name.

    Parameters
    ----------
    estimators : dict of str to BaseEstimator
    data : tuple of str
        Names of what is compared on, such as ("X", "y").
    options : dict of str to object
        Parameters of `compare` by name, after these; those that are None are left out.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skmedimg.evaluation._call_text import call_text
    >>> print(call_text({"svm": SVC(C=2)}, ("X", "y"), {"cv": 5, "random_state": 0}))
    from sklearn.svm import SVC
    from skmedimg import compare
    <BLANKLINE>
    models = {
        'svm': SVC(C=2),
    }
    result = compare(models, X, y, cv=5, random_state=0)
    """
    models = [f"    {name!r}: {_one_line(model)},\n" for name, model in estimators.items()]
    given = [f"{key}={_value(key, value)}" for key, value in options.items() if value is not None]
    names = {("skmedimg", "compare")}.union(*map(_imports, estimators.values()))
    imports = [
        f"from {module} import {', '.join(sorted(name for of, name in names if of == module))}"
        for module in sorted({module for module, _ in names})
    ]
    call = f"result = compare({', '.join(['models', *data, *given])})"
    return "\n".join([*imports, "", f"models = {{\n{''.join(models)}}}", call])


def _one_line(model):
    return " ".join(describe(model).split())


def _value(name, value):
    """Return a value as Python writes it, or the name of the parameter for what has no short repr.

    Patients, splits of a list, functions and arrays cannot be written: the caller has them.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, Integral, float, str)):
        return repr(value)
    if name == "scoring" and isinstance(value, (list, tuple)):
        return repr(value) if all(isinstance(each, str) for each in value) else name
    return name


def _imports(estimator):
    """Return (module, name) of the classes of an estimator and of its parameters."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    # the steps of a pipeline that stands inside another estimator are lists of (name, step)
    steps = [step for each in parts if isinstance(each, (list, tuple)) for step in each]
    parts += [part for step in steps if isinstance(step, tuple) for part in step]
    classes = {type(each) for each in parts}
    text = describe(estimator)
    return {
        (_public_module(each), each.__name__)
        for each in classes
        if each.__module__ != "builtins" and f"{each.__name__}(" in text
    }


def _public_module(cls):
    """Return the shortest module that has a class: skmedimg.ScratchCNN, sklearn.svm.SVC."""
    parts = cls.__module__.split(".")
    for length in range(1, len(parts) + 1):
        module = sys.modules.get(".".join(parts[:length]))
        if inspect.getattr_static(module, cls.__name__, None) is cls:
            return ".".join(parts[:length])
        # lazily loaded packages have the names that they list
        if cls.__name__ in getattr(module, "__all__", ()):
            return ".".join(parts[:length])
    return cls.__module__
