"""What a user's models cost per image: once for each image, and in each epoch.

The page of times multiplies these by 1,000, 5,000 and 50,000 images. `times-*` runs on two cores,
`gpu-times-*` on a GPU; both give the networks the precision that they choose by themselves.
"""

from functools import partial

import numpy as np

from bench import Row, gpu
from bench._scratch import scratch_folder
from bench.load import make_files
from bench.transfer import weights_of

CORES = 2
# Model -> images of one call on two cores and on a GPU, and their side.
SIZES = {
    "read": (300, None, 1000),
    "hog-mlp": (1000, 10_000, 128),
    "cnn": (256, 4096, 64),
    "unet": (48, 1024, 128),
    "efficientnet_lite0": (64, 2048, 224),
    "resnet50": (32, 2048, 224),
}
WORK = {
    "read": "read gray JPEG files of about 1000x1000 and reduce them to 224x224",
    "hog-mlp": "HOG once and one epoch of ShallowMLP() on it, 128x128",
    "cnn": "one epoch of ScratchCNN(), 64x64",
    "unet": "one epoch of UNetSegmenter(), 128x128",
    "efficientnet_lite0": "features of a frozen EfficientNet-Lite0 and logistic regression on "
    "them, 224x224",
    "resnet50": "features of a frozen ResNet50 and logistic regression on them, 224x224",
}
ONCE, EPOCH = "ours, once", "ours, per epoch"


def make(model, on_gpu, quick):
    """Return the calls of a model: what is done once, and what is done in every epoch."""
    count, side = SIZES[model][on_gpu], SIZES[model][2]
    count = max(count // 16, 8) if quick else count
    device = gpu.DEVICE if on_gpu else "cpu"
    if model == "read":
        return {ONCE: reading(count, side)}
    draws = np.random.default_rng(0)
    X, y = draws.integers(0, 256, (count, side, side), np.uint8), np.arange(count) % 2
    settings = {"max_epochs": 1, "device": device, "random_state": 0}
    return {name: gpu.finished(call) for name, call in calls(model, X, y, settings).items()}


def calls(model, X, y, settings):
    from skmedimg import HOG, ScratchCNN, ShallowMLP, UNetSegmenter

    if model == "hog-mlp":
        hog = HOG(device=settings["device"])
        rows = hog.fit_transform(X)
        network = ShallowMLP(**settings)
        return {ONCE: lambda: hog.transform(X), EPOCH: lambda: network.fit(rows, y)}
    if model == "cnn":
        return {EPOCH: lambda: ScratchCNN(**settings).fit(X, y)}
    if model == "unet":
        return {EPOCH: lambda: UNetSegmenter(**settings).fit(X, X > 127)}
    return {ONCE: partial(frozen, model, X, y, settings["device"])}


def reading(count, side):
    from skmedimg import ImageLoader

    paths = make_files(scratch_folder() / "files", count, side, side, "L")
    loader = ImageLoader(224, n_jobs=CORES).fit(paths)
    return lambda: loader.transform(paths)


def frozen(name, X, y, device):
    from sklearn.linear_model import LogisticRegression

    from skmedimg import BackboneFeatures

    backbone = BackboneFeatures(name, weights=weights_of(name), cache=None, device=device)
    return LogisticRegression(max_iter=1000).fit(backbone.fit_transform(X), y)


def row(model, on_gpu):
    make_calls = partial(make, model, on_gpu)
    images = SIZES[model][on_gpu]
    return Row(
        f"gpu-times-{model}" if on_gpu else f"times-{model}",
        f"{WORK[model]}, {images} images",
        gpu.on_gpu(make_calls) if on_gpu else make_calls,
        facts=lambda medians: {"images": images},
        threads=CORES,
        processes=CORES,
        repeats=5,
    )


ROWS = [row(model, on_gpu) for on_gpu in (False, True) for model in SIZES if SIZES[model][on_gpu]]
