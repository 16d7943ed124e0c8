"""OptunaSearch: one study in which whole pipelines compete, pruned, resumable and shared."""

import numbers

from joblib import effective_n_jobs
from optuna import Study
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import Interval, StrOptions, fit_context
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.search._cv_results import finished, trials_of
from skmedimg.search._plots import plot_study
from skmedimg.search._search_run import finish, prepare, refitted, run
from skmedimg.search._trials import SINGLE, score_all


def _has(method):
    """Let a search offer a method that its estimators have, and that refit makes possible."""

    def check(search):
        if not search.refit:
            raise AttributeError(f"{method} needs refit: this search has refit={search.refit!r}.")
        found = [search.best_estimator_] if hasattr(search, "best_estimator_") else search._all()
        return all(hasattr(estimator, method) for estimator in found)

    return available_if(check)


class OptunaSearch(MetaEstimatorMixin, BaseEstimator):
    """Search over estimators and their parameters at once, in one optuna study.

    Every trial picks an estimator and its parameters and is cross-validated. What does worse than
    the median of the others at the same fold, or at the same epoch of a network, is stopped. A
    trial that fails is recorded with its error and the study goes on.

    Parameters
    ----------
    estimators : estimator or dict of str to estimator
        What competes for the budget; whole pipelines.
    spaces : dict or callable; with a dict of estimators, a dict of str to these
        Parameters to optuna distributions or lists of choices (of anything, tuples too), or a
        function that takes the optuna trial and returns parameters. See
        `skmedimg.search.default_space`.
    study : optuna.Study, str or None, default=None
        A study to continue, or the name of one in `storage`. None: named after the data, the
        folds and the spaces, so that other data never continue it by accident; a function counts
        with its code and the plain values it uses.
    storage : str, optuna.storages.BaseStorage or None, default=None
        "journal:study.log" or the URL of a database keeps the study: the same call goes on where
        it ended, and processes that make the same call share the trials. None: memory.
    n_trials : int or None, default=20
        Trials of the study in all, those of earlier calls and of other processes included.
    timeout : float or None, default=None
        Seconds after which this call begins no new trial.
    cv : int, splitter, iterable of (train, test) or None, default=None
        None: 5 folds. Where `fit` is given groups, an integer keeps each group on one side.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in scikit-learn's searches. Several metrics without a `refit` that names one are
        several objectives, and nothing is pruned.
    refit : bool, str or callable, default=True
        Train the best candidate on all rows; the metric that decides where there are several, or
        a function of `cv_results_` that returns a row.
    pruner : optuna.pruners.BasePruner or None, default=None
        None: optuna's MedianPruner. `optuna.pruners.NopPruner()` stops nothing.
    sampler : optuna.samplers.BaseSampler or None, default=None
        None: optuna's TPESampler, seeded by `random_state` and the number of the trial.
    n_jobs : int or None, default=None
        Trials at a time, by joblib's backend.
    random_state : int, RandomState or None, default=None
        An int makes the search reproducible with `n_jobs=None`, given reproducible estimators.
    verbose : int, default=0
        Above 0, a line per trial.

    Attributes
    ----------
    best_estimator_ : estimator
        The best candidate, trained on all rows.
    best_name_ : str
        Its name in `estimators`; "" where there is a single one.
    best_params_ : dict
        Its parameters.
    best_score_ : float
        Its mean score over the inner folds. It was chosen for being the highest, so it is too
        good: a **selection score**. Compare searches with `skmedimg.compare` for an honest one.
    best_index_ : int
        Its row of `cv_results_`.
    cv_results_ : dict of str to ndarray
        A row per trial as in scikit-learn, with "estimator", "state" ("complete", "pruned",
        "fail"), "error" and the optuna number "trial".
    study_ : optuna.Study
    scorer_ : callable
    n_splits_ : int
    classes_ : ndarray of shape (n_classes,)
        Of the best estimator, when that is a classifier.

    Examples
    --------
    >>> from optuna.distributions import FloatDistribution
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmedimg.search import OptunaSearch
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = OptunaSearch(
    ...     {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(random_state=0)},
    ...     {"bayes": {"var_smoothing": FloatDistribution(1e-12, 1e-6, log=True)},
    ...      "tree": {"max_depth": [1, 2]}},
    ...     n_trials=8, cv=3, random_state=0,
    ... ).fit(X, y)
    >>> search.best_name_, round(search.best_score_, 2)
    ('bayes', 0.93)
    """

    _parameter_constraints = {
        "estimators": "no_validation",
        "spaces": "no_validation",
        "study": [Study, str, None],
        "storage": [str, BaseStorage, None],
        "n_trials": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "timeout": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, list, tuple, dict, None],
        "refit": ["boolean", str, callable],
        "pruner": [BasePruner, None],
        "sampler": [BaseSampler, None],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self, estimators, spaces, *, study=None, storage=None, n_trials=20, timeout=None, cv=None,
        scoring=None, refit=True, pruner=None, sampler=None, n_jobs=None, random_state=None,
        verbose=0,
    ):  # fmt: skip
        self.estimators = estimators
        self.spaces = spaces
        self.study = study
        self.storage = storage
        self.n_trials = n_trials
        self.timeout = timeout
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.pruner = pruner
        self.sampler = sampler
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, groups=None, **params):
        """Run the study, and train its best candidate on all rows.

        Parameters
        ----------
        X : any kind of X the estimators take
        y : array-like of shape (n_samples,) or None, default=None
        groups : array-like of shape (n_samples,) or None, default=None
            Patients: kept on one side of every fold, and handed on where an estimator's own `fit`
            takes them.
        **params : dict of str to object
            For every estimator's `fit`; what has a value per row is split with the rows.

        Returns
        -------
        self : OptunaSearch
        """
        X, y = indexable(X, y)
        job, study = prepare(self, X, y, groups, params)
        self.study_ = run(job, study, effective_n_jobs(self.n_jobs))
        self.n_splits_, self._objectives = len(job.splits), job.objectives
        for name, value in finish(self.study_, job, self.refit).items():
            setattr(self, name, value)
        if self.refit:
            self.best_estimator_ = refitted(job, self.best_name_, self.best_params_)
        return self

    def score(self, X, y=None):
        """Return the score of the best estimator, by the metric that `refit` names.

        Parameters
        ----------
        X : any kind of X
        y : array-like of shape (n_samples,) or None, default=None

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        if not self.refit:
            raise AttributeError("score needs refit: this search has refit=False.")
        scores = score_all(self.scorer_, self.best_estimator_, X, y)
        return scores[self.refit if isinstance(self.refit, str) and SINGLE not in scores
                      else next(iter(scores))]  # fmt: skip

    @_has("predict")
    def predict(self, X):
        """Predict with the best estimator; X as it takes it."""
        check_is_fitted(self)
        return self.best_estimator_.predict(X)

    @_has("predict_proba")
    def predict_proba(self, X):
        """Return the best estimator's probabilities."""
        check_is_fitted(self)
        return self.best_estimator_.predict_proba(X)

    @_has("predict_log_proba")
    def predict_log_proba(self, X):
        """Return the logarithms of the best estimator's probabilities."""
        check_is_fitted(self)
        return self.best_estimator_.predict_log_proba(X)

    @_has("decision_function")
    def decision_function(self, X):
        """Return the best estimator's decision values."""
        check_is_fitted(self)
        return self.best_estimator_.decision_function(X)

    @_has("transform")
    def transform(self, X):
        """Transform with the best estimator."""
        check_is_fitted(self)
        return self.best_estimator_.transform(X)

    def plot(self, kind="history", *, name=None, metric=None):
        """Draw the study with optuna's pictures.

        Parameters
        ----------
        kind : {"history", "importances", "parallel", "slice", "epochs"}, default="history"
        name : str or None, default=None
            Only the trials of this estimator, which share their parameters.
        metric : str or None, default=None
            None: the first objective.

        Returns
        -------
        ax : matplotlib Axes, or an ndarray of them
        """
        check_is_fitted(self)
        objectives = self._objectives
        position = 0 if metric is None else objectives.index(metric)
        trials = finished(self.study_) if name is None else trials_of(self.study_, name)
        return plot_study(self.study_, trials, kind, objectives[position], position)

    @property
    def scorer_(self):
        """What `score` computes."""
        return check_scoring(self.best_estimator_, self.scoring)

    @property
    def classes_(self):
        """Class labels of the best estimator."""
        return self.best_estimator_.classes_

    @property
    def n_features_in_(self):
        """Features of the best estimator."""
        return self.best_estimator_.n_features_in_

    def _all(self):
        table = self.estimators
        return list(table.values()) if isinstance(table, dict) else [table]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        first = get_tags(clone(self._all()[0], safe=False))
        tags.estimator_type = first.estimator_type
        tags.classifier_tags, tags.regressor_tags = first.classifier_tags, first.regressor_tags
        tags.input_tags = first.input_tags
        tags.target_tags.required = first.target_tags.required
        return tags
