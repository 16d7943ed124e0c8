"""A fit that learned nothing says so, with the likely cause and a way out."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmedimg import ScratchCNN, ShallowMLP, UNetSegmenter
from skmedimg.datasets import make_lesions

DATA = make_lesions(120, size=16, noise=0.1, random_state=0)


def test_one_class_for_all_images_is_named():
    model = ShallowMLP((), learning_rate=1e-9, max_epochs=30, random_state=0)
    with pytest.warns(ConvergenceWarning, match="learned nothing.*learning_rate=1e-09") as found:
        model.fit(DATA.images, DATA.target)
    assert found[0].filename == __file__


def test_a_rate_that_is_too_high_is_named():
    model = ScratchCNN((4,), norm=None, learning_rate=1.0, max_epochs=30, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"predicts \d for all.*learning_rate=1 by 10"):
        model.fit(DATA.images, DATA.target)


def test_too_few_steps_are_named():
    model = ShallowMLP((), learning_rate=1e-9, max_epochs=5, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"20 steps.*max_epochs"):
        model.fit(DATA.images, DATA.target)


def test_rare_classes_are_told_of_class_weight():
    target = np.arange(120) % 20 == 0
    model = ShallowMLP((), learning_rate=1e-9, max_epochs=30, random_state=0)
    with pytest.warns(ConvergenceWarning, match="class_weight="):
        model.fit(DATA.images, target)


def test_standardization_is_recommended_where_it_is_off():
    faint = (115 + DATA.images / 25).astype(np.uint8)
    model = ScratchCNN(
        (8, 16), norm=None, standardize=False, learning_rate=1e-3, max_epochs=30, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="standardize=True"):
        model.fit(faint, DATA.target)


def test_empty_masks_are_named():
    model = UNetSegmenter((2, 4), norm=None, learning_rate=1e-3, max_epochs=20, random_state=0)
    with pytest.warns(ConvergenceWarning, match="empty masks.*dice_ce"):
        model.fit(DATA.images, DATA.masks * (DATA.masks.cumsum(axis=1) < 2))


def test_empty_masks_are_named_where_a_threshold_is_tuned_on_validation_images():
    model = UNetSegmenter(
        (2, 4), norm=None, learning_rate=1e-3, max_epochs=20, threshold="tune", random_state=0
    )
    healthy = DATA.images[DATA.target == 0][:8]
    blank = np.zeros(healthy.shape, dtype=int)
    thin = DATA.masks * (DATA.masks.cumsum(axis=1) < 2)
    with pytest.warns(ConvergenceWarning, match="empty masks"):
        model.fit(DATA.images, thin, X_val=healthy, y_val=blank)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "target"),
    [
        (ShallowMLP(random_state=0), DATA.target),
        (ScratchCNN((8,), random_state=0), DATA.target),
        (ScratchCNN((8,), class_weight="balanced", random_state=0), DATA.target),
        (ShallowMLP(random_state=0), np.arange(120) % 20 == 0),
        (ShallowMLP(learning_rate=1e-9, max_epochs=2), DATA.target),
        (UNetSegmenter((4, 8), learning_rate=0.01, random_state=0), DATA.masks),
    ],
)
def test_fits_that_learned_something_and_trials_stay_silent(model, target):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(DATA.images, target)


def test_partial_fit_stays_silent():
    model = ShallowMLP((), learning_rate=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            model.partial_fit(DATA.images, DATA.target, classes=[0, 1])
