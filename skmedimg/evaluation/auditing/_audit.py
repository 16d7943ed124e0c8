"""Audit of a data set: what makes scores wrong before any model is trained."""

import os
from dataclasses import dataclass, field, replace
from numbers import Integral, Real

import numpy as np

from skmedimg._sklearn import Interval, validate_parameter_constraints
from skmedimg.evaluation.auditing._audit_data import (
    SEVERITIES,
    AuditData,
    check_sites,
    collect_audit_data,
)
from skmedimg.evaluation.auditing._audit_rules import find_problems
from skmedimg.evaluation.auditing._audit_text import (
    audit_html,
    audit_text,
    finding_records,
    headline,
    read_finding,
)
from skmedimg.evaluation.auditing._checks import Check
from skmedimg.evaluation.auditing._label_rules import mean_probabilities, ranked_labels
from skmedimg.images._for_display import displayable, image_at

_CONSTRAINTS = {
    "max_hash_distance": [Interval(Integral, 0, 64, closed="both")],
    "min_correlation": [Interval(Real, 0, 1, closed="both")],
    "probes": ["boolean"],
}


def audit(
    X,
    y=None,
    groups=None,
    *,
    site=None,
    test=None,
    predictions=None,
    image_shape=None,
    max_hash_distance=6,
    min_correlation=0.98,
    probes=True,
    mute=(),
    n_jobs=None,
    random_state=0,
):
    """Find duplicates, leakage, shortcuts and defects in a data set before any model is trained.

    Images are compared by a perceptual hash of their lowest frequencies [1]_ and by the
    correlation of their thumbnails. Labels are permuted by patient to see whether a split lets a
    nearest neighbor score above chance [2]_.

    Parameters
    ----------
    X : array-like (n, height, width[, channels]), paths, LazyImages or rows of pixels
        The images. From paths an audit finds most: it compares the files themselves, and tries
        how they were stored (size, format, JPEG quality) as shortcuts.
    y : array-like (n,) or None, default=None
        Labels. Masks are ignored.
    groups : array-like (n,) or None, default=None
        Patients.
    site : array-like (n,) or None, default=None
        Hospital or scanner of each sample: a cheap model tries to tell them apart by the images.
    test : tuple (X, y) or (X, y, groups), or array-like of int or bool, default=None
        The test set, to be compared with the training set: other images, or row numbers (or a
        mask) of X.
    predictions : Comparison or None, default=None
        What :func:`compare` returned of the same X and y: labels that the out-of-fold probabilities
        of its models contradict are listed, by confident learning [3]_.
    image_shape : tuple of int or None, default=None
        Shape of one image where X holds rows; None is square.
    max_hash_distance : int, default=6
        Most bits, of 64, in which the hashes of near-duplicates differ.
    min_correlation : float, default=0.98
        Smallest correlation of the thumbnails of near-duplicates.
    probes : bool, default=True
        Whether to train cheap models on facts of the files, on border strips and on permuted
        labels, and to look for a place that tells the classes; all should learn nothing. False
        skips these.
    mute : list of str, default=()
        Codes of checks that are not made, and kinds of findings that are left out, such as
        "shortcut-image-size". `Audit.checks` lists the codes.
    n_jobs : int or None, default=None
        Threads that read files.
    random_state : int, default=0
        Seed of the permuted labels and of the samples that are drawn.

    Returns
    -------
    audit : Audit

    See Also
    --------
    Audit : What `audit` found.
    compare : Compare estimators on the same folds and keep everything that is needed to judge them.

    References
    ----------
    .. [1] C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", thesis,
       Upper Austria University of Applied Sciences, Hagenberg, 2010.
    .. [2] M. Ojala and G. C. Garriga, "Permutation Tests for Studying Classifier Performance",
       Journal of Machine Learning Research 11, 1833-1863, 2010,
       https://www.jmlr.org/papers/v11/ojala10a.html
    .. [3] C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident Learning: Estimating Uncertainty
       in Dataset Labels", Journal of Artificial Intelligence Research 70, 1373-1411, 2021,
       https://doi.org/10.1613/jair.1.12125

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
    '1 image has duplicates with different labels'
    >>> found.errors[0].rows.tolist()
    [0, 60, 61, 62]
    >>> len(np.unique(found.groups()))
    117
    """
    validate_parameter_constraints(
        _CONSTRAINTS,
        {
            "max_hash_distance": max_hash_distance,
            "min_correlation": min_correlation,
            "probes": probes,
        },
        "audit",
    )
    data, n = collect_audit_data(
        X, y, groups, test, image_shape, max_hash_distance, min_correlation, n_jobs, random_state
    )
    if site is not None:
        data = replace(data, site=check_sites(site, X, test))
    if predictions is not None:
        if isinstance(test, tuple):
            raise ValueError(
                "predictions are of the images of X: give training and test set as one X, and "
                "test=row numbers."
            )
        data = replace(data, predicted=mean_probabilities(predictions, data.y))
    findings, checks = find_problems(data, probes, mute)
    # A stable sort: within a severity the rules' own order stays.
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    images = (X, test[0]) if isinstance(test, tuple) else (X,)
    return Audit(
        tuple(findings),
        headline(data),
        # The first n samples are those of X; a separate test set comes after them.
        data.leakage_group[:n].tolist(),
        bool(probes),
        _names(data.facts, findings),
        data,
        images,
        checks,
    )


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What `audit` found.

    Attributes
    ----------
    findings : tuple of Finding
        Errors first, then warnings, then notes.
    headline : str
        What was audited.
    leakage_group : list of int
        Patients merged with duplicates, one entry per sample of X.
    probed : bool
        Whether cheap models were trained too.
    names : dict of int to str
        Names of the samples concerned: their files, or their row numbers. Samples of a separate
        test set are counted on from those of X.
    data : AuditData or None
        All that the rules looked at; None in an audit read from JSON.
    images : tuple
        X, and the images of a separate test set; empty in a pickled audit.
    checks : tuple of Check
        Every check by its `code`, with its `state` ("passed", "found", "not applicable", "skipped"
        or "muted") and the `reason` for which it was not made.

    See Also
    --------
    audit : Returns it.

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
    <BLANKLINE>
    23 checks: 1 found, 10 passed, 12 not applicable.
    """

    findings: tuple
    headline: str
    leakage_group: list
    probed: bool = True
    names: dict = field(default_factory=dict)
    data: AuditData = None
    images: tuple = ()
    checks: tuple = ()

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
        """list of Finding: what may make scores meaningless."""
        return self.of("warning")

    @property
    def notes(self):
        """list of Finding: what is good to know."""
        return self.of("note")

    def of(self, severity=None, kind=None):
        """Return the findings of one severity, or whose kind starts with a word.

        Parameters
        ----------
        severity : {"error", "warning", "note"} or None, default=None
            Severity of the findings to return. None: all.
        kind : str or None, default=None
            First word of the kind of the findings to return. None: all.

        Returns
        -------
        findings : list of Finding
        """
        if severity not in (None, *SEVERITIES):
            raise ValueError(f"severity={severity!r} must be one of {', '.join(SEVERITIES)}.")
        return [
            finding
            for finding in self.findings
            if severity in (None, finding.severity) and finding.kind.startswith(kind or "")
        ]

    def with_finding(self, finding):
        """Return this audit with one more finding, the first of its severity.

        Parameters
        ----------
        finding : Finding
            The finding to add.

        Returns
        -------
        audit : Audit
        """
        findings = sorted((finding, *self.findings), key=lambda f: SEVERITIES.index(f.severity))
        names = {} if self.data is None else _names(self.data.facts, findings)
        return replace(self, findings=tuple(findings), names=names)

    def groups(self):
        """Return patients merged with duplicates, ready for `groups=`.

        Returns
        -------
        groups : ndarray (n,) of int
            Samples with the same number must stay on one side of every split.
        """
        return np.array(self.leakage_group)

    def name(self, row):
        """Return the name of a sample: its file, or its row number.

        Parameters
        ----------
        row : int
            Row of X.

        Returns
        -------
        name : str
        """
        n = len(self.leakage_group)
        return self.names.get(row, f"row {row}" if row < n else f"test row {row - n}")

    def picture(self, row):
        """Return one image for display.

        Parameters
        ----------
        row : int
            Row of X.

        Returns
        -------
        picture : ndarray (height, width) or (height, width, 3) of uint8
            The thumbnail where the images are missing: a pickled audit does not keep them.
        """
        if self.data is None:
            raise ValueError("An audit read from a file has no images: run audit() again.")
        if not self.images:
            return displayable(self.data.facts.thumbnails[row])
        n = len(self.leakage_group)
        part = int(row >= n)
        return displayable(image_at(self.images[part], row - part * n))

    def to_frame(self):
        """Return the findings as a table.

        Returns
        -------
        frame : DataFrame
            One row per finding, with the columns severity, kind, title, advice, rows, value and
            clusters.
        """
        import pandas as pd

        return pd.DataFrame(finding_records(self))

    def suspicious_labels(self):
        """Return all images that were predicted, the most doubtful label first.

        Returns
        -------
        frame : DataFrame
            "name" (file or row), "label", "predicted" (the most probable other class),
            "probability" of the label, "margin" (that minus the one of the other class) and
            "suspicious": whether models are as sure of another class as of images with that label.
            Its index is the row of X.
        """
        import pandas as pd

        if self.data is None or self.data.predicted is None:
            raise ValueError(
                "suspicious_labels needs predictions: audit(X, y, predictions=compare(models, X, "
                "y)). An audit read from a file has none."
            )
        ranked = ranked_labels(self.data)
        rows = ranked.pop("row")
        names = {int(row): self.name(int(row)) for row in rows}
        if self.data.facts.paths is not None:
            names = _names_of(self.data.facts.paths, rows)
        named = {"name": [names[int(row)] for row in rows]}
        return pd.DataFrame(named | ranked, index=pd.Index(rows, name="row"))

    def to_dict(self):
        """Return findings and groups as plain values, for JSON.

        Returns
        -------
        content : dict
        """
        return {
            "headline": self.headline,
            "leakage_group": list(self.leakage_group),
            "probed": self.probed,
            "names": {str(row): name for row, name in self.names.items()},
            "findings": finding_records(self),
            "checks": [vars(check) for check in self.checks],
        }

    @classmethod
    def from_dict(cls, content):
        """Return the audit that `to_dict` wrote, without its images.

        Parameters
        ----------
        content : dict
            What :meth:`to_dict` returned.

        Returns
        -------
        audit : Audit
        """
        findings = tuple(read_finding(record) for record in content["findings"])
        names = {int(row): name for row, name in content["names"].items()}
        checks = tuple(Check(**each) for each in content.get("checks", ()))
        return cls(
            findings,
            content["headline"],
            content["leakage_group"],
            content["probed"],
            names,
            checks=checks,
        )

    def plot(self, kind="duplicates", *, limit=6, axes=None):
        """Draw the images concerned side by side.

        Parameters
        ----------
        kind : str, default="duplicates"
            "duplicates" shows all duplicates, those with different labels first; any other word
            the findings whose kind starts with it.
        limit : int, default=6
            Most clusters shown, one per line.
        axes : ndarray of Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : AuditDisplay
        """
        from skmedimg.evaluation.auditing._audit_display import AuditDisplay

        return AuditDisplay.from_audit(self, kind, limit).plot(axes)


def _names(facts, findings):
    """Return the names of the samples concerned: paths relative to their common folder."""
    if facts.paths is None:
        return {}
    # Only names that are shown: an audit as JSON does not list every file.
    rows = np.unique(np.concatenate([[0], *(finding.rows for finding in findings)]).astype(int))
    return _names_of(facts.paths, rows)


def _names_of(paths, rows):
    """Return {row: path relative to the common folder of all}."""
    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # relative and absolute ones, or two drives
        return {int(row): paths[row] for row in rows}
    return {int(row): os.path.relpath(paths[row], folder or ".") for row in rows}
