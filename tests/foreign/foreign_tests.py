"""Imports the test modules of other libraries with our classes instead of theirs."""

import sys
from importlib import import_module
from unittest.mock import patch


def foreign_tests(module, replaced, without=None):
    """Return the tests and fixtures of an installed test module, by name.

    `replaced` maps what the module imports ("sklearn.pipeline.Pipeline") to what it shall get. The
    names are replaced before the module is imported, because parametrized tests build estimators
    then; the tests stay where they are installed, and nothing of them is copied. Tests with
    `without` in their name are left out.
    """
    import_module(module)  # what it imports itself is imported with the real names
    del sys.modules[module]
    patches = [patch(name, ours) for name, ours in replaced.items()]
    for each in patches:
        each.start()
    try:
        ours = import_module(module)
    finally:
        for each in patches:
            each.stop()
    return {
        name: value
        for name, value in vars(ours).items()
        if (name.startswith("test_") and not (without and without in name))
        or type(value).__name__ == "FixtureFunctionDefinition"
    }
