"""What users of Keras, PyTorch and fastai write by habit is answered with the line to write."""

import inspect
import operator
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skmedimg import ScratchCNN, ShallowMLP, TransferClassifier, UNetSegmenter
from skmedimg.neural import NetworkClassifier

CLASSES = (ShallowMLP, ScratchCNN, TransferClassifier, UNetSegmenter)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
LABELS = np.arange(12) % 2


def tiny(**parameters):
    return ShallowMLP((2,), max_epochs=1, random_state=0, **parameters)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("lr", 0.01, "(learning_rate=0.01)"),
        ("epochs", 5, "(max_epochs=5)"),
        ("input_shape", (8, 8), "(image_shape=...)"),
        ("batchsize", 8, "Similar names: batch_size"),
    ],
)
def test_parameters_of_other_libraries_in_the_constructor(cls, name, value, line):
    with pytest.raises(TypeError) as error:
        cls(**{name: value})
    assert f"{cls.__name__} has no parameter {name!r}" in str(error.value)
    assert line in str(error.value)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("epochs", 5, "(max_epochs=5).fit(X, y)"),
        ("verbose", 2, "(verbose=2).fit(X, y)"),
        ("batch_size", 8, "(batch_size=8).fit(X, y)"),
        ("class_weight", {0: 1}, "(class_weight=...).fit(X, y)"),
        ("validation_data", (1, 2), "fit(X, y, X_val=X_val, y_val=y_val)"),
        ("validation_split", 0.1, "(early_stopping=True, validation_fraction=0.1)"),
        ("wrongly", 1, ".fit has no parameter 'wrongly'"),
    ],
)
def test_parameters_of_other_libraries_in_fit(cls, name, value, line):
    with pytest.raises(TypeError) as error:
        cls().fit(IMAGES, LABELS, **{name: value})
    assert f"{cls.__name__}.fit has no parameter" in str(error.value)
    assert line in str(error.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("summary", "skmedimg.inspection.parameter_table(model)"),
        ("evaluate", "model.score(X, y)"),
        ("save", 'skmedimg.saving.save(model, "model.skmed")'),
        ("compile", "ScratchCNN(optimizer=..., loss=..., learning_rate=...)"),
    ],
)
def test_methods_of_other_libraries(name, line):
    model = ScratchCNN()
    assert not hasattr(model, name)
    with pytest.raises(AttributeError) as error:
        getattr(model, name)
    assert f"has no attribute {name!r}" in str(error.value)
    assert line in str(error.value)


def test_other_missing_attributes_have_the_usual_message():
    with pytest.raises(AttributeError, match="'ScratchCNN' object has no attribute 'nothing'"):
        operator.attrgetter("nothing")(ScratchCNN())

    class Broken(ShallowMLP):
        @property
        def broken(self):
            raise AttributeError("a message of its own")

    with pytest.raises(AttributeError, match="a message of its own"):
        operator.attrgetter("broken")(Broken())


def test_signatures_stay_as_they_are_written():
    parameters = inspect.signature(ScratchCNN).parameters
    assert list(parameters)[:2] == ["filters", "kernel_size"]
    assert set(parameters) == set(ScratchCNN().get_params())
    assert list(inspect.signature(ShallowMLP.fit).parameters)[:3] == ["self", "X", "y"]
    assert ShallowMLP.fit.__doc__.startswith("Train on images")
    model = pickle.loads(pickle.dumps(clone(ScratchCNN(dropout=0.25))))
    assert model.dropout == 0.25


def test_a_subclass_with_parameters_of_its_own_gets_hints_too():
    class Own(NetworkClassifier):
        def __init__(self, module=None, *, width=8, learning_rate=1e-3):
            self.module, self.width, self.learning_rate = module, width, learning_rate

    assert Own(width=4).get_params()["width"] == 4
    with pytest.raises(TypeError, match=r"write Own\(learning_rate=0.1\)|Write Own"):
        Own(lr=0.1)


def test_one_hot_labels_are_named():
    with pytest.raises(ValueError, match=r"one-hot encoded. Pass numpy.argmax\(y, axis=1\)"):
        tiny().fit(IMAGES, np.eye(2)[LABELS])


def test_names_of_callbacks_are_answered_with_early_stopping():
    with pytest.raises(TypeError, match="early_stopping=True"):
        tiny(callbacks=["EarlyStopping"]).fit(IMAGES, LABELS)


def test_volumes_are_not_taken_for_channels_in_silence():
    volumes = np.repeat(IMAGES[:, None], 6, axis=1)  # (12, 6, 8, 8)
    with pytest.warns(UserWarning, match="images of 6x8 pixels with 8 channels each. Volumes are"):
        tiny().fit(volumes, LABELS)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (IMAGES.astype("float32"), r"float32 pixels up to 25\d, .*pass X / 255"),
        (IMAGES.astype("uint16") * 16, r"uint16 pixels up to 40\d\d.*X / 4095"),
        (IMAGES.astype("uint16"), r"uint16 pixels up to 25\d.*X / 255"),
    ],
)
def test_pixels_of_another_scale_warn_where_the_scale_matters(X, words):
    with pytest.warns(UserWarning, match=words):
        tiny(standardize=False).fit(X, LABELS)
    tiny().fit(X, LABELS)  # standardized: any scale is right
