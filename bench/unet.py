"""U-Net: training against skorch and loops by hand, and the memory that large images take."""

from functools import partial

import numpy as np

from bench import Measured, Row
from bench._keras import keras_peer
from bench._process import in_process
from bench._torch_loop import Loop
from bench.cnn import NO_BFLOAT16, multiplies_bfloat16

FILTERS = (32, 64, 128)
BATCH = 16

LARGE_IMAGES = """
import numpy as np
from skmedimg import UNetSegmenter

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (32, 512, 512), dtype=np.uint8)
settings = {"norm": None, "patch_size": 128, "tile": 512, "max_epochs": 1, "random_state": 0}
model = UNetSegmenter(tuple(given["filters"]), **settings)
trained = timed(lambda: model.fit(X, X > 127)), peak()
large = rng.integers(0, 256, (1, given["side"], given["side"]), dtype=np.uint8)
predicted = timed(lambda: model.predict(large)), peak()
print(json.dumps([trained, predicted]))
"""


def make_fit_float32(quick):
    images, masks = data(8 if quick else 64)
    return {
        "ours": ours(images, masks, "float32"),
        "plain skorch": partial(plain_skorch, images, masks),
        **by_hand(images, masks, "float32").peers(quick),
        "Keras": keras_peer("unet_fit", quick, images=len(images)),
    }


def make_fit_bfloat16(quick):
    if not multiplies_bfloat16():
        return {"ours": NO_BFLOAT16}
    given = (*data(8 if quick else 64), "bfloat16")
    return {"ours": ours(*given), **by_hand(*given).peers(quick)}


def data(n):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 128, 128, 3), dtype=np.uint8)
    return images, (images[..., 0] > 127).astype(np.uint8)


def ours(images, masks, precision, device="cpu"):
    from skmedimg import UNetSegmenter

    settings = {"norm": None, "standardize": False, "learning_rate": 1e-3, "schedule": "cosine"}
    settings |= {"max_epochs": 1, "batch_size": BATCH, "precision": precision, "device": device}
    model = UNetSegmenter(FILTERS, **settings)
    return lambda: model.fit(images, masks)


def network():
    from skmedimg.networks._unet_network import UNet, UNetEncoder

    return UNet(UNetEncoder(3, FILTERS), 1, FILTERS)


def floats(images, masks):
    import torch

    X = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous() / 255
    return X, torch.from_numpy(masks)[:, None].float()


def plain_skorch(images, masks):
    """Fit skorch's net as its tutorial on segmentation does, on float images."""
    import torch
    from skorch import NeuralNet

    net = NeuralNet(
        network(), criterion=torch.nn.BCEWithLogitsLoss, optimizer=torch.optim.Adam, lr=1e-3,
        batch_size=BATCH, max_epochs=1, train_split=None, verbose=0,
    )  # fmt: skip
    return net.fit(*floats(images, masks))


def by_hand(images, masks, precision, device="cpu"):
    import torch

    load, loss_of = partial(floats, images, masks), torch.nn.BCEWithLogitsLoss()
    return Loop(network, load, loss_of, BATCH, 1, device, precision)


LARGE = {}


def make_large(quick):
    def run():
        found = in_process(LARGE_IMAGES, filters=FILTERS, side=1024 if quick else 4096)
        LARGE["train"], LARGE["predict"] = found
        return Measured(LARGE["predict"][1])

    return {"ours": run}


def large_facts(medians):
    (training, peak), (prediction, _) = LARGE["train"], LARGE["predict"]
    return {
        "peak MiB after training on 32 images of 512x512 in patches": round(peak),
        "seconds per epoch of training": round(training, 1),
        "seconds of the prediction": round(prediction, 1),
    }


WORK = "one epoch of the published U-Net (32-64-128) on 128x128 RGB images, batch 16"
BY_HAND = {"hand-written loop": 1 / 1.02}
ROWS = [
    Row(
        name="unet-fit-float32",
        work=f"{WORK}, in float32",
        make=make_fit_float32,
        goals={"plain skorch": 1.5, **BY_HAND},
        repeats=7,
    ),
    Row(
        name="unet-fit-bfloat16",
        work=f"{WORK}, in bfloat16, peers as well",
        make=make_fit_bfloat16,
        goals=BY_HAND,
        repeats=7,
    ),
    Row(
        name="unet-large",
        work="peak memory of the process that predicts one 4096x4096 image by tiles of 512, after "
        "it was trained on patches of 512x512",
        make=make_large,
        facts=large_facts,
        limits={"ours": 2048},
        repeats=2,
        unit="MiB",
    ),
]
