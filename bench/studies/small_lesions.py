"""Small lesions: what patches and losses do for the objects that a U-Net finds.

Images of 128x128 pixels are made of sixteen scenes of `make_lesions`, of which one in seven has a
lesion of about 60 pixels, .35 % of the image. No timing; a run that was stopped goes on:
`python -m bench.studies.small_lesions [--seeds 0 1 2] [--ways "whole images" ...]`.
"""

import argparse
import json
import time

import numpy as np

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS

NAME = "small-lesions"
# Small enough for minutes per fit: the default takes about an hour of a slow core.
NET = {"filters": (8, 16, 32), "max_epochs": 60}
WORK = "A U-Net of 8 to 32 filters, 60 epochs of 40 images of 128x128 with lesions of .35 % each; "
WORK += "scored on 60 others"
TILES, TILE = 4, 32
N_TRAIN, N_TEST = 40, 60
SHARE_WITH_LESION = 1 / 7
DISTANCE_WEIGHT = 0.01  # of the boundary loss beside Dice and cross-entropy, as in its paper
SHOWN = ("object f1", "object precision", "object recall", "dice", "surface dice")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    options = parser.parse_args()
    path = RESULTS / f"{NAME}.json"
    runs = json.loads(path.read_text("utf-8"))["runs"] if path.exists() else {}
    with pinned_threads(1):
        for seed in options.seeds:
            data = make_images(seed)
            for way in options.ways:
                if str(seed) in runs.get(way, {}):
                    continue
                runs.setdefault(way, {})[str(seed)] = found = evaluate(way, data, seed)
                print(way, seed, found, flush=True)
                facts = {way: summary(list(seeds.values())) for way, seeds in runs.items()}
                result = {"name": NAME, "work": WORK, "facts": facts, "runs": runs, **describe()}
                text = json.dumps(result, indent=1, ensure_ascii=False)
                path.write_text(text + "\n", "utf-8")


def make_images(seed):
    """Return images (n, 128, 128) and binary masks, made of scenes of other patients each."""
    from skmedimg.datasets import make_lesions

    count = (N_TRAIN + N_TEST) * TILES**2
    # Half of the scenes have a lesion; most of these are replaced by scenes without.
    scenes = make_lesions(2 * count, size=TILE, noise=0.2, random_state=seed)
    draws = np.random.default_rng(seed)
    pools = [draws.permutation(np.flatnonzero(scenes.target == k)) for k in (0, 1)]
    ill = draws.random(count) < SHARE_WITH_LESION
    rows = np.where(ill, pools[1][np.cumsum(ill) - 1], pools[0][np.cumsum(~ill) - 1])
    return tuple(montage(each[rows]) for each in (scenes.images, scenes.masks))


def montage(scenes):
    """Return images of TILES by TILES scenes each."""
    grid = scenes.reshape(-1, TILES, TILES, TILE, TILE)
    return grid.transpose(0, 1, 3, 2, 4).reshape(-1, TILES * TILE, TILES * TILE)


def with_boundary_loss(logits, labels):
    """Return Dice plus cross-entropy plus the boundary loss of each image."""
    # H. Kervadec et al. "Boundary loss for highly unbalanced segmentation". MIDL 2019:
    # the probability of foreground times the signed distance to the true outline, on average.
    import torch
    from scipy.ndimage import distance_transform_edt

    from skmedimg.networks import dice_ce_loss

    signed = []
    for mask in labels.cpu().numpy().astype(bool):
        if not mask.any():
            signed.append(np.zeros(mask.shape))  # no outline, no distance to it
            continue
        signed.append(distance_transform_edt(~mask) - distance_transform_edt(mask))
    distance = torch.as_tensor(np.stack(signed), dtype=logits.dtype, device=logits.device)
    boundary = (logits[:, 0].sigmoid() * distance).flatten(1).mean(1)
    return dice_ce_loss(logits, labels) + DISTANCE_WEIGHT * boundary


WAYS = {
    "whole images": {},
    "patches of 48": {"patch_size": 48},
    "whole images, Dice and cross-entropy": {"loss": "dice_ce"},
    "whole images, Dice, cross-entropy and boundary": {"loss": with_boundary_loss},
}


def evaluate(way, data, seed):
    from skmedimg import UNetSegmenter, metrics

    images, masks = data
    train, test = slice(N_TRAIN), slice(N_TRAIN, None)
    model = UNetSegmenter(random_state=seed, **NET, **WAYS[way])
    begin = time.perf_counter()
    model.fit(images[train], masks[train])
    seconds = time.perf_counter() - begin
    pair = masks[test], model.predict(images[test])
    scores = {
        "object f1": metrics.object_f1(*pair, average="pooled"),
        "object precision": metrics.object_precision(*pair, average="pooled"),
        "object recall": metrics.object_recall(*pair, average="pooled"),
        "dice": metrics.dice(*pair),
        "surface dice": metrics.surface_dice(*pair),
    }
    scores = {name: round(float(value), 4) for name, value in scores.items()}
    return scores | {"seconds": round(seconds, 1)}


def summary(runs):
    """Return the mean and the range over the seeds of one way, as one line."""
    parts = [f"{len(runs)} seeds, {np.mean([run['seconds'] for run in runs]):.0f} s per fit"]
    for name in SHOWN:
        values = [run[name] for run in runs]
        parts.append(f"{name} {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
    return "; ".join(parts)


if __name__ == "__main__":
    main()
