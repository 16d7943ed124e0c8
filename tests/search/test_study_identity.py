"""Which stored study a search continues: by a digest, or by a name where spaces are functions."""

import subprocess
import sys
from functools import partial

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmedimg.search import OptunaSearch

X, Y = load_breast_cancer(return_X_y=True)
SCALED = make_pipeline(FunctionTransformer(), GaussianNB())
SMOOTHING = {"var_smoothing": FloatDistribution(1e-9, 1e-3)}


def search(estimators, spaces, **options):
    options = {"n_trials": 1, "cv": 2, "random_state": 0} | options
    return OptunaSearch(estimators, spaces, **options)


def smoothing(trial, high=1e-3):
    return {"var_smoothing": trial.suggest_float("s", 1e-9, high)}


FUNCTIONS = {
    "space": (GaussianNB(), smoothing),
    "partial": (GaussianNB(), partial(smoothing, high=1e-2)),
    "one of two spaces": (
        {"a": GaussianNB(), "bayes": GaussianNB()},
        {"a": SMOOTHING, "bayes": smoothing},
    ),
    "choices": (SCALED, {"functiontransformer__func": [np.sqrt, None]}),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_stored_study_of_functions_needs_a_name(tmp_path, case):
    unnamed = search(*FUNCTIONS[case], storage=f"journal:{tmp_path}/study.log")
    with pytest.raises(ValueError, match=r"study=None needs a name.*study='my-study'"):
        unnamed.fit(X, Y)
    assert list(tmp_path.iterdir()) == []
    assert unnamed.set_params(study="mine").fit(X, Y).study_.study_name == "mine"


@pytest.mark.parametrize(
    ("case", "where"),
    [("one of two spaces", "of 'bayes' is a function"), ("choices", "'functiontransformer__func'")],
)
def test_the_error_names_the_space_and_hides_the_password(case, where):
    unnamed = search(*FUNCTIONS[case], storage="postgresql://ann:secret@host/a")
    with pytest.raises(ValueError, match=where) as error:
        unnamed.fit(X, Y)
    assert "secret" not in str(error.value)


def test_functions_need_no_name_where_the_study_is_not_stored_or_given():
    assert len(search(GaussianNB(), smoothing).fit(X, Y).study_.trials) == 1
    study = optuna.create_study(direction="maximize")
    assert search(GaussianNB(), smoothing, study=study).fit(X, Y).study_ is study


class Typed(GaussianNB):
    """Has a parameter that is a class."""

    def __init__(self, dtype=float):
        super().__init__()
        self.dtype = dtype


def test_choices_that_are_classes_need_no_name(tmp_path):
    options = {"storage": f"journal:{tmp_path}/study.log"}
    found = search(Typed(), {"dtype": [np.float32, np.float64]}, **options).fit(X, Y)
    assert found.best_params_["dtype"] in {np.float32, np.float64}


def test_a_named_study_continues_with_a_function(tmp_path):
    options = {"storage": f"sqlite:///{tmp_path}/study.db", "study": "mine"}
    search(GaussianNB(), smoothing, **options, n_trials=2).fit(X, Y)
    again = search(GaussianNB(), partial(smoothing, high=1e-2), **options, n_trials=3).fit(X, Y)
    assert len(again.study_.trials) == 3


OTHERS = {
    "another kind of space": (GaussianNB(), SMOOTHING, Y),
    "another name": ({"bayes": GaussianNB()}, {"bayes": smoothing}, Y),
    "another estimator": (GaussianNB(priors=[0.5, 0.5]), smoothing, Y),
    "other labels": (GaussianNB(), smoothing, 1 - Y),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_named_study_is_refused_where_what_can_be_compared_differs(tmp_path, case):
    options = {"storage": f"sqlite:///{tmp_path}/study.db", "study": "mine"}
    search(GaussianNB(), smoothing, **options).fit(X, Y)
    estimators, spaces, y = OTHERS[case]
    with pytest.raises(ValueError, match="'mine' was made with other data"):
        search(estimators, spaces, **options).fit(X, y)


def test_choices_of_functions_are_compared_by_name(tmp_path):
    options = {"storage": f"journal:{tmp_path}/study.log", "study": "mine"}
    search(SCALED, {"functiontransformer__func": [np.sqrt, np.log1p]}, **options).fit(X, Y)
    with pytest.raises(ValueError, match="'mine' was made with other"):
        search(SCALED, {"functiontransformer__func": [np.sqrt, np.cbrt]}, **options).fit(X, Y)


def test_choices_of_the_same_name_are_different_choices(tmp_path):
    choices = [lambda X: X, lambda X: X[:, 11:12]]  # all features, and a useless one
    options = {"storage": f"journal:{tmp_path}/study.log", "study": "mine", "n_trials": 6}
    unpruned = {"pruner": optuna.pruners.NopPruner(), **options}
    found = search(SCALED, {"functiontransformer__func": choices}, **unpruned).fit(X, Y)
    tried = [each["functiontransformer__func"] for each in found.cv_results_["params"]]
    assert set(tried) == set(choices)
    scores = dict(zip(tried, found.cv_results_["mean_test_score"], strict=True))
    assert scores[choices[0]] > 0.9 > scores[choices[1]]


SCRIPT = """
import sys
from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skmedimg.search import OptunaSearch

class Weights:
    def __iter__(self):
        return iter((0.5, 0.5))
    def __len__(self):
        return 2

X, y = load_breast_cancer(return_X_y=True)
scaled = make_pipeline(StandardScaler(), GaussianNB())
found = OptunaSearch(
    {"scaled": scaled, "tree": DecisionTreeClassifier(random_state=0)},
    {
        "scaled": {
            "standardscaler": [StandardScaler(), StandardScaler(with_mean=False), "passthrough"],
            "gaussiannb__priors": [(0.5, 0.5), None, Weights()],
            "gaussiannb__var_smoothing": FloatDistribution(1e-9, 1e-3, log=True),
        },
        "tree": {"max_depth": IntDistribution(1, 4), "class_weight": [None, "balanced"]},
    },
    storage=sys.argv[1], n_trials=3, cv=2, random_state=0,
).fit(X, y)
print(found.study_.study_name, len(found.study_.trials))
"""


@pytest.mark.slow
def test_every_process_finds_the_same_study_without_a_name(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, "utf-8")
    found = [
        subprocess.run(
            [sys.executable, script, f"journal:{tmp_path}/study.log"],
            capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert found[0].endswith(" 3\n")
    assert found[1] == found[0]
