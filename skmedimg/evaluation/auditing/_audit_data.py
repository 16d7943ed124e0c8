"""Findings of an audit, and the data its rules look at: images, labels, patients, duplicates."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from skmedimg.evaluation.auditing._altered_copies import altered_copies
from skmedimg.evaluation.auditing._hashes import (
    clusters,
    consecutive_equal_pairs,
    dct_hash,
    near_pairs,
)
from skmedimg.evaluation.auditing._image_facts import Facts, collect_facts, join_facts
from skmedimg.images._n_jobs import check_n_jobs
from skmedimg.images._validate import check_groups

SEVERITIES = ("error", "warning", "note")
_NO_ROWS = np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class Finding:
    """One thing an audit found.

    Attributes
    ----------
    kind : str
        Short name, for filtering.
    severity : {"error", "warning", "note"}
        An error makes a score meaningless; a warning may; a note is good to know.
    title : str
        What was found, with the number.
    advice : str
        Why it matters and what to do.
    rows : ndarray (n_rows,) of int
        The samples concerned; those of a separate test set are counted on from those of X.
    clusters : tuple of ndarray of int
        The same samples where they belong together.
    value : float or None
        The number behind the title.
    """

    kind: str
    severity: str
    title: str
    advice: str
    rows: np.ndarray = field(default_factory=_NO_ROWS.copy)
    clusters: tuple = ()
    value: float = None


@dataclass(frozen=True)
class AuditData:
    """All that the rules of an audit look at.

    Attributes
    ----------
    facts : Facts
    y : ndarray (n,) or None
    groups : ndarray (n,) or None
    tested : ndarray (n,) of bool or None
        The samples of the test set.
    identical, near : ndarray (n_pairs, 2) of int
    distances : ndarray (n_near_pairs,) of int
        Bits that differ between the hashes of a near pair.
    duplicate_cluster : ndarray (n,) of int
        Samples with the same number are duplicates or near-duplicates of each other.
    leakage_group : ndarray (n,) of int
        The clusters of duplicates merged with the patients: samples with the same number must
        stay on one side of every split.
    altered : ndarray (n_altered_pairs, 2) of int
        Copies that were flipped, turned, shifted, cropped, framed, marked or inverted.
    alterations : tuple (n_altered_pairs,) of str
        How.
    random_state : int
    site : ndarray (n,) or None
        The hospital or scanner of each sample.
    predicted : dict or None
        Mean out-of-fold probabilities: "rows", "classes", "probabilities" and "models".
    """

    facts: Facts
    y: np.ndarray
    groups: np.ndarray
    tested: np.ndarray
    identical: np.ndarray
    near: np.ndarray
    distances: np.ndarray
    duplicate_cluster: np.ndarray
    leakage_group: np.ndarray
    altered: np.ndarray = None
    alterations: tuple = ()
    random_state: int = 0
    site: np.ndarray = None
    predicted: dict = None


def collect_audit_data(
    X, y, groups, test, image_shape, max_hash_distance, min_correlation, n_jobs, random_state
):
    """Return the AuditData of all images, and how many of them are X; parameters as of `audit`."""
    check_n_jobs(n_jobs, "audit")
    facts = collect_facts(X, image_shape, n_jobs)
    y, groups = _labels(y, len(facts)), check_groups(groups, facts.digests)
    n, tested = len(facts), None
    # Both sets become one, so that duplicates are searched for across them as well.
    if isinstance(test, tuple):
        facts, y, groups, tested = _with_test(facts, y, groups, test, image_shape, n_jobs)
    elif test is not None:
        tested = _mask(test, n)
    identical = consecutive_equal_pairs(facts.digests)
    near, distances = _near(facts, identical, max_hash_distance, min_correlation)
    # Two partitions: clusters of duplicates for the findings, and
    # with the patients what must stay on one side of a split.
    altered, alterations = _altered(facts, np.concatenate([identical, near]), groups)
    pairs = leaks = np.concatenate([identical, near, altered])
    if groups is not None:
        # Patients and duplicates in one graph: an image of two patients joins both of them.
        leaks = np.concatenate([pairs, consecutive_equal_pairs(groups.tolist())])
    duplicates, leakage_groups = (clusters(len(facts), each) for each in (pairs, leaks))
    return AuditData(
        facts,
        y,
        groups,
        tested,
        identical,
        near,
        distances,
        duplicates,
        leakage_groups,
        altered,
        tuple(alterations),
        random_state,
    ), n


def check_sites(site, X, test):
    """Return the site of each image as an array (n,)."""
    if isinstance(test, tuple):
        raise ValueError(
            "site is of the images of X: give training and test set as one X, and test=row numbers."
        )
    try:
        return check_groups(site, X)
    except (ValueError, TypeError) as error:
        raise type(error)(str(error).replace("groups", "site").replace("patient", "site")) from None


def _labels(y, n):
    """Return y as a 1-D array, or None where there is none or y holds masks."""
    if y is None or np.ndim(y) > 1 and np.shape(y)[1:] != (1,):
        return None
    y = column_or_1d(y)
    check_consistent_length(np.empty(n), y)
    return y


def _mask(rows, n):
    """Return a mask of n samples, True where `test` names them."""
    rows = np.asarray(rows)
    whole = rows.ndim == 1 and rows.dtype.kind in "biu"
    if not whole or rows.dtype.kind == "b" and len(rows) != n:
        raise ValueError(
            f"test={_shortened(rows)} needs to be (X, y) or (X, y, groups) of the test set, row "
            f"numbers of X, or a mask of its {n} rows."
        )
    # numpy would read a negative row from the end and raise an IndexError without the word test.
    if rows.dtype.kind != "b" and len(rows) and not -n <= rows.min() <= rows.max() < n:
        raise ValueError(f"test names rows {rows.min()} to {rows.max()}, but X has {n} rows.")
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    if not 0 < mask.sum() < n:
        raise ValueError(f"test names {mask.sum()} of {n} rows; both sides need at least one.")
    return mask


def _shortened(value):
    """Return the repr of an array's content, cut where it is long."""
    text = repr(value.tolist())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _with_test(facts, y, groups, test, image_shape, n_jobs):
    """Return facts, labels and groups of both sets in one, and which samples are tested."""
    if len(test) not in (2, 3):
        raise ValueError(f"test needs (X, y) or (X, y, groups), but has {len(test)} parts.")
    other = collect_facts(test[0], image_shape, n_jobs)
    test_y = _labels(test[1], len(other))
    test_groups = check_groups(test[2] if len(test) == 3 else None, other.digests)
    tested = np.repeat([False, True], [len(facts), len(other)])
    return join_facts(facts, other), _joined(y, test_y), _joined(groups, test_groups), tested


def _joined(left, right):
    """Return both arrays as one, or None where one of them is missing."""
    # Labels or patients of one set alone cannot be compared across both.
    return None if left is None or right is None else np.concatenate([left, right])


def _near(facts, identical, max_hash_distance, min_correlation):
    """Return near pairs and their distances; of identical images only the first is compared."""
    if not facts.pixels:
        return np.empty((0, 2), dtype=np.intp), np.empty(0, dtype=np.intp)
    # Of identical images one is enough: each other one would repeat all of its near pairs.
    first = facts.readable
    first[identical[:, 1]] = False
    rows = np.flatnonzero(first)
    thumbnails = _taken(facts.thumbnails, rows)
    pairs, distances = near_pairs(
        dct_hash(thumbnails), thumbnails, max_hash_distance, min_correlation
    )
    return rows[pairs], distances


def _altered(facts, known, groups):
    """Return pairs of altered copies that are not duplicates already, and how they were changed."""
    if facts.details is None:
        return np.empty((0, 2), dtype=np.intp), []
    cluster = clusters(len(facts), known)
    # Of known duplicates one is enough.
    first = np.unique(cluster, return_index=True)[1]
    rows = np.sort(first[facts.readable[first]])
    # Images of one patient are alike by nature, and on one side of every split.
    patients = None if groups is None else np.unique(groups[rows], return_inverse=True)[1]
    pairs, how = altered_copies(_taken(facts.details, rows), patients)
    return rows[pairs], how


def _taken(values, rows):
    """Return some rows of an array in order, without a copy where they are all rows."""
    return values if len(rows) == len(values) else values[rows]
