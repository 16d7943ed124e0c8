"""scikit-learn's own checks, on the instances that we name to others."""

import pytest
from sklearn.base import is_classifier
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skmedimg.testing import estimators_for_checks, expected_failed_checks


# A GPU rounds a row by how many are beside it, in the seventh digit.
@pytest.mark.usefixtures("numpy_generator_put_back", "processor")
@pytest.mark.filterwarnings("ignore:.* is blank:UserWarning")  # images of one pixel are
@parametrize_with_checks(estimators_for_checks(), expected_failed_checks=expected_failed_checks)
def test_no_check_of_scikit_learn_fails_but_the_documented_one(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", estimators_for_checks(), ids=lambda e: type(e).__name__)
def test_scikit_learn_has_many_checks_for_it(estimator):
    n_checks = len(list(estimator_checks_generator(estimator)))
    assert n_checks >= (50 if is_classifier(estimator) else 45)
