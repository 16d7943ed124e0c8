"""Display of the pictures that an audit found: copies side by side."""

import textwrap

import numpy as np

from skmedimg._plotting import readable

_MOST = 5  # pictures on one line


class AuditDisplay:
    """Pictures an audit found, one cluster per line.

    Parameters
    ----------
    lines : list of list of ndarray
        The pictures of each line.
    names : list of list of str
        What is written above each.
    titles : list of str
        What was found, per line.

    Attributes
    ----------
    axes_ : ndarray (n_lines, n_columns) of Axes
    figure_ : Figure

    See Also
    --------
    audit : Finds them.

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
    def from_audit(cls, audit, kind="copies", limit=6):
        """Collect the pictures of an audit.

        Parameters
        ----------
        audit : Audit
        kind : str, default="copies"
            "copies" shows duplicates; any other word the findings whose kind starts with it.
        limit : int, default=6
            Most clusters.

        Returns
        -------
        display : AuditDisplay
        """
        clusters = list(_clusters(audit, kind))[:limit]
        if not clusters:
            kinds = ", ".join(finding.kind for finding in audit.findings if len(finding.rows))
            raise ValueError(f"kind={kind!r} has no pictures; there are: {kinds or 'none'}.")
        return cls(
            [[audit.picture(row) for row in rows] for _, rows in clusters],
            [[_caption(audit, row) for row in rows] for _, rows in clusters],
            [finding.title for finding, _ in clusters],
        )

    def plot(self, axes=None):
        """Draw.

        Parameters
        ----------
        axes : ndarray (n_lines, n_columns) of Axes or None, default=None

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
    """Yield (finding, rows) of what is to be shown, the most serious first."""
    kinds = ("conflicting", "copies", "near", "identical") if kind == "copies" else (kind,)
    seen = set()
    for start in kinds:
        for finding in audit.of(kind=start):
            for rows in finding.clusters or [finding.rows]:
                rows = rows[:_MOST]
                if len(rows) and tuple(rows) not in seen:
                    seen.add(tuple(rows))
                    yield finding, rows


def _caption(audit, row):
    label = "" if audit.case.y is None else f" ({audit.case.y[row]!s})"
    return audit.name(row) + label
