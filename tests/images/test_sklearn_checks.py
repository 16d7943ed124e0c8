"""Transformers of images pass scikit-learn's own suite, since they take images as rows too."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skmedimg import CropForeground, ImageLoader

TRANSFORMERS = [
    CropForeground(image_shape=(1, -1)),
    CropForeground(size=(2, 3), margin=0.2, image_shape=(-1, 1)),
    ImageLoader(image_shape=(1, -1)),
    ImageLoader((4, 5), color="rgb", aspect="pad", image_shape=(-1, 1)),
]


@pytest.mark.usefixtures("numpy_generator_put_back")
@pytest.mark.filterwarnings("ignore:.* is blank:UserWarning")  # images of one pixel are
@parametrize_with_checks(TRANSFORMERS)
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_scikit_learn_has_at_least_45_checks_for_it(transformer):
    assert len(list(estimator_checks_generator(transformer))) >= 45
