"""Audit: what in the data, before any model, would make the answer wrong."""

import os
from dataclasses import dataclass, field

import numpy as np

from skmedimg.evaluation._tables import to_frame
from skmedimg.evaluation.auditing._audit_data import make_case
from skmedimg.evaluation.auditing._audit_text import (
    audit_html,
    audit_text,
    finding_records,
    headline,
    read_finding,
)
from skmedimg.evaluation.auditing._duplicate_rules import copy_findings
from skmedimg.evaluation.auditing._findings import SEVERITIES, Case
from skmedimg.evaluation.auditing._probe_rules import suspicion_findings
from skmedimg.evaluation.auditing._quality_rules import quality_findings
from skmedimg.images._for_display import displayable, image_at


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
    if not distance >= 0 or not 0 <= correlation <= 1:
        raise ValueError(
            f"distance={distance} needs to be at least 0, correlation={correlation} from 0 to 1."
        )
    case, n = make_case(
        X, y, groups, test, image_shape, distance, correlation, n_jobs, random_state
    )
    findings = copy_findings(case) + quality_findings(case)
    if probes:
        findings += suspicion_findings(case)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    images = (X, test[0]) if isinstance(test, tuple) else (X,)
    return Audit(
        tuple(findings), headline(case), case.units[:n].tolist(), bool(probes),
        _names(case.facts, findings), case, images,
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

    See Also
    --------
    audit : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmedimg import audit
    >>> X, y = load_digits(return_X_y=True)
    >>> found = audit(X, y, test=range(1200, 1797))
    >>> found
    Audit of 1797 images (597 of them for testing), 10 classes (0 178, 1 182, ...).
    Nothing was found that would make a score wrong.
    <BLANKLINE>
      note    No patient ids were given
              If a patient has several images, a random split puts some on both sides. Pass
              groups= (load_image_folder reads them from file names).
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
        if severity not in (None, *SEVERITIES):
            raise ValueError(f"severity={severity!r} must be one of {', '.join(SEVERITIES)}.")
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
        from skmedimg.evaluation.auditing._audit_display import AuditDisplay

        return AuditDisplay.from_audit(self, kind, limit).plot(axes)


def _names(facts, findings):
    """Return what the rows concerned are called, files from their common folder on."""
    if facts.paths is None:
        return {}
    rows = np.unique(np.concatenate([[0], *(finding.rows for finding in findings)]).astype(int))
    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in facts.paths])
    except ValueError:  # relative and absolute ones, or two drives
        return {int(row): facts.paths[row] for row in rows}
    return {int(row): os.path.relpath(facts.paths[row], folder or ".") for row in rows}
