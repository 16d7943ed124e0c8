"""Models with functions and classes of the user: saved by name, loaded where they are trusted."""

import json
import zipfile

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from skmedimg import Pipeline, ScratchCNN, ShallowMLP, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.neural import NetworkClassifier, NetworkSegmenter
from skmedimg.saving import load, save

LESIONS = make_lesions(20, size=16, noise=0.1, random_state=0)
IMAGES, LABELS, MASKS = LESIONS.images, LESIONS.target, LESIONS.masks
QUICK = {"max_epochs": 2, "random_state": 0}


def cnn(image_shape, n_outputs):
    return nn.Sequential(
        nn.Conv2d(image_shape[2], 2, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(n_outputs)
    )


class Pixelwise(nn.Module):
    def __init__(self, image_shape, n_outputs):
        super().__init__()
        self.layer = nn.Conv2d(image_shape[2], n_outputs, 1)

    def forward(self, images):
        return self.layer(images)


def per_image(logits, labels):
    return functional.cross_entropy(logits, labels, reduction="none")


def halving(optimizer, n_steps):
    return LambdaLR(optimizer, lambda step: 0.5 ** (step / n_steps))


def mirrored(images):
    return images.flip(3)


OWN = {
    "module": (NetworkClassifier(cnn, **QUICK), [cnn]),
    "class": (NetworkSegmenter(Pixelwise, **QUICK), [Pixelwise]),
    "pipeline": (Pipeline([NetworkClassifier(cnn, **QUICK)]), [cnn]),
    "loss": (ShallowMLP((4,), loss=per_image, **QUICK), [per_image]),
    "schedule": (ShallowMLP((4,), schedule=halving, **QUICK), [halving]),
    "augment": (ScratchCNN((4,), augment=mirrored, **QUICK), [mirrored]),
    "activation": (UNetSegmenter((4,), activation=nn.Mish, **QUICK), [nn.Mish]),
    "optimizer": (ShallowMLP((4,), optimizer=torch.optim.NAdam, **QUICK), [torch.optim.NAdam]),
}
OPTIONS = {
    "recipe": ScratchCNN(
        (4,),
        label_smoothing=0.1,
        mixup=0.2,
        ema_decay=0.9,
        accumulate=2,
        predict_augment=("flip-horizontal", "shift"),
        **QUICK,
    ),
    "focal": ShallowMLP((4,), loss="focal", **QUICK),
}


def target(model):
    return MASKS if hasattr(model, "tile") else LABELS


@pytest.mark.parametrize("name", OWN)
def test_what_is_trusted_comes_back_bit_for_bit(name, tmp_path):
    model, trusted = OWN[name]
    model.fit(IMAGES, target(model))
    loaded = load(save(model, tmp_path / "m"), trusted=trusted)
    np.testing.assert_array_equal(loaded.predict_proba(IMAGES), model.predict_proba(IMAGES))
    assert str(loaded) == str(model)


@pytest.mark.parametrize("name", OWN)
def test_what_is_not_trusted_is_refused_by_name(name, tmp_path):
    model, [own] = OWN[name]
    path = save(model.fit(IMAGES, target(model)), tmp_path / "m")
    with pytest.raises(ValueError, match=rf"{own.__name__}.*trusted=\[{own.__name__}\]"):
        load(path)
    with pytest.raises(ValueError, match=r"trusted=\["):
        load(path, trusted=[print])


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_the_recipe_come_back(name, tmp_path):
    model = OPTIONS[name].fit(IMAGES, LABELS)
    loaded = load(save(model, tmp_path / "m"))
    np.testing.assert_array_equal(loaded.predict_proba(IMAGES), model.predict_proba(IMAGES))
    assert loaded.get_params() == model.get_params()


def test_no_code_is_imported_by_a_name_in_a_file(tmp_path):
    path = save(OWN["loss"][0], tmp_path / "m")
    with zipfile.ZipFile(path) as archive:
        [text] = [archive.read(n) for n in archive.namelist() if b'"trusted"' in archive.read(n)]
    assert f"{__name__}.per_image" in json.dumps(json.loads(text))


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (NetworkClassifier(lambda shape, n: cnn(shape, n)), r"model\.module is '<lambda>'"),
        (NetworkClassifier(nn.Conv2d(1, 2, 3)), r"model\.module is an instance of torch.*Conv2d"),
        (ShallowMLP(loss=nn.CrossEntropyLoss()), r"model\.loss is an instance"),
        (ScratchCNN(augment=nn.Sequential()), r"model\.augment is an instance.*augment=None"),
    ],
)
def test_what_has_no_name_is_refused(model, match, tmp_path):
    with pytest.raises(TypeError, match=match):
        save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trusted", ["cnn", cnn, Pixelwise, ["cnn"], [nn.Mish()]])
def test_trusted_holds_classes_and_functions(trusted, tmp_path):
    path = save(ShallowMLP(), tmp_path / "m")
    with pytest.raises(TypeError, match="trusted"):
        load(path, trusted=trusted)
