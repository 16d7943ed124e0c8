"""A whole comparison of three models, from files to scores, against the same written plainly.

Plainly: scikit-image, skorch and torchvision under `cross_validate`, once as transformers of a
pipeline, which compute their features in every fold, and once with features computed before.
Ours audits the images and tests the differences as well. The images are the 624 test X-rays of
Kermany in the folder `$SKMEDIMG_DATA/chest_pneumonia/test`, and the weights of SqueezeNet are
`$SKMEDIMG_WEIGHTS/squeezenet1_1_imagenet.pth`.
"""

import os
from functools import partial
from pathlib import Path

import numpy as np

from bench import Row
from bench._torch_loop import LEARNING_RATE
from bench.cnn import multiplies_bfloat16

SIDE, FOLDS, EPOCHS, UNITS, MLP_EPOCHS = 128, 5, 8, 100, 20
FILTERS = (32, 64, 128)
SCORES = ["balanced_accuracy", "roc_auc"]


class Work:
    """Images, labels and patients, and what to do with them.

    Parameters
    ----------
    read, read_plainly : callable
        Return gray images (n, 128, 128) of bytes: by ours, and by scikit-image.
    y, groups : array (n,)
    weights : path
        Of SqueezeNet 1.1.
    device : str
    epochs : int
        Of the CNN.
    """

    def __init__(self, read, read_plainly, y, groups, weights, device="cpu", epochs=EPOCHS):
        self.read = read
        self.read_plainly = read_plainly
        self.y = np.asarray(y)
        self.positive = np.unique(y)[-1]
        self.groups = np.asarray(groups)
        self.weights = weights
        self.device = device
        self.epochs = epochs


def x_rays(quick):
    """Return the work on the test X-rays, or the reason why there is none."""
    root = Path(os.environ.get("SKMEDIMG_DATA", "")) / "chest_pneumonia" / "test"
    weights = Path(os.environ.get("SKMEDIMG_WEIGHTS", "")) / "squeezenet1_1_imagenet.pth"
    if not root.is_dir():
        return "SKMEDIMG_DATA names no folder with chest_pneumonia/test"
    if not weights.is_file():
        return f"SKMEDIMG_WEIGHTS names no folder with {weights.name}"
    from skmedimg import ImageLoader, load_image_folder

    data = load_image_folder(root, group_pattern="chest-xray")
    rows = np.arange(len(data.paths))[:: 20 if quick else 1]
    paths = [str(data.paths[row]) for row in rows]
    side = 32 if quick else SIDE
    read = partial(ImageLoader(side).fit_transform, paths)
    given = (data.target[rows], data.groups[rows], weights)
    return Work(read, partial(read_plainly, paths, side), *given, epochs=1 if quick else EPOCHS)


def read_plainly(paths, side):
    from skimage.io import imread
    from skimage.transform import resize

    images = [
        resize(imread(path, as_gray=True), (side, side), anti_aliasing=True) for path in paths
    ]
    return np.stack([image if image.max() > 1 else 255 * image for image in images]).astype("uint8")


def ours(work, precision="float32"):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from skmedimg import HOG, BackboneFeatures, Pipeline, ScratchCNN, ShallowMLP, compare
    from skmedimg.transfer import FeatureStore

    place = {"device": work.device, "random_state": 0}
    backbone = BackboneFeatures(
        "squeezenet1_1", weights=work.weights, cache=FeatureStore(), device=work.device
    )
    mlp = ShallowMLP((UNITS,), max_epochs=MLP_EPOCHS, **place)
    models = {
        "HOG + MLP": Pipeline([HOG(device=work.device), mlp]),
        "CNN": ScratchCNN(FILTERS, max_epochs=work.epochs, precision=precision, **place),
        "SqueezeNet": Pipeline([backbone, StandardScaler(), LogisticRegression(max_iter=1000)]),
    }
    return compare(
        models,
        work.read(),
        work.y,
        groups=work.groups,
        cv=FOLDS,
        repeats=1,
        scoring=SCORES,
        pos_label=work.positive,
        random_state=0,
        verbose=0,
    )


def plainly(work, once):
    """Cross-validate the three models one by one; `once` computes features before the folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_validate
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    images, y = work.read_plainly(), (work.y == work.positive).astype(int)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    floats = (images[:, None] / 255).astype(np.float32)
    squeeze = partial(squeezenet, weights=work.weights, device=work.device)
    first = hogs(images[:1]).shape[1]
    heads = {
        hogs: (StandardScaler(), net(mlp, work.device, MLP_EPOCHS, module__features=first)),
        squeeze: (StandardScaler(), LogisticRegression(max_iter=1000)),
    }
    scores = {"CNN": (net(cnn, work.device, work.epochs), floats)}
    for describe, steps in heads.items():
        before = () if once else (FunctionTransformer(describe),)
        scores[describe] = make_pipeline(*before, *steps), describe(images) if once else images
    return [
        cross_validate(model, X, y, groups=work.groups, cv=folds, scoring=SCORES)
        for model, X in scores.values()
    ]


def hogs(images):
    from skimage.feature import hog

    return np.stack([hog(image) for image in images]).astype(np.float32)


def squeezenet(images, weights, device):
    """Return pooled features of torchvision's network, in batches of channels_last."""
    import torch
    from torchvision import models

    network = models.squeezenet1_1(weights=None)
    network.load_state_dict(torch.load(weights), strict=False)
    layers = network.features.eval().to(device, memory_format=torch.channels_last)
    mean, deviation = (
        torch.tensor(numbers)[:, None, None]
        for numbers in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    found = []
    with torch.inference_mode():
        for batch in torch.from_numpy(images).split(32):
            colored = (batch[:, None].expand(-1, 3, -1, -1) / 255 - mean) / deviation
            found.append(layers(colored.to(device)).mean((2, 3)).cpu())
    return torch.cat(found).numpy()


def net(module, device, epochs, **settings):
    """Return skorch's classifier as its tutorial writes it."""
    import torch
    from skorch import NeuralNetClassifier

    return NeuralNetClassifier(
        module, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.AdamW,
        lr=LEARNING_RATE, batch_size=32, max_epochs=epochs, train_split=None, verbose=0,
        device=device, **settings,
    )  # fmt: skip


def mlp(features):
    from torch import nn

    return nn.Sequential(nn.Linear(features, UNITS), nn.ReLU(), nn.Linear(UNITS, 2))


def cnn():
    """Return the layers that ScratchCNN has by default."""
    from torch import nn

    layers, channels = [], 1
    for filters in FILTERS:
        for before in (channels, filters):
            layers += [nn.Conv2d(before, filters, 3, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(filters), nn.ReLU()]
        layers, channels = [*layers, nn.MaxPool2d(2)], filters
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(channels, 2)]
    return nn.Sequential(*layers, *head)


def contenders(work):
    calls = {
        "ours": partial(ours, work),
        "plain": partial(plainly, work, False),
        "plain, features once": partial(plainly, work, True),
    }
    if multiplies_bfloat16(work.device):
        calls["ours, bfloat16"] = partial(ours, work, "bfloat16")
    return calls


def make(quick):
    work = x_rays(quick)
    return {"ours": work} if isinstance(work, str) else contenders(work)


def in_bfloat16(seconds):
    """Say how often faster ours is where its CNN trains in the precision it chooses by itself."""
    if "ours, bfloat16" not in seconds:
        return {}
    return {"plain, times ours in bfloat16": round(seconds["plain"] / seconds["ours, bfloat16"], 2)}


MODELS = "HOG + MLP, CNN of 8 epochs, frozen SqueezeNet + logistic regression, 5 folds by patient"
ROWS = [
    Row(
        "end-to-end",
        f"compare {MODELS}, on 624 X-rays at 128x128, from files to scores, in float32",
        make,
        goals={"plain": 2},
        facts=in_bfloat16,
        repeats=1,  # a call takes up to an hour on slow cores
    ),
]
