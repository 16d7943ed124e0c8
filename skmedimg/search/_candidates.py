"""What a trial tries: one of the estimators, and values for its parameters."""

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from sklearn.base import clone

from skmedimg.search._functions import written_choice

APPROACH = "estimator"


def name_candidates(estimators, spaces):
    """Return estimators and their spaces by name; a lone estimator is called "".

    Parameters
    ----------
    estimators : estimator or dict of str to estimator
    spaces : space, or dict of str to space

    Returns
    -------
    named : dict of str to (estimator, space)
    """
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
    return {name: (estimators[name], spaces[name]) for name in estimators}


def draw(trial, named):
    """Return the name of the estimator that a trial tries, and its parameters.

    Parameters
    ----------
    trial : optuna.Trial, or optuna.trial.FixedTrial to repeat another one's choice
    named : dict of str to (estimator, space)

    Returns
    -------
    name : str
    parameters : dict of str to object
    """
    alone = list(named) == [""]
    name = "" if alone else trial.suggest_categorical(APPROACH, list(named))
    space = named[name][1]
    if callable(space):
        return name, space(trial)
    prefix = "" if alone else f"{name}__"
    return name, {key: _suggest(trial, prefix + key, kind) for key, kind in space.items()}


def build(named, name, parameters):
    """Return a new estimator with these parameters.

    Parameters
    ----------
    named : dict of str to (estimator, space)
    name : str
    parameters : dict of str to object

    Returns
    -------
    estimator : estimator
    """
    fresh = {key: clone(value, safe=False) for key, value in parameters.items()}
    return clone(named[name][0]).set_params(**fresh)


def _check_space(space):
    if callable(space):
        return
    if not isinstance(space, dict):
        raise TypeError(
            "A space needs a dict of parameters to optuna distributions or lists of choices, or a "
            f"function of the trial that returns parameters, but is {space!r}."
        )
    for name, kind in space.items():
        if not isinstance(kind, (BaseDistribution, list, tuple)) or not kind:
            raise TypeError(
                f"spaces: {name!r} needs an optuna distribution or a list of choices, but is "
                f"{kind!r}. A single value belongs into the estimator."
            )


def _suggest(trial, name, kind):
    if isinstance(kind, FloatDistribution):
        return trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log)
    if isinstance(kind, IntDistribution):
        return trial.suggest_int(name, kind.low, kind.high, step=kind.step, log=kind.log)
    choices = kind.choices if isinstance(kind, CategoricalDistribution) else kind
    # storages hold text and numbers alone: tuples and estimators are stored as what they print
    known = {c if _storable(c) else written_choice(c): c for c in choices}
    return known[trial.suggest_categorical(name, list(known))]


def _storable(choice):
    return choice is None or isinstance(choice, (bool, int, float, str))
