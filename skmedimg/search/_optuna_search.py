"""OptunaSearch: searches estimators and their parameters in one optuna study."""

import numbers

import numpy as np
from joblib import effective_n_jobs
from optuna import Study
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import get_tags, indexable
from sklearn.utils.metadata_routing import MethodMapping
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import (
    CallbackSupportMixin,
    Interval,
    StrOptions,
    base_search_class,
    fit_context,
)
from skmedimg.evaluation.splitting._groups import metadata_router
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.search._cv_results import trials_of_model
from skmedimg.search._plots import plot_study
from skmedimg.search._search_run import fit_best, fitted_attributes, prepare_search, run_search
from skmedimg.search._trial_owners import finished_trials

_NESTED = "estimators__"  # what the parameters of a dict of estimators begin with


class OptunaSearch(base_search_class(), CallbackSupportMixin):
    """Search estimators and their parameters together, in one optuna study.

    The input are estimators, usually whole pipelines, and a search space for each of them; after
    `fit` the search is the best candidate, trained on all samples. Optuna [1]_ picks an estimator
    and values of its parameters for every trial (by default with TPE [2]_), and the trial is
    cross-validated. A trial that scores worse than the median of the others at the same fold, or
    at the same epoch of a network, is stopped (median stopping rule [3]_). A trial that fails is
    recorded with its error, and the study goes on.

    It is one of scikit-learn's searches: it has the methods and attributes of `GridSearchCV`.

    Parameters
    ----------
    estimators : estimator or dict of str to estimator
        The models to search, by name; whole pipelines.
    spaces : dict or callable; with a dict of estimators, a dict of str to these
        Parameters to optuna distributions or lists of choices (of anything, tuples too), or a
        function that takes the optuna trial and returns parameters. Of scipy's distributions,
        `uniform`, `loguniform` and `randint` are taken too. See `skmedimg.search.default_space`.
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
    error_score : "raise" or float, default=nan
        What a fold counts whose fit or score fails. nan: its trial fails, and the study goes on.
        "raise": the error ends the search.
    return_train_score : bool, default=False
        Whether `cv_results_` has the scores of the training rows.
    pruner : optuna.pruners.BasePruner or None, default=None
        Decides which trials are stopped early. None: optuna's MedianPruner;
        `optuna.pruners.NopPruner()` stops none.
    sampler : optuna.samplers.BaseSampler or None, default=None
        Draws the candidates. None: optuna's TPESampler, seeded by `random_state` and the number
        of the trial.
    callbacks : list of callable or None, default=None
        Optuna's: each is called with the study and the trial after every trial, and may call
        `study.stop()`. Those of scikit-learn, such as its ProgressBar, go to `set_callbacks`.
    catch : type, tuple of type or None, default=None
        Kinds of errors of fits that `error_score` is for; others end the search. None: all.
    n_jobs : int or None, default=None
        Number of trials that run at the same time, in joblib's backend.
    random_state : int, RandomState or None, default=None
        An int makes the search reproducible with `n_jobs=None`, given reproducible estimators.
    verbose : int, default=0
        Above 0, print a line per trial; above 1, of each fold too.

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
        The optuna study.
    scorer_ : callable or dict of str to callable
        Scorer, or one scorer per metric.
    multimetric_ : bool
        Whether several metrics are computed.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that training the best candidate on all samples took.
    classes_ : ndarray of shape (n_classes,)
        Of the best estimator, when that is a classifier.
    n_features_in_ : int
        Of the best estimator.
    feature_names_in_ : ndarray of shape (n_features,)
        Of the best estimator, where it has them.

    See Also
    --------
    default_space
        Return the search space of one of skmedimg's estimators, or of a Pipeline of them.
    skmedimg.evaluation.compare
        Compare estimators on the same folds and keep everything that is needed to judge
        them.

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

    # Patients decide the folds: they are wanted always, as by scikit-learn's grouped splitters.
    __metadata_request__fit = {"groups": True}

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
        "error_score": [StrOptions({"raise"}), numbers.Real],
        "return_train_score": ["boolean"],
        "pruner": [BasePruner, None],
        "sampler": [BaseSampler, None],
        "callbacks": [list, tuple, None],
        "catch": [type, tuple, None],
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
        error_score=np.nan,
        return_train_score=False,
        pruner=None,
        sampler=None,
        callbacks=None,
        catch=None,
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
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.pruner = pruner
        self.sampler = sampler
        self.callbacks = callbacks
        self.catch = catch
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, groups=None, **params):
        """Run the trials of the study, and train the best candidate on all samples.

        Parameters
        ----------
        X : any kind of X the estimators take
            Samples.
        y : array-like of shape (n_samples,) or None, default=None
            Labels or masks.
        groups : array-like of shape (n_samples,) or None, default=None
            Patients: each is on one side of every fold only. Estimators whose own `fit` uses
            groups get them.
        **params : dict of str to object
            For every estimator's `fit`; what has a value per sample is split with the samples.
            `sample_weight` weights the scores of the folds too, where the metric takes weights.

        Returns
        -------
        self : OptunaSearch
        """
        X, y = indexable(X, y)
        run, study = prepare_search(self, X, y, groups, params)
        data = {"estimator": self, "X": X, "y": y, "metadata": run.metadata}
        root = self._init_callback_context(max_subtasks=1 + bool(self.refit))
        root.call_on_fit_task_begin(**data)
        run.task = root.subcontext(
            task_name="search", max_subtasks=run.n_new_trials, sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self)
        self.study_ = run_search(run, study, effective_n_jobs(self.n_jobs))
        run.task.call_on_fit_task_end(estimator=self)
        self.n_splits_, self._objectives = len(run.splits), run.objectives
        self.scorer_ = run.scorer_by_metric or run.scorer
        for name, value in fitted_attributes(self.study_, run).items():
            setattr(self, name, value)
        if self.refit:
            task = root.subcontext(task_name="refit-with-best-params")
            self.best_estimator_, self.refit_time_ = fit_best(self, run, task)
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        root.call_on_fit_task_end(**data)
        return self

    def score(self, X, y=None, **params):
        """Return the score of the best estimator, by the metric that `refit` names.

        Parameters
        ----------
        X : any kind of X the estimators take
            Samples.
        y : array-like of shape (n_samples,) or None, default=None
            Labels or masks.
        **params : dict of str to object
            For the metric, with metadata routing.

        Returns
        -------
        score : float
        """
        if callable(self.refit) and getattr(self, "multimetric_", False):
            raise ValueError(
                "score needs one metric, but refit is a function and several are computed: call "
                "one of scorer_ with best_estimator_, or give refit the name of a metric."
            )
        return super().score(X, y, **params)

    def trials_dataframe(self):
        """Return the trials of the study as a table, with optuna's columns.

        Returns
        -------
        table : pandas.DataFrame
            Columns "number", "value", "state", one per parameter and others; `cv_results_` has the
            folds.
        """
        check_is_fitted(self)
        return self.study_.trials_dataframe()

    def plot(self, kind="history", *, name=None, metric=None):
        """Draw the study with one of optuna's plots.

        Parameters
        ----------
        kind : {"history", "importances", "parallel", "slice", "epochs"}, default="history"
            What to draw.
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

    def get_params(self, deep=True):
        """Return the parameters; those of several estimators as "estimators__NAME__...".

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the parameters of the estimators too.

        Returns
        -------
        params : dict of str to object
        """
        found = super().get_params(deep=deep)
        if deep and isinstance(self.estimators, dict):
            for name, estimator in self.estimators.items():
                found[_NESTED + name] = estimator
                found |= {f"{_NESTED}{name}__{k}": v for k, v in estimator.get_params().items()}
        return found

    def set_params(self, **params):
        """Set parameters; those of several estimators as "estimators__NAME__...".

        Parameters
        ----------
        **params : dict of str to object
            Parameters of the search, and of its estimators as in
            ``estimators__hog__hog__orientations``.

        Returns
        -------
        self : OptunaSearch
        """
        nested = isinstance(params.get("estimators", self.estimators), dict)
        inner = {k: v for k, v in params.items() if nested and k.startswith(_NESTED)}
        super().set_params(**{k: v for k, v in params.items() if k not in inner})
        # estimators are replaced before the parameters of their successors are set
        for key in sorted(inner, key=lambda key: key.removeprefix(_NESTED) not in self.estimators):
            self._set_inner(key.removeprefix(_NESTED), inner[key])
        return self

    def get_metadata_routing(self):
        """Return which metadata go to the estimators, the metrics, the splitter and this class.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
        """
        router = metadata_router(self, self._estimators_by_key(), self.cv)
        to_score = MethodMapping().add(caller="fit", callee="score")
        to_score.add(caller="score", callee="score")
        scorer = check_scoring(self.estimator, self.scoring)
        return router.add(scorer=scorer, method_mapping=to_score)

    @property
    def estimator(self):
        """The estimator, or the first of several: they are of one kind."""
        return next(iter(self._estimators_by_key().values()), None)

    def _estimators_by_key(self):
        """Return the estimators by the names that `get_params` gives them."""
        if isinstance(self.estimators, dict):
            return {_NESTED + name: estimator for name, estimator in self.estimators.items()}
        return {"estimators": self.estimators}

    def _set_inner(self, key, value):
        """Set an estimator of the dict, or a parameter of one: "NAME" or "NAME__PARAMETER"."""
        if key in self.estimators:
            self.estimators = {**self.estimators, key: value}
            return
        # the longest: names may hold "__" too
        name = max((n for n in self.estimators if key.startswith(f"{n}__")), key=len, default=None)
        if name is None:
            raise ValueError(
                f"Invalid parameter {_NESTED + key!r}: the estimators are {list(self.estimators)}."
            )
        self.estimators[name].set_params(**{key.removeprefix(f"{name}__"): value})

    def _sk_visual_block_(self):
        block = super()._sk_visual_block_()
        if hasattr(self, "best_estimator_") or not isinstance(self.estimators, dict):
            return block
        names, estimators = list(self.estimators), list(self.estimators.values())
        return type(block)(
            "parallel", estimators, names=names, name_details=[str(each) for each in estimators]
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        first = get_tags(self.estimator)
        tags.input_tags = first.input_tags
        tags.target_tags.required = first.target_tags.required
        return tags
