"""What each backbone costs: parameters, size of the download, seconds per 100 images.

Writes the table that `skmedimg backbones` and the documentation show. Seconds are CPU time of one
thread for the pooled features of random images of the backbone's own size:
`python -m bench.studies.backbone_costs [--names vgg16 ...]`.
"""

import argparse
import csv
import statistics
import time

from bench._runner import pinned_threads

BATCH, REPEATS = 16, 3
COLUMNS = ("name", "parameters", "megabytes", "seconds")
PACKAGED = {"efficientnet_lite0": 18.8}  # MB of the file in the package


def main():
    from skmedimg.networks import BACKBONES
    from skmedimg.networks._backbone_facts import COSTS, read_costs

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", nargs="+", default=list(BACKBONES), choices=list(BACKBONES))
    options = parser.parse_args()
    costs = read_costs() if COSTS.exists() else {}
    with pinned_threads(1):
        for name in options.names:
            costs[name] = measure(name, BACKBONES[name].size)
            print(name, costs[name], flush=True)
    with COSTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({"name": name, **costs[name]} for name in BACKBONES if name in costs)


def measure(name, size):
    """Return the costs of one backbone."""
    import torch
    from torchvision import models

    from skmedimg.networks import build_backbone

    backbone = build_backbone(name).eval().to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, 3, size, size).contiguous(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(REPEATS + 1):  # the first one is to warm up
            # CPU time: other programs of the machine do not count
            begin = time.process_time()
            backbone.pool(backbone(images), "avg")
            times.append(time.process_time() - begin)
    megabytes = PACKAGED.get(name) or models.get_model_weights(name).DEFAULT.meta["_file_size"]
    return {
        "parameters": sum(p.numel() for p in backbone.network.parameters()),
        "megabytes": round(megabytes, 1),
        "seconds": float(f"{statistics.median(times[1:]) / BATCH * 100:.2g}"),
    }


if __name__ == "__main__":
    main()
