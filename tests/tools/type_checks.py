"""What pyright and mypy say of the README's Python code, and of a misspelt parameter.

Run by `python -m pytest tests/tools/type_checks.py`: a minute of work, so not part of `make test`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSPELT = "from skmedimg import ScratchCNN\n\nScratchCNN(max_epoch=3)\n"
# mypy needs what skmedimg says of itself; the insides of these take it most of its time. Some of
# them have no types.
MYPY = """
[mypy]
[mypy-torch.*,torchvision.*,sklearn.*,skorch.*,scipy.*,skimage.*,imblearn.*,optuna.*,matplotlib.*]
follow_imports = skip
ignore_missing_imports = True
"""


def readme():
    """The README's Python code: its example, and the indented lines that load a folder."""
    text = (ROOT / "README.md").read_text("utf-8")
    example = "\n".join(re.findall(r"^(?:>>>|\.\.\.) ?(.*)$", text, re.MULTILINE))
    own_folder = re.search(r"^    from skmedimg import (?:.*\n(?:    .*\n)*)", text, re.MULTILINE)
    return f"{example}\n{re.sub('^    ', '', own_folder[0], flags=re.MULTILINE)}"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("types")
    (folder / "readme.py").write_text(readme(), "utf-8")
    (folder / "misspelt.py").write_text(MISSPELT, "utf-8")
    (folder / "mypy.ini").write_text(MYPY, "utf-8")
    return folder


def errors(folder, *command):
    """Lines of a checker's output that are errors, for both scripts in one run."""
    # A newer pyright is not looked for, so that nothing asks the network.
    quiet = {"PYTHONPATH": str(ROOT), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    command = [sys.executable, "-m", *command, "readme.py", "misspelt.py"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=os.environ | quiet, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if re.search(r":\d+.* error: ", line)]


def assert_only_the_misspelt_parameter(found):
    assert len(found) == 1, "\n".join(found)
    assert "misspelt.py:3" in found[0]
    assert '"max_epoch"' in found[0]


def test_the_readme_is_read_whole():
    assert "compare(" in readme()
    assert "to_html" in readme()
    compile(readme(), "README.md", "exec")


@pytest.mark.timeout(900)
def test_mypy_accepts_the_readme_and_finds_a_misspelt_parameter(scripts):
    found = errors(scripts, "mypy", "--config-file=mypy.ini", "--cache-dir=cache")
    assert_only_the_misspelt_parameter(found)


@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("node") is None, reason="pyright would download node")
def test_pyright_accepts_the_readme_and_finds_a_misspelt_parameter(scripts):
    found = errors(scripts, "pyright", "--pythonpath", sys.executable)
    assert_only_the_misspelt_parameter(found)
