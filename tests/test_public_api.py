"""The public interface: each object has one module, and stubs, modules and editors agree on it."""

import ast
import inspect
import pkgutil
from collections import Counter
from importlib import import_module
from pathlib import Path

import jedi
import pytest

import skmedimg

PACKAGE = Path(skmedimg.__file__).parent
STUBS = sorted(PACKAGE.rglob("__init__.pyi"))
# Neither a public module nor named with an underscore: the command line, `python -m skmedimg`.
INTERNAL = {"cli", "serving"}


def module_of(stub):
    return import_module(".".join(stub.parent.relative_to(PACKAGE.parent).parts))


def names_in(stub):
    """Names that a stub imports, as type checkers read it."""
    imports = [n for n in ast.parse(stub.read_text("utf-8")).body if isinstance(n, ast.ImportFrom)]
    aliases = [alias for node in imports for alias in node.names]
    assert all(alias.asname == alias.name for alias in aliases)  # else it is private to checkers
    return [alias.name for alias in aliases]


def public_modules():
    exported = [getattr(skmedimg, name) for name in skmedimg.__all__]
    return [each for each in exported if inspect.ismodule(each)]


def objects():
    """Every public object under its full name."""
    return {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in public_modules()
        for name in module.__all__
    }


def test_every_public_package_has_a_stub():
    modules = {module_of(stub) for stub in STUBS}
    packages = {module for module in public_modules() if hasattr(module, "__path__")}
    assert modules == {skmedimg, *packages}
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.parent.name)
def test_a_stub_names_what_its_module_has_and_nothing_twice(stub):
    module = module_of(stub)
    assert sorted(names_in(stub)) == sorted(module.__all__) == sorted(dir(module))
    assert all(getattr(module, name) is not None for name in module.__all__)


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.parent.name)
def test_a_public_package_holds_no_other_public_names(stub):
    module = module_of(stub)
    below = {each.name for each in pkgutil.iter_modules(module.__path__)}
    assert not [name for name in module.__all__ if name.startswith("_")]
    assert {name for name in vars(module) if name[0] != "_"} <= {*module.__all__, *below}


def test_every_package_at_the_root_is_public_or_listed_as_internal():
    below = {each.name for each in pkgutil.iter_modules(skmedimg.__path__)}
    modules = {module.__name__.removeprefix("skmedimg.") for module in public_modules()}
    assert {name for name in below if not name.startswith("_")} == modules | INTERNAL


def test_every_object_has_one_public_module():
    callables = {name: thing for name, thing in objects().items() if callable(thing)}
    times = Counter(map(id, callables.values()))
    assert {name for name, thing in callables.items() if times[id(thing)] > 1} == set()


def test_root_names_are_objects_of_the_public_modules():
    homes = {id(thing) for thing in objects().values()}
    root = {name: getattr(skmedimg, name) for name in skmedimg.__all__}
    things = {name: thing for name, thing in root.items() if not inspect.ismodule(thing)}
    assert {name for name, thing in things.items() if id(thing) not in homes} == set()


def test_a_name_stays_what_it_is_whatever_is_imported_before():
    for found in pkgutil.walk_packages(skmedimg.__path__, "skmedimg."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
    assert [name for name, thing in objects().items() if inspect.ismodule(thing)] == []
    assert callable(skmedimg.evaluation.audit)


def test_an_editor_completes_the_parameters_of_an_estimator():
    script = jedi.Script("from skmedimg import ShallowMLP\nShallowMLP(")
    [shown] = script.get_signatures(2, len("ShallowMLP("))
    expected = list(inspect.signature(skmedimg.ShallowMLP).parameters)
    assert [parameter.name for parameter in shown.params] == expected
