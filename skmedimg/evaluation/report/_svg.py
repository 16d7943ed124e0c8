"""Figures of a report: matplotlib drawings as SVG that follows the page's colours."""

import io
import re
import warnings
from xml.etree import ElementTree

from skmedimg._plotting import LINE
from skmedimg.evaluation.report._html import Fragment

# Stand-ins that no display draws with: the page's style sheet puts its own colours there.
_INK, _MUTED = "#0a0b0c", "#0d0e0f"
_PAGE_COLOURS = {_INK: "var(--ink)", _MUTED: "var(--muted)", LINE: "var(--line)"}
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "skmedimg", "font.size": 9, "axes.titlesize": 10,
    "text.color": _INK, "axes.labelcolor": _INK, "axes.edgecolor": LINE, "axes.titlecolor": _INK,
    "xtick.color": LINE, "ytick.color": LINE, "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _INK, "figure.facecolor": "none", "axes.facecolor": "none",
    "savefig.facecolor": "none", "figure.dpi": 72, "savefig.dpi": 144,
}  # fmt: skip


def draw_svg(draw, size, label, key):
    """Draw on new axes and return the drawing as SVG to be put into a page.

    Parameters
    ----------
    draw : callable
        Gets the figure's axes, as an array where there are several.
    size : tuple (width, height) or (width, height, n_axes)
        Inches.
    label : str
        What a reader who does not see the drawing is told.
    key : str
        Makes the ids in it unlike those of the page's other drawings.

    Returns
    -------
    svg : Fragment
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    width, height, *count = size
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # Labels in any script: the reader's browser has the glyphs that matplotlib misses.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(count[0], 1) if count and count[0] > 1 else figure.subplots()
        draw(axes)
        content = io.BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(content.getvalue(), label, key)


def restyled_svg(draw, size, label, key):
    """Return a drawing that another library made in its own style, in the page's style.

    Parameters
    ----------
    draw : callable
        Draws with pyplot and returns the axes, or an array of them.
    size : tuple (width, height)
        Inches.
    label : str
        What a reader who does not see the drawing is told.
    key : str
        Makes the ids in it unlike those of the page's other drawings.

    Returns
    -------
    svg : Fragment
    """
    import matplotlib
    import matplotlib.pyplot as plt
    import numpy as np

    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure = np.ravel(draw())[0].figure
        try:
            figure.set_size_inches(*size)
            for ax in figure.axes:
                _restyle(ax)
            content = io.BytesIO()
            figure.savefig(
                content, format="svg", metadata={"Date": None, "Creator": None},
                facecolor="none", bbox_inches="tight",
            )  # fmt: skip
        finally:
            plt.close(figure)
    return _for_page(content.getvalue(), label, key)


def _restyle(ax):
    """Give axes the page's colours; what is drawn on them keeps its own."""
    ax.set_facecolor("none")
    ax.set_title("", loc="left")
    ax.set_title("")
    ax.tick_params(which="both", color=LINE, labelcolor=_INK, labelsize=7)
    for words in (ax.xaxis.label, ax.yaxis.label, *ax.texts):
        words.set(color=_INK, fontsize=8)
    for line in (*ax.spines.values(), *ax.get_xgridlines(), *ax.get_ygridlines()):
        line.set_color(LINE)
    legend = ax.get_legend()
    if legend is not None:
        legend.get_frame().set(facecolor="none", edgecolor="none")
        for words in legend.get_texts():
            words.set(color=_INK, fontsize=7)


def _for_page(content, label, key):
    """Return SVG without a size of its own, whose ids, colours and fonts suit the page."""
    root = ElementTree.fromstring(content)
    width = float(root.get("width").removesuffix("pt"))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        _adapt(element, key)
    root.attrib = {"viewBox": root.get("viewBox"), "role": "img", "aria-label": label}
    root.set("style", f"max-width:{width * 1.3:.0f}px")
    return Fragment(ElementTree.tostring(root, encoding="unicode"))


def _adapt(element, key):
    element.tag = element.tag.rpartition("}")[2]  # inside HTML names need no namespace
    for name, value in list(element.attrib.items()):
        del element.attrib[name]
        name = name.rpartition("}")[2]
        if name == "id":
            value = None if element.tag == "g" else f"{key}-{value}"
        elif name == "href" and value.startswith("#"):
            value = f"#{key}-{value[1:]}"
        elif name == "style" or value.startswith("url("):
            value = _adapt_style(value.replace("url(#", f"url(#{key}-"))
        if value is not None:
            element.set(name, value)


def _adapt_style(style):
    for colour, page_colour in _PAGE_COLOURS.items():
        style = style.replace(colour, page_colour)
    return re.sub(r"font-family:[^;]*", "font-family: var(--sans)", style)
