"""What runs on a GPU: epochs, images per second, small nets, precision, parity, memory.

Without one every row says so. `python -m bench gpu --label NAME` keeps a machine's own files, and
`python -m bench._gpu_all` runs the tests of GPUs and these rows within eight minutes.
"""

from functools import partial

import numpy as np

from bench import Row, cnn, end_to_end, mlp, unet
from bench.hog import DIGITS, crops
from bench.many_fits import one_by_one, plain_skorch, tasks, together
from bench.transfer import photographs, weights_of

DEVICE = "cuda"
PARITY = 1e-4
# Images, rows or fits of one call: less would not fill a GPU.
COUNTS = {"mlp": 60_000, "cnn": 4_096, "unet": 1_024, "hog": 60_000, "features": 1_024}
QUICK = 64  # a quick run has so many times less
TAKEN = {}


def count(kind, quick):
    """Return how many images or rows a call has, and note it."""
    TAKEN[kind] = COUNTS[kind] // (QUICK if quick else 1)
    return TAKEN[kind]


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


def all_finished(contenders):
    return {n: call if isinstance(call, str) else finished(call) for n, call in contenders.items()}


def per_second(kind, seconds):
    """Images or rows per second of each contender, and the memory that was taken at most."""
    rates = {f"per second, {name}": round(TAKEN[kind] / taken) for name, taken in seconds.items()}
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
    """An epoch of rows that come from main memory, against loops written by hand."""
    from skmedimg import ShallowMLP

    X, y = mlp.digits_like(count("mlp", quick), 784)
    sizes = (X, y, (units,), batch_size, 1)
    settings = {"max_epochs": 1, "schedule": "constant", "standardize": False}
    model = ShallowMLP((units,), batch_size=batch_size, device=DEVICE, random_state=0, **settings)
    return all_finished(
        {
            "ours": lambda: model.fit(X, y),
            **mlp.by_hand(*sizes, DEVICE).peers(quick),
            "hand-written loop, CPU": mlp.by_hand(*sizes),
        }
    )


def make_cnn(precision, quick):
    X, y = cnn.scans(count("cnn", quick), 128)
    return all_finished(
        {
            "ours": partial(cnn.ours, X, y, precision, device=DEVICE),
            **cnn.by_hand(X, y, precision, DEVICE).peers(quick),
        }
    )


def make_unet(precision, quick):
    images = photographs(count("unet", quick), 128)[0]
    given = (images, (images[..., 0] > 127).astype(np.uint8), precision, DEVICE)
    return all_finished({"ours": unet.ours(*given), **unet.by_hand(*given).peers(quick)})


def make_hog(quick):
    from skmedimg.features import hog

    images = crops(count("hog", quick), 28, False, np.uint8)
    return {
        "ours": finished(lambda: hog(images, device=DEVICE, **DIGITS)),
        "ours, CPU": lambda: hog(images, device="cpu", **DIGITS),
    }


def make_features(name, quick):
    from skmedimg.transfer import embed

    images = photographs(count("features", quick), 224)[0]
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


def make_compare(quick):
    """Compare three models end to end on lesions in memory; SqueezeNet has random weights."""
    from skmedimg.datasets import make_lesions

    size = {"n_samples": 40, "size": 32} if quick else {"n_samples": 624, "size": 128}
    data = make_lesions(**size, patients=size["n_samples"] // 2, random_state=0)
    read, weights = data.images.copy, weights_of("squeezenet1_1")
    given = (read, read, data.target, data.groups, weights, DEVICE, 1 if quick else 8)
    return end_to_end.contenders(end_to_end.Work(*given))


def make_parity(quick):
    """Fit on the CPU, then let both devices say what they make of the same images."""
    from skmedimg import ScratchCNN

    X, y = cnn.scans(64, 32)
    model = ScratchCNN((8, 16), max_epochs=1, device="cpu", random_state=0).fit(X, y)
    there = ScratchCNN((8, 16), max_epochs=1, device=DEVICE, random_state=0).fit(X, y)
    there.net_.module_.load_state_dict(model.net_.module_.state_dict())
    PAIR.update(cpu=model.predict_proba(X), device=there.predict_proba(X))
    return {
        "ours": finished(lambda: there.predict_proba(X)),
        "ours, CPU": lambda: model.predict_proba(X),
    }


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


CNN = "conv 32-64-128-256 with BatchNorm, one epoch of 4,096 images of 128x128"
BY_HAND = {"hand-written loop": 1 / 1.02}
ROWS = [
    row(
        "mlp",
        "784-100-10, batch 128, one epoch of 60,000 rows from main memory",
        partial(make_mlp, 100, 128),
        rate("mlp"),
        goals=BY_HAND,
    ),
    row(
        "mlp-tiny",
        "784-16-10, batch 32, one epoch of 60,000 rows: bound by kernel launches",
        partial(make_mlp, 16, 32),
        rate("mlp"),
        goals=BY_HAND,
        repeats=3,
    ),
    row(
        "many-fits",
        "ten fits of 64-32-10 on 3,200 rows, together and one by one",
        make_many,
        None,
        repeats=3,
    ),
    *(
        row(
            f"cnn-{precision}",
            f"{CNN}, in {precision}",
            partial(make_cnn, precision),
            rate("cnn"),
            goals=BY_HAND,
        )
        for precision in ("bfloat16", "float32")
    ),
    row(
        "unet",
        "one epoch of U-Net 32-64-128 on 1,024 RGB images of 128x128, in bfloat16",
        partial(make_unet, "bfloat16"),
        rate("unet"),
        goals=BY_HAND,
    ),
    row(
        "hog",
        "60,000 digits of 28x28, with the way to the device and back",
        make_hog,
        rate("hog"),
        limits={"ours": 0.005},
    ),
    *(
        row(
            f"features-{name}",
            f"features of 1,024 images of 224x224 from a frozen {name}",
            partial(make_features, name),
            rate("features"),
            repeats=3,
        )
        for name in ("efficientnet_lite0", "resnet50")
    ),
    row(
        "compare",
        f"compare {end_to_end.MODELS}, on 624 images of 128x128 in memory",
        make_compare,
        end_to_end.in_bfloat16,
        goals={"plain": 2},
        repeats=1,
    ),
    row(
        "parity",
        "the same weights on the GPU and on the CPU, 64 images of 32x32",
        make_parity,
        parity,
    ),
]
