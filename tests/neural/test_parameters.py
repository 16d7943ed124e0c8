"""Parameters that the network estimators share: their docstrings, and values of one layer."""

import inspect

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc

from skmedimg import BackboneFeatures, ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.neural import NetworkClassifier, NetworkSegmenter

NETWORKS = [
    *(ShallowMLP, ScratchCNN, TransferClassifier, UNetSegmenter),
    *(NetworkClassifier, NetworkSegmenter),
]
LESIONS = make_lesions(20, size=32, noise=0.1, random_state=0)
# Where one word has two meanings, or the default differs: classes of images and of pixels, norms of
# dense layers and of convolutions, layers that an int stands for.
DIFFERENT = {
    *("filters", "norm", "dropout", "class_weight", "convs_per_block", "weights", "backbone"),
    *("trainable_layers", "batch_size", "module", "image_shape", "loss"),
}


def documented(estimator):
    """Return {parameter: (type without its default, text)} of a docstring."""
    parameters = ClassDoc(estimator)["Parameters"]
    return {p.name: (p.type.partition(", default=")[0], p.desc) for p in parameters}


def test_shared_parameters_are_documented_word_for_word_alike():
    seen = {}
    for estimator in NETWORKS:
        for name, entry in documented(estimator).items():
            seen.setdefault(name, []).append(entry)
    shared = {name: entries for name, entries in seen.items() if len(entries) > 1}
    assert len(shared) > 20
    unlike = {name for name, entries in shared.items() if len(set(map(repr, entries))) > 1}
    assert unlike - DIFFERENT == set()


@pytest.mark.parametrize("estimator", [*NETWORKS, BackboneFeatures])
def test_the_default_documented_is_the_default_of_the_signature(estimator):
    defaults = inspect.signature(estimator).parameters
    for parameter in ClassDoc(estimator)["Parameters"]:
        written = parameter.type.partition("default=")[2].strip()
        assert eval(written) == defaults[parameter.name].default, parameter.name


@pytest.mark.parametrize("estimator", NETWORKS)
def test_an_automatic_batch_is_as_large_as_its_docstring_says(estimator):
    [said] = [p.desc for p in ClassDoc(estimator)["Parameters"] if p.name == "batch_size"]
    default = inspect.signature(estimator).parameters["batch_size"].default
    assert f'"auto" is {default},' in " ".join(said)
    assert estimator._usual_batch_size == default


@pytest.mark.parametrize(
    ("estimator", "name", "settings"),
    [
        (ShallowMLP, "hidden_units", {}),
        (ScratchCNN, "filters", {"dense_units": ()}),
        (ScratchCNN, "dense_units", {"filters": (4,)}),
        (TransferClassifier, "head_units", {"backbone": "squeezenet1_1", "weights": None}),
        (UNetSegmenter, "filters", {}),
    ],
)
def test_an_int_is_one_layer(estimator, name, settings):
    y = LESIONS.masks if estimator is UNetSegmenter else LESIONS.target
    models = [
        estimator(**{name: value}, **settings, max_epochs=1, random_state=0) for value in (6, (6,))
    ]
    one, other = (model.fit(LESIONS.images, y).predict_proba(LESIONS.images) for model in models)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "10"])
def test_a_wrong_number_of_units_is_named(wrong):
    with pytest.raises(ValueError, match="hidden_units"):
        ShallowMLP(hidden_units=wrong).fit(LESIONS.images, LESIONS.target)


def test_class_weights_need_finite_numbers_from_0():
    for weights in ({0: -1, 1: 1}, {0: np.nan}, {1: np.inf}, {0: "2"}):
        for model, y in ((ShallowMLP, LESIONS.target), (UNetSegmenter, LESIONS.masks)):
            with pytest.raises(ValueError, match="class_weight needs finite numbers"):
                model(class_weight=weights, max_epochs=1).fit(LESIONS.images, y)


def test_class_weights_are_not_all_0():
    for model, y in ((ShallowMLP, LESIONS.target), (UNetSegmenter, LESIONS.masks)):
        with pytest.raises(ValueError, match="class_weight=.* needs a weight above 0"):
            model(class_weight={0: 0, 1: 0}, max_epochs=1).fit(LESIONS.images, y)
        model(class_weight={0: 0}, max_epochs=1, random_state=0).fit(LESIONS.images, y)


def test_a_unet_does_not_pad_images_to_many_times_their_sides():
    images, masks = LESIONS.images, LESIONS.masks
    with pytest.raises(ValueError, match=r"filters=.* pads 32x32 to multiples of 2048"):
        UNetSegmenter((2,) * 12, max_epochs=1).fit(images, masks)
    with pytest.raises(ValueError, match=r"filters needs a number of channels, but is \(\)"):
        UNetSegmenter((), max_epochs=1).fit(images, masks)
    UNetSegmenter((2,) * 6, max_epochs=1, random_state=0).fit(images, masks)
