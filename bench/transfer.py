"""TransferClassifier against torch and skorch by hand, which compute frozen features once as well.

All in float32. Random weights cost as much to compute with as published ones.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from bench import Row
from bench._torch_loop import Loop

EPOCHS, FOLDS, HEADS = 20, 5, 8
LEARNING_RATES = np.logspace(-4, -1, HEADS)
# The last layers that are trained in the rows called transfer-cut.
CUTS = {"mobilenet_v2": 2, "resnet50": 3, "vgg16": 1}
FEATURES = {"mobilenet_v2": 1280, "resnet50": 2048, "vgg16": 512}


def photographs(count, side):
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return images, np.arange(count) % 2


def weights_of(name):
    """Write random weights to a file, as published ones come; they cost as much to compute with."""
    import torch

    from skmedimg._device import fresh_weights
    from skmedimg.networks._backbones import build_backbone

    path = Path(tempfile.gettempdir()) / f"skmedimg_bench_{name}.pth"
    if not path.exists():
        with fresh_weights(0):
            torch.save(build_backbone(name).network.state_dict(), path)
    return path


def ours(name, weights, **options):
    """Return a classifier whose store is empty."""
    from skmedimg import TransferClassifier
    from skmedimg.transfer import FeatureStore

    settings = {"max_epochs": EPOCHS, "schedule": "constant", "output": "softmax"}
    settings |= {"cache": FeatureStore(), "random_state": 0, **options}
    return TransferClassifier(name, weights=weights, **settings)


def plain_network(name, weights):
    """Return torchvision's network with a linear head, as one builds it by hand."""
    import torch
    from torch import nn
    from torchvision import models

    with torch.device("meta"):
        network = models.get_model(name, weights=None)
    head = "fc" if name == "resnet50" else "classifier"
    setattr(network, head, nn.Linear(FEATURES[name], 2))
    if name == "vgg16":
        network.avgpool = nn.AdaptiveAvgPool2d(1)
    network.load_state_dict(torch.load(weights), assign=True, strict=False)
    for parameter in network.parameters():
        parameter.requires_grad_(parameter is getattr(network, head).weight)
    getattr(network, head).bias.requires_grad_(True)
    return network.eval()


def normalized(X):
    """Return float images as ImageNet's networks take them."""
    import torch

    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    images = (X / 255 - np.array(mean)) / np.array(deviation)
    return torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32).copy())


def split(network, name, cut):
    """Return what is frozen and what is trained: the head, with a cut the last layers as well."""
    from torch import nn

    head = network.fc if name == "resnet50" else network.classifier
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if name == "resnet50":
        layers = [*list(network.children())[:-3], *network.layer4]
    else:
        layers = list(network.features)
    opened = []
    if cut and name == "mobilenet_v2":  # from the middle of the last block on
        block = layers[-2].conv
        layers, opened = [*layers[:-2], block[:2]], [block[2:], layers[-1]]
    elif cut:
        start = {"resnet50": -1, "vgg16": -3}[name]
        layers, opened = layers[:start], layers[start:]
    if not cut:
        return nn.Sequential(*layers, *end), head
    trained = nn.Sequential(*opened, *end, head).train().requires_grad_(True)
    return nn.Sequential(*layers), trained


def features_of(frozen, X):
    """Return what a frozen network makes of images, in batches of channels_last."""
    import torch

    frozen = frozen.eval().to(memory_format=torch.channels_last)
    with torch.no_grad():
        return torch.cat([frozen(images) for images in normalized(X).split(32)])


def hand_loop(name, weights, X, y, cut=False):
    """Train a head, with a cut the last layers as well, on what is computed once before them."""
    import torch

    frozen, trained = split(plain_network(name, weights), name, cut)

    def load():
        return features_of(frozen, X), torch.from_numpy(y)

    return Loop(lambda: trained, load, torch.nn.CrossEntropyLoss(), 32, EPOCHS)()


def make_features(count, side, quick):
    """Return ours and timm's network with the same weights, both in float32."""
    X, _ = photographs(96 if quick else count, side)
    weights = weights_of("efficientnet_lite0")
    contenders = {"ours": lambda: our_features(weights, X)}
    try:
        import timm
    except ImportError:
        return contenders | {"timm": 'timm is missing: pip install "skmedimg[timm]"'}
    import torch

    network = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    network.load_state_dict(torch.load(weights))
    return contenders | {"timm": lambda: timm_features(network, X)}


def our_features(weights, X):
    from skmedimg import BackboneFeatures

    return BackboneFeatures("efficientnet_lite0", weights=weights, cache=None).fit_transform(X)


def timm_features(network, X, batch=32):
    """Return pooled features by a plain loop over batches."""
    import torch

    found = []
    with torch.inference_mode():
        for begin in range(0, len(X), batch):
            images = torch.from_numpy(X[begin : begin + batch]).movedim(3, 1).float() / 255
            maps = network.forward_features((images - 0.5) / 0.5)
            found.append(maps.mean((2, 3)).numpy())
    return np.concatenate(found)


def feature_difference(count, side, seconds):
    """Compare the features of both."""
    both = make_features(32, side, True)
    if isinstance(both["timm"], str):
        return {}
    return {"largest difference": float(np.abs(both["ours"]() - both["timm"]()).max())}


def make_fit(name, count, side, quick):
    X, y = photographs(8 if quick else count, side)
    weights = weights_of(name)
    return {
        "ours": lambda: ours(name, weights).fit(X, y),
        "ours, uncached": lambda: ours(name, weights, cache=None).fit(X, y),
        "hand-written loop": partial(hand_loop, name, weights, X, y),
    }


def same_head(name, count, side, seconds):
    """Compare what cached and recomputed features lead to."""
    X, y = photographs(16, side)
    weights = weights_of(name)
    cached = ours(name, weights).fit(X, y)
    again = ours(name, weights, cache=None).fit(X, y)
    difference = np.abs(cached.predict_proba(X) - again.predict_proba(X)).max()
    return {"largest difference to uncached probabilities": float(difference)}


def make_search(name, count, side, quick):
    X, y = photographs(10 if quick else count, side)
    weights = weights_of(name)
    return {
        "ours": lambda: our_search(name, weights, X, y),
        "plain skorch": lambda: plain_search(name, weights, X, y),
    }


def our_search(name, weights, X, y):
    from sklearn.model_selection import GridSearchCV

    grid = {"learning_rate": LEARNING_RATES}
    return GridSearchCV(ours(name, weights), grid, cv=FOLDS, error_score="raise").fit(X, y)


def plain_search(name, weights, X, y):
    """Compute features once, then search the learning rate of skorch's heads on them."""
    import torch
    from sklearn.model_selection import GridSearchCV
    from skorch import NeuralNetClassifier

    frozen, head = split(plain_network(name, weights), name, False)
    net = NeuralNetClassifier(
        head, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, batch_size=32,
        max_epochs=EPOCHS, train_split=None, verbose=0,
    )  # fmt: skip
    grid = {"lr": LEARNING_RATES}
    search = GridSearchCV(net, grid, cv=FOLDS, error_score="raise")
    return search.fit(features_of(frozen, X).numpy(), y)


def passes(name, count, side, seconds):
    """Count the images that passed the backbone in a search."""
    X, y = photographs(20, side)
    search = our_search(name, weights_of(name), X, y)
    info = search.estimator.cache.info()
    return {"images": len(X), "passes": info["misses"]}


def make_cut(name, count, side, quick):
    X, y = photographs(8 if quick else count, side)
    weights, options = weights_of(name), {"trainable_layers": CUTS[name], "precision": "float32"}
    return {
        "ours": lambda: ours(name, weights, **options).fit(X, y),
        "hand-written loop": partial(hand_loop, name, weights, X, y, cut=True),
    }


def activation(name, count, side, seconds):
    """Tell what one image takes in the store."""
    X, y = photographs(8, side)
    model = ours(name, weights_of(name), trainable_layers=CUTS[name], max_epochs=1).fit(X, y)
    return {"bytes per image": model.cache.info()["memory_bytes"] // len(X)}


def rows(kind, work, make, facts, goals, sizes):
    return [
        Row(
            f"transfer-{kind}-{name}",
            f"{work}, {name}, {count} images of {side}x{side}",
            partial(make, name, count, side),
            facts=partial(facts, name, count, side),
            goals=goals,
            repeats=5,
        )
        for name, (count, side) in sizes.items()
    ]


BY_HAND = {"hand-written loop": 1 / 1.02}
ROWS = [
    *rows(
        "fit",
        f"{EPOCHS} epochs of a head on features that both compute once",
        make_fit,
        same_head,
        BY_HAND,
        {"mobilenet_v2": (32, 128), "resnet50": (32, 128), "vgg16": (16, 128)},
    ),
    *rows(
        "search",
        f"grid search of {HEADS} heads in {FOLDS} folds and a refit, on features that both "
        "compute once",
        make_search,
        passes,
        {"plain skorch": 4},
        {"mobilenet_v2": (80, 128), "resnet50": (40, 128)},
    ),
    *rows(
        "cut",
        f"{EPOCHS} epochs, the last layers trained on what both compute once before them",
        make_cut,
        activation,
        BY_HAND,
        {"mobilenet_v2": (32, 224), "resnet50": (16, 224), "vgg16": (8, 224)},
    ),
    Row(
        "transfer-features",
        "features by EfficientNet-Lite0, 1,000 images of 224x224, float32",
        partial(make_features, 1000, 224),
        facts=partial(feature_difference, 1000, 224),
        goals={"timm": 0.9},
        repeats=3,
    ),
]
