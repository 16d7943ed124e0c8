"""What skmedimg takes from scikit-learn: its private names, and the walk through pipelines."""

import inspect
from contextlib import nullcontext

from sklearn.base import _fit_context as fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.pipeline import _final_estimator_has as final_estimator_has
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils._metadata_requests import _routing_enabled as routing_enabled
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils._user_interface import _print_elapsed_time as print_elapsed_time
from sklearn.utils.metaestimators import _safe_split as take_fold
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_method_params,
    _check_sample_weight,
    _num_samples,
    validate_data,
)

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn 1.8 has no callback protocol: the same calls, nobody listening

    class _SilentContext:
        """A task nobody listens to: it has the calls of sklearn.callback's context."""

        def subcontext(self, task_name="", task_id=None, max_subtasks=0, sequential_subtasks=True):
            return self

        def call_on_fit_task_begin(
            self, *, estimator, X=None, y=None, metadata=None, reconstruction_attributes=None
        ):
            return self

        def call_on_fit_task_end(
            self, *, estimator, X=None, y=None, metadata=None, reconstruction_attributes=None
        ):
            return False

        def propagate_callback_context(self, sub_estimator):
            return nullcontext()

    class CallbackSupportMixin:
        """Stand-in whose fit tasks are silent."""

        def _init_callback_context(
            self, task_name="fit", task_id=0, max_subtasks=0, sequential_subtasks=True
        ):
            return _SilentContext()

    def with_callbacks(method):
        """Return the method as it is."""
        return method


def final_estimator(model, *, wrappers=True):
    """Return the estimator inside pipelines and, with `wrappers`, inside fitted wrappers too."""
    return _walk(model, wrappers)[1]


def steps_before(model, *, wrappers=True):
    """Return the steps that come before the final estimator, in the order in which they run.

    Samplers are among them: they have `fit_resample` and do nothing when a model predicts.
    """
    return _walk(model, wrappers)[0]


def transform_before(model, X):
    """Return X as `final_estimator(model)` gets it when the fitted model predicts."""
    for step in steps_before(model):
        if not hasattr(step, "fit_resample"):
            X = step.transform(X)
    return X


def is_left_out(step):
    """Tell whether a step of a pipeline is one of scikit-learn's words for none."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def unwrap(model):
    """Return the fitted model inside searches, threshold wrappers and frozen estimators."""
    while (inner := _wrapped(model)) is not None:
        model = inner
    return model


def _walk(model, wrappers):
    """Return the steps before the final estimator, and the final estimator."""
    before, model = [], unwrap(model) if wrappers else model
    while isinstance(model, Pipeline):
        steps = [step for _, step in model.steps if not is_left_out(step)]
        if not steps:
            break
        before += steps[:-1]
        model = unwrap(steps[-1]) if wrappers else steps[-1]
    return before, model


def _wrapped(model):
    """Return the model that a fitted wrapper hands X to unchanged, or None."""
    if isinstance(model, FrozenEstimator):
        return model.estimator
    # The estimator_ of an ensemble is an unfitted template, that of a feature selector gets
    # other columns than the selector itself.
    if hasattr(model, "estimators_") or hasattr(model, "get_support"):
        return None
    return getattr(model, "best_estimator_", getattr(model, "estimator_", None))


def tree_class():
    """Return the class of the arrays inside a fitted decision tree; few need it imported."""
    from sklearn.tree._tree import Tree

    return Tree


def base_search_class():
    """Return the base class of scikit-learn's searches; few need it imported."""
    from sklearn.model_selection._search import BaseSearchCV

    return BaseSearchCV


def fit_and_score(model, X, y, *, callback_ctx, caller, **params):
    """Return times and scores of one fold as a dict, by scikit-learn's function; errors raise."""
    from sklearn.model_selection._validation import _fit_and_score

    if "callback_ctx" in inspect.signature(_fit_and_score).parameters:  # not in scikit-learn 1.8
        params |= {"callback_ctx": callback_ctx, "caller": caller}
    return _fit_and_score(
        model, X, y, parameters=None, return_times=True, error_score="raise", **params
    )


def parameter_columns(candidates):
    """Return {"param_NAME": masked column} of candidates, which are dicts of parameters."""
    from sklearn.model_selection._search import _yield_masked_array_for_each_param

    return dict(_yield_masked_array_for_each_param(candidates))


check_sample_weight = _check_sample_weight
params_of_rows = _check_method_params
check_feature_names = _check_feature_names
check_feature_names_in = _check_feature_names_in
num_samples = _num_samples

__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "base_search_class",
    "check_feature_names",
    "check_feature_names_in",
    "check_sample_weight",
    "final_estimator",
    "fit_and_score",
    "final_estimator_has",
    "fit_context",
    "is_left_out",
    "num_samples",
    "parameter_columns",
    "params_of_rows",
    "print_elapsed_time",
    "routing_enabled",
    "steps_before",
    "take_fold",
    "take_rows",
    "transform_before",
    "tree_class",
    "unwrap",
    "validate_data",
    "validate_parameter_constraints",
    "validate_params",
    "with_callbacks",
]
