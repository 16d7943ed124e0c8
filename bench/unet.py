"""U-Net: training against plain torch, and the memory that large images take."""

import json
import subprocess
import sys

import numpy as np

from bench import Row, Timed
from bench._keras import keras_peer

FILTERS = (32, 64, 128)
BATCH = 16

LARGE_IMAGES = """
import json, resource, time
import numpy as np
from skmedimg import UNetSegmenter

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

def timed(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (32, 512, 512), dtype=np.uint8)
model = UNetSegmenter({filters}, norm=None, patch_size=128, tile=512, max_epochs=1, random_state=0)
seconds = {{"train": timed(lambda: model.fit(X, X > 127))}}
memory = {{"train": peak()}}
large = rng.integers(0, 256, (1, {side}, {side}), dtype=np.uint8)
seconds["predict"] = timed(lambda: model.predict(large))
memory["predict"] = peak()
print(json.dumps({{"seconds": seconds, "memory": memory}}))
"""


def make_fit(quick):
    images, masks = data(32 if quick else 64)
    calls = {"ours": fit_ours(images, masks, "auto")}
    calls["ours, float32"] = fit_ours(images, masks, "float32")
    calls["plain torch float32"] = fit_torch(images, masks)
    calls["Keras"] = keras_peer("unet_fit", quick, images=len(images))
    return calls


def data(n):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 128, 128, 3), dtype=np.uint8)
    return images, (images[..., 0] > 127).astype(np.uint8)


def fit_ours(images, masks, precision):
    from skmedimg import UNetSegmenter

    settings = {"norm": None, "standardize": False, "learning_rate": 1e-3, "schedule": "cosine"}
    settings |= {"max_epochs": 1, "batch_size": BATCH, "precision": precision}
    model = UNetSegmenter(FILTERS, **settings)
    return lambda: model.fit(images, masks)


def fit_torch(images, masks, device="cpu"):
    """The loop of a tutorial: float32, images scaled once, one optimizer step per batch."""
    import torch

    from skmedimg.networks._unet_network import UNet, UNetEncoder

    x = (torch.from_numpy(images).permute(0, 3, 1, 2).contiguous() / 255).to(device)
    y = torch.from_numpy(masks)[:, None].float().to(device)

    def fit():
        net = UNet(UNetEncoder(3, FILTERS), 1, FILTERS).to(device)
        optimizer = torch.optim.Adam(net.parameters())
        loss_of = torch.nn.BCEWithLogitsLoss()
        for rows in torch.randperm(len(x)).to(device).split(BATCH):
            optimizer.zero_grad()
            loss_of(net(x[rows]), y[rows]).backward()
            optimizer.step()

    return fit


REPORT = {}


def make_large(quick):
    code = LARGE_IMAGES.format(filters=FILTERS, side=1024 if quick else 4096)

    def run():
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        REPORT.update(json.loads(done.stdout))
        return Timed(REPORT["seconds"]["predict"])

    return {"ours": run}


def large_facts(seconds):
    gib, taken = REPORT["memory"], REPORT["seconds"]
    return {
        "peak GiB after training on 32 images of 512x512 in patches of 128": round(gib["train"], 2),
        "peak GiB after predicting by tiles of 512 (limit 2)": round(gib["predict"], 2),
        "seconds per epoch of training": round(taken["train"], 1),
    }


ROWS = [
    Row(
        name="unet-fit",
        work="one epoch of the published U-Net (32-64-128) on 128x128 RGB images, batch 16",
        make=make_fit,
        goals={"plain torch float32": 3.4, "Keras": 2.1},
        repeats=9,
    ),
    Row(
        name="unet-large",
        work="predict one 4096x4096 image by tiles of 512, after training on patches of 512x512",
        make=make_large,
        facts=large_facts,
        repeats=3,
    ),
]
