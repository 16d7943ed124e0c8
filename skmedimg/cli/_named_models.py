"""Models by the names one can type."""

from skmedimg.cli._main import DataError

_SMALL = ("hog-linear", "hog-mlp", "mlp", "cnn")


def build_models(options):
    """Return unfitted models that start from files, by name.

    Parameters
    ----------
    options : argparse.Namespace
        With `models`, `size`, `color`, `epochs` and `seed`.

    Returns
    -------
    models : dict of str to estimator
    """
    named = options.models or "hog-mlp,cnn"
    names = [name.strip() for name in named.split(",") if name.strip()]
    if not names:
        raise DataError("--models needs at least one name.")
    return {name: _model(name, options) for name in names}


def demo_models(options):
    """Return small models for the images of the demo, which are in memory.

    Parameters
    ----------
    options : argparse.Namespace
        With `seed`.

    Returns
    -------
    models : dict of str to estimator
    """
    from skmedimg import HOG, Pipeline, ScratchCNN, ShallowMLP

    hog, seed = HOG(pixels_per_cell=(8, 8), cells_per_block=(2, 2)), {"random_state": options.seed}
    return {
        "MLP on pixels": ShallowMLP((32,), max_epochs=30, **seed),
        "HOG + MLP": Pipeline([hog, ShallowMLP((64,), max_epochs=60, **seed)]),
        "CNN": ScratchCNN((8, 16, 32), dense_units=(32,), max_epochs=25, **seed),
    }


def _model(name, options):
    if name in _SMALL:
        return _small(name, options)
    from skmedimg.networks._backbone_table import ROWS

    if name not in ROWS:
        raise DataError(
            f"{name!r} is no model: there are {', '.join(_SMALL)}, and the backbones "
            f"{', '.join(sorted(ROWS))}."
        )
    return _backbone(name, options)


def _small(name, options):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from skmedimg import HOG, ImageLoader, Pipeline, ScratchCNN, ShallowMLP

    epochs = {} if options.epochs is None else {"max_epochs": options.epochs}
    seed = {"random_state": options.seed}
    first = ImageLoader((options.size, options.size), color=options.color)
    last = {
        "hog-linear": lambda: [HOG(), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)],
        "hog-mlp": lambda: [HOG(), ShallowMLP(**epochs, **seed)],
        "mlp": lambda: [ShallowMLP(**epochs, **seed)],
        "cnn": lambda: [ScratchCNN(**epochs, **seed)],
    }
    return Pipeline([first, *last[name]()])


def _backbone(name, options):
    from skmedimg import TransferClassifier

    epochs = {} if options.epochs is None else {"max_epochs": options.epochs}
    shape = (options.size, options.size, 3 if options.color == "rgb" else 1)
    return TransferClassifier(name, image_shape=shape, random_state=options.seed, **epochs)
