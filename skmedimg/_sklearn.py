"""The one door to scikit-learn's private or version-dependent names."""

from contextlib import nullcontext

from sklearn.base import _fit_context as fit_context
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
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
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


def tree_class():
    """Return the class of the arrays inside a fitted decision tree; few need it imported."""
    from sklearn.tree._tree import Tree

    return Tree


check_sample_weight = _check_sample_weight
check_feature_names = _check_feature_names
check_feature_names_in = _check_feature_names_in
num_samples = _num_samples

__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_feature_names",
    "check_feature_names_in",
    "check_sample_weight",
    "fit_context",
    "num_samples",
    "print_elapsed_time",
    "routing_enabled",
    "take_rows",
    "tree_class",
    "validate_data",
    "validate_parameter_constraints",
    "validate_params",
    "with_callbacks",
]
