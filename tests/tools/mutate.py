"""Change one operator or number of a module at a time, and see whether its tests notice.

    python -m tests.tools.mutate [GROUP ...] [--sample 40] [--seed 0] [--seconds 60]

Tests are imported once; every mutant is a fork that swaps the code of the changed function and runs
them. What survives is printed as the line it became: an assertion is missing, or the change makes
no difference.
"""

import argparse
import ast
import contextlib
import copy
import io
import os
import random
import signal
import sys
from importlib import import_module

import pytest

_OF_METRICS = ("metrics", "surface_dice", "objects", "common_parameters")
GROUPS = {
    "metrics": (
        [
            f"skmedimg.metrics.{name}"
            for name in (
                *("_pairs", "_averages", "_overlap", "_volume", "_outlines", "_surface"),
                *("_cl_dice", "_objects", "_object_matching", "_decisions"),
            )
        ],
        [f"tests/metrics/test_{name}.py" for name in _OF_METRICS],
    ),
    "statistics": (
        [
            f"skmedimg.evaluation.statistics.{name}"
            for name in ("_difference_tests", "_pairwise_tests", "_intervals")
        ],
        ["tests/evaluation/test_statistics.py", "tests/evaluation/test_conclusions.py"],
    ),
    "thresholds": (
        [
            "skmedimg.evaluation.decisions._threshold_choice",
            "skmedimg.evaluation.decisions._threshold_at",
            "skmedimg.evaluation.scores._operating_points",
        ],
        ["tests/evaluation/test_thresholds.py"],
    ),
}  # fmt: skip
_OTHERS = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult},
}


def mutants(source):
    """Yield (line, tree) for every change of one operator, number or truth value of a function."""
    tree = ast.parse(source)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    within = {each for body in bodies for statement in body for each in ast.walk(statement)}
    for number, node in enumerate(ast.walk(tree)):
        if node not in within:  # defaults and tables are made when the module is imported
            continue
        for change in _changes(node):
            other = copy.deepcopy(tree)
            place = next(each for k, each in enumerate(ast.walk(other)) if k == number)
            change(place)
            yield place.lineno, ast.fix_missing_locations(other)


def _changes(node):
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OTHERS:
        yield lambda place: place.ops.__setitem__(0, _OTHERS[type(place.ops[0])]())
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _OTHERS:
        yield lambda place: setattr(place, "op", _OTHERS[type(place.op)]())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda place: setattr(place, "value", place.value + 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda place: setattr(place, "value", not place.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield lambda place: setattr(place, "op", ast.UAdd() if _negates(place) else ast.Not())
    if isinstance(node, ast.IfExp):
        yield lambda place: setattr(place, "test", ast.UnaryOp(ast.Not(), place.test))


def _negates(place):
    if isinstance(place.op, ast.USub):
        return True
    place.operand = ast.UnaryOp(ast.Not(), place.operand)  # not not x
    return False


def functions_of(code):
    """Yield (qualified name, code) of the functions within a code object."""
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield constant.co_qualname, constant
            yield from functions_of(constant)


def swap(module, tree):
    """Give the functions of a module the code that they have in a tree."""
    codes = dict(functions_of(compile(tree, module.__file__, "exec")))
    for holder in [vars(module), *(vars(each) for each in _classes(module))]:
        for function in list(holder.values()):
            function = getattr(function, "fget", None) or getattr(function, "__func__", function)
            function = getattr(function, "__wrapped__", function)
            code = getattr(function, "__code__", None)
            if code is not None and function.__module__ == module.__name__:
                function.__code__ = codes[code.co_qualname]


def _classes(module):
    return [
        each for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
    ]  # fmt: skip


def survives(module, tree, tests, seconds):
    """Run the tests on a mutant in a process of its own; an endless one counts as noticed."""
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        code = 1
        with contextlib.suppress(BaseException):
            swap(module, tree)
            code = _run(tests)
        os._exit(int(code != 0))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _run(tests):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))


def main(arguments=None):
    """Print the survivors and the score of each module."""
    options = _options(arguments)
    for group in options.groups or GROUPS:
        names, tests = GROUPS[group]
        if _run(tests):
            sys.exit(f"The tests of {group} fail without any change.")
        for name in names:
            module = import_module(name)
            with open(module.__file__, encoding="utf-8") as file:
                found = list(mutants(file.read()))
            random.Random(options.seed).shuffle(found)
            tried, alive = found[: options.sample], 0
            for line, tree in tried:
                if survives(module, tree, tests, options.seconds):
                    alive += 1
                    print(f"{name}:{line}: {_line(tree, line)}", flush=True)
            print(f"{name}: {len(tried) - alive} of {len(tried)} noticed", flush=True)


def _line(tree, line):
    """Return the smallest statement of the mutant at a line."""
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    there = [node for node in statements if node.lineno <= line <= node.end_lineno]
    return ast.unparse(min(there, key=lambda node: node.end_lineno - node.lineno)).split("\n")[0]


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mutate", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; default all")
    parser.add_argument("--sample", type=int, default=40, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--seconds", type=float, default=60.0, help="of processor per mutant")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
