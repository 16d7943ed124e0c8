"""Every published system can be built, cloned and fitted, and has the parameters it was said to."""

import math
import pickle
import tomllib
import warnings
from importlib.resources import files

import numpy as np
import pytest
import torch
from sklearn.base import clone

import skmedimg
from skmedimg import Pipeline, ScratchCNN, ShallowMLP, TransferClassifier
from skmedimg.datasets import make_lesions
from skmedimg.networks import class_loss
from skmedimg.recipes import DegenerateOutputWarning, list_recipes, load_recipe, recipe_card
from skmedimg.saving import load, save

NAMES = list_recipes()
# The network of two recipes, which no public module has: nobody else should want it.
DegenerateOutputCNN = type(load_recipe("chest/cnn1-relu")["model"])
PARTS = {
    name: getattr(skmedimg, name)
    for name in ("Augmenter", "HOG", "ImageLoader", "ScratchCNN", "ShallowMLP")
    + ("TransferClassifier", "UNetSegmenter")
} | {"DegenerateOutputCNN": DegenerateOutputCNN}
# The smallest images that a recipe's network can take, where its own would take long.
SMALL = {"chest/mlp-kfold": 16, "covid/unet": 16}
SMALLEST = {"chest/cnn1": 46, "chest/cnn2": 46, "covid/mobilenet": 32}


def small_side(name):
    near = [side for start, side in SMALLEST.items() if name.startswith(start)]
    return near[0] if near else SMALL.get(name, 32)


def tiny(name):
    """Return the recipe with small images, one epoch and random weights."""
    model = load_recipe(name).set_params(model__max_epochs=1, model__random_state=0)
    if "loader" in model.named_steps:
        side = small_side(name)
        model.set_params(loader__size=(side, side))
    if "model__weights" in model.get_params():
        model.set_params(model__weights=None)
    return model


def n_classes(name):
    return {"digits": 10, "covid": 4}.get(name.split("/")[0], 2) if name != "covid/unet" else 2


def images_for(name, n):
    height, width, _ = recipe_card(name).images if name.startswith("digits/") else (48, 48, 1)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (n, height, width), dtype=np.uint8)
    if name == "covid/unet":
        side = small_side(name)
        return images[:, :side, :side], rng.integers(0, 2, (n, side, side))
    return images, np.arange(n) % n_classes(name)


def module_of(name):
    """Build the network of a recipe for images of the report's size, without its memory."""
    steps, shape = load_recipe(name).named_steps, recipe_card(name).images
    if "hog" in steps:
        shape = steps["hog"].fit_transform(np.zeros((1, *shape), dtype=np.uint8)).shape[1:]
    model = steps["model"]
    model.classes_ = np.arange(n_classes(name))
    with torch.device("meta"):
        return model.build_module(shape, model._n_outputs())


def count(module):
    """Count as torch and Keras do: trained weights, all of them, and running statistics too."""
    weights = list(module.parameters())
    running = [b for name, b in module.named_buffers() if "running_" in name]
    total = sum(p.numel() for p in weights)
    return {
        "trainable": sum(p.numel() for p in weights if p.requires_grad),
        "all": total,
        "keras": total + sum(b.numel() for b in running),
    }


def test_the_catalogue_has_the_35_published_systems():
    assert len(NAMES) == len(set(NAMES)) == 35
    counts = {report: len(list_recipes(report=report)) for report in ("000", "001", "002")}
    assert counts == {"000": 14, "001": 2, "002": 13}
    assert len(list_recipes(report="003")) == 2
    assert len(list_recipes(report="004")) == 4


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_built_cloned_fitted_and_keeps_its_settings(name):
    model = clone(tiny(name))
    assert repr(model) == repr(tiny(name))
    X, y = images_for(name, 20 if name.startswith("digits/") else 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateOutputWarning)
        model.fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert set(np.unique(predicted)) <= set(np.unique(y))
    assert model.named_steps["model"].n_iter_ == 1
    assert math.isfinite(model.named_steps["model"].history_[-1]["train_loss"])


# The table of the reports, typed off a second time: the catalogue cannot agree with itself alone.
COUNTS = {
    "chest/cnn1-sigmoid": {"trainable": 5_107_649, "keras": 5_108_609},
    "chest/cnn1-relu-sigmoid": {"trainable": 5_107_649, "keras": 5_108_609},
    "chest/cnn1-relu": {"trainable": 5_107_649, "keras": 5_108_609},
    "chest/cnn1-sigmoid-relu": {"trainable": 5_107_649, "keras": 5_108_609},
    "chest/cnn1-sigmoid-softmax": {"trainable": 5_107_649, "keras": 5_108_609},
    "chest/cnn1-rmsprop": {"trainable": 5_107_649, "keras": 5_108_609},
    "chest/cnn2": {"trainable": 9_679_745},
    "chest/cnn2-256": {"trainable": 13_087_617},
    "chest/cnn2-softmax": {"trainable": 9_679_745},
    "chest/cnn2-256-long": {"trainable": 13_087_617},
    "chest/cnn2-rmsprop": {"trainable": 13_087_617},
    "brain/scratch-cnn": {"trainable": 2_494_977, "keras": 2_495_937},
    "brain/vgg16-frozen": {"trainable": 164_353, "all": 14_879_041},
    "digits/mlp": {"trainable": 24_790},
    "digits/mlp-deep": {"trainable": 25_720},
    "digits/mlp-long": {"trainable": 24_790},
    "digits/hog-mlp": {"trainable": 40_310},
    "digits/hog4-mlp": {"trainable": 20_710},
    "digits/hog-mlp-300": {"trainable": 120_910},
    "digits/hog7-mlp": {"trainable": 13_910},
    "digits/cnn": {"trainable": 4_940},
    "digits/cnn-20": {"trainable": 5_950},
    "digits/cnn-100": {"trainable": 14_030},
    "digits/cnn-300": {"trainable": 34_230},
    "chest/small-cnn": {"trainable": 164_353},
    "chest/resnet50-frozen": {"trainable": 4_098},
    "chest/deep-cnn": {"trainable": 2_262_434},
    "covid/mobilenet-0": {"trainable": 1_838_596, "keras": 2_544_820},
    "covid/mobilenet-1": {"trainable": 2_045_956, "keras": 2_544_820},
    "covid/mobilenet-2": {"trainable": 2_123_076, "keras": 2_544_820},
    "covid/unet": {"trainable": 466_529},
}
NOT_COUNTED = {"chest/vgg16-frozen", "chest/vgg16-unfrozen", "chest/mlp-kfold", "digits/mlp-3"}


@pytest.mark.parametrize("name", COUNTS)
def test_a_network_has_exactly_the_parameters_of_its_listing(name):
    found = count(module_of(name))
    assert {kind: found[kind] for kind in COUNTS[name]} == COUNTS[name]


def test_a_card_gives_the_counts_of_the_listing_and_of_nothing_else():
    said = {name: recipe_card(name).parameters for name in NAMES}
    printed = {name: counts.pop("printed") for name, counts in said.items() if "printed" in counts}
    assert {name: counts for name, counts in said.items() if counts} == COUNTS
    assert {*NAMES} - {*COUNTS} == NOT_COUNTED
    assert printed == {"chest/resnet50-frozen": 13_696, "chest/deep-cnn": 2_326_082}


@pytest.mark.parametrize("name", ["chest/resnet50-frozen", "chest/deep-cnn"])
def test_a_card_says_that_the_printed_count_does_not_follow(name):
    assert "do not follow" in recipe_card(name).faults[0]


def test_the_network_of_two_hidden_units_has_the_816_parameters_that_are_explained():
    model = load_recipe("digits/hog-mlp").set_params(model__hidden_units=(2,), model__max_epochs=1)
    model.fit(*images_for("digits/hog-mlp", 20))
    assert count(model.named_steps["model"].net_.module_)["trainable"] == 816


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_where_it_comes_from_what_is_open_and_what_is_wrong(name):
    card = recipe_card(name)
    text = repr(card)
    for heading in ("Task", "Source", "Data", "Settings", "Parameters", "Reported"):
        assert f"- {heading}:" in text
    assert card.unsaid
    assert card.faults
    assert max(map(len, text.splitlines())) <= 100
    assert card._repr_markdown_() == text


def test_settings_on_a_card_are_the_python_that_makes_the_steps():
    for name in NAMES:
        settings = recipe_card(name).settings
        made = [eval(text, PARTS) for text in settings.values()]
        assert repr(Pipeline(list(zip(settings, made, strict=True)))) == repr(load_recipe(name))


def test_the_only_recipe_without_figures_is_the_constant_one_and_the_plain_perceptron():
    silent = {name for name in NAMES if not recipe_card(name).reported}
    assert silent == {"chest/cnn1-sigmoid-softmax", "digits/mlp"}


def test_a_row_of_the_file_says_nothing_that_is_not_read():
    known = {"like", "report", "title", "task", "data", "images", "classes", "parameters"}
    known |= {"reported", "unsaid", "faults", "steps"}
    text = files("skmedimg.recipes").joinpath("catalogue.toml").read_text("utf-8")
    rows = tomllib.loads(text)["recipes"]
    assert {name: {*row} - known for name, row in rows.items() if {*row} - known} == {}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_recipe("brain/vgg16"), "Is it 'brain/vgg16-frozen'"),
        (lambda: recipe_card("nothing"), "There is no recipe 'nothing'"),
        (lambda: list_recipes(task="eye"), "task needs one of chest, brain, digits, covid"),
        (lambda: list_recipes(report="005"), "report needs one of 000, 001"),
    ],
)
def test_an_unknown_name_is_refused_with_those_that_are_known(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Outputs that are no probability -----------------------------------------------------------------

LESIONS = make_lesions(40, size=16, noise=0.1, random_state=0)
IGNORE = pytest.mark.filterwarnings("ignore::skmedimg.recipes.DegenerateOutputWarning")


@pytest.mark.parametrize("output", ["relu", "softmax-1"])
def test_a_degenerate_output_warns(output):
    model = DegenerateOutputCNN((4,), dense_units=4, output=output, max_epochs=1)
    with pytest.warns(DegenerateOutputWarning, match=f"output='{output}'"):
        model.fit(LESIONS.images, LESIONS.target)


@pytest.mark.parametrize("estimator", [ScratchCNN, ShallowMLP, TransferClassifier])
@pytest.mark.parametrize("output", ["relu", "softmax-1"])
def test_public_estimators_have_no_degenerate_output(estimator, output):
    images = LESIONS.images.repeat(2, 1).repeat(2, 2)
    with pytest.raises(ValueError, match="'output' parameter"):
        estimator(output=output).fit(images, LESIONS.target)


@IGNORE
@pytest.mark.parametrize("name", ["chest/cnn1-relu", "chest/cnn2-softmax"])
def test_a_recipe_with_a_degenerate_output_is_saved_pickled_and_loaded(name, tmp_path):
    settings = {"filters": 4, "dense_units": 4, "max_epochs": 2, "random_state": 0}
    model = load_recipe(name)["model"].set_params(**settings).fit(LESIONS.images, LESIONS.target)
    save(model, tmp_path / "model.skm")
    for again in (load(tmp_path / "model.skm"), pickle.loads(pickle.dumps(model))):
        assert type(again) is type(model)
        np.testing.assert_array_equal(
            again.predict_proba(LESIONS.images), model.predict_proba(LESIONS.images)
        )


@IGNORE
def test_a_softmax_over_one_unit_predicts_one_class_and_learns_nothing():
    model = DegenerateOutputCNN(
        (4,), output="softmax-1", norm=None, weight_decay=0.0, max_epochs=1, random_state=0
    )
    start = clone(model).set_params(learning_rate=1e-12).fit(LESIONS.images, LESIONS.target)
    model.set_params(max_epochs=4).fit(LESIONS.images, LESIONS.target)
    assert set(model.predict(LESIONS.images)) == {1}
    losses = [row["train_loss"] for row in model.history_]
    assert losses == pytest.approx([losses[0]] * 4)
    # Keras's binary cross-entropy of a constant 1, clipped at 1 - 1e-7: -log(1e-7) per negative
    assert losses[0] == pytest.approx(-np.log(1e-7) * np.mean(LESIONS.target == 0), rel=0.02)
    assert same_weights(model, start)


def same_weights(one, other):
    theirs = other.net_.module_.state_dict()
    return all(torch.equal(w, theirs[n]) for n, w in one.net_.module_.state_dict().items())


@IGNORE
def test_a_relu_output_has_the_loss_and_gradient_of_a_clipped_probability():
    values = torch.tensor([[-1.0], [0.3], [0.8], [2.0]], requires_grad=True)
    labels = torch.tensor([1, 0, 1, 0])
    model = DegenerateOutputCNN((4,), output="relu", max_epochs=1).fit(
        LESIONS.images, LESIONS.target
    )
    unit = list(model.net_.module_.modules())[-1].to("cpu")
    loss = class_loss(1)(unit(values), labels)
    chance = values.detach().clamp(1e-7, 1 - 1e-7)[:, 0].double()
    expected = -torch.where(labels == 1, chance, 1 - chance).log()
    assert torch.allclose(loss.double(), expected, rtol=0.02)
    loss.sum().backward()
    assert values.grad[:, 0].tolist() == pytest.approx([0, 1 / 0.7, -1 / 0.8, 0], rel=1e-5)


@IGNORE
def test_one_degenerate_unit_is_refused_for_three_classes():
    y = np.arange(len(LESIONS.target)) % 3
    with pytest.raises(ValueError, match="for two classes, but y has 3"):
        DegenerateOutputCNN(output="relu").fit(LESIONS.images, y)
