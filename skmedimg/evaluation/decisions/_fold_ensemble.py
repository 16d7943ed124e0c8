"""The models of all folds as one model, whose probabilities are their mean."""

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import get_tags, indexable
from sklearn.utils.validation import check_is_fitted

from skmedimg._device import seed_from
from skmedimg._sklearn import HasMethods, final_estimator, fit_context, take_rows
from skmedimg.evaluation.decisions._inner_models import fit_rows, take_input_facts
from skmedimg.evaluation.decisions._threshold_input import checked_weights, class_labels
from skmedimg.evaluation.scores._positive_label import column_per_class
from skmedimg.evaluation.splitting._folds import make_splits
from skmedimg.evaluation.splitting._groups import metadata_router, route_fit
from skmedimg.evaluation.splitting._targets import task_of
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._mask_files import list_mask_paths, load_masks
from skmedimg.images._n_jobs import N_JOBS
from skmedimg.images._paths import list_paths
from skmedimg.images._validate import check_groups
from skmedimg.images._validate_masks import IGNORED, encode_masks
from skmedimg.metrics import dice


class FoldEnsemble(MetaEstimatorMixin, BaseEstimator):
    """The models of the folds of a cross-validation as one classifier or segmenter.

    Each model is trained on all folds but one. A prediction is the mean of their probabilities,
    and every training image has a prediction of a model that has not seen it.

    Parameters
    ----------
    estimator : classifier or segmenter with predict_proba
        It is cloned for each fold.
    cv : int, splitter or iterable of (train, test), default=5
        An integer stratifies by class, keeps patients together, and shuffles. Every image is held
        out exactly once.
    n_jobs : int or None, default=None
        Fits side by side, through joblib.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds of an integer `cv`.

    Attributes
    ----------
    estimators_ : list of estimator
        Fitted, one per fold.
    classes_ : ndarray (n_classes,)
        Labels, sorted.
    oof_predictions_ : ndarray (n,) or masks (n, height, width)
        Out-of-fold predictions of the training images, in their order.
    oof_probabilities_ : ndarray (n, n_classes)
        Out-of-fold probabilities; not kept for a segmenter.
    n_features_in_ : int
        Where the estimator has it.

    See Also
    --------
    compare : ``compare({"one": model, "folds": FoldEnsemble(model)}, X, y)`` says what it gains.
    skmedimg.saving.save : Writes all models into one file.

    Notes
    -----
    Predicting takes as long as with all models one after the other. A model of cross-validation
    [1]_ has seen less data than one that is fitted on everything; their mean varies less.

    References
    ----------
    .. [1] Krogh and Vedelsby (1994), Neural network ensembles, cross validation, and active
       learning. NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.evaluation import FoldEnsemble
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = FoldEnsemble(GaussianNB(), random_state=0).fit(X, y)
    >>> len(model.estimators_), model.predict_proba(X[:2]).shape
    (5, (2, 2))
    >>> round(float((model.oof_predictions_ == y).mean()), 2)
    0.94
    """

    # Patients decide the folds: they are wanted always, as by scikit-learn's grouped splitters.
    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "cv": ["cv_object"],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    def __init__(self, estimator, *, cv=5, n_jobs=None, random_state=None):
        self.estimator = estimator
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None, **params):
        """Fit one model on each training set of the folds.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        y : array-like (n,), masks (n, height, width), or mask paths (n,)
            Labels or masks.
        groups : array-like (n,) or None, default=None
            Patients: kept together in the folds, and handed on where the estimator's own `fit`
            takes them.
        **params : dict of str to object
            For the estimator's `fit`, such as `sample_weight`; what has a value per sample is split
            with the samples.

        Returns
        -------
        self : FoldEnsemble
        """
        task = task_of({"estimator": self.estimator})
        y = class_labels(y, "FoldEnsemble") if task == "classification" else np.asarray(y)
        X, y = indexable(X, y)
        groups = check_groups(groups, y)
        if task == "classification":
            checked_weights(params.get("sample_weight"), y)
        given, to_split = route_fit(self, groups, params)
        splits = self._splits(task, y, groups, to_split)
        found = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_fold)(self.estimator, X, y, given, split) for split in splits
        )
        self.estimators_, predictions = map(list, zip(*found, strict=True))
        self.classes_ = np.unique(np.concatenate([m.classes_ for m in self.estimators_]))
        take_input_facts(self, self.estimators_[0])
        self._keep_out_of_fold(task, splits, predictions)
        return self

    def predict_proba(self, X):
        """Return the mean of the models' probabilities.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        probabilities : ndarray (n, n_classes) or (n, n_classes, height, width)
        """
        check_is_fitted(self)
        total = 0.0
        for model in self.estimators_:
            chances = np.asarray(model.predict_proba(X))
            total = total + column_per_class(chances, model.classes_, self.classes_)
        return total / len(self.estimators_)

    def predict(self, X):
        """Return the most probable label of each image, or for each pixel.

        Of a segmenter the `threshold_` of two classes is the mean of the models' thresholds, and
        `postprocess` is applied once, to the result.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.

        Returns
        -------
        predicted : ndarray (n,), or masks (n, height, width)
        """
        probabilities = self.predict_proba(X)
        if probabilities.ndim == 2:
            return self.classes_[probabilities.argmax(1)]
        masks = self.classes_[self._mask_codes(probabilities)]
        is_rows = not isinstance(X, LazyImages) and np.ndim(X) == 2 and list_paths(X) is None
        return masks.reshape(len(masks), -1) if is_rows else masks

    def score(self, X, y, sample_weight=None):
        """Return the accuracy, or the mean foreground Dice coefficient of a segmenter.

        Parameters
        ----------
        X : any kind of X the estimator takes
            Samples.
        y : array-like (n,), masks (n, height, width), rows, or mask paths (n,)
            True labels or masks.
        sample_weight : array-like (n,) or None, default=None
            Weight of each sample. None: all count the same.

        Returns
        -------
        score : float
        """
        probabilities = self.predict_proba(X)
        if probabilities.ndim == 2:
            predicted = self.classes_[probabilities.argmax(1)]
            return accuracy_score(y, predicted, sample_weight=sample_weight)
        codes = self._mask_codes(probabilities)
        masks = np.asarray(y) if list_mask_paths(y) is None else load_masks(y)
        ignore_label = getattr(final_estimator(self.estimator), "ignore_label", None)
        true = encode_masks(masks.reshape(codes.shape), self.classes_, ignore_label)
        options = {"ignore_label": None if ignore_label is None else IGNORED}
        options["labels"] = np.arange(1, len(self.classes_))
        return dice(true, codes, **options, sample_weight=sample_weight)

    def get_metadata_routing(self):
        """Return which metadata go to the estimator, the splitter and this class itself.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
        """
        return metadata_router(self, {"estimator": self.estimator}, self.cv)

    def _splits(self, task, y, groups, metadata):
        """Return splits that hold out every row exactly once."""
        strata = np.zeros(len(y), dtype=int)
        if task == "classification":
            strata = np.unique(y, return_inverse=True)[1]
        seed = seed_from(self.random_state)
        splits = make_splits(self.cv, task, strata, groups, seed=seed, metadata=metadata)
        held_out = np.sort(np.concatenate([split.test for split in splits]))
        if not np.array_equal(held_out, np.arange(len(y))):
            raise ValueError(
                f"cv={self.cv!r} needs to hold out every sample exactly once, for the out-of-fold "
                "predictions: use an integer or a K-fold that does not repeat."
            )
        return splits

    def _keep_out_of_fold(self, task, splits, predictions):
        order = np.argsort(np.concatenate([split.test for split in splits]))
        if task == "segmentation":
            self.oof_predictions_ = np.concatenate(predictions)[order]
            return
        spread = [
            column_per_class(np.asarray(part), model.classes_, self.classes_)
            for part, model in zip(predictions, self.estimators_, strict=True)
        ]
        self.oof_probabilities_ = np.concatenate(spread)[order]
        self.oof_predictions_ = self.classes_[self.oof_probabilities_.argmax(1)]

    def _mask_codes(self, probabilities):
        """Return masks of positions in `classes_`, cleaned if the estimator cleans its own."""
        if probabilities.shape[1] == 2:
            models = [final_estimator(model) for model in self.estimators_]
            threshold = np.mean([getattr(model, "threshold_", 0.5) for model in models])
            codes = (probabilities[:, 1] > threshold).astype(np.uint8)
        else:
            codes = probabilities.argmax(1).astype(np.uint8)
        postprocess = getattr(final_estimator(self.estimator), "postprocess", None)
        if postprocess is None:
            return codes
        return np.asarray(getattr(postprocess, "transform", postprocess)(codes))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        return tags


def _fit_fold(estimator, X, y, given, split):
    """Return a fitted model and its predictions of the fold: probabilities, or masks."""
    model = fit_rows(estimator, X, y, given, split.train)
    held_out = take_rows(X, split.test)
    classifies = get_tags(model).estimator_type == "classifier"
    return model, (model.predict_proba if classifies else model.predict)(held_out)
