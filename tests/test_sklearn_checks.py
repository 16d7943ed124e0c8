"""scikit-learn's own checks, on the instances that we name to others."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skmedimg import (
    HOG,
    Augmenter,
    BackboneFeatures,
    CleanMasks,
    Pipeline,
    ShallowMLP,
    UNetSegmenter,
)
from skmedimg.images import clean_masks
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


@pytest.mark.parametrize(
    "estimator",
    [
        *estimators_for_checks()[:12],
        *(CleanMasks(), UNetSegmenter(), Augmenter(), BackboneFeatures("resnet18", weights=None)),
        Pipeline([HOG(), ShallowMLP()]),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_takes_stacks_of_images_says_so(estimator):
    assert get_tags(estimator).input_tags.three_d_array


def test_masks_are_cleaned_as_a_transformer_cleans():
    masks = np.array([[[1, 1, 0, 1]]])
    expected = clean_masks(masks, min_size=2)
    np.testing.assert_array_equal(CleanMasks(min_size=2).fit_transform(masks), expected)
    np.testing.assert_array_equal(clone(CleanMasks(min_size=2)).transform(masks), expected)
