"""Cheap models that should learn nothing: shortcuts and permuted labels."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import recall_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedGroupKFold, cross_val_predict

from skmedimg.evaluation.auditing._image_facts import SIDE
from skmedimg.images._n_jobs import thread_count

_CELLS = 8  # of a thumbnail, along each side
_ORDERS = 199  # random orders of images that an order is compared with
_MANY = 2000  # images from which on threads are faster than one
_STRIP = 2  # thumbnail pixels: one sixteenth of a side


@dataclass(frozen=True)
class Shortcut:
    """How well one fact that is not anatomy separates a class from the rest.

    Attributes
    ----------
    name : str
    acquisition : bool
        True for facts of the file, which are never a property of the patient.
    label : object
        The class separated best.
    auc : float
        Area under the ROC curve, out of fold.
    p_value : float
        Of that area without any relation (Mann-Whitney U test), one independent sample per
        leakage group.
    """

    name: str
    acquisition: bool
    label: object
    auc: float
    p_value: float


def probe_shortcuts(facts, y, groups, random_state=0):
    """Return one Shortcut per fact of the images that is not the same for all of them."""
    rows = np.flatnonzero(facts.readable)
    # By leakage group: a forest that recognizes a patient would look like a shortcut.
    splits = _grouped_folds(y[rows], groups[rows], random_state)
    if splits is None:
        return []
    return [
        _probe(name, acquisition, features[rows], y[rows], groups[rows], splits, random_state)
        for name, acquisition, features in _features(facts)
        if (features[rows] != features[rows][:1]).any()
    ]


def probe_sites(facts, site, groups, random_state=0):
    """Return the Shortcut of the images to their site, or None where none can be looked for."""
    rows = np.flatnonzero(facts.readable)
    splits = _grouped_folds(site[rows], groups[rows], random_state) if facts.pixels else None
    if splits is None:
        return None
    # Mean and deviation of 8 x 8 cells: brightness, sharpness and noise, a quarter of the pixels.
    cells = facts.thumbnails[rows].reshape(len(rows), _CELLS, SIDE // _CELLS, _CELLS, -1)
    features = np.concatenate([cells.mean((2, 4)), cells.std((2, 4))], 2).reshape(len(rows), -1)
    return _probe("image", True, features, site[rows], groups[rows], splits, random_state)


def permuted_accuracy(
    thumbnails, leakage_group, y, *, folds=None, n_permutations=50, random_state=0
):
    """Return balanced accuracies of a nearest neighbor on permuted labels, leaky and grouped.

    Every leakage group (patient, cluster of duplicates) gets the label of another one, so a model
    can predict it only by having seen the same group in training. The first array holds out the
    sample's own fold (`folds`; None draws five, and samples in fold -1 are trained on only), the
    second one also the rest of its leakage group: chance. One value per permutation each. This is
    test 1 of Ojala and Garriga (2010, see the references of `audit`), permuting whole groups.
    """
    rng = np.random.default_rng(random_state)
    y = np.unique(y, return_inverse=True)[1]  # scores of numbers are faster than those of names
    # Without a test set the split tried is what many studies do: random, patients ignored.
    folds = _random_folds(len(y), random_state) if folds is None else folds
    near, far = _neighbors(thumbnails, folds, leakage_group)
    # Both neighbors are needed, so that the two scores are of the same samples.
    scored = np.flatnonzero((near >= 0) & (far >= 0))
    scores = []
    # Only labels change between permutations: the neighbors are searched once.
    for _ in range(n_permutations):
        labels = _permuted(y, leakage_group, rng)
        truth = labels[scored]
        scores.append([_balanced_accuracy(truth, labels[each[scored]]) for each in (near, far)])
    plain, grouped = np.array(scores).T
    return plain, grouped


def follow_by_chance(thumbnails, blocks, strata, duplicate_cluster, random_state=0):
    """Return the p-value of how often an image's nearest neighbor is in its own block.

    Blocks are permuted within strata; duplicates are no neighbors of each other.
    """
    rng = np.random.default_rng(random_state)
    everyone = np.arange(len(thumbnails))  # a fold each: only duplicates are left out
    nearest = _neighbors(thumbnails, everyone, duplicate_cluster)[1]
    rows = np.flatnonzero(nearest >= 0)
    if not len(rows):
        return 1.0
    order = np.argsort(strata, kind="stable")
    edges = np.flatnonzero(np.diff(strata[order])) + 1
    counts = [np.mean(blocks[rows] == blocks[nearest[rows]])]
    for _ in range(_ORDERS):
        shuffled = blocks.copy()
        for part in np.split(order, edges):
            shuffled[part] = blocks[rng.permutation(part)]
        counts.append(np.mean(shuffled[rows] == shuffled[nearest[rows]]))
    return float(np.mean(np.array(counts) >= counts[0]))


def _features(facts):
    """Yield (name, whether it is a fact of the file, columns (n, k)) of every probe."""
    columns = facts.columns
    height, width = columns["height"], columns["width"]
    yield "image size", True, np.column_stack([height, width])
    yield "aspect ratio", True, (width / np.maximum(height, 1))[:, None]
    yield "bit depth", True, columns["bits"][:, None]
    # Codes instead of names; a forest splits them whatever their order.
    yield "color mode", True, np.unique(columns["mode"], return_inverse=True)[1][:, None]
    yield "file format", True, np.unique(columns["format"], return_inverse=True)[1][:, None]
    # Missing in formats other than JPEG: -1 makes that a value of its own.
    yield "JPEG quality", True, np.nan_to_num(columns["quality"], nan=-1)[:, None]
    if facts.pixels:
        yield "mean brightness", False, np.nan_to_num(columns["mean"])[:, None]
        # Blur, noise and resolution change it, and seldom disease.
        yield "sharpness", False, np.nan_to_num(columns["sharpness"])[:, None]
        yield "border strip", False, _border(facts.thumbnails)


def _border(thumbnails):
    """Return mean and deviation of the four strips and corners along the edge, (n, 16)."""
    side, edge = thumbnails.shape[1], slice(_STRIP, -_STRIP)
    low, high = slice(0, _STRIP), slice(side - _STRIP, side)
    # The center, where the anatomy is, is left out.
    places = [(low, low), (low, edge), (low, high), (edge, low)]
    places += [(edge, high), (high, low), (high, edge), (high, high)]
    patches = [thumbnails[:, rows, columns] for rows, columns in places]
    return np.column_stack(
        [
            *(patch.mean(axis=(1, 2)) for patch in patches),
            *(patch.std(axis=(1, 2)) for patch in patches),
        ]
    )


def _grouped_folds(y, groups, random_state):
    """Return up to five splits by group, or None where a class has fewer than two groups."""
    if len(y) == 0:
        return None
    counts = [len(np.unique(groups[y == label])) for label in np.unique(y)]
    if len(counts) < 2 or min(counts) < 2:
        return None
    folds = StratifiedGroupKFold(min(5, *counts), shuffle=True, random_state=random_state)
    splits = list(folds.split(y, y, groups))
    # Stratified folds by group are a heuristic, and a training set may still lack a class.
    complete = all(len(np.unique(y[train])) == len(counts) for train, _ in splits)
    return splits if complete else None


def _probe(name, acquisition, features, y, groups, splits, random_state):
    """Return the Shortcut of one fact: the class that a forest separates best by it."""
    # Shallow trees with large leaves: enough for any
    # threshold or interval, too little to memorize rows.
    forest = RandomForestClassifier(
        25,
        max_depth=6,
        min_samples_leaf=5,
        class_weight="balanced",
        random_state=random_state,
        n_jobs=thread_count(None) if len(y) > _MANY else None,
    )
    probabilities = cross_val_predict(forest, features, y, cv=splits, method="predict_proba")
    labels = np.unique(y)
    areas = [roc_auc_score(y == label, probabilities[:, k]) for k, label in enumerate(labels)]
    best = int(np.argmax(areas))
    # Bonferroni: the best of several classes was chosen. With two classes both areas are the same.
    tries = len(labels) if len(labels) > 2 else 1
    p_value = tries * _p_value(areas[best], y == labels[best], groups)
    return Shortcut(name, acquisition, labels[best], areas[best], min(1.0, p_value))


def _p_value(area, positive, groups):
    """Return the probability of such an area by chance (Mann-Whitney), one sample per group."""
    ones, zeros = len(np.unique(groups[positive])), len(np.unique(groups[~positive]))
    # Without a relation the variance of an AUC is (m + n + 1) / (12 m n). m and
    # n count leakage groups, since the images of a patient are not independent.
    return float(norm.sf((area - 0.5) / np.sqrt((ones + zeros + 1) / (12 * ones * zeros))))


def _random_folds(n, random_state):
    """Return a random fold, 0 to 4, for each of n samples."""
    folds = np.empty(n, dtype=int)
    splitter = KFold(min(5, n), shuffle=True, random_state=random_state)
    for fold, (_, held_out) in enumerate(splitter.split(np.empty(n))):
        folds[held_out] = fold
    return folds


def _neighbors(thumbnails, folds, leakage_group):
    """Return each row's most correlated row of other folds, and of other folds and groups."""
    rows = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    near, far = np.full(len(rows), -1), np.full(len(rows), -1)
    held_out = np.flatnonzero(folds >= 0)
    # Blocks of rows bound the memory of the correlations.
    for block in np.array_split(held_out, max(1, len(held_out) // 256)):
        alike = rows[block] @ rows.T
        # A sample is never compared with its own fold, nor (second search) with its own group.
        alike[folds[block, None] == folds[None]] = -np.inf
        near[block] = _argmax_or_none(alike)
        alike[leakage_group[block, None] == leakage_group[None]] = -np.inf
        far[block] = _argmax_or_none(alike)
    return near, far


def _argmax_or_none(alike):
    """Return the column of the largest entry of each row, or -1 where all are minus infinity."""
    best = alike.argmax(axis=1)
    return np.where(np.isfinite(alike[np.arange(len(alike)), best]), best, -1)


def _balanced_accuracy(truth, predicted):
    """Return the mean recall of the classes in `truth`."""
    # balanced_accuracy_score warns of predicted classes that `truth` does not hold.
    return recall_score(truth, predicted, labels=np.unique(truth), average="macro")


def _permuted(y, leakage_group, rng):
    """Return y with the labels of whole groups exchanged."""
    # A group of several classes takes the label of its
    # first sample: groups are exchanged as a whole.
    _, first, inverse = np.unique(leakage_group, return_index=True, return_inverse=True)
    return rng.permutation(y[first])[inverse]
