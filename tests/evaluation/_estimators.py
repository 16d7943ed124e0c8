"""Estimators for tests: what they predict is written in X, or known without training."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier


class LabelsFromColumn(ClassifierMixin, BaseEstimator):
    """Predict label 1 where a column of X is above 0.5; there are no probabilities."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (np.asarray(X)[:, self.column] > 0.5).astype(int)


class FromColumn(LabelsFromColumn):
    """Predict the probability of label 1 that is written in a column of X."""

    def predict_proba(self, X):
        probability = np.asarray(X)[:, self.column]
        return np.column_stack([1 - probability, probability])


class Echo(ClassifierMixin, BaseEstimator):
    """Predict the position of the class that is written in the first column of X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[X[:, 0].astype(int)]

    def predict_proba(self, X):
        return np.eye(len(self.classes_))[X[:, 0].astype(int)]


class Segmenter(BaseEstimator):
    """Base of segmenters."""

    def fit(self, X, y):
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "segmenter"
        return tags


class MasksFromX(Segmenter):
    """Predict the masks that lie at a place of X."""

    def __init__(self, place=0):
        self.place = place

    def predict(self, X):
        return X[:, self.place]


class Brighter(Segmenter):
    """Segment whatever is brighter than a value learned from the masks."""

    def fit(self, X, y):
        self.threshold_ = (X[y > 0].mean() + X[y == 0].mean()) / 2
        return self

    def predict(self, X):
        return (X > self.threshold_).astype(np.uint8)


class Counted:
    """Count the fits of all counted estimators of this process, and call a hook before each."""

    fits = 0
    before_fit = None

    def fit(self, X, y):
        if Counted.before_fit is not None:
            Counted.before_fit()
        Counted.fits += 1
        return super().fit(X, y)


class CountedBayes(Counted, GaussianNB):
    pass


class CountedTree(Counted, DecisionTreeClassifier):
    pass
