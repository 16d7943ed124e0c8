"""Default spaces of our estimators: one table, with the reason for every line."""

from optuna.distributions import FloatDistribution, IntDistribution

_RATE = FloatDistribution(1e-4, 1e-2, log=True)
_DECAY = FloatDistribution(1e-6, 1e-2, log=True)

# The step size decides most, and its good values lie decades apart. Small images of small data
# sets overfit: width, dropout and decay bound that. What costs time and seldom decides (kernel
# size, batch size, number of epochs) is left as it is.
_TABLE = {
    "ShallowMLP": {
        "learning_rate": _RATE,
        "hidden_units": [(50,), (100,), (200,), (100, 50)],  # deeper seldom helps on descriptors
        "dropout": FloatDistribution(0.0, 0.5),
        "weight_decay": _DECAY,
    },
    "ScratchCNN": {
        "learning_rate": _RATE,
        "filters": [(16, 32), (16, 32, 64), (32, 64, 128), (16, 32, 64, 128)],  # field and width
        "dropout": FloatDistribution(0.0, 0.6),
        "norm": ["group", "batch"],  # batch statistics win on large batches, groups on small
        "weight_decay": _DECAY,
    },
    "TransferClassifier": {
        "learning_rate": _RATE,
        "head_units": [
            (),
            (64,),
            (256,),
        ],  # a linear head first: it is what frozen features are for
        "head_dropout": FloatDistribution(0.0, 0.5),
        "weight_decay": _DECAY,
    },
    "UNetSegmenter": {
        "learning_rate": _RATE,
        "filters": [(16, 32, 64), (32, 64, 128), (16, 32, 64, 128)],
        "loss": ["bce", "dice", "dice_ce"],  # small lesions drown in cross-entropy
        "weight_decay": _DECAY,
    },
    "HOG": {
        "orientations": IntDistribution(6, 12, step=3),
        "pixels_per_cell": [(4, 4), (8, 8), (16, 16)],  # the size of what is described
        "cells_per_block": [(1, 1), (2, 2), (3, 3)],
    },
    "LBP": {
        "radii": [(1,), (1, 2), (1, 2, 3)],  # the scale of the texture
        "cells": [(1, 1), (2, 2), (4, 4)],  # more cells keep where it is
    },
    "Haralick": {
        "distances": [(1,), (1, 2), (1, 2, 4)],
        "levels": [8, 16, 32, 64],  # few levels are robust to noise, many see fine differences
        "pool_angles": [False, True],  # pooled, a turned image is described alike
    },
    "IntensityHistogram": {"bins": [8, 16, 32, 64]},
}


def default_space(estimator):
    """Return a space to search for one of our estimators, or for a Pipeline of them.

    Parameters
    ----------
    estimator : str or estimator
        A class's name such as "ScratchCNN", an estimator, or a Pipeline: the spaces of its steps,
        under their names. Steps that are not ours contribute nothing.

    Returns
    -------
    space : dict of str to optuna distribution or list
        Yours to change.

    Examples
    --------
    >>> from skmedimg import HOG, Pipeline, ShallowMLP
    >>> from skmedimg.search import default_space
    >>> sorted(default_space("ScratchCNN"))
    ['dropout', 'filters', 'learning_rate', 'norm', 'weight_decay']
    >>> list(default_space(Pipeline([HOG(), ShallowMLP()])))[:3]
    ['hog__orientations', 'hog__pixels_per_cell', 'hog__cells_per_block']
    """
    if hasattr(estimator, "steps"):
        spaces = {name: _space_of(step) for name, step in estimator.steps}
        return {f"{name}__{key}": kind for name, space in spaces.items()
                for key, kind in space.items()}  # fmt: skip
    space = _space_of(estimator)
    if not space:
        raise ValueError(
            f"estimator={estimator!r} has no default space: it needs a Pipeline or one of "
            f"{', '.join(_TABLE)}."
        )
    return space


def _space_of(estimator):
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    return dict(_TABLE.get(name, {}))
