"""Metrics of masks of lesions: ours against MONAI's, all that both have."""

import warnings
from functools import partial

import numpy as np
from scipy import ndimage

from bench import Row
from bench._peers import load_peer

TOLERANCE = 2.0


def lesions(n, side=256):
    """Masks (n, side, side) of one to four ellipses, and predictions that are off and ragged."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    true = np.zeros((n, side, side), dtype=np.uint8)
    for mask in true:
        for _ in range(rng.integers(1, 5)):
            y, x = rng.uniform(0.15 * side, 0.85 * side, 2)
            a, b = rng.uniform(0.03 * side, 0.18 * side, 2)
            t = rng.uniform(0, np.pi)
            along = (rows - y) * np.cos(t) + (columns - x) * np.sin(t)
            across = (columns - x) * np.cos(t) - (rows - y) * np.sin(t)
            mask |= (along / a) ** 2 + (across / b) ** 2 < 1
    shifted = [np.roll(mask, tuple(rng.integers(-4, 5, 2)), (0, 1)) for mask in true]
    noise = rng.normal(0, 1.5, true.shape)
    smooth = [ndimage.gaussian_filter(m + e, 4) for m, e in zip(shifted, noise, strict=True)]
    return true, (np.array(smooth) > 0.5).astype(np.uint8)


def ours(true, pred, everything):
    from skmedimg import metrics

    scores = [
        *(metrics.dice, metrics.iou, metrics.pixel_precision, metrics.pixel_recall),
        *(metrics.pixel_f1, metrics.volume_error, metrics.hausdorff_distance),
        *(metrics.average_surface_distance, metrics.surface_dice),
        partial(metrics.surface_dice, subpixel=True),
        metrics.panoptic_quality,
    ]
    if everything:
        scores += [metrics.volumetric_similarity, metrics.boundary_f1, metrics.cl_dice]
        scores += [metrics.object_precision, metrics.object_recall, metrics.object_f1]
        scores += [metrics.object_average_precision]
    return lambda: [score(true, pred, average="image") for score in scores]


def monai(true, pred, quick):
    found = load_peer("monai", quick)
    if isinstance(found, str):
        return found
    import torch
    from monai import metrics

    warnings.filterwarnings("ignore", ".*always_return_as_numpy", FutureWarning)
    t, p = (torch.from_numpy(np.stack([1 - each, each], axis=1)) for each in (true, pred))

    def call():
        confusion = metrics.get_confusion_matrix(p, t, include_background=False)
        names = ("precision", "sensitivity", "f1 score")
        found = [metrics.compute_confusion_matrix_metric(name, confusion) for name in names]
        found += [
            metrics.compute_dice(p, t, include_background=False),
            metrics.compute_iou(p, t, include_background=False),
            metrics.compute_absolute_volume_difference(p, t, include_background=False),
            metrics.compute_hausdorff_distance(p, t, percentile=95),
            metrics.compute_average_surface_distance(p, t, symmetric=True),
            metrics.compute_surface_dice(p, t, [TOLERANCE]),
            metrics.compute_surface_dice(p, t, [TOLERANCE], use_subvoxels=True),
        ]
        objects = [
            [torch.from_numpy(ndimage.label(mask, np.ones((3, 3)))[0]) for mask in pair]
            for pair in zip(pred, true, strict=True)
        ]
        return [*found, [metrics.compute_panoptic_quality(*pair) for pair in objects]]

    return call


def make(quick):
    true, pred = lesions(20 if quick else 1000)
    return {
        "ours": ours(true, pred, everything=False),
        "ours, all metrics": ours(true, pred, everything=True),
        "MONAI": monai(true, pred, quick),
    }


ROWS = [
    Row(
        name="mask-metrics",
        work="eleven metrics of 1,000 masks of 256x256: overlap, distances, surface Dice, PQ",
        make=make,
        goals={"MONAI": 2},
        repeats=3,
    )
]
