"""From images to patients: one probability and one label for each patient."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import check_array, get_tags
from sklearn.utils.validation import check_is_fitted

from skmedimg._sklearn import HasMethods, StrOptions, fit_context
from skmedimg.evaluation.scores._positive_label import positive_label
from skmedimg.evaluation.splitting._groups import metadata_router, route_fit
from skmedimg.images._validate import check_groups

HOW = ("mean", "max", "noisy-or")


@dataclass(frozen=True, eq=False)
class PatientPredictions:
    """Predictions with one row per patient.

    Attributes
    ----------
    patients : ndarray of shape (n_patients,)
        Sorted.
    predicted : ndarray of shape (n_patients,)
        Predicted class of each patient.
    probabilities : ndarray of shape (n_patients, n_classes)
        Probability of each class, of each patient.
    """

    patients: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray


def aggregate_patients(probabilities, groups, how="mean", positive=1):
    """Return one probability per patient and class from those of the patient's images.

    Parameters
    ----------
    probabilities : array-like of shape (n_samples, n_classes)
        Probability of each class, of each image.
    groups : array-like of shape (n_samples,)
        Patients.
    how : {"mean", "max", "noisy-or"}, default="mean"
        "max": of the positive class of two; of more classes each class's highest, made to sum to
        1. "noisy-or": 1 minus the probability that every image is negative, for two classes only;
        it takes the images of a patient as independent, and grows with their number.
    positive : int, default=1
        Column of the positive class of two.

    Returns
    -------
    patients : ndarray of shape (n_patients,)
        Sorted.
    aggregated : ndarray of shape (n_patients, n_classes)

    See Also
    --------
    PatientAggregator : Classify patients by a classifier of their images.

    Examples
    --------
    >>> from skmedimg.evaluation import aggregate_patients
    >>> probabilities = [[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]
    >>> patients, aggregated = aggregate_patients(probabilities, ["ann", "ann", "bob"], "noisy-or")
    >>> patients
    array(['ann', 'bob'], dtype='<U3')
    >>> aggregated
    array([[0.45, 0.55],
           [0.2 , 0.8 ]])
    """
    if how not in HOW:
        raise ValueError(f"how={how!r} needs one of {', '.join(HOW)}.")
    probabilities = check_array(probabilities, dtype=float, input_name="probabilities")
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError(
            f"probabilities needs numbers from 0 to 1, but holds {probabilities.min():g} to "
            f"{probabilities.max():g}."
        )
    if positive not in range(probabilities.shape[1]):
        raise ValueError(
            f"positive={positive!r} is not a column of probabilities, which has "
            f"{probabilities.shape[1]}."
        )
    patients, patient = np.unique(check_groups(groups, probabilities), return_inverse=True)
    if how == "mean":
        return patients, patient_means(probabilities, patient)
    # The negative class gets the rest: the maximum of both columns would not sum to 1.
    if probabilities.shape[1] == 2:
        risk = _risk(probabilities[:, positive], patient, len(patients), how)
        pair = (1 - risk, risk) if positive == 1 else (risk, 1 - risk)
        return patients, np.column_stack(pair)
    if how == "noisy-or":
        raise ValueError(
            f"how='noisy-or' needs two classes, but there are {probabilities.shape[1]}: use 'mean'."
        )
    # ufunc.at, and not highest[patient] = ..., because a patient has several rows.
    highest = np.zeros((len(patients), probabilities.shape[1]))
    np.maximum.at(highest, patient, probabilities)
    return patients, highest / highest.sum(1, keepdims=True)


def patient_means(values, patient):
    """Return the means of columns of values over the rows of each patient, given as positions."""
    # bincount with weights adds up the rows of each patient, for one column at a time.
    sums = [np.bincount(patient, column) for column in values.T]
    return np.column_stack(sums) / np.bincount(patient)[:, None]


def _risk(probability, patient, n_patients, how):
    """Return the probability (n_patients,) that a patient is positive, by "max" or "noisy-or"."""
    if how == "max":
        risk = np.zeros(n_patients)
        np.maximum.at(risk, patient, probability)
        return risk
    # Noisy-or (Pearl, 1988): positive unless each image on its own is negative.
    all_negative = np.ones(n_patients)
    np.multiply.at(all_negative, patient, 1 - probability)
    return 1 - all_negative


class PatientAggregator(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classify patients by a classifier of their images.

    It is trained on images. Given `groups`, each row's prediction is that of its patient, so
    rows keep their order; `predict_patients` gives one row per patient.

    Parameters
    ----------
    estimator : classifier with predict_proba
        It sees images.
    how : {"mean", "max", "noisy-or"}, default="mean"
        How the probabilities of a patient's images become one; see `aggregate_patients`.
    pos_label : label, default=None
        The positive one of two classes, for "max" and "noisy-or". None guesses, as `compare` does.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
        Labels of the classes, sorted.
    n_features_in_ : int
        Where the estimator has it.

    See Also
    --------
    Comparison.by_patient : The same for everything that was compared.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import PatientAggregator
    >>> X, y = np.array([[0.0], [1.0], [3.0], [4.0]]), np.array([0, 0, 1, 1])
    >>> model = PatientAggregator(LogisticRegression()).fit(X, y)
    >>> found = model.predict_patients([[0.5], [4.5], [1.0]], groups=["ann", "ann", "bob"])
    >>> dict(zip(found.patients.tolist(), found.predicted.tolist()))
    {'ann': 1, 'bob': 0}
    """

    # Patients are wanted always, as by scikit-learn's grouped splitters.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "how": [StrOptions(set(HOW))],
        "pos_label": "no_validation",
    }

    def __init__(self, estimator, *, how="mean", pos_label=None):
        self.estimator = estimator
        self.how = how
        self.pos_label = pos_label

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None, **params):
        """Fit the classifier on images.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,), default=None
            Patients, handed on where the estimator's own `fit` takes them.
        **params : dict of str to object
            For the estimator's `fit`, such as `sample_weight`.

        Returns
        -------
        self : PatientAggregator
        """
        given, _ = route_fit(self, check_groups(groups, y), params)
        self.estimator_ = clone(self.estimator).fit(X, y, **given)
        self.classes_ = self.estimator_.classes_
        if hasattr(self.estimator_, "n_features_in_"):
            self.n_features_in_ = self.estimator_.n_features_in_
        self._positive = self._position()
        return self

    def predict_proba(self, X, groups=None):
        """Return for each row the probabilities of its patient.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        groups : array-like of shape (n_samples,), default=None
            Patients; None takes each row for a patient of its own.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        probabilities = self.estimator_.predict_proba(X)
        if groups is None:
            return probabilities
        patients, aggregated = aggregate_patients(probabilities, groups, self.how, self._positive)
        # Back to one row per image: scikit-learn expects a prediction for each row of X.
        return aggregated[np.searchsorted(patients, np.asarray(groups))]

    def predict(self, X, groups=None):
        """Return for each row the class of its patient.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        groups : array-like of shape (n_samples,), default=None
            Patients; None takes each row for a patient of its own.

        Returns
        -------
        predicted : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        if groups is None:
            return self.estimator_.predict(X)
        return self.classes_[self.predict_proba(X, groups).argmax(1)]

    def predict_patients(self, X, groups):
        """Return one prediction per patient.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        groups : array-like of shape (n_samples,)
            Patient of each sample.

        Returns
        -------
        predictions : PatientPredictions
            With `patients` (sorted), `predicted` and `probabilities`.
        """
        check_is_fitted(self)
        probabilities = self.estimator_.predict_proba(X)
        patients, aggregated = aggregate_patients(probabilities, groups, self.how, self._positive)
        return PatientPredictions(patients, self.classes_[aggregated.argmax(1)], aggregated)

    def get_metadata_routing(self):
        """Return which metadata go to the estimator and to this class itself.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
        """
        return metadata_router(self, {"estimator": self.estimator})

    def _position(self):
        # The mean treats all classes alike, so nothing has to be guessed.
        if len(self.classes_) != 2 or self.how == "mean":
            return 1
        return self.classes_.tolist().index(positive_label(self.classes_, self.pos_label))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.classifier_tags = inner.classifier_tags
        return tags
