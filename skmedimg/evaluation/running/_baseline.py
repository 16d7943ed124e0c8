"""Baselines that ignore the images: they predict the most frequent label."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.utils.validation import check_is_fitted

BASELINES = {"classification": "majority class", "segmentation": "majority mask"}


class MajorityMask(BaseEstimator):
    """Predict for every pixel its most frequent label in the training masks.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.running._baseline import MajorityMask
    >>> masks = np.array([[[0, 1]], [[1, 1]], [[0, 0]]])
    >>> MajorityMask().fit(np.zeros(3), masks).predict(np.zeros(1))
    array([[[0, 1]]])
    """

    def __init__(self, ignore_label=None):
        self.ignore_label = ignore_label

    def fit(self, X, y):
        """Find the most frequent label of each pixel of masks (n_samples, height, width)."""
        labels = np.unique(y)
        labels = labels[labels != self.ignore_label] if self.ignore_label is not None else labels
        votes = np.stack([(y == label).sum(0) for label in labels])
        # Of equally frequent labels argmax takes the first, usually the background.
        self.mask_ = labels[votes.argmax(0)]
        return self

    def predict(self, X):
        """Return the same mask for every row."""
        check_is_fitted(self)
        return np.repeat(self.mask_[None], len(X), axis=0)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "segmenter"
        return tags


def make_baseline(task, ignore_label=None):
    """Return the baseline of a task, which looks at the number of rows alone."""
    if task == "segmentation":
        return MajorityMask(ignore_label)
    # "prior" predicts the most frequent class, with the shares of the classes as
    # probabilities: the best constant prediction under log loss and Brier score too.
    return DummyClassifier(strategy="prior")
