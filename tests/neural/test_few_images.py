"""Fits of few images take enough steps to learn something."""

import warnings

import numpy as np
import pytest

from skmedimg import ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter
from skmedimg.datasets import make_lesions

NOTHING_SET = [
    (ShallowMLP(), 20, 400),
    (ScratchCNN((4,)), 20, 400),
    (ScratchCNN((4,)), 600, 570),
    (ShallowMLP(), 600, 950),
    (UNetSegmenter((2, 4)), 20, 400),
]


def n_steps(model):
    return sum(epoch["train_batch_count"] for epoch in model.history_)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "n", "expected"), NOTHING_SET)
def test_auto_is_epochs_and_on_few_images_steps(model, n, expected):
    data = make_lesions(n, size=16, random_state=0)
    images, masks = data.images[:, ::2, ::2], data.masks[:, ::2, ::2]  # steps are counted, no more
    model.fit(images, masks if isinstance(model, UNetSegmenter) else data.target)
    assert n_steps(model) == expected


def test_a_number_is_a_number_of_epochs():
    data = make_lesions(20, size=16, random_state=0)
    model = ShallowMLP(max_epochs=3).fit(data.images, data.target)
    assert (model.n_iter_, n_steps(model)) == (3, 3)


@pytest.mark.slow
def test_twenty_images_are_learned_by_heart():
    data = make_lesions(20, size=32, noise=0.2, random_state=0)
    for model in (ShallowMLP(random_state=0), ScratchCNN((8, 16), random_state=0)):
        assert model.fit(data.images, data.target).score(data.images, data.target) == 1.0


def test_large_batches_take_as_many_steps():
    X = np.random.RandomState(0).rand(200, 5)
    model = ShallowMLP((2,), batch_size=100).fit(X, np.arange(200) % 2)
    assert n_steps(model) == 400


def test_layers_that_are_unfrozen_late_are_unfrozen_in_the_epochs_of_few_images():
    data = make_lesions(20, size=32, random_state=0)
    model = TransferClassifier(
        "squeezenet1_1", weights=None, trainable_layers=1, unfreeze_after=30, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of layers that are never unfrozen
        model.fit(data.images, data.target)
    assert model.n_iter_ == 400
