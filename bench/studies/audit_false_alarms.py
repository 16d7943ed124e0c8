"""How often `audit` warns of clean image sets: simulations.

No timing: `python -m bench.studies.audit_false_alarms [--sets 120] [--sizes 60 300 600]`.
Each set holds images of different patients, made of shading and grain or taken from the chest
X-rays (`--images chest`, needs `SKMEDIMG_DATA=FOLDER`), with labels drawn at random: nothing tells
the classes. `--mute shortcuts` leaves out the forests, three quarters of the cost. Sets that were
audited before are kept under build/ and not audited again: delete them after a change.
"""

import argparse
import json
import os
from collections import Counter
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from bench._machine import describe
from bench._runner import pinned_threads
from bench.studies import RESULTS, kept_records

NAME = "audit-false-alarms"
KEPT = Path("build") / NAME
SIDE = 48


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=120, help="audited per size")
    parser.add_argument("--sizes", type=int, nargs="*", default=[60, 300, 600])
    parser.add_argument("--images", choices=("synthetic", "chest"), default="synthetic")
    parser.add_argument("--mute", nargs="*", default=[], help="codes of checks that are left out")
    parser.add_argument("--kept", action="store_true", help="audit none, sum up those kept")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found = {}
    with pinned_threads(1):
        for size in options.sizes:
            found[str(size)] = summarize(list(alarms_of_all(size, options)))
            print(size, found[str(size)], flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    result = {"sizes": found, "muted": options.mute, **describe()}
    text = json.dumps(result, indent=1, sort_keys=True)
    (options.out / f"{'-'.join([NAME, *variant(options)])}.json").write_text(text + "\n", "utf-8")


def variant(options):
    """Return the words that tell this run from the default."""
    images = [] if options.images == "synthetic" else [options.images]
    return [*images, *(f"without-{code}" for code in options.mute)]


def alarms_of_all(size, options):
    """Yield {kind: severity} of the findings on every set; those done before come from a file."""
    path = KEPT / f"{'-'.join([str(size), *variant(options)])}.jsonl"
    make = partial(alarms, size, kind=options.images, mute=options.mute)
    return kept_records(path, options.sets, make, options.kept)


def alarms(size, seed, kind, mute=()):
    """Return {kind: severity} of what an audit of one clean set finds."""
    from skmedimg import audit

    draws = np.random.default_rng([size, seed])
    if kind == "chest":
        images = draws.permutation(chest())[:size]
    else:
        fields = draws.normal(size=(size, SIDE, SIDE))
        shading = gaussian_filter(fields, (0, 6, 6)) * 6
        grain = gaussian_filter(fields, (0, 1, 1))
        images = np.clip(128 + 35 * (shading + grain), 0, 255).astype(np.uint8)
    found = audit(images, draws.permutation(size) % 2, mute=mute, random_state=seed)
    return {finding.kind: finding.severity for finding in found.findings}


@cache
def chest():
    """Return one X-ray of each patient of the training part."""
    from skmedimg import ImageLoader, load_image_folder

    folder = Path(os.environ["SKMEDIMG_DATA"]) / "chest_pneumonia" / "train"
    data = load_image_folder(folder, group_pattern="chest-xray")
    first = np.unique(data.groups, return_index=True)[1]
    loader = ImageLoader((64, 64), color="gray")
    return loader.fit_transform(np.asarray(data.paths)[first][::2])


def summarize(records):
    """Return the shares of sets with an error or warning, and with a note on a place or a fact."""
    from skmedimg.evaluation.statistics._intervals import clopper_pearson

    serious = [{k for k, severity in each.items() if severity != "note"} for each in records]
    told = [{k for k in each if k.startswith(("differing-place", "shortcut"))} for each in records]
    place = ["differing-place" in each for each in told]
    shares = {"warned": [bool(each) for each in serious], "place": place}
    shares["place or shortcut"] = [bool(each) for each in told]
    summary = {"sets": len(records)}
    for name, hits in shares.items():
        low, high = clopper_pearson(sum(hits), len(hits))
        summary[name] = [round(float(each), 3) for each in (np.mean(hits), low, high)]
    kinds = Counter(kind for each, more in zip(serious, told, strict=True) for kind in each | more)
    return summary | {"kinds": dict(kinds)}


if __name__ == "__main__":
    main()
