"""What an epoch of the default networks costs, against the defaults of version 0.1.0."""

from functools import partial

import numpy as np

from bench import Row
from bench.studies.defaults import BEFORE


def cnn(X, y, **settings):
    from skmedimg import ScratchCNN

    return ScratchCNN(random_state=0, **settings, max_epochs=1).fit(X, y)


def unet(X, y, **settings):
    from skmedimg import UNetSegmenter

    return UNetSegmenter(random_state=0, **settings, max_epochs=1).fit(X, y)


def settings_before(name):
    return {key: value for key, value in BEFORE[name].items() if key != "max_epochs"}


def make_cnn(quick):
    draws = np.random.default_rng(0)
    X = draws.integers(0, 256, (64 if quick else 512, 64, 64), dtype=np.uint8)
    y = draws.integers(0, 2, len(X))
    return {
        "ours": partial(cnn, X, y),
        "default of 0.1.0": partial(cnn, X, y, **settings_before("cnn")),
        "ours, filters=(16, 32, 64)": partial(cnn, X, y, filters=(16, 32, 64)),
        "ours, convs_per_block=1": partial(cnn, X, y, convs_per_block=1),
    }


def make_unet(quick):
    draws = np.random.default_rng(0)
    X = draws.integers(0, 256, (16 if quick else 48, 128, 128), dtype=np.uint8)
    y = (X > 200).astype(np.uint8)
    return {
        "ours": partial(unet, X, y),
        "default of 0.1.0": partial(unet, X, y, **settings_before("unet")),
    }


def make_unet_float32(quick):
    found = make_unet(quick)
    return {name: partial(fit, precision="float32") for name, fit in found.items()}


ROWS = [
    Row(
        "cnn-default-cost",
        "ScratchCNN() on 64x64, one epoch",
        make_cnn,
        goals={"default of 0.1.0": 1 / 3},
        repeats=7,
    ),
    Row(
        "unet-default-cost",
        "UNetSegmenter() on 128x128, one epoch",
        make_unet,
        goals={"default of 0.1.0": 1 / 1.3},
        repeats=7,
        why=(
            "batch normalization is what is new, and in bfloat16 it is bound by memory while the "
            "convolutions are not: without it an epoch costs what it did."
        ),
    ),
    Row(
        "unet-default-cost-float32",
        "UNetSegmenter() on 128x128 in float32, one epoch",
        make_unet_float32,
        goals={"default of 0.1.0": 1 / 1.3},
        repeats=7,
    ),
]
