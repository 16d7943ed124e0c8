"""scikit-learn's own tests of metadata routing, run with skmedimg's meta-estimators."""

from inspect import signature

import numpy as np
import pytest
from sklearn.tests import test_metaestimators_metadata_routing as theirs

from skmedimg import OptunaSearch, PatientAggregator, ThresholdAt
from skmedimg.evaluation import ConformalClassifier, FoldEnsemble

ROW = {
    "estimator_name": "estimator",
    "estimator": "classifier",
    "X": theirs.X,
    "y": theirs.y_binary,
    "estimator_routing_methods": ["fit"],
    "preserves_metadata": "subset",
}
SPLIT = {"cv_name": "cv", "cv_routing_methods": ["fit"]}
SEARCH = {
    "estimator_name": "estimators",
    "init_args": {"spaces": {"alpha": [0.1, 0.2]}, "n_trials": 2, "random_state": 0},
    "scorer_name": "scoring",
    "scorer_routing_methods": ["fit", "score"],
}
# rows as in scikit-learn's own table of meta-estimators
ROWS = {
    "ThresholdAt": {**ROW, **SPLIT, "metaestimator": ThresholdAt},
    "PatientAggregator": {**ROW, "metaestimator": PatientAggregator},
    "FoldEnsemble": {**ROW, **SPLIT, "metaestimator": FoldEnsemble},
    "ConformalClassifier": {
        **ROW,
        **SPLIT,
        "metaestimator": ConformalClassifier,
        "init_args": {"coverage": 0.5},  # which few patients are enough for
    },
    "OptunaSearch": {**ROW, **SPLIT, **SEARCH, "metaestimator": OptunaSearch},
}
TESTS = [
    name
    for name, test in vars(theirs).items()
    if name.startswith("test_") and "metaestimator" in signature(test).parameters
]
GROUPS = "groups are requested always, as by scikit-learn's grouped splitters"
EXPECTED = {f"test_routing[{name}-test_default_request]": GROUPS for name in ROWS}


@pytest.mark.slow
@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("name", ROWS)
def test_routing(name, test, monkeypatch):
    # their splitter cuts the rows in the middle: no patient may be on both sides
    monkeypatch.setattr(theirs, "groups", np.arange(theirs.N) // 10)
    getattr(theirs, test)(ROWS[name])
