"""The threshold on foreground probability with the best Dice, on held-out images."""

import numpy as np

_STEPS = 100


def dice_curves(probabilities, masks):
    """Return Dice coefficients (n, 99) at thresholds 0.01 ... 0.99, of probabilities and masks."""
    return np.array([_dice_curve(p, m) for p, m in zip(probabilities, masks, strict=True)])


def best_threshold(curves, weights=None):
    """Return the threshold with the highest weighted mean Dice; of ties, the nearest to 0.5."""
    # Rounded, so that sums which differ by the order of additions alone are ties.
    mean = np.round(np.average(curves, axis=0, weights=weights), 12)
    best = np.arange(1, _STEPS)[mean == mean.max()]
    return float(best[np.argmin(np.abs(best - _STEPS / 2))] / _STEPS)


def _dice_curve(probability, mask):
    """Return the Dice coefficients (99,) of one image."""
    # Level k holds what lies above k / _STEPS but not above (k + 1) / _STEPS.
    level = np.ceil(probability.astype(np.float64) * _STEPS).astype(np.int64) - 1
    level = np.clip(level, 0, _STEPS - 1).ravel()
    everything = np.bincount(level, minlength=_STEPS)
    hits = np.bincount(level[mask.ravel() != 0], minlength=_STEPS)
    # One pass over the pixels: counts of levels, summed
    # from the top, give the sizes of all 99 masks.
    above, found = (np.cumsum(counts[::-1])[::-1][1:] for counts in (everything, hits))
    sizes = above + hits.sum()
    return np.where(sizes > 0, 2 * found / np.maximum(sizes, 1), 1.0)
