"""Nested training subsets of a learning curve: drawn by patient, stratified by class."""

import numpy as np


def train_subsets(splits, train_sizes, strata, groups, random_state):
    """Return sizes in patients and, per size, a list of (training rows, test rows) of all splits.

    Within a split the subsets are nested, and the test set is the same for all of them, as is a
    validation set, which stands between the two. Sizes are
    fractions of the training patients of the smallest training set, or numbers of patients.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.splitting._folds import make_splits
    >>> from skmedimg.evaluation.splitting._train_subsets import train_subsets
    >>> strata = np.repeat([0, 1], 20)
    >>> splits = make_splits(4, "classification", strata, None)
    >>> sizes, pairs = train_subsets(splits, [0.2, 1.0], strata, None, 0)
    >>> sizes, [strata[train].tolist() for train, _ in pairs[0][:2]]
    (array([ 6, 30]), [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]])
    """
    unit = "samples" if groups is None else "patients"
    groups = np.arange(len(strata)) if groups is None else groups
    _, patient = np.unique(groups, return_inverse=True)
    # A patient with images of several classes is a kind of its own.
    holds = np.zeros((patient.max() + 1, strata.max() + 1), dtype=bool)
    holds[patient, strata] = True
    _, kind = np.unique(holds, axis=0, return_inverse=True)
    rng = np.random.default_rng(random_state)
    orders = [_mixed_order(np.unique(patient[s.train]), kind.ravel(), rng) for s in splits]
    sizes = _absolute_sizes(train_sizes, min(map(len, orders)), unit)
    needed = max(_needed_for_all_classes(holds[order]) for order in orders)
    if sizes[0] < needed:
        raise ValueError(
            f"train_sizes={train_sizes!r} trains on {sizes[0]} {unit}, which lack a class in a "
            f"split: begin with at least {needed} of {min(map(len, orders))}."
        )
    return sizes, [
        [
            _with_train(split, split.train[np.isin(patient[split.train], order[:size])])
            for split, order in zip(splits, orders, strict=True)
        ]
        for size in sizes
    ]


def _with_train(split, train):
    """Return the rows of a split as `cv` takes them, with other training rows."""
    if split.validation is None:
        return train, split.test
    return train, split.validation, split.test


def _mixed_order(patients, kind, rng):
    """Return patients in a random order of which every beginning has each kind in its share."""
    shuffled = rng.permutation(patients)
    kinds = kind[shuffled]
    place = np.empty(len(shuffled))
    for each in np.unique(kinds):
        n = np.sum(kinds == each)
        place[kinds == each] = (np.arange(n) + 0.5) / n
    return shuffled[np.argsort(place, kind="stable")]


def _absolute_sizes(train_sizes, largest, unit):
    """Return rising numbers of patients, each once; fractions are rounded as scikit-learn does."""
    sizes = np.asarray(train_sizes)
    if sizes.ndim != 1 or not len(sizes) or sizes.dtype.kind not in "iuf":
        raise ValueError(
            f"train_sizes={train_sizes!r} needs a list of fractions or of numbers of {unit}, "
            "such as [0.25, 0.5, 1.0] or [20, 40, 80]."
        )
    fractions = sizes.dtype.kind == "f"
    most = 1.0 if fractions else largest
    if not ((sizes > 0) & (sizes <= most)).all():
        raise ValueError(
            f"train_sizes={train_sizes!r} needs fractions above 0 and up to 1.0, or whole numbers "
            f"from 1 to {largest}, the {unit} of the smallest training set."
        )
    if fractions:
        sizes = np.maximum((sizes * largest).astype(int), 1)
    return np.unique(sizes)


def _needed_for_all_classes(holds):
    """Return how many patients of an order are needed until each class that is there has come.

    `holds` (n_patients, n_classes) tells which patient has images of which class.
    """
    return int(holds[:, holds.any(0)].argmax(0).max()) + 1
