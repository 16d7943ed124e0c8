"""Audit: what in the data, before any model, would make the answer wrong."""

import os
from dataclasses import dataclass, field

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from skmedimg.evaluation._audit_copies import copy_findings
from skmedimg.evaluation._audit_facts import collect_facts, join_facts
from skmedimg.evaluation._audit_findings import SEVERITIES, Case
from skmedimg.evaluation._audit_quality import quality_findings
from skmedimg.evaluation._audit_suspicions import suspicion_findings
from skmedimg.evaluation._audit_text import (
    audit_html,
    audit_text,
    finding_records,
    headline,
    read_finding,
)
from skmedimg.evaluation._hashes import clusters, dct_hash, equal_pairs, near_pairs
from skmedimg.evaluation._tables import to_frame
from skmedimg.images._check import check_groups
from skmedimg.images._show import displayable, image_at


def audit(
    X, y=None, groups=None, *, test=None, image_shape=None, distance=6, correlation=0.98,
    probes=True, n_jobs=None, random_state=0,
):  # fmt: skip
    """Look for what would make any score on these images wrong.

    Parameters
    ----------
    X : array-like (n, height, width[, channels]), paths, LazyImages or rows of pixels
        The images. Paths tell most: then the files themselves are compared, and facts of how they
        were stored are tried as shortcuts.
    y : array-like (n,) or None, default=None
        Labels. Masks are not looked at.
    groups : array-like (n,) or None, default=None
        Patients.
    test : tuple (X, y) or (X, y, groups), or ndarray of rows of X, default=None
        The test set, to be compared with the training set: other images, or the numbers (or a
        mask) of rows of X.
    image_shape : tuple of int or None, default=None
        Shape of one image where X holds rows; None is square.
    distance : int, default=6
        Bits of 64 by which the hashes of near duplicates may differ.
    correlation : float, default=0.98
        Smallest correlation of the thumbnails of near duplicates.
    probes : bool, default=True
        Whether to train cheap models on facts of the files, on border strips and on permuted
        labels, which all should learn nothing. False keeps to what shows by looking.
    n_jobs : int or None, default=None
        Threads that read files.
    random_state : int, default=0

    Returns
    -------
    audit : Audit

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg import audit
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 255, (120, 16, 16), dtype=np.uint8)
    >>> X[60:63] = X[0]
    >>> y = np.repeat([0, 1], 60)
    >>> found = audit(X, y, groups=np.arange(120))
    >>> found.errors[0].title
    '1 picture has copies with different labels'
    >>> found.errors[0].rows.tolist()
    [0, 60, 61, 62]
    >>> len(np.unique(found.groups()))
    117
    """
    facts = collect_facts(X, image_shape, n_jobs)
    y, groups = _labels(y, len(facts)), check_groups(groups, facts.digests)
    n, tested = len(facts), None
    if isinstance(test, tuple):
        facts, y, groups, tested = _with_test(facts, y, groups, test, image_shape, n_jobs)
    elif test is not None:
        tested = _mask(test, n)
    case = _case(facts, y, groups, tested, distance, correlation, random_state)
    findings = copy_findings(case) + quality_findings(case)
    if probes:
        findings += suspicion_findings(case)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    images = (X, test[0]) if isinstance(test, tuple) else (X,)
    return Audit(
        tuple(findings), headline(case), case.units[:n].tolist(), bool(probes),
        _names(facts, findings), case, images,
    )  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What `audit` found.

    Attributes
    ----------
    findings : tuple of Finding
        Errors first, then warnings, then notes.
    headline : str
        What was audited.
    units : list of int
        Patients merged with duplicates, one entry per row of X.
    probed : bool
        Whether cheap models were trained too.
    names : dict of int to str
        How the rows concerned are called: their files, or their numbers. Rows of a separate test
        set are counted on from those of X.
    case : Case or None
        All that the rules looked at; None in an audit read from JSON.
    images : tuple
        X, and the images of a separate test set; empty in a pickled audit.
    """

    findings: tuple
    headline: str
    units: list
    probed: bool = True
    names: dict = field(default_factory=dict)
    case: Case = None
    images: tuple = ()

    def __repr__(self):
        return audit_text(self)

    def _repr_html_(self):
        return audit_html(self)

    def __getstate__(self):
        return vars(self) | {"images": ()}  # the images belong to the user, not to the pickle

    @property
    def errors(self):
        """list of Finding: what makes scores meaningless."""
        return self.of("error")

    @property
    def warnings(self):
        """list of Finding: what may."""
        return self.of("warning")

    @property
    def notes(self):
        """list of Finding: what is good to know."""
        return self.of("note")

    def of(self, severity=None, kind=None):
        """Return the findings of one severity, or whose kind starts so.

        Parameters
        ----------
        severity : {"error", "warning", "note"} or None, default=None
        kind : str or None, default=None

        Returns
        -------
        findings : list of Finding
        """
        return [
            finding for finding in self.findings
            if severity in (None, finding.severity) and finding.kind.startswith(kind or "")
        ]  # fmt: skip

    def groups(self):
        """Return patients merged with duplicates, ready for `groups=`.

        Returns
        -------
        groups : ndarray (n,) of int
            Rows with the same number must stay on one side of every split.
        """
        return np.array(self.units)

    def name(self, row):
        """Return how a row is called in texts: its file, or its number.

        Parameters
        ----------
        row : int

        Returns
        -------
        name : str
        """
        n = len(self.units)
        return self.names.get(row, f"row {row}" if row < n else f"test row {row - n}")

    def picture(self, row):
        """Return one image for showing.

        Parameters
        ----------
        row : int

        Returns
        -------
        picture : ndarray (height, width) or (height, width, 3) of uint8
            Its thumbnail where the images are gone: a pickled audit does not keep them.
        """
        if self.case is None:
            raise ValueError("An audit read from a file keeps no pictures: run audit() again.")
        if not self.images:
            return displayable(self.case.facts.thumbnails[row])
        n = len(self.units)
        part = int(row >= n)
        return displayable(image_at(self.images[part], row - part * n))

    def to_frame(self):
        """Return one line per finding as a pandas DataFrame.

        Returns
        -------
        frame : DataFrame
            Columns severity, kind, title, advice, value and rows.
        """
        return to_frame(finding_records(self))

    def to_dict(self):
        """Return findings and groups as plain values, for JSON.

        Returns
        -------
        content : dict
        """
        return {
            "headline": self.headline, "units": list(self.units), "probed": self.probed,
            "names": {str(row): name for row, name in self.names.items()},
            "findings": finding_records(self),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, content):
        """Return the audit that `to_dict` wrote, without its images.

        Parameters
        ----------
        content : dict

        Returns
        -------
        audit : Audit
        """
        findings = tuple(read_finding(record) for record in content["findings"])
        names = {int(row): name for row, name in content["names"].items()}
        return cls(findings, content["headline"], content["units"], content["probed"], names)

    def plot(self, kind="copies", *, limit=6, axes=None):
        """Draw the rows concerned side by side.

        Parameters
        ----------
        kind : str, default="copies"
            "copies" shows duplicates, those with different labels first; any other word the
            findings whose kind starts with it.
        limit : int, default=6
            Most clusters shown, one per line.
        axes : ndarray of Axes or None, default=None

        Returns
        -------
        display : AuditDisplay
        """
        from skmedimg.evaluation._displays_audit import AuditDisplay

        return AuditDisplay.from_audit(self, kind, limit).plot(axes)


def _names(facts, findings):
    """Return what the rows concerned are called, files from their common folder on."""
    if facts.paths is None:
        return {}
    folder = os.path.commonpath([os.path.dirname(path) for path in facts.paths])
    rows = np.unique(np.concatenate([[0], *(finding.rows for finding in findings)]).astype(int))
    return {int(row): os.path.relpath(facts.paths[row], folder or ".") for row in rows}


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
