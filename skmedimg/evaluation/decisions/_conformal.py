"""Sets of classes that hold the true one with a stated probability, whatever the model is worth."""

from numbers import Real

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags, indexable
from sklearn.utils.validation import check_is_fitted

from skmedimg._device import seed_from
from skmedimg._sklearn import HasMethods, Interval, fit_context, take_rows
from skmedimg._warnings import warn_user
from skmedimg.evaluation._text import counted
from skmedimg.evaluation.decisions._inner_models import fit_rows, take_input_facts
from skmedimg.evaluation.decisions._threshold_input import checked_weights, class_labels
from skmedimg.evaluation.scores._positive_label import column_per_class
from skmedimg.evaluation.splitting._folds import make_splits
from skmedimg.evaluation.splitting._groups import metadata_router, route_fit
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.images._validate import check_groups

# Sums of weights 1 / n and products with the coverage are rounded: less than this is no difference.
_ROUNDING = 1e-9


class ConformalClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier that returns every class it cannot exclude (conformal prediction).

    `predict_set` returns a set of classes for each image. A class is left out where the model
    finds it less probable than it found the true class of nearly all calibration patients. The
    sets of a poor model are large; those of a good one mostly hold one class.

    Parameters
    ----------
    estimator : classifier with predict_proba
        It is cloned for each fold.
    coverage : float, default=0.9
        How often the set holds the true class.
    cv : int, splitter or iterable of (train, test), default=5
        An integer stratifies by class, keeps patients together, and shuffles; each row is scored
        by the model that has not seen it (cross-conformal prediction [1]_). One split, such as
        ``cv=[(train, calibration)]``, gives split conformal prediction.
    class_conditional : bool, default=False
        Whether each class has this coverage, and not only all patients together: without it, a
        rare class may be covered less. It takes enough patients of every class.
    n_jobs : int or None, default=None
        Fits side by side, through joblib.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds of an integer `cv`.

    Attributes
    ----------
    estimators_ : list of classifier
        Fitted, one per split.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    calibration_scores_ : ndarray of shape (n_rows,)
        1 - the probability of the true class, of each row that was held out.
    calibration_weights_ : ndarray of shape (n_rows,)
        Weight of each of these rows: those of one patient have the sum 1.
    n_patients_ : ndarray of shape (n_classes,) of int
        Patients (rows without `groups`) that each class is compared with: all of them, or with
        `class_conditional` those of this class.
    n_features_in_ : int
        Where the estimator has it.

    See Also
    --------
    ThresholdAt : Two classes, and a sensitivity that is held.
    InputGuard : Whether an image looks like those of training at all.

    Notes
    -----
    The statement is about a new patient from the population of the training patients: the set of
    one image of this patient, drawn at random, holds the true class. With one split its
    probability is at least `coverage`. With K folds it is close to `coverage`, and at least
    1 - 2 * (1 - `coverage`) up to a term below sqrt(2 / number of patients) for folds of equal
    size [2]_ [3]_. It says nothing about patients of another hospital.

    With `groups` the images of one patient have together the weight of one patient [4]_. A random
    image of each patient [5]_ has the same guarantee, and varies more.

    A set may be empty: then no class is as probable as the true class mostly is.

    References
    ----------
    .. [1] Vovk, V. (2015). Cross-conformal predictors. Annals of Mathematics and Artificial
       Intelligence, 74, 9-28. https://doi.org/10.1007/s10472-013-9368-4
    .. [2] Barber, R. F., Candes, E. J., Ramdas, A., & Tibshirani, R. J. (2021). Predictive
       inference with the jackknife+. Annals of Statistics, 49(1), 486-507.
       https://doi.org/10.1214/20-AOS1965
    .. [3] Romano, Y., Sesia, M., & Candes, E. J. (2020). Classification with valid and adaptive
       coverage. NeurIPS. https://arxiv.org/abs/2006.02544
    .. [4] Lee, Y., Barber, R. F., & Willett, R. (2023). Distribution-free inference with
       hierarchical data. https://arxiv.org/abs/2306.06342
    .. [5] Dunn, R., Wasserman, L., & Ramdas, A. (2022). Distribution-free prediction sets for
       two-layer hierarchical models. Journal of the American Statistical Association, 118(544),
       2491-2502. https://doi.org/10.1080/01621459.2022.2060112

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.evaluation import ConformalClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ConformalClassifier(GaussianNB(), coverage=0.98, random_state=0).fit(X, y)
    >>> model.predict_set(X[[0, 70]])
    array([[ True, False, False],
           [False,  True,  True]])
    """

    # Patients decide the folds: they are wanted always, as by scikit-learn's grouped splitters.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "cv": ["cv_object"],
        "class_conditional": ["boolean"],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        coverage=0.9,
        *,
        cv=5,
        class_conditional=False,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.coverage = coverage
        self.cv = cv
        self.class_conditional = class_conditional
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None, **params):
        """Fit one model per split, and score the rows that it has not seen.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,) or None, default=None
            Patients: kept together in the folds, counted as one each, and handed on where the
            estimator's own `fit` takes them.
        **params : dict of str to object
            For the estimator's `fit`, such as `sample_weight`; what has a value per sample is split
            with the samples.

        Returns
        -------
        self : ConformalClassifier
        """
        y = class_labels(y, "ConformalClassifier")
        X, y = indexable(X, y)
        groups = check_groups(groups, y)
        checked_weights(params.get("sample_weight"), y)
        given, to_split = route_fit(self, groups, params)
        self.classes_, codes = np.unique(y, return_inverse=True)
        splits = self._splits(codes, groups, to_split)
        found = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_fold)(self.estimator, X, y, given, split, self.classes_)
            for split in splits
        )
        self.estimators_, chances = map(list, zip(*found, strict=True))
        take_input_facts(self, self.estimators_[0])
        rows = np.concatenate([split.test for split in splits])
        patients = (np.arange(len(y)) if groups is None else groups)[rows]
        self._folds = np.repeat(np.arange(len(splits)), [len(split.test) for split in splits])
        self._codes = codes[rows]
        self.calibration_scores_ = 1 - np.concatenate(chances)[np.arange(len(rows)), self._codes]
        self._count_patients(patients, "row" if groups is None else "patient")
        return self

    def predict_set(self, X):
        """Return which classes cannot be excluded.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        sets : ndarray of shape (n_samples, n_classes) of bool
            In the order of `classes_`.
        """
        check_is_fitted(self)
        below = 0.0
        for fold, chances in enumerate(self._chances(X)):
            below = below + self._weight_below(fold, 1 - chances)
        return below < self.coverage * (self.n_patients_ + 1) - _ROUNDING

    def predict_proba(self, X):
        """Return the mean of the models' probabilities, which know nothing of the coverage.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        return sum(self._chances(X)) / len(self.estimators_)

    def predict(self, X):
        """Return the most probable label.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        predicted : ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(1)]

    def get_metadata_routing(self):
        """Return which metadata go to the estimator, the splitter and this class itself.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
        """
        return metadata_router(self, {"estimator": self.estimator}, self.cv)

    def _splits(self, codes, groups, metadata):
        """Return splits that hold out no row twice."""
        seed = seed_from(self.random_state)
        splits = make_splits(self.cv, "classification", codes, groups, seed=seed, metadata=metadata)
        held_out = np.concatenate([split.test for split in splits])
        if len(np.unique(held_out)) < len(held_out):
            raise ValueError(
                f"cv={self.cv!r} holds out some samples more than once, but each calibrates once: "
                "use an integer, a K-fold that does not repeat, or one split."
            )
        return splits

    def _count_patients(self, patients, unit):
        """Weight the rows of each patient to one patient, and warn where there are too few."""
        classes = range(len(self.classes_)) if self.class_conditional else [slice(None)]
        self.calibration_weights_ = np.zeros(len(patients))
        self.n_patients_ = np.zeros(len(self.classes_), dtype=int)
        for code in classes:
            rows = self._codes == code if self.class_conditional else slice(None)
            ids, counts = np.unique(patients[rows], return_inverse=True, return_counts=True)[1:]
            self.calibration_weights_[rows] = 1 / counts[ids]
            self.n_patients_[code] = len(counts)
        # Even if every calibration score is lower, their share has to reach the coverage.
        needed = int(np.ceil(self.coverage / (1 - self.coverage) - _ROUNDING))
        for code in np.flatnonzero(self.n_patients_ < needed)[: len(classes)]:
            label = self.classes_[[code]].tolist()[0]
            which = f" of class {label!r}" if self.class_conditional else ""
            what = f"{label!r}" if self.class_conditional else "every class"
            warn_user(
                f"ConformalClassifier has {counted(self.n_patients_[code], unit)}{which} to "
                f"calibrate on, but coverage={self.coverage:g} takes {needed} or more: every set "
                f"will hold {what}. Gather more, or lower the coverage."
            )

    def _chances(self, X):
        """Yield the probabilities of each model, in the order of `classes_`."""
        for model in self.estimators_:
            chances = np.asarray(model.predict_proba(X))
            yield column_per_class(chances, model.classes_, self.classes_)

    def _weight_below(self, fold, scores):
        """Return the weight of a fold's calibration scores below each score (n, n_classes)."""
        below = np.zeros(scores.shape)
        for code in range(len(self.classes_)):
            rows = self._folds == fold
            if self.class_conditional:
                rows &= self._codes == code
            order = np.argsort(self.calibration_scores_[rows])
            known = self.calibration_scores_[rows][order]
            total = np.concatenate([[0.0], np.cumsum(self.calibration_weights_[rows][order])])
            below[:, code] = total[np.searchsorted(known, scores[:, code])]
        return below

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _fit_fold(estimator, X, y, given, split, classes):
    """Return a fitted model and its probabilities of the rows held out, a column per class."""
    model = fit_rows(estimator, X, y, given, split.train)
    chances = np.asarray(model.predict_proba(take_rows(X, split.test)))
    return model, column_per_class(chances, model.classes_, classes)
