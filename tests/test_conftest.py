"""The fixture that looks for what a test left behind finds it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFTOVERS = {
    "numpy generator": "numpy.random.rand()",
    "warning filters": "warnings.simplefilter('ignore', FutureWarning)",
    "working directory": "os.chdir('/')",
    "environment": "os.environ['LEFT'] = 'behind'",
    "temporary files": "tempfile.mkdtemp()",
    "torch generator": "torch.rand(1)",
    "torch threads": "torch.set_num_threads(3)",
    "torch default dtype": "torch.set_default_dtype(torch.float64)",
    "torch determinism": "torch.use_deterministic_algorithms(True)",
    "torch gradients": "torch.set_grad_enabled(False)",
    "cudnn benchmark": "torch.backends.cudnn.benchmark = True",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What pytest says about one leaving test per kind of leftover, and a tidy one."""
    folder = tmp_path_factory.mktemp("leftovers")
    tests = [f"def test_{i}(): {line}" for i, line in enumerate(LEFTOVERS.values())]
    source = "\n".join(
        [
            "import os, tempfile, warnings, numpy, torch",
            *tests,
            "def test_tidy(): numpy.ones(1)",
        ]
    )
    (folder / "test_leftovers.py").write_text(source)
    (folder / "conftest.py").write_text((ROOT / "conftest.py").read_text("utf-8"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("what", LEFTOVERS)
def test_a_leftover_is_an_error_that_names_it(report, what):
    assert f"these global settings changed: {what}" in report


def test_only_the_leavers_are_blamed(report):
    assert f"{len(LEFTOVERS) + 1} passed, {len(LEFTOVERS)} errors" in report
