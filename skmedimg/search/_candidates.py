"""What a trial tries: one of the estimators, and values for its parameters."""

import numbers
from collections.abc import Sequence

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from sklearn.base import BaseEstimator, clone

from skmedimg._provenance import describe, without_addresses

MODEL = "estimator"  # the study's parameter that says which estimator a trial tries


def name_models(estimators, spaces):
    """Return {name: (estimator, space)}; a single estimator gets the name ""."""
    if not isinstance(estimators, dict):
        estimators, spaces = {"": estimators}, {"": spaces}
    if not estimators:
        raise ValueError("estimators needs at least one estimator, but is empty.")
    if not isinstance(spaces, dict) or set(spaces) != set(estimators):
        got = sorted(map(str, spaces)) if isinstance(spaces, dict) else spaces
        raise ValueError(
            f"spaces needs one space for each of the estimators {sorted(estimators)}, but has "
            f"{got}."
        )
    for name, estimator in estimators.items():
        if not hasattr(estimator, "fit") or isinstance(estimator, type):
            raise TypeError(f"estimators[{name!r}] needs an estimator, but is {estimator!r}.")
        _check_space(spaces[name])
    return {name: (estimators[name], _without_scipy(spaces[name])) for name in estimators}


def draw_candidate(trial, models):
    """Return the name of the estimator that an optuna trial tries, and its parameters."""
    single = list(models) == [""]
    name = "" if single else trial.suggest_categorical(MODEL, list(models))
    space = models[name][1]
    if callable(space):
        return name, space(trial)
    # Two estimators may have a parameter of the same name, and optuna wants one range per name.
    prefix = "" if single else f"{name}__"
    return name, {key: _suggest(trial, prefix + key, kind) for key, kind in space.items()}


def build_candidate(models, name, parameters):
    """Return a new estimator with these parameters."""
    # Trials must not share steps: a choice that is an estimator would be fitted by all of them.
    fresh = {key: clone(value, safe=False) for key, value in parameters.items()}
    return clone(models[name][0]).set_params(**fresh)


def list_choices(kind):
    """Return the choices of a list, an array or a CategoricalDistribution, as a list."""
    if isinstance(kind, np.ndarray):
        return kind.tolist()  # of Python's numbers, which storages hold
    return list(kind.choices if isinstance(kind, CategoricalDistribution) else kind)


def readable(value):
    """Return a value as short text: 4 digits of a number, the name of a class or function."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, BaseEstimator):
        return type(value).__name__
    return getattr(value, "__name__", str(value))


def describe_choice(choice):
    """Return a choice as text: the same in every process, so without addresses in memory."""
    if isinstance(choice, BaseEstimator):
        return describe(choice)
    return without_addresses(repr(choice))


def _check_space(space):
    if callable(space):
        return
    if not isinstance(space, dict):
        raise TypeError(
            "A space needs a dict of parameters to optuna distributions or lists of choices, or a "
            f"function of the trial that returns parameters, but is {space!r}."
        )
    for name, kind in space.items():
        if isinstance(kind, BaseDistribution) or hasattr(kind, "rvs"):
            continue
        listed = isinstance(kind, Sequence) and not isinstance(kind, str)
        if not (listed or (isinstance(kind, np.ndarray) and kind.ndim == 1)) or not len(kind):
            raise TypeError(
                f"spaces: {name!r} needs an optuna distribution or a list of choices, but is "
                f"{kind!r}. A single value belongs into the estimator."
            )
        if isinstance(kind, tuple) and len(kind) == 2 and all(map(_is_number, kind)):
            low, high = kind
            of = "Int" if all(isinstance(value, numbers.Integral) for value in kind) else "Float"
            raise ValueError(
                f"spaces: {name!r} is the tuple {kind!r}: write {of}Distribution({low}, {high}) of "
                f"optuna.distributions for a range, or the list [{low}, {high}] for two choices."
            )


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _without_scipy(space):
    """Return a space with optuna's distributions in the place of scipy's."""
    if callable(space):
        return space
    return {
        name: _of_scipy(name, kind) if hasattr(kind, "rvs") else kind
        for name, kind in space.items()
    }


def _of_scipy(name, kind):
    """Return optuna's distribution for one of scipy's."""
    family = getattr(getattr(kind, "dist", None), "name", type(kind).__name__)
    low, high = kind.support()
    if family == "randint":
        return IntDistribution(int(low), int(high))
    if family in ("uniform", "loguniform", "reciprocal"):
        return FloatDistribution(float(low), float(high), log=family != "uniform")
    raise ValueError(
        f"spaces: {name!r} is scipy's {family}, which has no counterpart in optuna: use uniform, "
        "loguniform or randint, one of optuna.distributions, or a list of choices."
    )


def _suggest(trial, name, kind):
    """Return the value that a trial draws for one parameter."""
    if isinstance(kind, FloatDistribution):
        return trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log)
    if isinstance(kind, IntDistribution):
        return trial.suggest_int(name, kind.low, kind.high, step=kind.step, log=kind.log)
    choices = list_choices(kind)
    by_label = dict(zip(_labels(choices), choices, strict=True))
    return by_label[trial.suggest_categorical(name, list(by_label))]


def _labels(choices):
    """Return what a storage holds for each choice: text and numbers as they are, else its text."""
    labels = [choice if _is_storable(choice) else describe_choice(choice) for choice in choices]
    # Different functions may have the same name: their place in the list tells them apart.
    return [
        label if _is_storable(choice) or labels.count(label) == 1 else f"{label} ({place})"
        for place, (choice, label) in enumerate(zip(choices, labels, strict=True))
    ]


def _is_storable(choice):
    return choice is None or isinstance(choice, (bool, int, float, str))
