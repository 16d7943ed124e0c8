"""The base of network classifiers: from images or rows to class labels."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import compute_class_weight

from skmedimg._sklearn import fit_context, with_callbacks
from skmedimg.images._validate import check_labels
from skmedimg.networks._outputs import class_loss, hits, probabilities
from skmedimg.neural._base import NetworkEstimator


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """Base of classifiers: images or rows to logits, probabilities and class labels."""

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one more epoch, on these images.

        Parameters
        ----------
        X : any kind of X of the data contract
            Images or rows.
        y : array-like (n,)
            Class labels.
        classes : array-like (n_classes,) or None, default=None
            All labels there will ever be; needed in the first call.
        sample_weight : array-like (n,) or None, default=None

        Returns
        -------
        self : estimator
        """
        fresh = not hasattr(self, "net_")
        if fresh and classes is None:
            # The output layer is built in the first call, so all classes have to be known by then.
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if not (fresh or classes is None or np.array_equal(np.unique(classes), self.classes_)):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} is not what it was on the first call, "
                f"{self.classes_.tolist()}: name all labels there, or fit anew."
            )
        return self._fit(X, y, sample_weight, None, 1, fresh, classes)

    def decision_function(self, X):
        """Return the logits: above zero, or the largest, is the class predicted.

        Parameters
        ----------
        X : any kind of X of the data contract

        Returns
        -------
        scores : ndarray (n,) for two classes, else (n, n_classes)
        """
        logits = self._outputs(X).astype(np.float64)
        if len(self.classes_) > 2:
            return logits
        # The difference of two logits is the log odds, as is the logit of one unit.
        return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : any kind of X of the data contract

        Returns
        -------
        probabilities : ndarray (n, n_classes) of float64
            Column k belongs to `classes_[k]`; rows sum to 1.
        """
        # In float64, so that rows sum to 1 as exactly as scikit-learn's checks expect.
        return self._outputs(X, finish=lambda logits: probabilities(logits.double()))

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : any kind of X of the data contract

        Returns
        -------
        log_probabilities : ndarray (n, n_classes)
        """
        # A probability of 0 has the logarithm -inf, and no warning, as in scikit-learn.
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X):
        """Return the most probable label of each image.

        Parameters
        ----------
        X : any kind of X of the data contract

        Returns
        -------
        labels : ndarray (n,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _check_targets(self, y, images):
        return check_labels(self, y, images)

    def _start_targets(self, y, classes):
        self.classes_ = np.unique(y if classes is None else classes)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the "
                f"data contains only one class: {self.classes_.tolist()[0]!r}"
            )

    def _encode_targets(self, y):
        # LabelEncoder would raise too, but without the estimator and the way out.
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(
                f"y holds {unseen.tolist()}, but {type(self).__name__} was fitted on the classes "
                f"{self.classes_.tolist()}: name all labels as `classes` in the first partial_fit, "
                "or fit anew with warm_start=False."
            )
        encoder = LabelEncoder()
        encoder.classes_ = self.classes_
        return encoder.transform(y)

    def _balance(self, encoded, weights):
        if self.class_weight is None:
            return weights
        if self.class_weight == "balanced":
            # scikit-learn's "balanced" ignores sample weights; these are balanced totals of them
            totals = np.bincount(encoded, weights, len(self.classes_))
            # Dividing by inf gives a class that is missing in this call the factor 0.
            factors = weights.sum() / (len(totals) * np.where(totals > 0, totals, np.inf))
        else:
            factors = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[encoded]
            )
        return weights * factors[encoded]

    def _n_outputs(self):
        """Return the number of output units: one logit for two classes, unless output="softmax"."""
        return 1 if self.output != "softmax" and len(self.classes_) == 2 else len(self.classes_)

    def _criterion(self):
        return class_loss(self._n_outputs())

    def _batch_score(self):
        return hits
