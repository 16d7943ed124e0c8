"""Figures as wide as a column of a journal."""

from contextlib import contextmanager
from numbers import Real

from skmedimg._plotting import FIGURE_WIDTH

_WIDTHS = {"single": 89.0, "double": 183.0}  # mm
_MM = 25.4  # to the inch


@contextmanager
def journal_figures(width="single"):
    """Draw and save figures of a width of a journal, with text of 7 points.

    Figures keep their proportions. Saved as PDF or SVG they keep their text as text; pixel formats
    have 300 dots per inch. Draw and save within the same block.

    Parameters
    ----------
    width : {"single", "double"} or float, default="single"
        "single" is a column of 89 mm, "double" a page of 183 mm, a number other millimeters.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmedimg.evaluation import ConfusionDisplay, journal_figures
    >>> path = Path(tempfile.mkdtemp()) / "confusion.pdf"
    >>> with journal_figures("single"):
    ...     display = ConfusionDisplay.from_predictions([0, 0, 1, 1], [0, 1, 1, 1])
    ...     display.figure_.savefig(path)
    >>> round(float(display.figure_.get_figwidth()) * 25.4), path.stat().st_size > 0
    (89, True)
    """
    import matplotlib

    number = isinstance(width, Real) and not isinstance(width, bool)
    if not (number and 20 <= width <= 600) and width not in _WIDTHS:
        raise ValueError(
            f"width={width!r} needs 'single', 'double' or a number of millimeters from 20 to 600."
        )
    token = FIGURE_WIDTH.set(_WIDTHS.get(width, width) / _MM)
    try:
        with matplotlib.rc_context(_STYLE):
            yield
    finally:
        FIGURE_WIDTH.reset(token)


_STYLE = {
    "font.size": 7,
    "axes.titlesize": 8,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # text, not outlines
    "ps.fonttype": 42,
    "svg.fonttype": "none",
}
