"""Test modules that other libraries ship, run against classes of ours."""

import inspect
from functools import partial

import numpy as np
import pytest


def pytest_configure(config):
    """Name the marks that their tests carry."""
    config.addinivalue_line("markers", "thread_unsafe: not for threads (scikit-learn)")


@pytest.fixture
def global_random_seed():
    """scikit-learn's conftest draws it; its tests hold for every seed."""
    return 42


@pytest.fixture(autouse=True)
def seeded(numpy_generator_put_back):
    """Their tests that draw from numpy's global generator are run with one seed."""
    np.random.seed(0)


@pytest.fixture(autouse=True)
def stack_without_source(monkeypatch):
    """Give the call stack, of which their tests record names of functions, without its source."""
    # Looking up a line of each of 50 frames took nine tenths of the tests of metadata routing.
    monkeypatch.setattr(inspect, "stack", partial(inspect.stack, 0))


def pytest_collection_modifyitems(items):
    """Mark what a module lists in EXPECTED (name of a test: reason) as failing, strictly."""
    for item in items:
        expected = getattr(item.module, "EXPECTED", {}) if hasattr(item, "module") else {}
        if item.name in expected:
            item.add_marker(pytest.mark.xfail(reason=expected[item.name], strict=True))
