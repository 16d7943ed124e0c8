"""Spaces that are functions: a study knows them by what they compute, not by their name."""

import subprocess
import sys
from functools import partial, wraps

import numpy as np
import pytest
from optuna.distributions import FloatDistribution
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skmedimg.search import OptunaSearch
from skmedimg.search._functions import written, written_choice

X, Y = load_breast_cancer(return_X_y=True)


def study_of(space, storage):
    found = OptunaSearch(GaussianNB(), space, storage=storage, n_trials=1, cv=2, random_state=0)
    return found.fit(X, Y).study_.study_name


class Space:
    """A space with an attribute, as a callable object."""

    def __init__(self, high):
        self.high = high

    def __call__(self, trial):
        return {"var_smoothing": trial.suggest_float("s", 1e-9, self.high)}


class Holder:
    """An object that is not called itself."""

    def __init__(self, high):
        self.high = high

    def space(self, trial):
        return {"var_smoothing": trial.suggest_float("s", 1e-9, self.high)}


def with_a_method_of_its_own(high):
    class Of:
        def __call__(self, trial):
            return self.further(trial)

        def further(self, trial):
            return compiled_high(trial)

    compiled_high = compiled(high)
    return Of()


def up_to(trial, high, *, low=1e-9):
    return {"var_smoothing": trial.suggest_float("s", low, high)}


def closing_over(high):
    return lambda trial: {"var_smoothing": trial.suggest_float("s", 1e-9, high)}


def with_default(high):
    def space(trial, high=high):
        return {"var_smoothing": trial.suggest_float("s", 1e-9, high)}

    return space


def with_keyword_default(high):
    def space(trial, *, high=high):
        return {"var_smoothing": trial.suggest_float("s", 1e-9, high)}

    return space


def compiled(high):
    text = f"def space(trial): return {{'var_smoothing': trial.suggest_float('s', 1e-9, {high})}}"
    names = {"__name__": __name__}
    exec(text, names)
    return names["space"]


def with_global(high):
    text = "def space(trial): return {'var_smoothing': trial.suggest_float('s', 1e-9, HIGH)}"
    names = {"__name__": __name__, "HIGH": high}
    exec(text, names)
    return names["space"]


def with_helper(high):
    text = f"""
def space(trial): return helped(trial)
def helped(trial): return {{'var_smoothing': trial.suggest_float('s', 1e-9, {high})}}
"""
    names = {"__name__": __name__}
    exec(text, names)
    return names["space"]


def wrapped(high):
    inner = closing_over(high)

    @wraps(inner)
    def outer(trial):
        return inner(trial)

    return outer


def holding(make):
    def space(high):
        held = make(high)
        return lambda trial: held

    return space


KINDS = {
    "lambda": closing_over,
    "constant": compiled,
    "default": with_default,
    "keyword default": with_keyword_default,
    "global": with_global,
    "helper": with_helper,
    "wrapped": wrapped,
    "object": Space,
    "method": lambda high: Holder(high).space,
    "another method": with_a_method_of_its_own,
    "partial": lambda high: partial(up_to, high=high),
    "partial of a partial": lambda high: partial(partial(up_to, low=1e-8), high=high),
    "list": holding(lambda high: [1.0, high]),
    "dict": holding(lambda high: {"a": high}),
    "set": holding(lambda high: frozenset([1.0, high])),
    "array": holding(lambda high: np.array([1.0, high])),
    "array of dates": holding(lambda high: np.array([round(1e3 * high)], dtype="M8[s]")),
    "strided array": holding(lambda high: np.array([[1.0, high], [high, 1.0]])[:, 0]),
    "array of objects": holding(lambda high: np.array(["a", high], dtype=object)),
    "shape of an array": holding(lambda high: np.zeros((round(1e3 * high), 0))),
    "distribution": holding(lambda high: FloatDistribution(0, high)),
    "estimator": holding(lambda high: DecisionTreeClassifier(ccp_alpha=high)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_is_told_from_one_that_computes_something_else(kind):
    make = KINDS[kind]
    assert written(make(1e-3)) == written(make(1e-3))
    assert written(make(1e-3)) != written(make(1e-2))


@pytest.mark.parametrize("kind", ["lambda", "object", "partial", "method", "helper"])
def test_a_study_goes_on_with_the_same_function_and_not_with_a_changed_one(tmp_path, kind):
    storage = f"sqlite:///{tmp_path}/study.db"
    first = study_of(KINDS[kind](1e-3), storage)
    assert study_of(KINDS[kind](1e-3), storage) == first
    assert study_of(KINDS[kind](1e-2), storage) != first


def test_a_named_study_refuses_a_function_that_changed(tmp_path):
    options = {"study": "mine", "storage": f"sqlite:///{tmp_path}/study.db", "n_trials": 1, "cv": 2}
    OptunaSearch(GaussianNB(), compiled(1e-3), **options).fit(X, Y)
    with pytest.raises(ValueError, match="'mine' was made with other data, .* spaces"):
        OptunaSearch(GaussianNB(), compiled(1e-2), **options).fit(X, Y)


def test_a_study_of_functions_to_choose_from_goes_on(tmp_path):
    """Compiled anew a function lies elsewhere, as in another process."""

    def study(change):
        names = {"__name__": __name__}
        exec(f"def halved(X): return X / 2\ndef moved(X): return X + {change}", names)
        choices = [names["halved"], names["moved"], lambda X: X]
        model = make_pipeline(FunctionTransformer(), GaussianNB())
        space = {"functiontransformer__func": choices}
        options = {"storage": f"journal:{tmp_path}/study.log", "n_trials": 3, "cv": 2}
        found = OptunaSearch(model, space, random_state=0, **options).fit(X, Y).study_
        return found.study_name, len(found.trials)

    first = study(1)
    assert study(1) == first  # its three trials were there
    assert study(2)[0] != first[0]


def test_choices_are_told_apart_and_written_without_addresses():
    one, other = (written_choice(compiled(high)) for high in (1e-3, 1e-2))
    assert one != other
    assert written_choice(np.mean) == written_choice(np.mean)
    assert "0x" not in written_choice(one) + written_choice(partial(up_to, high=1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lambda t: t.suggest_float('a', 0, 1)", "lambda t: t.suggest_int('a', 0, 1)"),
        ("lambda t: t.suggest_int('a', 0, 1)", "lambda t: t.suggest_int('a', 0, True)"),
        ("lambda t: t.a + t.b", "lambda t: t.a - t.b"),
        ("lambda t: [t.a(k) for k in (1, 2)]", "lambda t: [t.a(k) for k in (1, 3)]"),
        ("lambda t: (lambda: 1)()", "lambda t: (lambda: 2)()"),
        ("lambda t: t in {'a', 'b'}", "lambda t: t in {'a', 'c'}"),
    ],
)
def test_a_change_of_code_is_seen(one, other):
    assert written(eval(one)) == written(eval("\n\n" + one))  # lines are not what it does
    assert written(eval(one)) != written(eval(other))


def test_what_refers_to_itself_comes_to_an_end():
    names = {"__name__": __name__}
    exec("def space(trial): return other(trial)\ndef other(trial): return space(trial)", names)
    ring = []
    ring.append(ring)
    names["space"].__defaults__ = (ring,)
    assert written(names["space"]) == written(names["space"])


def test_a_variable_without_a_value_yet_is_no_obstacle():
    def around():
        def space(trial):
            return late

        text = written(space)
        late = 1
        return text, late

    assert around()[0]


def test_a_state_that_is_not_plain_counts_with_its_name():
    class Watch:
        pass

    def watching(watch):
        return lambda trial: watch

    assert written(watching(Watch())) == written(watching(Watch()))
    assert written(watching(np)) != written(watching(pytest))
    assert written(watching(Watch)) != written(watching(Space))
    assert written(np.abs) != written(np.exp)


SCRIPT = """
from functools import partial
from skmedimg.search._functions import written

LEVELS = {"low", "mid", "high", "top"}

def helped(trial, kinds=frozenset("abcdef")):
    return [k for k in kinds if k in {"x", "y", "z"} and trial.ok(LEVELS)]

class Space:
    def __init__(self): self.of = {"p", "q", "r"}
    def __call__(self, trial): return helped(trial)

print(written(partial(Space(), mode="a")))
print(written(lambda trial: helped(trial)))
"""


def test_every_start_of_python_writes_the_same(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, "utf-8")
    command = [sys.executable, script]
    said = {
        subprocess.run(
            command, capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(said) == 1
    assert " at 0x" not in said.pop()
