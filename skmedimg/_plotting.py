"""Colors, axes and text of all displays."""

from contextvars import ContextVar

# Distinct for color-blind readers, and legible on white and on black.
SERIES = ("#2f6fb5", "#d7722c", "#2a9a86", "#b5508c", "#8a6fc0", "#8f7a2f", "#c94f4f", "#5b8f3c")
QUIET = "#8a929c"  # the baseline, chance, grid labels
LINE = "#c5cad0"
FIGURE_WIDTH = ContextVar("FIGURE_WIDTH", default=None)  # inches; None: as each display has it


def color_of(names, name, baseline=None):
    """Return the color of one estimator, the same in every display.

    Examples
    --------
    >>> from skmedimg._plotting import color_of
    >>> color_of(["a", "b", "majority"], "majority", baseline="majority")
    '#8a929c'
    """
    if name == baseline:
        return QUIET
    others = [each for each in names if each != baseline]
    return SERIES[others.index(name) % len(SERIES)]


def axes_for(ax, size=(6.0, 4.0)):
    """Return `ax`, or the axes of a new figure of a size in inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figure_size(size), layout="constrained")[1]


def figure_size(size):
    """Return a size in inches, scaled to the width that `journal_figures` sets."""
    width = FIGURE_WIDTH.get()
    return size if width is None else (width, size[1] * width / size[0])


def tidy(ax, grid="both"):
    """Hide the frame of axes and draw a light grid along "both", "x" or "y"."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(LINE)
    ax.tick_params(color=LINE)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(axis=grid, color=LINE, linewidth=0.5, alpha=0.6)


def readable(text):
    r"""Return text that can be drawn: bytes that are not UTF-8 are spelled out.

    Examples
    --------
    >>> from skmedimg._plotting import readable
    >>> readable("scan \udce9.png")
    'scan \\xe9.png'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plain(text, limit=40):
    """Return text from the data as matplotlib may draw it, shortened in the middle.

    Examples
    --------
    >>> from skmedimg._plotting import plain
    >>> plain("an $awfully$ long name", limit=14)
    'an \\\\$aw…g name'
    """
    text = " ".join(readable(str(text)).split())
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text  # legends leave out names with "_" first
