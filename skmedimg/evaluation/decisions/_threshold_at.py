"""Decision thresholds, chosen on predictions for rows that the model was not trained on."""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import assert_all_finite, get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skmedimg._sklearn import HasMethods, Interval, fit_context, take_rows
from skmedimg.evaluation.decisions._threshold_choice import choose_threshold
from skmedimg.evaluation.scores._positive_label import positive_label
from skmedimg.evaluation.splitting._folds import choose_splitter, refuse_shared_patients, split_rows
from skmedimg.evaluation.splitting._groups import groups_for_fit
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.images._validate import check_groups


class ThresholdAt(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A binary classifier whose threshold meets a constraint, such as a sensitivity of 95 %.

    `fit` scores every training row by a model that was not trained on it (nor on its patient,
    where `groups` are given), chooses the threshold on these scores, and then trains on all rows.
    At most one of `sensitivity`, `specificity` and `cost` is set; with none of them the threshold
    has the largest sum of sensitivity and specificity (Youden's index [1]_).

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
    n_jobs : int or None, default=None
        Number of inner fits in parallel.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on all rows.
    threshold_ : float
        A row is positive if its score is at least this.
    sensitivity_, specificity_ : float
        At the threshold, on the inner scores.
    bound_ : float or None
        The lower bound of the constrained sensitivity or specificity, where `confidence` is set.
    pos_label_ : label
    classes_ : ndarray of shape (2,)
    n_features_in_ : int
        Where the estimator has it.

    See Also
    --------
    specificity_at_sensitivity_scorer : What to report beside it.

    References
    ----------
    .. [1] Youden, W. J. (1950). Index for rating diagnostic tests. Cancer, 3(1), 32-35.
       DOI 10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3
    .. [2] Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial limits
       illustrated in the case of the binomial. Biometrika, 26(4), 404-413.
       https://doi.org/10.1093/biomet/26.4.404

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import ThresholdAt
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ThresholdAt(GaussianNB(), sensitivity=0.95, pos_label=0).fit(X, y)
    >>> print(f"{model.sensitivity_:.3f} {model.specificity_:.3f}")
    0.953 0.947
    """

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
        n_jobs=None,
    ):
        self.estimator = estimator
        self.sensitivity = sensitivity
        self.specificity = specificity
        self.cost = cost
        self.confidence = confidence
        self.pos_label = pos_label
        self.cv = cv
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None):
        """Choose the threshold and train on all rows.

        Parameters
        ----------
        X : any kind of X the estimator takes
        y : array-like of shape (n_samples,)
            Two classes.
        groups : array-like of shape (n_samples,), default=None
            Patients: kept together in the inner folds, and handed on where the estimator's own
            `fit` takes them.

        Returns
        -------
        self : ThresholdAt
        """
        X, y = indexable(X, _binary(y))
        groups = check_groups(groups, y)
        self.pos_label_ = positive_label(np.unique(y), self.pos_label)
        # On scores of its own training rows a model looks
        # better than it is, and the threshold would too.
        scores, rows = self._inner_scores(X, y, groups)
        clusters = None if groups is None else groups[rows]
        self._choose(y[rows] == self.pos_label_, scores, clusters)
        # As in CalibratedClassifierCV(ensemble=False): the threshold comes from
        # models of part of the rows and is used by one model of all of them.
        self.estimator_ = _fit(self.estimator, X, y, groups, np.arange(len(y)))
        self.classes_ = self.estimator_.classes_
        if hasattr(self.estimator_, "n_features_in_"):
            self.n_features_in_ = self.estimator_.n_features_in_
        return self

    def predict(self, X):
        """Return the positive class where the score reaches the threshold.

        Parameters
        ----------
        X : any kind of X the estimator takes

        Returns
        -------
        predicted : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        positive = self._column()
        reached = score_rows(self.estimator_, X, self.pos_label_) >= self.threshold_
        return self.classes_[np.where(reached, positive, 1 - positive)]

    def decision_function(self, X):
        """Return how far each score lies on the side of `classes_[1]`.

        Parameters
        ----------
        X : any kind of X the estimator takes

        Returns
        -------
        decision : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        # Shifted by the threshold, so that its sign agrees with `predict`.
        above = score_rows(self.estimator_, X, self.pos_label_) - self.threshold_
        return above if self._column() == 1 else -above

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, X):
        """Return the estimator's probabilities, which know nothing of the threshold.

        Parameters
        ----------
        X : any kind of X the estimator takes

        Returns
        -------
        probabilities : ndarray of shape (n_samples, 2)
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    def _inner_scores(self, X, y, groups):
        """Score each row by a model trained without it."""
        splitter = choose_splitter(self.cv, stratified=True, grouped=groups is not None)
        splits = split_rows(splitter, y, groups)
        for train, test in splits:  # a threshold chosen on patients seen in training is too good
            refuse_shared_patients("An inner split of cv", train, test, groups)
        with warnings.catch_warnings():  # threads of scikit-learn leave filters in disorder
            scores = Parallel(n_jobs=self.n_jobs)(
                delayed(_fit_and_score)(self.estimator, X, y, groups, train, test, self.pos_label_)
                for train, test in splits
            )
        return np.concatenate(scores), np.concatenate([test for _, test in splits])

    def _choose(self, positive, scores, clusters):
        point = choose_threshold(
            positive,
            scores,
            sensitivity=self.sensitivity,
            specificity=self.specificity,
            cost=self.cost,
            confidence=self.confidence,
            clusters=clusters,
        )
        self.threshold_, self.bound_ = point.threshold, point.bound
        self.sensitivity_, self.specificity_ = point.sensitivity, point.specificity

    def _column(self):
        return int(self.classes_[1] == self.pos_label_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def score_rows(estimator, X, pos_label):
    """Return how positive each row looks: its probability, else its decision value."""
    column = int(estimator.classes_[1] == pos_label)
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(X))[:, column].astype(float)
    decision = np.asarray(estimator.decision_function(X), dtype=float)
    return decision if column == 1 else -decision


def _binary(y):
    """Return labels (n_samples,) of two classes, checked."""
    y = column_or_1d(np.asarray(y), warn=True)
    assert_all_finite(y, input_name="y")
    kind = type_of_target(y, input_name="y")
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported by ThresholdAt. Unknown label type: {kind}."
        )
    if len(np.unique(y)) < 2:
        raise ValueError("ThresholdAt needs rows of both classes, but y has only one class.")
    return y


def _fit_and_score(estimator, X, y, groups, train, test, pos_label):
    return score_rows(_fit(estimator, X, y, groups, train), take_rows(X, test), pos_label)


def _fit(estimator, X, y, groups, rows):
    extra = {} if groups is None else groups_for_fit(estimator, groups[rows])
    # Taking all rows would copy X.
    everything = len(rows) == len(y)
    return clone(estimator).fit(X if everything else take_rows(X, rows), y[rows], **extra)
