"""Habits of the source as a whole: sizes, cycles, and what an import costs."""

import ast
import json
import statistics
import subprocess
import sys
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import skmedimg

PACKAGE = Path(skmedimg.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"torch", "torchvision", "sklearn", "matplotlib", "pandas", "scipy", "skimage", "skorch"}


def function_lengths(tree):
    """Lines of every function body, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield body[-1].end_lineno - body[0].lineno + 1 if body else 0


def import_graph(files):
    """File -> files it imports when it is imported (imports inside functions come later)."""
    names = {module_name(path): path for path in files}
    return {path: set(imported_files(path, names)) - {path} for path in files}


def module_name(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def imported_files(path, names):
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from (names[name] for name in found if name in names)


def repeated_names(sources):
    """Names that more than one module or more than one class has, of {path: text}."""
    files = [path.name for path in sources if path.name not in ("__init__.py", "__main__.py")]
    nodes = (node for text in sources.values() for node in ast.walk(ast.parse(text)))
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    times = Counter(files) + Counter(classes)
    return sorted(name for name, number in times.items() if number > 1)


def modules_after(statement):
    """Names of the modules that a fresh interpreter holds after a statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_no_file_is_longer_than_500_lines():
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 500} == {}


def test_nine_functions_in_ten_are_shorter_than_25_lines():
    lengths = [n for path in FILES for n in function_lengths(ast.parse(path.read_text("utf-8")))]
    assert statistics.quantiles(lengths, n=10)[-1] < 25


def test_function_lengths_leave_the_docstring_out():
    tree = ast.parse('def f():\n    """Say.\n\n    More."""\n    a = 1\n    return a\n')
    assert list(function_lengths(tree)) == [2]


def test_modules_do_not_import_in_circles():
    try:
        TopologicalSorter(import_graph(FILES)).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(path.name for path in circle.args[1]))


def test_names_of_modules_and_classes_are_unique():
    assert repeated_names({path: path.read_text("utf-8") for path in FILES}) == []


def test_a_name_that_two_modules_or_two_classes_have_is_found():
    sources = {
        Path("a/_save.py"): "class Patches:\n    pass",
        Path("b/_save.py"): "def f():\n    class Patches: pass",
        Path("b/__init__.py"): "class Other: pass",
        Path("a/__init__.py"): "",
    }
    assert repeated_names(sources) == ["Patches", "_save.py"]


def test_importing_skmedimg_loads_nothing_heavy():
    assert modules_after("import skmedimg; dir(skmedimg)") & HEAVY == set()


@pytest.mark.slow
@pytest.mark.parametrize("names", ["HOG", "ShallowMLP, ScratchCNN"])
def test_the_small_estimators_load_neither_torchvision_nor_plotting(names):
    loaded = modules_after(f"from skmedimg import {names}")
    assert loaded & {"torchvision", "matplotlib", "optuna", "timm"} == set()


@pytest.mark.parametrize("name", skmedimg.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(skmedimg, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Frobnicator"):
        _ = skmedimg.Frobnicator
