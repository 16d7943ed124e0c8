"""The case of an audit: images, labels and patients of all sets, and the copies among them."""

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from skmedimg.evaluation.auditing._findings import Case
from skmedimg.evaluation.auditing._hashes import clusters, dct_hash, equal_pairs, near_pairs
from skmedimg.evaluation.auditing._image_facts import collect_facts, join_facts
from skmedimg.images._n_jobs import check_n_jobs
from skmedimg.images._validate import check_groups


def make_case(X, y, groups, test, image_shape, distance, correlation, n_jobs, random_state):
    """Read the images and find copies among them; parameters are those of `audit`.

    Returns
    -------
    case : Case
    n : int
        Rows of X; those of a separate test set follow.
    """
    check_n_jobs(n_jobs, "audit")
    facts = collect_facts(X, image_shape, n_jobs)
    y, groups = _labels(y, len(facts)), check_groups(groups, facts.digests)
    n, tested = len(facts), None
    if isinstance(test, tuple):
        facts, y, groups, tested = _with_test(facts, y, groups, test, image_shape, n_jobs)
    elif test is not None:
        tested = _mask(test, n)
    return _case(facts, y, groups, tested, distance, correlation, random_state), n


def _labels(y, n):
    """Return y as a 1-D array, or None where there is none or y holds masks."""
    if y is None or np.ndim(y) > 1 and np.shape(y)[1:] != (1,):
        return None
    y = column_or_1d(y)
    check_consistent_length(np.empty(n), y)
    return y


def _mask(rows, n):
    rows = np.asarray(rows)
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    if not 0 < mask.sum() < n:
        raise ValueError(f"test names {mask.sum()} of {n} rows; both sides need at least one.")
    return mask


def _with_test(facts, y, groups, test, image_shape, n_jobs):
    """Return facts, labels and groups of both sets in one, and which rows are tested."""
    if len(test) not in (2, 3):
        raise ValueError(f"test needs (X, y) or (X, y, groups), but has {len(test)} parts.")
    other = collect_facts(test[0], image_shape, n_jobs)
    test_y = _labels(test[1], len(other))
    test_groups = check_groups(test[2] if len(test) == 3 else None, other.digests)
    tested = np.repeat([False, True], [len(facts), len(other)])
    return join_facts(facts, other), _joined(y, test_y), _joined(groups, test_groups), tested


def _joined(left, right):
    return None if left is None or right is None else np.concatenate([left, right])


def _case(facts, y, groups, tested, distance, correlation, random_state):
    identical = equal_pairs(facts.digests)
    near, apart = _near(facts, identical, distance, correlation)
    pairs = np.concatenate([identical, near])
    patients = pairs if groups is None else np.concatenate([pairs, equal_pairs(groups.tolist())])
    return Case(
        facts, y, groups, tested, identical, near, apart,
        clusters(len(facts), pairs), clusters(len(facts), patients), random_state,
    )  # fmt: skip


def _near(facts, identical, distance, correlation):
    """Return near pairs among the first copies of each image: copies of copies say no more."""
    if not facts.pixels:
        return np.empty((0, 2), dtype=np.intp), np.empty(0, dtype=np.intp)
    first = facts.readable
    first[identical[:, 1]] = False
    rows = np.flatnonzero(first)
    thumbnails = facts.thumbnails[rows]
    pairs, apart = near_pairs(dct_hash(thumbnails), thumbnails, distance, correlation)
    return rows[pairs], apart
