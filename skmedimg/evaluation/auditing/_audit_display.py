"""Display of the images that an audit found: duplicates side by side."""

import textwrap

import numpy as np

from skmedimg._plotting import readable
from skmedimg.evaluation.auditing._label_rules import ranked_labels

_MOST = 5  # images in one line of the display


class AuditDisplay:
    """Images an audit found, one cluster per line.

    Parameters
    ----------
    lines : list of list of ndarray
        The images of each line.
    names : list of list of str
        The title of each image.
    titles : list of str
        What was found, per line.

    Attributes
    ----------
    axes_ : ndarray (n_lines, n_columns) of Axes
        The axes drawn on.
    figure_ : Figure
        The figure drawn on.

    See Also
    --------
    audit : Finds the images.

    Examples
    --------
    >>> from skmedimg import audit
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.evaluation import AuditDisplay
    >>> data = make_lesions(20, size=32, random_state=0)
    >>> data.images[7] = data.images[3]
    >>> display = AuditDisplay.from_audit(audit(data.images, probes=False))
    >>> display.names
    [['row 3', 'row 7']]
    """

    def __init__(self, lines, names, titles):
        self.lines = lines
        self.names = names
        self.titles = titles

    @classmethod
    def from_audit(cls, audit, kind="duplicates", limit=6):
        """Collect the images of an audit.

        Parameters
        ----------
        audit : Audit
            Result of :func:`~skmedimg.evaluation.audit`.
        kind : str, default="duplicates"
            "duplicates" shows all duplicates; any other word the findings whose kind starts with
            it.
        limit : int, default=6
            Most clusters.

        Returns
        -------
        display : AuditDisplay
        """
        clusters = list(_clusters(audit, kind))[:limit]
        if not clusters:
            kinds = ", ".join(finding.kind for finding in audit.findings if len(finding.rows))
            raise ValueError(f"kind={kind!r} has no images; there are: {kinds or 'none'}.")
        return cls(
            [[audit.picture(row) for row in rows] for _, rows in clusters],
            [_captions(audit, finding, rows) for finding, rows in clusters],
            [finding.title for finding, _ in clusters],
        )

    def plot(self, axes=None):
        """Draw.

        Parameters
        ----------
        axes : ndarray (n_lines, n_columns) of Axes or None, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : AuditDisplay
        """
        import matplotlib.pyplot as plt

        shape = len(self.lines), max(map(len, self.lines))
        if axes is None:
            size = (2.2 * shape[1], 2.5 * shape[0])
            _, axes = plt.subplots(*shape, figsize=size, squeeze=False, layout="constrained")
        self.axes_ = np.asarray(axes).reshape(shape)
        self.figure_ = self.axes_[0, 0].figure
        for line, pictures, names in zip(self.axes_, self.lines, self.names, strict=True):
            for ax in line:
                ax.set_axis_off()
            for ax, picture, name in zip(line, pictures, names, strict=False):
                ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
                words = textwrap.wrap(readable(name), 24)
                ax.set_title("\n".join(words), fontsize=8, parse_math=False)
        return self


def _clusters(audit, kind):
    """Yield (finding, rows) of each cluster to be shown, the most serious first."""
    # The same cluster may be in several findings: the most serious one shows it.
    kinds = ("conflicting", "duplicates", "near", "altered", "identical")
    kinds = kinds if kind == "duplicates" else (kind,)
    seen = set()
    for start in kinds:
        for finding in audit.of(kind=start):
            for rows in finding.clusters or _lines(finding.rows):
                rows = rows[:_MOST]
                if len(rows) and tuple(rows) not in seen:
                    seen.add(tuple(rows))
                    yield finding, rows


def _lines(rows):
    """Return rows that belong to no cluster in the lines of the display."""
    return [rows[start : start + _MOST] for start in range(0, len(rows), _MOST)]


def _captions(audit, finding, rows):
    """Return the names of samples with their labels, and of doubtful ones what is predicted."""
    labels = [""] * len(rows)
    if audit.data.y is not None:
        labels = [f" ({audit.data.y[row]!s})" for row in rows]
    if finding.kind == "suspicious-labels":
        ranked = ranked_labels(audit.data)
        others = dict(zip(ranked["row"].tolist(), ranked["predicted"], strict=True))
        labels = [f" ({audit.data.y[row]!s}, predicted {others[int(row)]!s})" for row in rows]
    return [audit.name(row) + label for row, label in zip(rows, labels, strict=True)]
