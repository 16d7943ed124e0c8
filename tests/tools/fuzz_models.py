"""Change numbers and arrays in model files of scikit-learn's estimators: no file ends the process.

    python -m tests.tools.fuzz_models [--files 20000] [--first 0] [--seconds 20]

A file is a fitted estimator with a few of its settings or arrays changed and a digest that fits.
It is told by its number, so `--first 123 --files 1` makes one again. A file that loads is asked
everything it can do (`predict`, `decision_path`, `fit` ...), in a child process that writes its
number down before each file: whatever signal ends the child is laid to that file.
"""

import argparse
import copy
import faulthandler
import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.numpy
from joblib import parallel_config
from scipy import sparse

from skmedimg.saving import load, save
from skmedimg.saving._classes import _LISTED
from tests.saving._signed import read_members, write_signed

# Parameters for estimators that need others than their defaults.
_SETTINGS = {
    "AdaBoostClassifier": {"n_estimators": 3}, "AdaBoostRegressor": {"n_estimators": 3},
    "BaggingClassifier": {"n_estimators": 2}, "BaggingRegressor": {"n_estimators": 2},
    "BernoulliRBM": {"n_iter": 1}, "DictionaryLearning": {"max_iter": 2},
    "ExtraTreesClassifier": {"n_estimators": 2}, "ExtraTreesRegressor": {"n_estimators": 2},
    "IsolationForest": {"n_estimators": 2}, "LatentDirichletAllocation": {"max_iter": 1},
    "LocalOutlierFactor": {"novelty": True},
    "MLPClassifier": {"max_iter": 2, "hidden_layer_sizes": (3,)},
    "MLPRegressor": {"max_iter": 2, "hidden_layer_sizes": (3,)},
    "MiniBatchDictionaryLearning": {"max_iter": 2}, "NuSVC": {"nu": 0.1},
    "RandomForestClassifier": {"n_estimators": 2}, "RandomForestRegressor": {"n_estimators": 2},
    "RandomTreesEmbedding": {"n_estimators": 2}, "SparsePCA": {"max_iter": 2},
    "MiniBatchSparsePCA": {"max_iter": 2},
    "SparseRandomProjection": {"n_components": 2}, "GaussianRandomProjection": {"n_components": 2},
    "SelectKBest": {"k": 2}, "SequentialFeatureSelector": {"cv": 2},
}  # fmt: skip

# The same classes again, in the ways that lead to other compiled code.
_VARIANTS = [
    ("sklearn.neighbors.KNeighborsClassifier", {"algorithm": "brute"}),
    ("sklearn.neighbors.KNeighborsClassifier", {"algorithm": "ball_tree", "weights": "distance"}),
    ("sklearn.neighbors.RadiusNeighborsClassifier", {"algorithm": "brute", "radius": 9.0}),
    ("sklearn.neighbors.NearestNeighbors", {"algorithm": "brute", "metric": "manhattan"}),
    ("sklearn.svm.SVC", {"kernel": "linear"}), ("sklearn.svm.SVC", {"kernel": "poly"}),
    ("sklearn.svm.SVC", {"kernel": "precomputed"}), ("sklearn.svm.SVC", {"sparse": True}),
    ("sklearn.svm.SVR", {"sparse": True}), ("sklearn.svm.SVC", {"break_ties": True}),
    ("sklearn.linear_model.SGDClassifier", {"average": True, "warm_start": True}),
    ("sklearn.linear_model.SGDClassifier", {"loss": "log_loss"}),
    ("sklearn.linear_model.LogisticRegression", {"sparsify": True}),
    ("sklearn.preprocessing.OneHotEncoder", {"drop": "first"}),
    ("sklearn.preprocessing.OneHotEncoder", {"min_frequency": 6, "sparse_output": False}),
    ("sklearn.preprocessing.KBinsDiscretizer", {"n_bins": 3}),
    ("sklearn.tree.DecisionTreeClassifier", {"max_leaf_nodes": 9}),
    ("sklearn.ensemble.IsolationForest", {"n_estimators": 2, "max_features": 2}),
]  # fmt: skip
_NUMBERS = (0, 1, -1, 2, 3, 7, 127, 255, 624, 625, 10**4, 10**6, 2**31 - 1, -(2**31), 2**40)
_SURPRISES = (None, True, False, 1.5, {"float": "nan"}, {"float": "inf"}, "x", "", [], {"list": []})
_ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
_METHODS = (
    "predict", "predict_proba", "decision_function", "transform", "apply", "decision_path",
    "score_samples", "kneighbors", "radius_neighbors", "kneighbors_graph", "inverse_transform",
)  # fmt: skip
# 64 rows of few numbers: fits on them end in milliseconds.
ROWS = np.random.RandomState(0).randint(1, 5, (64, 4)) + np.linspace(0, 0.5, 256).reshape(64, 4)
LABELS = np.arange(64) % 3
WORDS = ["one two", "two three three", "four"] * 8


def models():
    """Return fitted estimators of every listed class of scikit-learn that fits without others."""
    names = [
        (f"{room}.{name}", _SETTINGS.get(name, {}))
        for room, names in _LISTED.items() for name in names.split()
        if room.startswith("sklearn.") and not name.startswith("_")
    ]  # fmt: skip
    found = []
    for name, settings in [*names, *_VARIANTS]:
        try:
            found.append(_fitted(name, dict(settings)))
        except (
            TypeError,
            ValueError,
            AttributeError,
            IndexError,
        ):  # a splitter, or one that needs more
            continue
    return found


def _fitted(name, settings):
    room, _, last = name.rpartition(".")
    kind = getattr(__import__(room, fromlist=[last]), last)
    is_sparse, thin = settings.pop("sparse", False), settings.pop("sparsify", False)
    if "random_state" in kind._get_param_names():
        settings["random_state"] = np.random.RandomState(0)  # its state is in the file
    for wrapped in ("estimator", "regressor", "base_estimator"):
        if wrapped in kind._get_param_names() and wrapped not in ("regressor",):
            settings.setdefault(wrapped, _inner(name))
    if "estimators" in kind._get_param_names():
        settings["estimators"] = [("a", _inner(name)), ("b", _inner(name))]
    for listed in ("steps", "transformer_list"):
        if listed in kind._get_param_names():
            settings[listed] = [("a", _fitted("sklearn.decomposition.PCA", {"n_components": 2}))]
    if "transformers" in kind._get_param_names():
        settings["transformers"] = [("a", _fitted("sklearn.preprocessing.OneHotEncoder", {}), [0])]
    if "param_grid" in kind._get_param_names():
        settings["param_grid"] = {}
    if "param_distributions" in kind._get_param_names():
        settings |= {"param_distributions": {"max_depth": [1, 2]}, "n_iter": 1}
    if "dictionary" in kind._get_param_names():
        settings["dictionary"] = np.eye(4)
    model = kind(**settings)
    if settings.get("kernel") == "precomputed":
        return model.fit(ROWS @ ROWS.T, LABELS)
    if "Vectorizer" in last:
        words = [{"a": 1, "b": "c"}] * 9 if last == "DictVectorizer" else WORDS
        return model.fit(words)
    if last in ("LabelBinarizer", "LabelEncoder"):
        return model.fit(LABELS)
    if last == "MultiLabelBinarizer":
        return model.fit([[1, 2], [3]])
    if last == "IsotonicRegression":
        return model.fit(ROWS[:, 0], LABELS)
    y = np.c_[LABELS, LABELS[::-1]] if last.startswith("MultiTask") else LABELS
    rows = sparse.csr_matrix(ROWS) if is_sparse else ROWS
    model = model.fit(rows, y)
    return model.sparsify() if thin else model


def _inner(name):
    regresses = "Regressor" in name
    return _fitted(f"sklearn.tree.DecisionTree{'Regressor' if regresses else 'Classifier'}", {})


def contents(model, path):
    """Return what `save` writes, taken apart: settings, arrays and the other members."""
    save(model, path)
    manifest, members = read_members(path)
    return manifest, safetensors.numpy.load(members.pop("arrays.safetensors")), members


def mutate(whole, random, path):
    """Write a model's file with one to three numbers or arrays changed, and a digest that fits."""
    manifest, arrays, members = whole
    manifest, arrays = json.loads(json.dumps(manifest)), dict(arrays)
    for _ in range(random.randint(1, 4)):
        if arrays and random.randint(2):
            name = sorted(arrays)[random.randint(len(arrays))]
            arrays[name] = _changed_array(arrays[name], random)
        else:
            _change_setting(manifest["model"], random)
    settings = {key: manifest[key] for key in ("skmedimg", "sklearn", "model")}
    write_signed(path, settings, {**members, "arrays.safetensors": safetensors.numpy.save(arrays)})


def _changed_array(array, random):
    """Change some values of a flat array, or its length, or its dtype."""
    number = _NUMBERS[random.randint(len(_NUMBERS))]
    way = random.randint(6) if array.size else 5
    if way < 3:
        array = array.copy()
        places = random.randint(array.size, size=random.randint(1, 4)) if way else slice(None)
        with np.errstate(all="ignore"):
            array[places] = np.array(number).astype(array.dtype)
        return array
    if way == 3:
        return array[: random.randint(array.size)].copy()
    if way == 4:
        return array.astype(random.choice(["f4", "f8", "i4", "i8", "?"]))
    return np.concatenate([array, array, np.zeros(2, array.dtype)])


def _change_setting(node, random):
    """Change a number in the settings, give an array another shape, or swap two values."""
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if not len(keys):
            return
        key = keys[random.randint(len(keys))]
        inner = node[key]
        if isinstance(inner, (dict, list)) and inner and random.randint(12):
            node = inner
            continue
        other = keys[random.randint(len(keys))]
        number = _NUMBERS[random.randint(len(_NUMBERS))]
        surprise = _SURPRISES[random.randint(len(_SURPRISES))]
        node[key] = copy.deepcopy(
            (number, number, number, surprise, node[other])[random.randint(5)]
        )
        if isinstance(node, dict) and not random.randint(10):
            del node[key]
        return


def ask(model):
    """Call what a model offers; an error is welcome, the end of the process is not."""
    inputs = [ROWS, sparse.csr_matrix(ROWS), ROWS @ ROWS.T, WORDS, [{"a": 1}], [[1, 2]], LABELS]
    name = type(model).__name__
    if "Vectorizer" in name or name in ("FeatureHasher", "LabelBinarizer", "MultiLabelBinarizer"):
        inputs = inputs[3:]
    elif getattr(model, "kernel", None) == "precomputed":
        inputs = inputs[2:3]
    else:
        inputs = inputs[:2]
    for X in inputs:
        for method in _METHODS:
            _attempt(model, method, X)
    _attempt(model, "partial_fit", inputs[0], LABELS)
    _attempt(model, "fit", inputs[0], LABELS)
    _attempt(model, "predict", inputs[0])


def _attempt(model, method, *arguments):
    try:
        result = getattr(model, method)(*arguments)
        if sparse.issparse(result):
            result.toarray()
    except Exception:
        return


def work(first, count, seconds):
    """Load and ask files in this process; print the number of each before, and its outcome."""
    faulthandler.enable()
    say = partial(print, file=os.fdopen(os.dup(1), "w"), flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # estimators that are verbose print there
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    signal.signal(signal.SIGALRM, _too_long)
    _limit_memory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m")
        wholes = [(type(each).__name__, contents(each, path)) for each in models()]
        say("models", len(wholes))
        for number in range(first, first + count):
            random = np.random.RandomState(number)
            name, whole = wholes[random.randint(len(wholes))]
            say(number, name)
            mutate(whole, random, path)
            signal.setitimer(signal.ITIMER_REAL, seconds, 1)  # again, for what catches it
            signal.setitimer(signal.ITIMER_PROF, 2 * seconds)  # ends the process, C code or not
            outcome = "loaded"
            try:
                with parallel_config("sequential"):
                    ask(load(path))
            except ValueError:
                outcome = "refused"
            except _TooLong:  # a parameter may ask for a fit of years
                outcome = "stopped"
            except Exception as error:
                outcome = f"another error: {type(error).__name__}"
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            say("=", outcome)


class _TooLong(BaseException):
    """Passes through what catches every Exception."""


def _too_long(number, frame):
    raise _TooLong


def _limit_memory():
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))


def fuzz(first, count, seconds=20, report=print):
    """Return outcomes, counted, and (number, estimator, signal, trace) where a child ended."""
    outcomes, ends, number, stop = Counter(), [], first, first + count
    while number < stop:
        found, name, code, trace = _run_child(number, stop - number, seconds)
        outcomes.update(found)
        number += found.total()
        if code == -signal.SIGPROF:  # a fit without end, as parameters may ask for
            outcomes["stopped"] += 1
        elif code:
            ends.append((number, name, code, trace))
            report(*ends[-1])
        if code and name is None:
            break
        number += bool(code)
    return outcomes, ends


def _run_child(first, count, seconds):
    """Return outcomes of a child, counted, its last estimator, its exit code and its trace."""
    numbers = ["--first", first, "--files", count, "--seconds", seconds]
    command = [sys.executable, "-m", "tests.tools.fuzz_models", "--child", *map(str, numbers)]
    settings = {"stdout": subprocess.PIPE, "text": True, "env": {**os.environ, **_ENVIRONMENT}}
    outcomes, name = Counter(), None
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stderr=errors, **settings) as child,
    ):
        for line in child.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "=":
                outcomes[rest] += 1
            elif word.isdigit():
                name = rest
        code = child.wait()
        errors.seek(0)
        return outcomes, name, code, errors.read().partition("Extension modules")[0][-1500:]


def main(arguments=None):
    """Fuzz model files and print what came of them; 1 where a file ended the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20, help="a file may take, by the clock")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        work(options.first, options.files, options.seconds)
        return 0
    outcomes, ends = fuzz(options.first, options.files, options.seconds)
    print(dict(sorted(outcomes.items())), len(ends), "ended the process")
    return int(bool(ends))


if __name__ == "__main__":
    sys.exit(main())
