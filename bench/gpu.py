"""What runs on a GPU: epochs, images per second, small nets, precision, parity, memory.

Without one every row says so. `python -m bench gpu --label NAME` keeps a machine's own files.
"""

from functools import partial

import numpy as np

from bench import Row
from bench.cnn import hand_loop as cnn_by_hand
from bench.cnn import scans
from bench.hog import DIGITS, crops
from bench.many_fits import one_by_one, plain_skorch, tasks, together
from bench.mlp import digits_like
from bench.mlp import hand_loop as mlp_by_hand
from bench.transfer import photographs, weights_of
from bench.unet import fit_torch

DEVICE = "cuda"
PARITY = 1e-4
FILTERS = (32, 64, 128, 256)
# Images, rows or fits of one call, quick or not: less would not fill a GPU.
COUNTS = {"mlp": 60_000, "cnn": 4_096, "unet": 1_024, "hog": 60_000, "features": 1_024}


def on_gpu(make):
    """Return a `make` for a row that needs a GPU."""

    def make_or_say_why(quick):
        import torch

        there = torch.cuda.is_available() or DEVICE == "cpu"
        return make(quick) if there else {"ours": "torch sees no CUDA GPU"}

    return make_or_say_why


def finished(call):
    """Wait until the device has done what was asked: kernels run on after their call returns."""

    def run():
        import torch

        outcome = call()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        return outcome

    return run


def per_second(kind, seconds):
    """Images or rows per second of each contender, and the memory that was taken at most."""
    rates = {f"per second, {name}": round(COUNTS[kind] / taken) for name, taken in seconds.items()}
    return rates | peak() if seconds else {}


def peak():
    """Return the most memory that torch held on the device since it was last asked."""
    import torch

    if not torch.cuda.is_available():
        return {}
    most = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return {"peak GiB on the device": round(most, 2)}


def make_mlp(units, batch_size, quick):
    """An epoch of rows that are on the device, against loops written by hand."""
    from skmedimg import ShallowMLP

    X, y = digits_like(COUNTS["mlp"], 784)
    model = ShallowMLP(
        (units,), batch_size=batch_size, max_epochs=1, schedule="constant", device=DEVICE,
        random_state=0,
    )  # fmt: skip
    return {
        "ours": finished(lambda: model.fit(X, y)),
        "hand-written loop": finished(lambda: mlp_by_hand(X, y, (units,), batch_size, 1, DEVICE)),
        "hand-written loop, CPU": lambda: mlp_by_hand(X, y, (units,), batch_size, 1),
    }


def make_cnn(quick):
    from skmedimg import ScratchCNN

    X, y = scans(COUNTS["cnn"], 128)

    def fit(precision):
        return ScratchCNN(
            FILTERS,
            convs_per_block=1,
            global_pool=False,
            dense_units=128,
            standardize=False,
            precision=precision,
            max_epochs=1,
            device=DEVICE,
            random_state=0,
        ).fit(X, y)

    return {
        "ours": finished(partial(fit, "bfloat16")),
        "ours, float32": finished(partial(fit, "float32")),
        "hand-written loop, float32": finished(lambda: cnn_by_hand(X, y, DEVICE)),
    }


def make_unet(quick):
    from skmedimg import UNetSegmenter

    images = photographs(COUNTS["unet"], 128)[0]
    masks = (images[..., 0] > 127).astype(np.uint8)

    def fit(precision):
        settings = {"norm": None, "max_epochs": 1, "device": DEVICE, "random_state": 0}
        return UNetSegmenter((32, 64, 128), precision=precision, **settings).fit(images, masks)

    return {
        "ours": finished(partial(fit, "bfloat16")),
        "ours, float32": finished(partial(fit, "float32")),
        "plain torch float32": finished(fit_torch(images, masks, DEVICE)),
    }


def make_hog(quick):
    from skmedimg.features import hog

    images = crops(COUNTS["hog"], 28, False, np.uint8)
    return {
        "ours": finished(lambda: hog(images, device=DEVICE, **DIGITS)),
        "on the CPU": lambda: hog(images, device="cpu", **DIGITS),
    }


def make_features(name, quick):
    from skmedimg.transfer import embed

    images = photographs(COUNTS["features"], 224)[0]
    weights = weights_of(name)

    def run(precision):
        return embed(images, name, None, weights=weights, device=DEVICE, precision=precision)

    return {
        "ours": finished(partial(run, "float32")),
        "ours, bfloat16": finished(partial(run, "bfloat16")),
    }


def make_many(quick):
    given = tasks(quick=True)
    return {
        "ours": finished(lambda: together(*given, device=DEVICE)),
        "ours, one by one": finished(lambda: one_by_one(*given, device=DEVICE)),
        "plain skorch": finished(lambda: plain_skorch(*given, device=DEVICE)),
    }


def make_parity(quick):
    """Fit on the CPU, then let both devices say what they make of the same images."""
    from skmedimg import ScratchCNN

    X, y = scans(64, 32)
    model = ScratchCNN((8, 16), max_epochs=1, device="cpu", random_state=0).fit(X, y)
    there = ScratchCNN((8, 16), max_epochs=1, device=DEVICE, random_state=0).fit(X, y)
    there.net_.module_.load_state_dict(model.net_.module_.state_dict())
    PAIR.update(cpu=model.predict_proba(X), device=there.predict_proba(X))
    return {"ours": finished(lambda: there.predict_proba(X)), "cpu": lambda: model.predict_proba(X)}


PAIR = {}


def parity(seconds):
    if not seconds:
        return {}
    apart = float(np.abs(PAIR["cpu"] - PAIR["device"]).max())
    return {f"probabilities apart (limit {PARITY})": apart, "met": apart <= PARITY}


def row(name, work, make, facts, **settings):
    return Row(f"gpu-{name}", work, on_gpu(make), facts=facts, **{"repeats": 7, **settings})


def rate(kind):
    return partial(per_second, kind)


ROWS = [
    row("mlp", "784-100-10, batch 128, one epoch of 60,000 rows", partial(make_mlp, 100, 128),
        rate("mlp")),
    row("mlp-tiny", "784-16-10, batch 32, one epoch of 60,000 rows: bound by kernel launches",
        partial(make_mlp, 16, 32), rate("mlp")),
    row("many-fits", "ten fits of 64-32-10 on 3,200 rows, together and one by one", make_many, None,
        repeats=3),
    row("cnn", "conv 32-64-128-256 with BatchNorm, one epoch of 4,096 images of 128x128", make_cnn,
        rate("cnn")),
    row("unet", "one epoch of U-Net 32-64-128 on 1,024 RGB images of 128x128", make_unet,
        rate("unet")),
    row("hog", "60,000 digits of 28x28, with the way to the device and back", make_hog,
        rate("hog"), limits={"ours": 0.005}),
    *(row(f"features-{name}", f"features of 1,024 images of 224x224 from a frozen {name}",
          partial(make_features, name), rate("features")) for name in ("resnet50", "vgg16")),
    row("parity", "the same weights on the GPU and on the CPU, 64 images of 32x32", make_parity,
        parity),
]  # fmt: skip
