"""Models by the names that `--models` takes."""

from skmedimg.cli._exit_codes import DataError

DEFAULT_MODELS = "hog-mlp,cnn"
_NAMES = ("hog-linear", "hog-mlp", "mlp", "cnn")


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
    from skmedimg import HOG, Pipeline, ScratchCNN, ShallowMLP

    # 240 images are few batches: the networks need more epochs than they have by default
    def training(own):
        return _training(own if epochs is None else epochs, seed)

    hog = HOG(pixels_per_cell=(8, 8), cells_per_block=(2, 2))
    return {
        "MLP on pixels": ShallowMLP((32,), **training(30)),
        "HOG + MLP": Pipeline([hog, ShallowMLP((64,), **training(60))]),
        "CNN": ScratchCNN((8, 16, 32), dense_units=(32,), **training(25)),
    }


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
    from skmedimg.networks._backbone_table import BACKBONES

    if name not in BACKBONES:
        raise DataError(
            f"--models: {name!r} is not a model. There are {', '.join(_NAMES)}, and the backbones "
            f"{', '.join(sorted(BACKBONES))}."
        )
    shape = (size, size, 3 if color == "rgb" else 1)
    return TransferClassifier(name, image_shape=shape, **training)
