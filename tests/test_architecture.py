"""The package's layout: which package may import which, and other rules read from the source."""

import ast
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest

import skmedimg

PACKAGE = Path(skmedimg.__file__).parent

# A module imports from packages above its own in its wing, and from the shared ones. Within SHARED
# too, only from those above. The two wings know each other through scikit-learn's interface alone.
# The picture in docs/design.md is drawn from these tables.
SHARED = [
    *("_warnings", "_progress", "_sklearn", "_files", "_plotting", "_device"),
    *("metrics", "networks", "images", "_provenance", "datasets"),
]
ESTIMATORS = ["features", "_training", "transfer", "neural", "pipeline"]
JUDGING = [
    *("evaluation._records", "evaluation._text", "evaluation._render"),
    "evaluation._html_tables",
    *("evaluation.scores", "evaluation.statistics", "evaluation.subgroups"),
    *("evaluation.splitting", "evaluation.running", "evaluation.decisions", "evaluation.auditing"),
    "evaluation.clinical",
    *("evaluation.external", "evaluation.robustness", "evaluation.paper", "evaluation.checklists"),
    *("inspection", "evaluation.displays", "evaluation.report", "evaluation", "search", "saving"),
]
TOP = ["recipes", "testing", "serving", "cli", "__main__"]
# Exceptions, each with its reason.
ALSO = {
    "evaluation": {"saving"},  # evaluate takes the file of a saved model
    "inspection": {"_training"},  # explanations look inside a fitted network
    "saving": {"_training", "transfer"},  # a network leaves as ONNX; a model may hold a store
}
# Never imported, whatever the order says: networks are torch and nothing else.
NEVER = {"networks": {"_sklearn", "_device", "_files", "metrics"}}
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
    *("pydicom", "nibabel", "timm", "onnx", "onnxruntime"),
    *("dask", "distributed", "matplotlib", "pandas", "rich"),
}
ROUTED = {"params", "fit_params"}
NOTHING_NAMES = {"utils", "helpers", "common", "manager"}


def layers(module, tree):
    """A module imports only from its own package and from those that the tables allow."""
    package = package_of(module)
    if package is None:
        return [] if module == "skmedimg" else [f"{module} stands in no table of packages"]
    allowed = allowed_packages(package)
    others = {name: package_of(name) for name in own_imports(tree)}
    return [
        f"{module} imports {name}"
        for name, other in others.items()
        if other not in allowed and not is_exception(package, name)
    ]


def allowed_packages(package):
    """Return a package and all that it may import."""
    if package in TOP:
        return {*SHARED, *ESTIMATORS, *JUDGING, *TOP[: TOP.index(package) + 1]}
    wing = next(wing for wing in (SHARED, ESTIMATORS, JUDGING) if package in wing)
    above = {*wing[: wing.index(package) + 1], *(SHARED if wing is not SHARED else ())}
    return above - NEVER.get(package, set())


def is_exception(package, name):
    also = ALSO.get(package, set())
    return any(f"{name}.".startswith(f"skmedimg.{other}.") for other in also)


@cache
def package_of(module):
    """Return the longest entry of the tables that a module belongs to, or None."""
    names = [*SHARED, *ESTIMATORS, *JUDGING, *TOP]
    holding = [name for name in names if f"{module}.".startswith(f"skmedimg.{name}.")]
    return max(holding, key=len, default=None)


def own_imports(tree):
    """Modules of skmedimg that a file imports, anywhere in it; root names count as their module."""
    names = {name for name in imported_names(tree) if name.split(".")[0] == "skmedimg"}
    return sorted({home(name) for name in names} - {"skmedimg.__version__"})


def home(name):
    """Module of what `from skmedimg import HOG` brings in; other names stay as they are."""
    brought = name.removeprefix("skmedimg.")
    thing = getattr(skmedimg, brought) if brought in skmedimg.__all__ else None
    return getattr(thing, "__module__", name)


@cache
def nodes(tree):
    return list(ast.walk(tree))


def imported_names(tree):
    """Dotted names brought in by imports; what `from a import b` brings in is `a.b`."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def absolute_imports(module, tree):
    return [f"{module} imports {name}" for name in imported_names(tree) if name.startswith(".")]


def skorch_behind_training(module, tree):
    names = [name for name in imported_names(tree) if name.split(".")[0] == "skorch"]
    return (
        [] if module == "skmedimg._training.net" else [f"{module} imports {name}" for name in names]
    )


def sklearn_privates_behind_the_door(module, tree):
    if module == "skmedimg._sklearn":
        return []
    return [f"{module} uses {name}" for name in used_names(tree) if is_sklearn_private(name)]


def is_sklearn_private(name):
    root, *parts = name.split(".")
    return root == "sklearn" and any(p.startswith("_") and not p.startswith("__") for p in parts)


def global_state_behind_runtime(module, tree):
    if module in ("skmedimg._device", "skmedimg._training.cuda_graphs"):
        return []
    used = [name for name in used_names(tree) if f"{name}.".startswith(GLOBAL_STATE_PREFIXES)]
    return [f"{module} uses {name}" for name in used]


GLOBAL_STATE_PREFIXES = tuple(f"{name}." for name in GLOBAL_STATE)


def used_names(tree):
    """Full dotted names a file imports or reaches through what it imported."""
    local = local_names(tree)
    chains = {dotted(node) for node in nodes(tree) if isinstance(node, ast.Attribute)}
    reached = {resolve(chain, local) for chain in chains if chain}
    return sorted(reached | set(imported_names(tree)))


def local_names(tree):
    names = {}
    for node in nodes(tree):
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
    return [n for n in nodes(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


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
    layers,
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


# Ten rules look at the same 250 files: each is parsed and walked once.
@cache
def trees():
    return {module: ast.parse(path.read_text("utf-8")) for module, path in modules()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(rule):
    broken = [fault for module, tree in trees().items() for fault in rule(module, tree)]
    assert not broken, "\n".join(broken)


PLANTED = {
    layers: [
        ("networks._mlp_network", "from skmedimg.neural import _base"),
        ("networks._mlp_network", "from skmedimg._device import resolve_device"),
        ("neural._shallow_mlp", "def f():\n    import skmedimg.evaluation._compare"),
        ("neural._shallow_mlp", "from skmedimg.pipeline import Pipeline"),
        ("images._lazy_images", "from skmedimg._training import net"),
        ("evaluation._compare", "from skmedimg.neural._base import NetworkEstimator"),
        ("evaluation.scores._score_table", "from skmedimg.evaluation._compare import compare"),
        ("features._hog", "from skmedimg.transfer import _frozen"),
        ("search._search_run", "from skmedimg._training import net"),
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
        ("_training.net", "import torch\ntorch.manual_seed(0)"),
        ("_training.net", "from torch import cuda"),
        ("_training.net", "import torch as t\nt.cuda.synchronize()"),
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
    layers: [
        ("_training.net", "from skmedimg._training.batches import Batches"),
        ("neural._shallow_mlp", "from skmedimg.neural._base import NetworkClassifier"),
        ("evaluation._compare", "from skmedimg.evaluation.scores import _score_table"),
        ("inspection._grad_cam", "from skmedimg._training.net import run_network"),
        ("saving", "from skmedimg import __version__"),
    ],
    skorch_behind_training: [("_training.net", "import skorch")],
    sklearn_privates_behind_the_door: [
        ("_sklearn", "from sklearn.base import _fit_context"),
        ("pipeline", "from sklearn import __version__"),
    ],
    global_state_behind_runtime: [
        ("_training.net", "import torch\ntorch.randn(3)"),
        ("_device", "import torch\ntorch.manual_seed(0)"),
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


def picture():
    """Draw the tables: a module imports from entries below it in its column, and from shared."""
    columns = zip_longest(ESTIMATORS[::-1], JUDGING[::-1], fillvalue="")
    return "\n".join(
        [
            f"top         {'   '.join(TOP[::-1])}",
            "",
            f"{'estimators':<34}judging",
            *(f"    {left:<30}    {right}".rstrip() for left, right in columns),
            "",
            f"shared      {'   '.join(SHARED[:4:-1])}",
            f"            {'   '.join(SHARED[4::-1])}",
        ]
    )


def test_the_design_page_shows_the_tables():
    page = (PACKAGE.parent / "docs" / "design.md").read_text("utf-8")
    assert f"```text\n{picture()}\n```" in page, picture()
