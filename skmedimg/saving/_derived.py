"""Attributes of scikit-learn's estimators that others determine: not saved, but made again.

They are objects of compiled code. Made by their own constructors they need no check.
"""

from sklearn.neighbors import BallTree, KDTree


def without_derived(estimator):
    """Return the state of an object as a dict, without what `add_derived` makes again."""
    state = dict(estimator.__getstate__() or {})
    return {key: value for key, value in state.items() if not _is_derived(estimator, key)}


def add_derived(estimator):
    """Give a checked estimator the attributes that were not saved."""
    state = vars(estimator)
    for name, make in _DERIVED.items():
        if make is not None and _is_derived(estimator, name) and name not in state:
            made = make(estimator, state)
            if made is not None:
                state[name] = made


def _is_derived(estimator, name):
    return name in _DERIVED and type(estimator).__module__.startswith("sklearn.")


def _neighbors_tree(estimator, state):
    """Return the tree of KNeighborsClassifier and its kin, as their `fit` makes it."""
    kind = {"kd_tree": KDTree, "ball_tree": BallTree}.get(state.get("_fit_method"))
    metric = state.get("effective_metric_params_", {})
    return kind and kind(
        state["_fit_X"], state["leaf_size"], metric=state["effective_metric_"], **metric
    )


def _loss(estimator, state):
    """Return the loss of PoissonRegressor and its kin."""
    return estimator._get_loss() if hasattr(estimator, "_get_loss") else None


_DERIVED = {"_base_loss": _loss, "_loss_function_": None, "_tree": _neighbors_tree}
