"""Decision thresholds, chosen on predictions for rows that the model was not trained on."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import (
    HasMethods,
    Interval,
    fit_context,
    params_of_rows,
    routing_enabled,
)
from skmedimg._warnings import warn_user
from skmedimg.evaluation.decisions._inner_models import (
    change_of_scale,
    fit_and_score,
    fit_rows,
    score_rows,
    take_input_facts,
)
from skmedimg.evaluation.decisions._threshold_choice import (
    check_constraints,
    choose_threshold,
    independent_cases,
    share_interval,
    threshold_curve,
)
from skmedimg.evaluation.decisions._threshold_input import (
    binary_labels,
    check_classes,
    check_patients,
    checked_weights,
)
from skmedimg.evaluation.decisions._threshold_planning import plan_table
from skmedimg.evaluation.scores._positive_label import positive_label
from skmedimg.evaluation.splitting._folds import choose_splitter, refuse_shared_patients, split_rows
from skmedimg.evaluation.splitting._groups import metadata_router, route_fit, weights_for_fit
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.images._validate import check_groups

# Numbers of patients that `plan` and `describe` tell about.
PLANNED = (59, 100, 200, 500, 1000)


class ThresholdAt(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A binary classifier whose threshold meets a constraint, such as a sensitivity of 95 %.

    `fit` scores every training row by a model that was not trained on it (nor on its patient,
    where `groups` are given), chooses the threshold on these scores, and then trains on all rows.
    At most one of `sensitivity`, `specificity` and `cost` is set; with none of them the threshold
    has the largest sum of sensitivity and specificity (Youden's index [1]_).

    The threshold is chosen on the scores of the inner models, but used on those of one model of
    all rows. Where more rows change the scale of the scores, as with nearly separable classes and
    little regularization, the sensitivity is not kept, and `fit` warns. `ensemble=True` keeps the
    inner models instead: a row is positive where their median score reaches the threshold, which
    is a majority vote.

    Parameters
    ----------
    estimator : classifier
        With predict_proba or decision_function.
    sensitivity : float or None, default=None
        Smallest sensitivity; of the thresholds that reach it, the most specific one is taken.
    specificity : float or None, default=None
        Smallest specificity; of the thresholds that reach it, the most sensitive one is taken.
    cost : float or None, default=None
        Cost of a missed positive, in false alarms; the threshold of the lowest total cost is taken.
    confidence : float or None, default=None
        Require that the lower Clopper-Pearson bound [2]_ of that sensitivity or specificity, at
        this one-sided confidence, reaches it too. Patients count, not their images, where `groups`
        are given.
    pos_label : label or None, default=None
        The positive class. None guesses, as `compare` does.
    cv : int, splitter or iterable, default=5
        Folds of the inner scores; an integer is stratified by class, and grouped by patient where
        `groups` are given.
    ensemble : bool, default=False
        Whether the inner models predict, by the median of their scores, instead of one model that
        is trained on all rows. Predicting and saving then cost as much as all inner models.
    n_jobs : int or None, default=None
        Number of inner fits in parallel.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on all rows; only with `ensemble=False`.
    estimators_ : list of classifier
        The inner models, one per fold; only with `ensemble=True`.
    threshold_ : float
        A row is positive if its score is at least this.
    sensitivity_, specificity_ : float
        At the threshold, on the inner scores; weighted where there are weights.
    sensitivity_interval_, specificity_interval_ : tuple of float
        95 % intervals (low, high) of the two at this threshold, by patient [3]_. That of the
        constrained one does not know that the threshold was chosen for it: see `confidence`.
    bound_ : float or None
        The lower bound of the constrained sensitivity or specificity, where `confidence` is set.
    n_positives_, n_negatives_ : float
        Patients (rows without `groups`) of each class that the threshold was chosen on; with
        unequal weights the effective number, (sum w)^2 / sum w^2.
    curve_ : dict of str to ndarray of shape (n_thresholds,)
        "threshold" (rising), "sensitivity" and "specificity" of every threshold, on the inner
        scores.
    pos_label_ : label
        The positive class.
    classes_ : ndarray of shape (2,)
        Labels of the classes, sorted.
    n_features_in_ : int
        Where the estimator has it.

    See Also
    --------
    specificity_at_sensitivity_scorer : What to report beside it.
    positives_needed : How many patients a sensitivity with confidence takes.

    References
    ----------
    .. [1] Youden, W. J. (1950). Index for rating diagnostic tests. Cancer, 3(1), 32-35.
       DOI 10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3
    .. [2] Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial limits
       illustrated in the case of the binomial. Biometrika, 26(4), 404-413.
       https://doi.org/10.1093/biomet/26.4.404
    .. [3] Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small
       expected number of positive counts estimated from survey data. Survey Methodology, 24,
       193-201.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import ThresholdAt
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ThresholdAt(GaussianNB(), sensitivity=0.95, pos_label=0).fit(X, y)
    >>> print(f"{model.sensitivity_:.3f} {model.specificity_:.3f}")
    0.953 0.947
    >>> sure = ThresholdAt(GaussianNB(), sensitivity=0.95, confidence=0.95, pos_label=0).fit(X, y)
    >>> print(sure.describe())
    threshold 6.817e-05 for class 0, chosen on 212 positives and 357 negatives:
      sensitivity 0.976 (95 % interval 0.946 to 0.992), at least 0.951 with confidence 0.95
      specificity 0.905 (95 % interval 0.869 to 0.933)
      specificity expected with other numbers of positives: 0.70 (59), 0.80 (100), 0.87 (200), ...
    """

    # Patients decide the folds: they are wanted always, as by scikit-learn's grouped splitters.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "estimator": [
            HasMethods(["fit", "predict_proba"]),
            HasMethods(["fit", "decision_function"]),
        ],
        "sensitivity": [Interval(Real, 0, 1, closed="right"), None],
        "specificity": [Interval(Real, 0, 1, closed="right"), None],
        "cost": [Interval(Real, 0, None, closed="neither"), None],
        "confidence": [Interval(Real, 0.5, 1, closed="left"), None],
        "pos_label": "no_validation",
        "cv": ["cv_object"],
        "ensemble": ["boolean"],
        "n_jobs": N_JOBS,
    }

    def __init__(
        self,
        estimator,
        *,
        sensitivity=None,
        specificity=None,
        cost=None,
        confidence=None,
        pos_label=None,
        cv=5,
        ensemble=False,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.sensitivity = sensitivity
        self.specificity = specificity
        self.cost = cost
        self.confidence = confidence
        self.pos_label = pos_label
        self.cv = cv
        self.ensemble = ensemble
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None, sample_weight=None, **params):
        """Choose the threshold and train.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        y : array-like of shape (n_samples,)
            Two classes.
        groups : array-like of shape (n_samples,), default=None
            Patients: kept together in the inner folds, and handed on where the estimator's own
            `fit` takes them.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row stands for in sensitivity and specificity, and in the estimator's own
            `fit` where it takes weights. Rows of weight zero are left out.
        **params : dict of str to object
            For the estimator's `fit`; what has a value per sample is split with the samples.

        Returns
        -------
        self : ThresholdAt
        """
        check_constraints(self.sensitivity, self.specificity, self.cost, self.confidence)
        X, y = indexable(X, binary_labels(y))
        groups, weights = check_groups(groups, y), checked_weights(sample_weight, y)
        used = np.flatnonzero(weights)
        self.pos_label_ = positive_label(np.unique(y[used]), self.pos_label)
        check_patients(y[used], None if groups is None else groups[used])
        params |= self._weight_params(None if sample_weight is None else weights)
        given, to_split = route_fit(self, groups, params)
        # On scores of its own training rows a model looks
        # better than it is, and the threshold would too.
        splits = self._splits(y, groups, used, to_split)
        inner = self._fit_inner(X, y, given, splits)
        rows = np.concatenate([test for _, test in splits])
        clusters = (np.arange(len(y)) if groups is None else groups)[rows]
        scores = np.concatenate([each["scores"] for each in inner])
        self._choose(y[rows] == self.pos_label_, scores, clusters, weights[rows])
        self._keep_models(X, y, given, used, inner)
        return self

    def predict(self, X):
        """Return the positive class where the score reaches the threshold.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        predicted : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        positive = self._column()
        reached = self._score(X) >= self.threshold_
        return self.classes_[np.where(reached, positive, 1 - positive)]

    def decision_function(self, X):
        """Return how far each score lies on the side of `classes_[1]`.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        # Shifted by the threshold, so that its sign agrees with `predict`.
        above = self._score(X) - self.threshold_
        return above if self._column() == 1 else -above

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, X):
        """Return the estimator's probabilities, which know nothing of the threshold.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, 2)
            Of an ensemble the mean.
        """
        check_is_fitted(self)
        return np.mean([model.predict_proba(X) for model in self._models()], axis=0)

    def plan(self, n_patients=PLANNED):
        """Return what other numbers of patients would give, with scores as good as these.

        With more positives the threshold for a sensitivity lies higher: more of them may be
        missed, so that no single odd one sets the threshold. What more patients do for the model
        itself is not included.

        Parameters
        ----------
        n_patients : sequence of int, default=(59, 100, 200, 500, 1000)
            Independent positives where a sensitivity is set, negatives where a specificity is.

        Returns
        -------
        table : pandas.DataFrame
            Indexed by "n_positives" ("n_negatives"). "misses_allowed" ("false_alarms_allowed"):
            how many of them may lie on the wrong side of the threshold, missing where they are too
            few; "probability" that the sensitivity (specificity) holds on new patients;
            "specificity" ("sensitivity"): expected on new patients.

        See Also
        --------
        positives_needed : The other way round, before there are data.
        """
        check_is_fitted(self)
        wrong = [n for n in n_patients if not isinstance(n, Integral) or n < 1]
        if wrong:
            raise ValueError(f"n_patients needs whole numbers above 0, but has {wrong[0]!r}.")
        found, cleared = self.curve_["sensitivity"], self.curve_["specificity"]
        if self.sensitivity is not None:
            table = plan_table(
                n_patients, self.sensitivity, self.confidence, found, cleared, self.n_positives_
            )
            return table.rename_axis("n_positives").rename(columns={"expected": "specificity"})
        if self.specificity is not None:
            table = plan_table(
                *(n_patients, self.specificity, self.confidence),
                *(cleared[::-1], found[::-1], self.n_negatives_),
            )
            names = {"expected": "sensitivity", "misses_allowed": "false_alarms_allowed"}
            return table.rename_axis("n_negatives").rename(columns=names)
        raise ValueError("plan needs a model with sensitivity= or specificity= set.")

    def describe(self):
        """Return as text what the threshold gives, and what more patients would give.

        Returns
        -------
        text : str
        """
        check_is_fitted(self)
        lines = [
            f"threshold {self.threshold_:.4g} for class {self.pos_label_}, chosen on "
            f"{self.n_positives_:.4g} positives and {self.n_negatives_:.4g} negatives:"
        ]
        for name in ("sensitivity", "specificity"):
            low, high = getattr(self, f"{name}_interval_")
            line = (
                f"  {name} {getattr(self, f'{name}_'):.3f} (95 % interval {low:.3f} to {high:.3f})"
            )
            if self.bound_ is not None and getattr(self, name) is not None:
                line += f", at least {self.bound_:.3f} with confidence {self.confidence}"
            lines.append(line)
        if self.sensitivity is not None or self.specificity is not None:
            table = self.plan()
            table = table[table["probability"].notna()]
            kind, other = table.index.name.removeprefix("n_"), table.columns[-1]
            planned = ", ".join(f"{share:.2f} ({n})" for n, share in table[other].items())
            if planned:
                lines.append(f"  {other} expected with other numbers of {kind}: {planned}")
        return "\n".join(lines)

    def get_metadata_routing(self):
        """Return which metadata go to the estimator, the splitter and this class itself.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
        """
        return metadata_router(self, {"estimator": self.estimator}, self.cv)

    def _weight_params(self, weights):
        """Return {parameter of the estimator's fit: weights}, or {} where it takes none."""
        if weights is None:
            return {}
        if routing_enabled():
            return {"sample_weight": weights}
        named = weights_for_fit(self.estimator, weights)
        if not named:
            warn_user(
                f"{type(self.estimator).__name__}.fit takes no sample_weight: the weights count "
                "for the threshold and not for the training."
            )
        return named

    def _splits(self, y, groups, used, metadata):
        """Return pairs of training and test rows, of the rows in use only."""
        splitter = choose_splitter(self.cv, stratified=True, grouped=groups is not None)
        if isinstance(self.cv, Integral) or hasattr(self.cv, "split") or self.cv is None:
            kept = None if groups is None else groups[used]
            kept_metadata = params_of_rows(y, metadata, used)
            pairs = split_rows(splitter, y[used], kept, **kept_metadata)
            splits = [(used[a], used[b]) for a, b in pairs]
        else:  # positions that the user wrote down are positions in X
            splits = [
                (train[np.isin(train, used)], test[np.isin(test, used)])
                for train, test in split_rows(splitter, y, groups)
            ]
        for number, (train, test) in enumerate(splits, 1):
            # a threshold chosen on patients seen in training is too good
            refuse_shared_patients("An inner split of cv", train, test, groups)
            check_classes(y[train], f"The training rows of inner split {number} of cv")
        check_classes(y[np.concatenate([b for _, b in splits])], "The test rows of cv, together,")
        return [(train, test) for train, test in splits if len(test)]

    def _fit_inner(self, X, y, given, splits):
        """Return a dict for each inner model, with its scores of the rows it was not trained on."""
        promised = self.sensitivity is not None or self.specificity is not None
        with warnings.catch_warnings():  # threads of scikit-learn leave filters in disorder
            return Parallel(n_jobs=self.n_jobs)(
                delayed(fit_and_score)(
                    *(self.estimator, X, y, given, train, test, self.pos_label_),
                    keep=self.ensemble,
                    seen=promised and not self.ensemble,
                )
                for train, test in splits
            )

    def _choose(self, positive, scores, clusters, weights):
        point = choose_threshold(
            positive,
            scores,
            sensitivity=self.sensitivity,
            specificity=self.specificity,
            cost=self.cost,
            confidence=self.confidence,
            clusters=clusters,
            weights=weights,
        )
        self.threshold_, self.bound_ = point.threshold, point.bound
        self.sensitivity_, self.specificity_ = point.sensitivity, point.specificity
        above = scores >= point.threshold
        self.sensitivity_interval_ = share_interval(
            above[positive], clusters[positive], weights[positive]
        )
        self.specificity_interval_ = share_interval(
            ~above[~positive], clusters[~positive], weights[~positive]
        )
        self.n_positives_ = independent_cases(positive, clusters, weights)
        self.n_negatives_ = independent_cases(~positive, clusters, weights)
        curve = threshold_curve(positive, scores, weights)
        names = ("threshold", "sensitivity", "specificity")
        self.curve_ = dict(zip(names, curve, strict=True))

    def _keep_models(self, X, y, given, used, inner):
        """Store the inner models or one of all rows, and what is known of their X."""
        for name in ("estimator_", "estimators_", "n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)  # of an earlier fit
        if self.ensemble:
            self.estimators_ = [each["model"] for each in inner]
        else:
            # As in CalibratedClassifierCV(ensemble=False): the threshold comes from
            # models of part of the rows and is used by one model of all of them.
            self.estimator_ = fit_rows(self.estimator, X, y, given, used)
            self._warn_of_scale(X, inner)
        first = self._models()[0]
        self.classes_ = first.classes_
        take_input_facts(self, first)

    def _warn_of_scale(self, X, inner):
        """Warn where the model of all rows has scores of another scale than the inner models."""
        change = change_of_scale(self.estimator_, X, inner)
        if change is not None:
            name = "specificity" if self.sensitivity is None else "sensitivity"
            warn_user(
                f"The threshold may not keep its {name}: on the same rows the scores of the final "
                f"model spread {change} times as far as those of the inner models, on which the "
                "threshold was chosen. Set ensemble=True to predict by the inner models, or "
                "regularize more."
            )

    def _models(self):
        return self.estimators_ if hasattr(self, "estimators_") else [self.estimator_]

    def _score(self, X):
        """Return the score of each row: of an ensemble the median, at which most models agree."""
        # The median does not depend on whether scores are probabilities or log odds; the mean of
        # probabilities would follow the one model that is sure.
        scores = [score_rows(model, X, self.pos_label_) for model in self._models()]
        return np.median(scores, axis=0)

    def _column(self):
        return int(self.classes_[1] == self.pos_label_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags
