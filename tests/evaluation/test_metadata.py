"""Weights and other metadata of meta-estimators, without metadata routing.

With metadata routing, tests/foreign/test_sklearn_metadata_routing.py asks scikit-learn's own tests.
"""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from skmedimg import PatientAggregator
from skmedimg.evaluation import FoldEnsemble

X, Y = load_breast_cancer(return_X_y=True)
WEIGHTS = np.random.RandomState(0).uniform(size=len(Y))
PATIENTS = np.arange(len(Y)) // 3


def test_weights_reach_the_classifier_of_images():
    weighted = PatientAggregator(GaussianNB()).fit(X, Y, PATIENTS, sample_weight=WEIGHTS)
    alone = GaussianNB().fit(X, Y, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(weighted.estimator_.theta_, alone.theta_)


def test_weights_are_split_among_the_models_of_folds():
    folds = GroupKFold(3)
    ensemble = FoldEnsemble(GaussianNB(), cv=folds)
    ensemble.fit(X, Y, PATIENTS, sample_weight=WEIGHTS)
    for model, (rows, _) in zip(ensemble.estimators_, folds.split(X, Y, PATIENTS), strict=True):
        alone = GaussianNB().fit(X[rows], Y[rows], sample_weight=WEIGHTS[rows])
        np.testing.assert_array_equal(model.theta_, alone.theta_)


@pytest.mark.parametrize("meta", [PatientAggregator, FoldEnsemble])
def test_weights_that_nobody_takes_are_an_error(meta):
    with pytest.raises(TypeError, match="sample_weight"):
        meta(KNeighborsClassifier()).fit(X, Y, sample_weight=WEIGHTS)
