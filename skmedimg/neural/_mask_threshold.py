"""The threshold on foreground probability with the best Dice, on held-out images."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold

from skmedimg._sklearn import num_samples, take_rows
from skmedimg.images._validate_masks import check_masks

_STEPS = 100

# Three: each fold is a whole training, and two thirds of the data still train a similar model.
_FOLDS = 3


def dice_curves(probabilities, masks, ignored=None):
    """Return Dice coefficients (n, 99) at thresholds 0.01 ... 0.99, of probabilities and masks.

    Pixels whose code is `ignored` do not count.
    """
    pairs = zip(probabilities, masks, strict=True)
    if ignored is not None:
        pairs = ((p[m != ignored], m[m != ignored]) for p, m in pairs)
    return np.array([_dice_curve(p, m) for p, m in pairs])


def best_threshold(curves, weights=None):
    """Return the threshold with the highest weighted mean Dice; of ties, the nearest to 0.5."""
    # Rounded, so that sums which differ by the order of additions alone are ties.
    mean = np.round(np.average(curves, axis=0, weights=weights), 12)
    best = np.arange(1, _STEPS)[mean == mean.max()]
    return float(best[np.argmin(np.abs(best - _STEPS / 2))] / _STEPS)


def tune_out_of_fold(segmenter, X, y, sample_weight, groups, checkpoint):
    """Return the threshold with the highest mean Dice on out-of-fold predictions."""
    # postprocess is left out: the threshold is chosen on probabilities, before any cleaning.
    model = clone(segmenter).set_params(threshold=0.5, warm_start=False, postprocess=None)
    weights = np.ones(num_samples(X)) * (1.0 if sample_weight is None else sample_weight)
    rows = np.flatnonzero(weights)
    folds = KFold(_FOLDS, shuffle=True, random_state=segmenter._seed)
    if groups is not None:
        folds, groups = GroupKFold(_FOLDS), np.asarray(groups)[rows]
    curves, fold_weights = [], []
    for fold, (training, held_out) in enumerate(folds.split(rows, groups=groups)):
        training, held_out = rows[training], rows[held_out]
        # Every fold has a checkpoint of its own: an interrupted tuning goes on where it was.
        kept = None if checkpoint is None else checkpoint.folder / f"fold-{fold}"
        data = take_rows(X, training), take_rows(y, training), weights[training]
        model.fit(*data, checkpoint=kept)
        images = model._check_X(take_rows(X, held_out), reset=False)
        masks = check_masks(segmenter, take_rows(y, held_out), images)
        curves.append(model._curves(images, segmenter._encode_targets(masks)))
        fold_weights.append(weights[held_out])
    return best_threshold(np.concatenate(curves), np.concatenate(fold_weights))


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
