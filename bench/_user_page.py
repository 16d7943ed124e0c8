"""The benchmark page for users: times for 5,000 X-rays, and a chart beside other libraries."""

import json
from pathlib import Path

from bench._page import RESULTS, duration
from skmedimg.networks._backbone_facts import backbone_facts

IMAGES = 5000
# (what, row of bench/results, images of that row, for each ...)
STEPS = [
    ("read JPEG files of 1000 x 1000 pixels and reduce them to 224 x 224", "load-1000", 300, ""),
    ("histograms of oriented gradients (HOG) at 224 x 224", "hog-224", 40, ""),
    ("augment images of 224 x 224", "augment-224", 256, "per epoch"),
    ("train a `ScratchCNN` at 64 x 64", "cnn-default-cost", 512, "per epoch"),
    ("train a `UNetSegmenter` at 128 x 128", "unet-default-cost", 48, "per epoch"),
    (
        "train a CNN at 128 x 128 on a GPU (NVIDIA H200)",
        "gpu-cnn",
        4096,
        "per epoch",
    ),
]
BACKBONES = ("efficientnet_lite0", "resnet50")
# (what, row, peer): the bars of the chart.
BARS = [
    ("HOG at 224 x 224", "hog-224", "scikit-image loop"),
    ("reading JPEG files", "load-1000", "DataLoader(0)"),
    ("augmentation at 224 x 224", "augment-224", "torchvision, DataLoader"),
    ("training a CNN", "cnn-fit", "plain skorch"),
    ("predicting with a CNN", "cnn-predict", "plain skorch"),
    ("training a small MLP", "mlp-fit", "MLPClassifier"),
    ("predicting with a small MLP", "predict", "MLPClassifier"),
    (
        "a head on a frozen MobileNetV2",
        "transfer-fit-mobilenet_v2",
        "hand-written loop",
    ),
    ("a grid search on a frozen MobileNetV2", "transfer-search-mobilenet_v2", "plain skorch"),
]

HEAD = """\
# How long does it take?

## 5,000 X-rays

| step | time for 5,000 images | |
| --- | ---: | --- |
"""
BELOW = """
These are times of one core of a server's processor (reading: of two), computed from the committed
results of the benchmarks, which measured fewer images. Your machine may be twice as fast or half as
fast.

- **One fit** of a network takes the time of an epoch, times `max_epochs`. **A comparison** takes
  that times the folds times the repeats: 30 epochs in 5 folds and 5 repeats are 750 epochs of four
  fifths of the images. Begin with `repeats=1` and few epochs.
- **Frozen backbones** are computed once per image and kept, whatever the number of folds, repeats
  and heads. That is why they are the quickest start with a pretrained network.
- **Reading** happens once where images fit into memory, and in every epoch where they do not.

## Beside other libraries

![Bars: how many times faster skmedimg is than another library at nine tasks](benchmarks.svg)

"""
TAIL = """
A factor below 1 means that the other library is faster. Both ran in turns in one process on the
same machine. [Goals of speed](speed_goals.md) has all rows, how they were measured, and what missed
its goal.
"""


def page(folder=RESULTS):
    """Return the page as Markdown."""
    rows = [step_line(folder, *step) for step in STEPS]
    rows[2:2] = [
        f"| features of a frozen `{facts.name}` at {facts.size} x {facts.size} "
        f"| {minutes(facts.seconds * IMAGES / 100)} | once |\n"
        for facts in backbone_facts()
        if facts.name in BACKBONES
    ]
    bars = [f"| {what} | {peer} | {ratio:.3g}x |\n" for what, peer, ratio in ratios(folder)]
    table = "| task | compared with | faster by |\n| --- | --- | ---: |\n" + "".join(bars)
    return HEAD + "".join(rows) + BELOW + table + TAIL


def read(folder, row):
    """Return the result of a row."""
    return json.loads((Path(folder) / f"{row}.json").read_text("utf-8"))


def step_line(folder, what, row, images, each):
    """Return a line of the table: the time of a row, brought to 5,000 images."""
    seconds = read(folder, row)["seconds"]["ours"]["median"] * IMAGES / images
    return f"| {what} | {minutes(seconds)} | {each} |\n"


def minutes(seconds):
    """Write seconds, or minutes from two minutes on.

    >>> minutes(18.3), minutes(379)
    ('18.3 s', '6 min')
    """
    return duration(seconds) if seconds < 120 else f"{seconds / 60:.0f} min"


def ratios(folder=RESULTS):
    """Return (task, peer, how many times faster we are), the largest first."""
    found = [(what, peer, read(folder, row)["speedup"][peer]["median"]) for what, row, peer in BARS]
    return sorted(found, key=lambda bar: -bar[2])


def draw(path, folder=RESULTS):
    """Draw the chart."""
    from matplotlib.figure import Figure

    bars = ratios(folder)[::-1]
    figure = Figure(figsize=(8, 4), layout="constrained")
    ax = figure.subplots()
    drawn = ax.barh([f"{what}\nbeside {peer}" for what, peer, _ in bars], [r for *_, r in bars])
    ax.bar_label(drawn, [f"{ratio:.3g}x" for *_, ratio in bars], padding=3)
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set(xscale="log", xlim=(0.5, 300), xlabel="times faster than the other library")
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
    ax.tick_params(axis="y", labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
