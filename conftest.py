"""Settings of every test and doctest: one thread, no display, nothing left behind."""

import os
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import joblib
import numpy as np
import pytest
from hypothesis import settings

# Time limits would fail tests on a busy machine; a run in CI is the same run every time.
settings.register_profile("skmedimg", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("skmedimg")

# A script: it needs atheris, which is no dependency.
collect_ignore = ["tests/tools/fuzz_guided.py"]

# pytest's own, and what libraries set when they are first used.
_OF_OTHERS = {"PYTEST_CURRENT_TEST", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK"}
_KEPT_BY_LIBRARIES = (
    *("dask-", "joblib_", "loky-", "matplotlib-", "pymp-", "sklearn_testing_", "torchinductor_"),
)

NO_DATA = "set SKMEDIMG_DATA to a folder of real data to run this test"


@pytest.fixture
def medical_data():
    """Folder of real medical images; the test is skipped where there is none."""
    folder = os.environ.get("SKMEDIMG_DATA")
    if not folder:
        pytest.skip(NO_DATA)
    return Path(folder)


@pytest.fixture
def processor(monkeypatch):
    """Let "auto" be the CPU where a GPU is: what is compared rounds by the rules of one of them."""
    import torch

    monkeypatch.setattr("skmedimg._device._best_device", lambda: torch.device("cpu"))


@pytest.fixture(autouse=True, scope="session")
def patient_workers():
    """Keep worker processes that wait: on a busy machine one leaving as work comes may block it."""
    with joblib.parallel_config(backend="loky", idle_worker_timeout=24 * 3600):
        yield


@pytest.fixture
def filters_put_back():
    """scikit-learn's workers swap the warning filters, and in threads restore them out of order."""
    with warnings.catch_warnings():
        yield


@pytest.fixture(autouse=True, scope="session")
def own_temporary_folder(tmp_path_factory):
    """Give the run folders of its own for temporary files and features; others share the rest."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKMEDIMG_CACHE", str(tmp_path_factory.mktemp("features")))
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(autouse=True)
def one_torch_thread():
    """Contended cores make several torch threads many times slower than one."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request, own_temporary_folder, one_torch_thread):
    """Fail a test that changes something global or leaves a temporary file."""
    torch_was_there, modules_before = "torch" in sys.modules, len(sys.modules)
    before = _global_state(torch_was_there)
    yield
    after = _global_state(torch_was_there)
    if len(sys.modules) > modules_before:
        del before["warning filters"], before["environment"]  # libraries set theirs when imported
    if isinstance(request.node, pytest.DoctestItem):
        del before["temporary files"]  # an example is short; the folder of the run goes anyway
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"the test left these global settings changed: {', '.join(changed)}"


@pytest.fixture
def torch_generator_put_back(leaves_nothing_behind):
    """Seed torch's global generator, from which new layers draw their weights, and put it back."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(autouse=True)
def examples_of_networks_draw_weights(request, leaves_nothing_behind):
    """Architectures draw weights from torch's global generator, as all of torch does."""
    if isinstance(request.node, pytest.DoctestItem):
        if request.node.name.startswith("skmedimg.networks."):
            request.getfixturevalue("torch_generator_put_back")


@pytest.fixture
def numpy_generator_put_back(leaves_nothing_behind):
    """scikit-learn's own checks shuffle with numpy's global generator."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


@pytest.fixture
def closed_figures():
    """Close the figures of pyplot that a test opens."""
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def _global_state(with_torch):
    state = {
        "numpy generator": _numpy_generator(),
        "warning filters": list(warnings.filters),
        "working directory": os.getcwd(),
        "environment": {name: os.environ[name] for name in os.environ if name not in _OF_OTHERS},
        "temporary files": _temporary_files(),
    }
    if with_torch:
        state.update(_torch_state(sys.modules["torch"]))
    return state


def _temporary_files():
    """Name what lies there but for what libraries keep until the process ends."""
    names = os.listdir(tempfile.gettempdir())
    return {name for name in names if not name.startswith(_KEPT_BY_LIBRARIES)}


def _numpy_generator():
    _, keys, position, has_gauss, gauss = np.random.get_state()
    return keys.tobytes(), position, has_gauss, gauss


def _torch_state(torch):
    return {
        "torch generator": torch.get_rng_state().numpy().tobytes(),
        "torch threads": torch.get_num_threads(),
        "torch default dtype": torch.get_default_dtype(),
        "torch determinism": torch.are_deterministic_algorithms_enabled(),
        "torch gradients": torch.is_grad_enabled(),
        "cudnn benchmark": torch.backends.cudnn.benchmark,
        "cudnn determinism": torch.backends.cudnn.deterministic,
    }
