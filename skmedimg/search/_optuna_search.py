"""OptunaSearch: searches estimators and their parameters in one optuna study."""

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
from skmedimg.search._cv_results import trials_of_model
from skmedimg.search._plots import plot_study
from skmedimg.search._search_run import fit_best, fitted_attributes, prepare_search, run_search
from skmedimg.search._trial_owners import finished_trials
from skmedimg.search._trials import SINGLE, score_by_metric


def _if_estimators_have(method):
    """Return a decorator: the search has the method where its estimators have it, with refit."""

    def check(search):
        if not search.refit:
            raise AttributeError(f"{method} needs refit: this search has refit={search.refit!r}.")
        found = [search.best_estimator_] if hasattr(search, "best_estimator_") else search._list()
        return all(hasattr(estimator, method) for estimator in found)

    # unfitted too: scikit-learn asks hasattr(search, "predict_proba") before it fits
    return available_if(check)


class OptunaSearch(MetaEstimatorMixin, BaseEstimator):
    """Search estimators and their parameters together, in one optuna study.

    The input are estimators, usually whole pipelines, and a search space for each of them; after
    `fit` the search is the best candidate, trained on all samples. Optuna [1]_ picks an estimator
    and values of its parameters for every trial (by default with TPE [2]_), and the trial is
    cross-validated. A trial that scores worse than the median of the others at the same fold, or
    at the same epoch of a network, is stopped (median stopping rule [3]_). A trial that fails is
    recorded with its error, and the study goes on.

    Parameters
    ----------
    estimators : estimator or dict of str to estimator
        The models to search, by name; whole pipelines.
    spaces : dict or callable; with a dict of estimators, a dict of str to these
        Parameters to optuna distributions or lists of choices (of anything, tuples too), or a
        function that takes the optuna trial and returns parameters. See
        `skmedimg.search.default_space`.
    study : optuna.Study, str or None, default=None
        A study to continue, or the name of one in `storage`. None: the name is a digest of the
        data, folds, estimators and spaces, so that other data never continue the study by
        accident. A space that is a function, or lets a parameter choose between functions, needs
        a name when there is a `storage`: what a function computes cannot be compared.
    storage : str, optuna.storages.BaseStorage or None, default=None
        "journal:study.log" or the URL of a database keeps the study: the same call continues
        where it ended, and processes that make the same call share the trials. None: memory.
    n_trials : int or None, default=20
        Number of trials of the study, those of earlier calls and of other processes included.
    timeout : float or None, default=None
        Seconds after which this call begins no new trial.
    cv : int, splitter, iterable of (train, test) or None, default=None
        None: 5 folds. Where `fit` is given groups, an integer keeps each group on one side.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in scikit-learn's searches. Several metrics without a `refit` that names one are
        several objectives, and no trial is stopped early.
    refit : bool, str or callable, default=True
        Train the best candidate on all samples. With several metrics: the name of the one that
        decides, or a function of `cv_results_` that returns a row.
    pruner : optuna.pruners.BasePruner or None, default=None
        Decides which trials are stopped early. None: optuna's MedianPruner;
        `optuna.pruners.NopPruner()` stops none.
    sampler : optuna.samplers.BaseSampler or None, default=None
        Draws the candidates. None: optuna's TPESampler, seeded by `random_state` and the number
        of the trial.
    n_jobs : int or None, default=None
        Number of trials that run at the same time, in joblib's backend.
    random_state : int, RandomState or None, default=None
        An int makes the search reproducible with `n_jobs=None`, given reproducible estimators.
    verbose : int, default=0
        Above 0, print a line per trial.

    Attributes
    ----------
    best_estimator_ : estimator
        The best candidate, trained on all samples.
    best_name_ : str
        Name of the best candidate in `estimators`; "" where there is a single estimator.
    best_params_ : dict
        Parameters of the best candidate.
    best_score_ : float
        Mean score of the best candidate over the folds. It is the highest of many scores and
        therefore too good, a **selection score** [4]_. Compare searches with `skmedimg.compare`,
        which runs nested cross-validation, for an unbiased one.
    best_index_ : int
        Row of the best candidate in `cv_results_`.
    cv_results_ : dict of str to ndarray
        A row per trial as in scikit-learn, with "estimator", "state" ("complete", "pruned",
        "fail"), "error" and the number of the trial in the study, "trial".
    study_ : optuna.Study
    scorer_ : callable
    n_splits_ : int
    classes_ : ndarray of shape (n_classes,)
        Of the best estimator, when that is a classifier.

    References
    ----------
    .. [1] T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama. "Optuna: A Next-generation
           Hyperparameter Optimization Framework". KDD 2019, 2623-2631.
           https://doi.org/10.1145/3292500.3330701
    .. [2] S. Watanabe. "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components
           and Their Roles for Better Empirical Performance". 2023.
           https://doi.org/10.48550/arXiv.2304.11127
    .. [3] D. Golovin, B. Solnik, S. Moitra, G. Kochanski, J. Karro, D. Sculley. "Google Vizier: A
           Service for Black-Box Optimization". KDD 2017, 1487-1495.
           https://doi.org/10.1145/3097983.3098043
    .. [4] S. Varma, R. Simon. "Bias in error estimation when using cross-validation for model
           selection". BMC Bioinformatics 7, 91, 2006. https://doi.org/10.1186/1471-2105-7-91

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
        self,
        estimators,
        spaces,
        *,
        study=None,
        storage=None,
        n_trials=20,
        timeout=None,
        cv=None,
        scoring=None,
        refit=True,
        pruner=None,
        sampler=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
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
        """Run the trials of the study, and train the best candidate on all samples.

        Parameters
        ----------
        X : any kind of X the estimators take
        y : array-like of shape (n_samples,) or None, default=None
        groups : array-like of shape (n_samples,) or None, default=None
            Patients: each is on one side of every fold only. Estimators whose own `fit` uses
            groups get them.
        **params : dict of str to object
            For every estimator's `fit`; what has a value per sample is split with the samples.

        Returns
        -------
        self : OptunaSearch
        """
        X, y = indexable(X, y)
        run, study = prepare_search(self, X, y, groups, params)
        self.study_ = run_search(run, study, effective_n_jobs(self.n_jobs))
        self.n_splits_, self._objectives = len(run.splits), run.objectives
        for name, value in fitted_attributes(self.study_, run, self.refit).items():
            setattr(self, name, value)
        if self.refit:
            self.best_estimator_ = fit_best(run, self.best_name_, self.best_params_)
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
        scores = score_by_metric(self.scorer_, self.best_estimator_, X, y)
        named = isinstance(self.refit, str) and SINGLE not in scores
        return scores[self.refit if named else next(iter(scores))]

    @_if_estimators_have("predict")
    def predict(self, X):
        """Return the best estimator's predictions."""
        check_is_fitted(self)
        return self.best_estimator_.predict(X)

    @_if_estimators_have("predict_proba")
    def predict_proba(self, X):
        """Return the best estimator's probabilities."""
        check_is_fitted(self)
        return self.best_estimator_.predict_proba(X)

    @_if_estimators_have("predict_log_proba")
    def predict_log_proba(self, X):
        """Return the logarithms of the best estimator's probabilities."""
        check_is_fitted(self)
        return self.best_estimator_.predict_log_proba(X)

    @_if_estimators_have("decision_function")
    def decision_function(self, X):
        """Return the best estimator's decision scores."""
        check_is_fitted(self)
        return self.best_estimator_.decision_function(X)

    @_if_estimators_have("transform")
    def transform(self, X):
        """Return X as the best estimator transforms it."""
        check_is_fitted(self)
        return self.best_estimator_.transform(X)

    def plot(self, kind="history", *, name=None, metric=None):
        """Draw the study with one of optuna's plots.

        Parameters
        ----------
        kind : {"history", "importances", "parallel", "slice", "epochs"}, default="history"
        name : str or None, default=None
            Only the trials of this estimator: those of others have other parameters.
        metric : str or None, default=None
            None: the first objective.

        Returns
        -------
        ax : matplotlib Axes, or an ndarray of them
        """
        check_is_fitted(self)
        objectives = self._objectives
        if metric is not None and metric not in objectives:
            raise ValueError(f"metric={metric!r} needs one of the objectives {objectives}.")
        position = 0 if metric is None else objectives.index(metric)
        study = self.study_
        trials = finished_trials(study) if name is None else trials_of_model(study, name)
        return plot_study(study, trials, kind, objectives[position], position)

    @property
    def scorer_(self):
        """The scorer that `score` calls."""
        return check_scoring(self.best_estimator_, self.scoring)

    @property
    def classes_(self):
        """Class labels of the best estimator."""
        return self.best_estimator_.classes_

    @property
    def n_features_in_(self):
        """Number of features of the best estimator."""
        return self.best_estimator_.n_features_in_

    def _list(self):
        given = self.estimators
        return list(given.values()) if isinstance(given, dict) else [given]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # all estimators are of one kind, so the first speaks for all
        first = get_tags(clone(self._list()[0], safe=False))
        tags.estimator_type = first.estimator_type
        tags.classifier_tags, tags.regressor_tags = first.classifier_tags, first.regressor_tags
        tags.input_tags = first.input_tags
        tags.target_tags.required = first.target_tags.required
        return tags
