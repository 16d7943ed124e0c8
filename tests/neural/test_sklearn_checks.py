"""Every estimator of ours is an ordinary one to scikit-learn: its own suite says so."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skmedimg import ScratchCNN, ShallowMLP

# In float32 the sums of repeated and of weighted rows round differently, and dropout and
# mini-batches draw differently: the check compares them to 1e-7.
FLOAT32 = {
    "check_sample_weight_equivalence_on_dense_data": "float32, mini-batches and dropout: the "
    "float64, full-batch instance passes it"
}

EXACT = {"precision": "float64", "batch_size": 10_000, "learning_rate": 1e-2, "random_state": 0}
SMALL_CNN = {"filters": (4,), "norm": "group", "dense_units": (8,), "image_shape": (1, -1)}

FULL_BATCH = [
    ShallowMLP(max_epochs=60, **EXACT),
    ScratchCNN(max_epochs=60, dropout=0.0, **SMALL_CNN, **EXACT),
]
# A class weight of 1e-4 beside one of 1000 takes batch statistics some 500 steps to follow.
DEFAULTS = [ShallowMLP(), ScratchCNN((8, 16), image_shape=(1, -1), max_epochs=100)]


@pytest.mark.usefixtures("numpy_generator_put_back")
@parametrize_with_checks(FULL_BATCH)
def test_float64_estimators_pass_every_check(estimator, check):
    check(estimator)


# A GPU rounds a row by how many are beside it, in the seventh digit.
@pytest.mark.usefixtures("numpy_generator_put_back", "processor")
@parametrize_with_checks(DEFAULTS, expected_failed_checks=lambda estimator: FLOAT32)
def test_default_estimators_fail_no_check_but_the_documented_one(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [*FULL_BATCH, *DEFAULTS], ids=lambda e: type(e).__name__)
def test_scikit_learn_has_at_least_62_checks_for_a_classifier_of_ours(estimator):
    checks = list(estimator_checks_generator(estimator))
    assert len(checks) >= 62
