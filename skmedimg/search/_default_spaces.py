"""Default search spaces of skmedimg's estimators: one table, with a reason for each choice."""

from optuna.distributions import FloatDistribution, IntDistribution

_RATE = FloatDistribution(1e-4, 1e-2, log=True)
_DECAY = FloatDistribution(1e-6, 1e-2, log=True)

# The learning rate matters most, and good values lie decades apart. Small data sets overfit: width,
# dropout and weight decay limit that. Kernel size, batch size and the number of epochs cost time
# and seldom matter, so they are not searched.
_TABLE = {
    "ShallowMLP": {
        "learning_rate": _RATE,
        "hidden_units": [(50,), (100,), (200,), (100, 50)],  # deeper seldom helps on descriptors
        "dropout": FloatDistribution(0.0, 0.5),
        "weight_decay": _DECAY,
    },
    "ScratchCNN": {
        "learning_rate": _RATE,
        # the depth sets the receptive field
        "filters": [(16, 32), (16, 32, 64), (32, 64, 128), (16, 32, 64, 128)],
        "block_dropout": FloatDistribution(0.0, 0.3),
        "norm": ["group", "batch"],  # batch statistics win on large batches, groups on small
        "weight_decay": _DECAY,
    },
    "TransferClassifier": {
        "learning_rate": _RATE,
        "head_units": [(), (64,), (256,)],  # a linear head first: frozen features need no more
        "head_dropout": FloatDistribution(0.0, 0.5),
        "weight_decay": _DECAY,
    },
    "UNetSegmenter": {
        "learning_rate": _RATE,
        "filters": [(16, 32, 64), (32, 64, 128), (16, 32, 64, 128)],
        "loss": ["bce", "dice", "dice_ce"],  # small lesions drown in cross-entropy
        "weight_decay": _DECAY,
    },
    # of a network that is not ours only the training is known
    "NetworkClassifier": {"learning_rate": _RATE, "weight_decay": _DECAY},
    "NetworkSegmenter": {"learning_rate": _RATE, "weight_decay": _DECAY},
    "HOG": {
        "orientations": IntDistribution(6, 12, step=3),
        "pixels_per_cell": [(4, 4), (8, 8), (16, 16)],  # the size of the structures
        "cells_per_block": [(1, 1), (2, 2), (3, 3)],
    },
    "LBP": {
        "radii": [(1,), (1, 2), (1, 2, 3)],  # the scale of the texture
        "cells": [(1, 1), (2, 2), (4, 4)],  # more cells keep where it is
    },
    "Haralick": {
        "distances": [(1,), (1, 2), (1, 2, 4)],
        "levels": [8, 16, 32, 64],  # few levels are robust to noise, many see fine differences
        "pool_angles": [False, True],  # pooled, a rotated image has the same features
    },
    "IntensityHistogram": {"bins": [8, 16, 32, 64]},
}


def default_space(estimator):
    """Return the search space of one of skmedimg's estimators, or of a Pipeline of them.

    Parameters
    ----------
    estimator : str or estimator
        A class's name such as "ScratchCNN", an estimator, or a Pipeline: the spaces of its steps,
        under their names. Steps of other libraries contribute nothing.

    Returns
    -------
    space : dict of str to optuna distribution or list
        A new dict: change it freely.

    See Also
    --------
    OptunaSearch : Search estimators and their parameters together, in one optuna study.

    Examples
    --------
    >>> from skmedimg import HOG, Pipeline, ShallowMLP
    >>> from skmedimg.search import default_space
    >>> sorted(default_space("ScratchCNN"))
    ['block_dropout', 'filters', 'learning_rate', 'norm', 'weight_decay']
    >>> list(default_space(Pipeline([HOG(), ShallowMLP()])))[:3]
    ['hog__orientations', 'hog__pixels_per_cell', 'hog__cells_per_block']
    """
    if hasattr(estimator, "steps"):
        spaces = {name: _space_of(step) for name, step in estimator.steps}
        return {
            f"{name}__{key}": kind for name, space in spaces.items() for key, kind in space.items()
        }
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
