"""The weight of a pixel of each class, in the losses of segmenters."""

import numpy as np

from skmedimg.neural._training_constraints import check_class_weight


def pixel_weights(class_weight, classes, encoded):
    """Return a weight per class, of mean 1 over the pixels of encoded masks."""
    n = len(classes)
    counts = sum(np.bincount(mask.ravel(), minlength=n)[:n] for mask in encoded)
    # Weights of mean 1 keep the loss, and so the best learning rate, near the unweighted ones.
    weights = 1 / counts if class_weight == "balanced" else _given(class_weight, classes)
    return weights * counts.sum() / (weights * counts).sum()


def _given(class_weight, classes):
    """Return `class_weight` as an array in the order of the classes."""
    check_class_weight(class_weight, classes)
    given = dict(class_weight)
    weights = [given.pop(label, 1.0) for label in classes.tolist()]
    if given:
        raise ValueError(
            f"class_weight names {sorted(given)}, which the masks do not hold; they hold "
            f"{classes.tolist()}."
        )
    return np.array(weights, dtype=np.float64)
