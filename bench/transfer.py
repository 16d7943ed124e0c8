"""TransferClassifier against plain torch and skorch, which compute frozen features over again."""

import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from bench import Row
from bench._runner import Timed

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


def hand_loop(name, weights, X, y, depth=0):
    """Train a head, and the last layers, by a plain loop in float32 that computes all of it."""
    import torch

    network = plain_network(name, weights)
    parameters = [p for p in network.parameters() if p.requires_grad]
    parameters += open_last(network, depth)
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    images, targets = normalized(X), torch.from_numpy(y)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(images)).split(32):
            optimizer.zero_grad()
            logits = network(images[rows])
            torch.nn.functional.cross_entropy(logits, targets[rows]).backward()
            optimizer.step()
    return network


def hand_loop_on_features(name, weights, X, y):
    """Train a head by a plain loop on features that are computed once, as ours are."""
    import torch
    from torch import nn

    network = plain_network(name, weights)
    head = "fc" if name == "resnet50" else "classifier"
    linear = getattr(network, head)
    setattr(network, head, nn.Identity())
    with torch.no_grad():
        features = torch.cat([network(images) for images in normalized(X).split(32)])
    optimizer = torch.optim.Adam(linear.parameters(), lr=1e-3)
    targets = torch.from_numpy(y)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(features)).split(32):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(linear(features[rows]), targets[rows]).backward()
            optimizer.step()
    return linear


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


def open_last(network, depth):
    """Open the last convolutions of a network, each with its norm, and return their parameters."""
    from torch import nn

    kinds = (nn.Conv2d, nn.BatchNorm2d)
    layers = [part for part in network.modules() if isinstance(part, kinds)]
    starts = [k for k, part in enumerate(layers) if isinstance(part, nn.Conv2d)]
    opened = layers[starts[-depth] :] if depth else []
    for part in opened:
        part.train().requires_grad_(True)
    return [p for part in opened for p in part.parameters()]


def make_fit(name, count, side, quick):
    X, y = photographs(8 if quick else count, side)
    weights = weights_of(name)
    return {
        "ours": lambda: ours(name, weights).fit(X, y),
        "ours, uncached": lambda: ours(name, weights, cache=None).fit(X, y),
        "hand-written loop": partial(hand_loop, name, weights, X, y),
        "hand-written loop, features once": partial(hand_loop_on_features, name, weights, X, y),
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
    X, y = photographs(20 if quick else count, side)
    weights = weights_of(name)
    return {
        "ours": lambda: our_search(name, weights, X, y),
        "plain skorch": lambda: plain_search(name, weights, X, y),
    }


def our_search(name, weights, X, y):
    from sklearn.model_selection import GridSearchCV

    grid = {"learning_rate": LEARNING_RATES}
    return GridSearchCV(ours(name, weights), grid, cv=FOLDS, error_score="raise").fit(X, y)


def plain_search(name, weights, X, y, heads=HEADS):
    """Time one fit and scoring and count it once per fold and head; the refit in proportion."""
    from sklearn.model_selection import StratifiedKFold

    train, test = next(StratifiedKFold(FOLDS).split(X, y))
    images = normalized(X)
    started = time.perf_counter()
    net = skorch_net(name, weights).fit(images[train], y[train])
    fitted = time.perf_counter() - started
    net.score(images[test], y[test])
    scored = time.perf_counter() - started
    return Timed(FOLDS * heads * scored + fitted * len(X) / len(train))


def skorch_net(name, weights):
    """Return skorch's classifier around a frozen network, as its tutorial on transfer has it."""
    import torch
    from skorch import NeuralNetClassifier
    from torch import nn

    class StaysFrozen(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = plain_network(name, weights)

        def train(self, mode=True):
            return super().train(False)

        def forward(self, images):
            return self.network(images)

    return NeuralNetClassifier(
        StaysFrozen, criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=1e-3,
        batch_size=32, max_epochs=EPOCHS, train_split=None, verbose=0,
    )  # fmt: skip


def passes(name, count, side, seconds):
    """Count the images that passed the backbone in a search."""
    X, y = photographs(20, side)
    search = our_search(name, weights_of(name), X, y)
    info = search.estimator.cache.info()
    return {"images": len(X), "passes": info["misses"]}


def make_cut(name, count, side, quick):
    X, y = photographs(8 if quick else count, side)
    weights, depth = weights_of(name), CUTS[name]
    options = {"trainable_layers": depth}
    return {
        "ours": lambda: ours(name, weights, **options).fit(X, y),
        "ours, float32": lambda: ours(name, weights, precision="float32", **options).fit(X, y),
        "hand-written loop": partial(hand_loop, name, weights, X, y, depth),
    }


def activation(name, count, side, seconds):
    """Tell what one image takes in the store."""
    X, y = photographs(8, side)
    model = ours(name, weights_of(name), trainable_layers=CUTS[name], max_epochs=1).fit(X, y)
    return {"bytes per image": model.cache.info()["memory_bytes"] // len(X)}


def rows(kind, work, make, facts, goals, sizes):
    return [
        Row(f"transfer-{kind}-{name}", f"{work}, {name}, {count} images of {side}x{side}",
            partial(make, name, count, side), facts=partial(facts, name, count, side),
            goals=goals.get(name, {}), repeats=3)
        for name, (count, side) in sizes.items()
    ]  # fmt: skip


ROWS = [
    *rows("fit", f"{EPOCHS} epochs of a head on a frozen backbone", make_fit, same_head,
          {"mobilenet_v2": {"hand-written loop": 13, "hand-written loop, features once": 0.95},
           "resnet50": {"hand-written loop": 17, "hand-written loop, features once": 0.95}},
          {"mobilenet_v2": (32, 128), "resnet50": (32, 128), "vgg16": (16, 128)}),
    *rows("search", f"grid search of {HEADS} heads in {FOLDS} folds and a refit", make_search,
          passes, {"mobilenet_v2": {"plain skorch": 50}, "resnet50": {"plain skorch": 170}},
          {"mobilenet_v2": (80, 128), "resnet50": (40, 128)}),
    *rows("cut", f"{EPOCHS} epochs, the last layers trained", make_cut, activation,
          {"mobilenet_v2": {"hand-written loop": 3}, "resnet50": {"hand-written loop": 4},
           "vgg16": {"hand-written loop": 7}},
          {"mobilenet_v2": (32, 224), "resnet50": (16, 224), "vgg16": (8, 224)}),
    Row("transfer-features", "features by EfficientNet-Lite0, 1,000 images of 224x224, float32",
        partial(make_features, 1000, 224), facts=partial(feature_difference, 1000, 224),
        goals={"timm": 0.9}, repeats=3),
]  # fmt: skip
