"""The benchmark page for users: times for up to 50,000 images, and a chart beside other libraries.

All comes from result files that may be quoted; each table, and the chart, is of one machine.
"""

from collections import defaultdict

from bench._page import RESULTS, by_name, machine_name, read_all, shown
from skmedimg.networks._backbone_facts import backbone_facts

SIZES = (1000, 5000, 50_000)
EPOCHS = 30
CNN = f"a `ScratchCNN` of {EPOCHS} epochs at 64 x 64"
UNET = f"a `UNetSegmenter` of {EPOCHS} epochs at 128 x 128"
HEAD_ON = "a frozen `{}` and logistic regression on its features at 224 x 224"
ONCE, EPOCH = "ours, once", "ours, per epoch"
# Row -> what, what is done once and in each epoch, and the images of a call where the row itself
# does not note them.
LINES = {
    "times-read": ("read JPEG files of 1000 x 1000 pixels", ONCE, None, None),
    "times-hog-mlp": (f"HOG and a `ShallowMLP` of {EPOCHS} epochs at 128 x 128", ONCE, EPOCH, None),
    "times-cnn": (CNN, None, EPOCH, None),
    "times-unet": (UNET, None, EPOCH, None),
    "times-efficientnet_lite0": (HEAD_ON.format("efficientnet_lite0"), ONCE, None, None),
    "times-resnet50": (HEAD_ON.format("resnet50"), ONCE, None, None),
    "load-1000": ("read JPEG files of 1000 x 1000 pixels by two threads", "ours", None, 300),
    "hog-224": ("histograms of oriented gradients (HOG) at 224 x 224", "ours", None, 40),
    "cnn-default-cost": (CNN, None, "ours", 512),
    "unet-default-cost": (UNET, None, "ours", 48),
}
BACKBONES = ("efficientnet_lite0", "resnet50")
# (what, row, peer): the bars of the chart.
BARS = [
    ("HOG at 224 x 224", "hog-224", "scikit-image loop"),
    ("reading JPEG files", "load-1000", "OpenCV, 2 threads"),
    ("augmentation at 224 x 224", "augment-224", "kornia"),
    ("training a CNN, float32", "cnn-fit-float32", "plain skorch"),
    ("training a U-Net, float32", "unet-fit-float32", "plain skorch"),
    ("predicting with a CNN, float32", "cnn-predict", "plain skorch, one batch"),
    ("training a small MLP", "mlp-fit", "MLPClassifier"),
    ("predicting with a small MLP", "predict", "MLPClassifier"),
    ("a grid search on a frozen MobileNetV2", "transfer-search-mobilenet_v2", "plain skorch"),
    ("metrics of masks", "mask-metrics", "MONAI"),
    ("a comparison of three models, float32", "end-to-end", "plain"),
]

HEAD = """\
# How long does it take?

## 1,000 to 50,000 images
"""
BELOW = f"""
The times are computed from the seconds per image, or per image and epoch, that the committed
results of the benchmarks have for fewer images; cost grows with the number of images as a straight
line does. Networks are counted with {EPOCHS} epochs. Your machine may be twice as fast or half as
fast.

- **One fit** takes the time of the table. **A comparison** takes that times the folds times the
  repeats: 5 folds and 5 repeats are 25 fits on four fifths of the images. Begin with `repeats=1`
  and few epochs.
- **Frozen backbones** are computed once per image and kept, whatever the number of folds, repeats
  and heads. That is why they are the quickest start with a pretrained network.
- **Reading** happens once where images fit into memory, and in every epoch where they do not.
"""
BESIDE = """
## Beside other libraries

![Bars: how many times faster skmedimg is than another library at several tasks](benchmarks.svg)

"""
TAIL = """
All bars are of one machine ({}). A factor below 1 means that the other
library is faster. Both ran in turns, with the same threads and in the same precision.
[Goals of speed](speed_goals.md) has all rows, how they were measured, and what missed its goal.
"""


def page(folder=RESULTS):
    """Return the page as Markdown."""
    machine, bars = ratios(folder)
    lines = [f"| {what} | {peer} | {ratio:.3g}x |\n" for what, peer, ratio in bars]
    table = "| task | compared with | faster by |\n| --- | --- | ---: |\n" + "".join(lines)
    return "".join([HEAD, *tables(folder), BELOW, BESIDE, table, TAIL.format(machine)])


def tables(folder):
    """Yield a table per machine and number of threads, and one of frozen backbones."""
    places = defaultdict(list)
    for result in quotable(folder):
        if line := time_line(result):
            threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
            places[f"{machine_name(result)}; {threads}"].append(line)
    for place, lines in sorted(places.items()):
        yield table_of(place, lines)
    yield table_of("One core of a server's processor", [
        cells(f"features of a frozen `{facts.name}` at {facts.size} x {facts.size}",
              facts.seconds / 100)
        for facts in backbone_facts() if facts.name in BACKBONES
    ])  # fmt: skip


def table_of(place, lines):
    heads = " | ".join(f"{size:,} images" for size in SIZES)
    return f"\n{place}:\n\n| | {heads} |\n| --- |{' ---: |' * len(SIZES)}\n{''.join(lines)}"


def quotable(folder):
    return [result for result in read_all(folder, by_name()) if not result["doubts"]]


def time_line(result):
    """Return the line of a result, "" where it is none of the table's or has no times."""
    what, once, epoch, images = LINES.get(result["name"].removeprefix("gpu-"), (None,) * 4)
    values = result["values"]
    if what is None or not values:
        return ""
    seconds = values[once]["median"] if once else 0
    seconds += EPOCHS * values[epoch]["median"] if epoch else 0
    return cells(what, seconds / (images or result["facts"]["images"]))


def cells(what, seconds):
    """Return a line of a table from the seconds of one image."""
    return f"| {what} | {' | '.join(minutes(size * seconds) for size in SIZES)} |\n"


def minutes(seconds):
    """Write seconds; minutes from two minutes on, hours from two hours on.

    >>> minutes(18.3), minutes(379), minutes(9000)
    ('18.3 s', '6 min', '2.5 h')
    """
    if seconds >= 7200:
        return f"{seconds / 3600:.3g} h"
    return shown(seconds) if seconds < 120 else f"{seconds / 60:.0f} min"


def ratios(folder=RESULTS):
    """Return the machine with the most bars, and its (task, peer, how many times faster we are)."""
    machines = defaultdict(list)
    for result in quotable(folder):
        for what, row, peer in BARS:
            if row == result["name"] and peer in result["ratios"]:
                bar = (what, peer, result["ratios"][peer]["median"])
                machines[machine_name(result)].append(bar)
    machine = max(machines, key=lambda name: len(machines[name]))
    return machine, sorted(machines[machine], key=lambda bar: -bar[2])


def draw(path, folder=RESULTS):
    """Draw the chart."""
    from matplotlib.figure import Figure

    bars = ratios(folder)[1][::-1]
    figure = Figure(figsize=(8, 1 + 0.4 * len(bars)), layout="constrained")
    ax = figure.subplots()
    drawn = ax.barh([f"{what}\nbeside {peer}" for what, peer, _ in bars], [r for *_, r in bars])
    ax.bar_label(drawn, [f"{ratio:.3g}x" for *_, ratio in bars], padding=3)
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set(xscale="log", xlim=(0.5, 300), xlabel="times faster than the other library")
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
    ax.tick_params(axis="y", labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
