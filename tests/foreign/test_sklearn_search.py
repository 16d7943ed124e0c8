"""scikit-learn's own tests of its searches, run with OptunaSearch in the place of the searches.

The module of tests is read from the installed scikit-learn. Two adapters stand in for GridSearchCV
and RandomizedSearchCV: an optuna study that tries the same candidates in the same order, without
pruning. EXPECTED_FAILURES lists every test that cannot pass, with the reason.
"""

import optuna
import pytest
from optuna.samplers import BaseSampler
from sklearn.model_selection import ParameterGrid, ParameterSampler

from skmedimg.search import OptunaSearch
from tests.foreign.foreign_tests import foreign_tests

pytestmark = pytest.mark.filterwarnings("default")

WORDING = "the same refusal or warning in other words"
COLUMNS = "cv_results_ has the columns trial, state and error besides"
TRIALS = "a trial is a task of its own, between the search and its folds"
NOT_FINITE = "a trial with a score that is not finite fails, and FitFailedWarning says so"

EXPECTED = {
    "test_no_refit": WORDING,
    "test_grid_search_bad_param_grid": WORDING,
    "test_grid_search_failing_classifier": WORDING,
    "test_grid_search_classifier_all_fits_fail": WORDING,
    "test_empty_cv_iterator_error": WORDING,
    "test_callable_multimetric_error_failing_clf": WORDING,
    "test_callable_multimetric_clf_all_fits_fail": WORDING,
    "test_search_callbacks_with_partial_fit_failures": WORDING,
    "test_grid_search_cv_results": COLUMNS,
    "test_custom_run_search": COLUMNS,
    **{
        f"test_search_callbacks_{kind}[search{k}-{refit}]": TRIALS
        for kind in ("no_propagation", "propagation")
        for k in (0, 1)
        for refit in (True, False)
    },
    **{
        f"test_searchcv_raise_warning_with_non_finite_score[{search}-{train}]": NOT_FINITE
        for search in ("GridSearchCV-specialized_params0", "RandomizedSearchCV-specialized_params1")
        for train in (True, False)
    },
    "test_search_cv_results_none_param": "every score is nan, which is an error",
    "test_unsupported_sample_weight_scorer": "a function that fails as a scorer in every trial is "
    "an error",
}

NO_SEARCH = "about other classes of scikit-learn"
PROCESSES = "starts processes, which tests/inputs/test_n_jobs.py does"
SLOW = "takes seconds, and a similar test is run"
NOT_RUN = {
    "test_validate_parameter_input": NO_SEARCH,
    "test_parameter_grid": NO_SEARCH,
    "test_param_sampler": NO_SEARCH,
    "test_parameters_sampler_replacement": NO_SEARCH,
    "test__custom_fit_no_run_search": NO_SEARCH,
    "test_yield_masked_array_for_each_param": NO_SEARCH,
    "test_yield_masked_array_no_runtime_warning": NO_SEARCH,
    "test_search_estimator_param[HalvingGridSearchCV-param_grid]": NO_SEARCH,
    "test_score_rejects_params_with_no_routing_enabled[HalvingGridSearchCV-param_grid]": NO_SEARCH,
    **{
        f"test_search_callbacks_{kind}[search{k}{refit}]": NO_SEARCH
        for kind, refits in {
            "no_propagation": ("-True", "-False"),
            "propagation": ("-True", "-False"),
            "receive_search_instance": ("",),
        }.items()
        for k in (2, 3)
        for refit in refits
    },
    "test_search_with_2d_array": PROCESSES,
    "test_random_search_bad_cv": PROCESSES,
    "test_search_cv_sample_weight_equivalence[estimator0]": SLOW,
    "test_random_search_cv_results": SLOW,
    "test_random_search_cv_results_multimetric": SLOW,
    "test_grid_search_sparse[csr_matrix]": SLOW,
    "test_grid_search_sparse_scoring[csr_matrix]": SLOW,
}


@pytest.fixture(autouse=True)
def not_run(request):
    """Skip what NOT_RUN lists, by the name of a test or of its function."""
    for name in (request.node.name, request.function.__name__):
        if name in NOT_RUN:
            pytest.skip(NOT_RUN[name])


class InOrder(BaseSampler):
    """Tries the points of a grid in order: trial k takes choice `points[k][name]`."""

    def __init__(self, points):
        self.points = points

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, param_name, param_distribution):
        return param_distribution.choices[self.points[trial.number][param_name]]


class Adapter(OptunaSearch):
    """OptunaSearch with the parameters of scikit-learn's searches."""

    _parameter_constraints = {}
    estimator = None  # a parameter here, a property there

    @property
    def estimators(self):
        return self.estimator

    def fit(self, X, y=None, groups=None, **params):
        self.spaces, points = self._space()
        self.sampler, self.n_trials = InOrder(points), len(points)
        return super().fit(X, y, groups, **params)

    def _take(self, parameters):
        """Set what both searches have in common, and what they lack."""
        for name in ("self", "n_iter", "random_state", "__class__"):
            parameters.pop(name, None)
        for name, value in parameters.items():
            setattr(self, name, value)
        self.study = self.storage = self.timeout = self.callbacks = self.catch = None
        self.pruner = optuna.pruners.NopPruner()


class GridSearchCV(Adapter):
    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=float("nan"),
        return_train_score=False,
    ):
        self._take(locals())
        self.random_state = None

    def _space(self):
        grids = self.param_grid
        if isinstance(grids, list) and len(grids) == 1:
            grids = grids[0]
        if isinstance(grids, list) or any(map(repeats, grids.values())):
            return one_of(list(ParameterGrid(grids)))  # a space that is a function
        if not all(hasattr(choices, "__len__") and len(choices) for choices in grids.values()):
            return grids, [{}]  # OptunaSearch refuses it
        return grids, list(ParameterGrid({name: range(len(grids[name])) for name in grids}))


class RandomizedSearchCV(Adapter):
    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_iter=10,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=float("nan"),
        return_train_score=False,
    ):
        self._take(locals())
        self.n_iter, self.random_state = n_iter, random_state

    def _space(self):
        drawn = ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
        return one_of(list(drawn))


def repeats(choices):
    """Tell whether a list of numbers holds one twice: optuna takes it for one choice."""
    return isinstance(choices, list) and len(set(map(repr, choices))) < len(choices)


def one_of(candidates):
    """Return the space that holds some candidates, and the points that try them in order."""
    return OneOf(candidates), [{"candidate": k} for k in range(len(candidates))]


class OneOf:
    """A space as a function of the trial; a class, because searches are pickled."""

    def __init__(self, candidates):
        self.candidates = candidates

    def __call__(self, trial):
        places = list(range(len(self.candidates)))
        return self.candidates[trial.suggest_categorical("candidate", places)]


SEARCH = "sklearn.model_selection"

globals().update(
    foreign_tests(
        f"{SEARCH}.tests.test_search",
        {f"{SEARCH}.{each.__name__}": each for each in (GridSearchCV, RandomizedSearchCV)},
    )
)
