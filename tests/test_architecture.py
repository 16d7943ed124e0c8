"""The house stands: its floors and walls, read from the source."""

import ast
from pathlib import Path

import pytest

import skmedimg

PACKAGE = Path(skmedimg.__file__).parent

# Room -> floor. A room is a module or a package; a module belongs to the longest match.
FLOORS = {
    "skmedimg._sklearn": 0,
    "skmedimg._runtime": 0,
    "skmedimg._kernels": 0,
    "skmedimg._style": 0,
    "skmedimg._allocator": 0,
    "skmedimg._files": 0,
    "skmedimg.metrics": 0,
    "skmedimg.networks": 0,
    "skmedimg.images": 1,
    "skmedimg._batches": 1,
    "skmedimg._inference": 1,
    "skmedimg._pieces": 1,
    "skmedimg._replay": 1,
    "skmedimg.datasets": 1,
    "skmedimg._plan": 2,
    "skmedimg._training": 2,
    "skmedimg._fitting": 2,
    "skmedimg._stacked": 2,
    "skmedimg._together": 2,
    "skmedimg._checkpoint": 2,
    "skmedimg._onnx": 2,
    "skmedimg._packing": 2,
    "skmedimg.features": 2,
    "skmedimg.neural": 3,
    "skmedimg.pipeline": 3,
    "skmedimg.evaluation": 4,
    "skmedimg.search": 4,
    "skmedimg.inspection": 4,
    "skmedimg.saving": 4,
    "skmedimg.__main__": 5,
    "skmedimg._cli": 5,
    "skmedimg.recipes": 5,
}
# Beside each other on one floor: which room or module may look into which room.
BESIDE = {
    "skmedimg.images._copies": {"skmedimg._batches"},
    "skmedimg._packing": {"skmedimg._training", "skmedimg._plan"},
    "skmedimg._fitting": {"skmedimg._plan", "skmedimg._together"},
    "skmedimg._together": {"skmedimg._stacked"},
    "skmedimg._checkpoint": {"skmedimg._packing", "skmedimg.features"},
    "skmedimg._training": {"skmedimg._plan"},
    "skmedimg._batches": {"skmedimg.images"},
    "skmedimg._inference": {"skmedimg._batches"},
    "skmedimg.datasets": {"skmedimg.images"},
    "skmedimg.features": {"skmedimg._training"},
    "skmedimg.search": {"skmedimg.evaluation"},
    "skmedimg.evaluation": {"skmedimg.inspection"},
    "skmedimg.saving": {"skmedimg.evaluation"},
    "skmedimg.__main__": {"skmedimg._cli"},
}
# Walls inside the floors: whatever the floor, these never import those.
WALLS = {
    "skmedimg.networks": {
        "skmedimg._sklearn",
        "skmedimg._runtime",
        "skmedimg._allocator",
        "skmedimg.metrics",
    },
    "skmedimg.evaluation": {"skmedimg.neural", "skmedimg.networks", "skmedimg._training"},
}
GLOBAL_STATE = (
    "numpy.random.seed",
    "numpy.random.set_state",
    "random.seed",
    "torch.backends",
    "torch.cuda",
    "torch.manual_seed",
    "torch.random",
    "torch.seed",
    "torch.set_default_device",
    "torch.set_default_dtype",
    "torch.set_num_threads",
    "torch.set_rng_state",
    "torch.use_deterministic_algorithms",
)
LOADED_WHEN_USED = {
    *("pydicom", "nibabel", "timm", "skops", "safetensors", "onnx", "onnxruntime"),
    *("dask", "distributed", "matplotlib", "pandas", "rich"),
}
ROUTED = {"params", "fit_params"}
NOTHING_NAMES = {"utils", "helpers", "common", "manager"}


def floors(module, tree):
    """A module imports only lower floors, its own room, or a room named beside its own."""
    room = room_of(module)
    if room is None:
        return [] if module == "skmedimg" else [f"{module} has no floor: give it one in FLOORS"]
    allowed = allowed_rooms(room) | BESIDE.get(module, set())
    return [
        f"{module} imports {name}" for name in own_imports(tree) if room_of(name) not in allowed
    ]


def allowed_rooms(room):
    below = {other for other, floor in FLOORS.items() if floor < FLOORS[room]}
    return ({room} | below | BESIDE.get(room, set())) - WALLS.get(room, set())


def room_of(module):
    rooms = [room for room in FLOORS if module == room or module.startswith(f"{room}.")]
    return max(rooms, key=len, default=None)


def own_imports(tree):
    """Modules of skmedimg that a file imports, anywhere in it; exports count as their module."""
    names = {name for name in imported_names(tree) if name.split(".")[0] == "skmedimg"}
    names = {skmedimg._EXPORTS.get(name.removeprefix("skmedimg."), name) for name in names}
    return sorted(names - {"skmedimg.__version__"})


def imported_names(tree):
    """Dotted names brought in by imports; what `from a import b` brings in is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def absolute_imports(module, tree):
    return [f"{module} imports {name}" for name in imported_names(tree) if name.startswith(".")]


def skorch_behind_training(module, tree):
    names = [name for name in imported_names(tree) if name.split(".")[0] == "skorch"]
    return [] if module == "skmedimg._training" else [f"{module} imports {name}" for name in names]


def sklearn_privates_behind_the_door(module, tree):
    if module == "skmedimg._sklearn":
        return []
    return [f"{module} uses {name}" for name in used_names(tree) if is_sklearn_private(name)]


def is_sklearn_private(name):
    root, *parts = name.split(".")
    return root == "sklearn" and any(p.startswith("_") and not p.startswith("__") for p in parts)


def global_state_behind_runtime(module, tree):
    if module in ("skmedimg._runtime", "skmedimg._kernels", "skmedimg._replay"):
        return []
    used = [name for name in used_names(tree) if f"{name}.".startswith(GLOBAL_STATE_PREFIXES)]
    return [f"{module} uses {name}" for name in used]


GLOBAL_STATE_PREFIXES = tuple(f"{name}." for name in GLOBAL_STATE)


def used_names(tree):
    """Full dotted names a file imports or reaches through what it imported."""
    local = local_names(tree)
    chains = {dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    reached = {resolve(chain, local) for chain in chains if chain}
    return sorted(reached | set(imported_names(tree)))


def local_names(tree):
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                names[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def dotted(node):
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return owner and f"{owner}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def resolve(chain, local):
    root, _, rest = chain.partition(".")
    return f"{local.get(root, '<local>.' + root)}.{rest}"


def extras_load_when_used(module, tree):
    names = {name for node in statements_run_on_import(tree) for name in imported_names(node)}
    return [f"{module} imports {n} on top" for n in names if n.split(".")[0] in LOADED_WHEN_USED]


def statements_run_on_import(node):
    """Import statements outside every function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from statements_run_on_import(child)


def signatures_are_explicit(module, tree):
    """No `**kwargs` in public; `**params` and `**fit_params` are how libraries route metadata."""
    found = [f for f in functions(tree) if f.args.kwarg and f.args.kwarg.arg not in ROUTED]
    return [f"{module}.{f.name}(**{f.args.kwarg.arg})" for f in found if is_public(f.name)]


def is_public(name):
    return name == "__init__" or not name.startswith("_")


def no_type_hints(module, tree):
    found = [f.name for f in functions(tree) if f.returns or any(a.annotation for a in all_args(f))]
    return [f"{module}.{name}" for name in found]


def functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def all_args(function):
    args = function.args
    return [*args.posonlyargs, *args.args, *args.kwonlyargs]


def opens_with_a_sentence(module, tree):
    text = ast.get_docstring(tree) or ""
    return [] if text.split("\n\n")[0].rstrip().endswith(".") else [f"{module} says {text!r}"]


def names_say_something(module, tree):
    names = {part.strip("_") for part in module.split(".")}
    return [f"{module}" for _ in names & NOTHING_NAMES]


RULES = [
    floors,
    absolute_imports,
    skorch_behind_training,
    sklearn_privates_behind_the_door,
    global_state_behind_runtime,
    extras_load_when_used,
    signatures_are_explicit,
    no_type_hints,
    opens_with_a_sentence,
    names_say_something,
]


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


def trees():
    return {module: ast.parse(path.read_text("utf-8")) for module, path in modules()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(rule):
    broken = [fault for module, tree in trees().items() for fault in rule(module, tree)]
    assert not broken, "\n".join(broken)


PLANTED = {
    floors: [
        ("networks._mlp", "from skmedimg.neural import _base"),
        ("networks._mlp", "from skmedimg._runtime import resolve_device"),
        ("neural._shallow", "def f():\n    import skmedimg.evaluation._compare"),
        ("neural._shallow", "from skmedimg.pipeline import Pipeline"),
        ("images._lazy", "from skmedimg import _batches"),
        ("evaluation._compare", "from skmedimg.neural._base import NeuralEstimator"),
        ("attic", ""),
    ],
    absolute_imports: [
        ("images._read", "from ._lazy import LazyImages"),
        ("images._read", "from . import _lazy"),
    ],
    skorch_behind_training: [("neural._base", "from skorch.callbacks import Callback")],
    sklearn_privates_behind_the_door: [
        ("pipeline", "from sklearn.base import _fit_context"),
        ("pipeline", "from sklearn.utils._param_validation import Interval"),
        ("pipeline", "import sklearn.base\nsklearn.base._fit_context"),
    ],
    global_state_behind_runtime: [
        ("_training", "import torch\ntorch.manual_seed(0)"),
        ("_training", "from torch import cuda"),
        ("_training", "import torch as t\nt.cuda.synchronize()"),
        ("metrics", "import numpy as np\nnp.random.seed(1)"),
    ],
    extras_load_when_used: [
        ("images._read", "import pydicom"),
        ("images._read", "try:\n    import nibabel\nfinally:\n    pass"),
        ("inspection", "import matplotlib.pyplot as plt"),
    ],
    signatures_are_explicit: [
        ("metrics", "def dice(a, **kwargs): pass"),
        ("metrics", "class A:\n    def __init__(self, **options): pass"),
    ],
    no_type_hints: [("metrics", "def dice(a: int): pass"), ("metrics", "def f(a) -> float: pass")],
    opens_with_a_sentence: [("metrics", '"""Metrics"""'), ("metrics", "")],
    names_say_something: [("images._utils", "")],
}
KEPT = {
    floors: [
        ("_training", "from skmedimg._batches import Batches"),
        ("neural._shallow", "from skmedimg.neural._base import NeuralClassifier"),
        ("_batches", "from skmedimg.images._lazy import LazyImages"),
        ("saving", "from skmedimg import __version__"),
    ],
    skorch_behind_training: [("_training", "import skorch")],
    sklearn_privates_behind_the_door: [
        ("_sklearn", "from sklearn.base import _fit_context"),
        ("pipeline", "from sklearn import __version__"),
    ],
    global_state_behind_runtime: [
        ("_training", "import torch\ntorch.randn(3)"),
        ("_runtime", "import torch\ntorch.manual_seed(0)"),
    ],
    extras_load_when_used: [("images._read", "def read():\n    import pydicom")],
    signatures_are_explicit: [("pipeline", "def fit(self, X, y, **params): pass")],
    opens_with_a_sentence: [("metrics", '"""Metrics of a test set."""')],
}


def cases(table):
    return [(rule, f"skmedimg.{name}", text) for rule, rows in table.items() for name, text in rows]


@pytest.mark.parametrize(("rule", "module", "source"), cases(PLANTED))
def test_a_planted_fault_is_found(rule, module, source):
    assert rule(module, ast.parse(source))


@pytest.mark.parametrize(("rule", "module", "source"), cases(KEPT))
def test_honest_code_is_left_alone(rule, module, source):
    assert not rule(module, ast.parse(source))
