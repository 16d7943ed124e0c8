"""Figures of a report: matplotlib drawings as SVG that follows the page's colors."""

import io
import re
import warnings
from xml.etree import ElementTree

from skmedimg._plotting import LINE
from skmedimg.evaluation._render import Markup

# Stand-ins that no display draws with: the page's style sheet puts its own colors there.
_INK, _MUTED = "#0a0b0c", "#0d0e0f"
_PAGE_COLORS = {_INK: "var(--ink)", _MUTED: "var(--muted)", LINE: "var(--line)"}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "skmedimg",
    "font.size": 10,
    "axes.titlesize": 11,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": LINE,
    "axes.titlecolor": _INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.dpi": 72,
    "savefig.dpi": 144,
}


def draw_svg(draw, size, label, key):
    """Return what `draw(axes)` draws as SVG for a page; size is (width, height[, n_axes]), inches.

    `label` is the drawing in words, `key` makes its ids unlike those of other drawings.
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
        # Without date and program the same comparison gives the same bytes.
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(content.getvalue(), label, key)


def restyled_svg(draw, size, label, key):
    """Return what another library drew in its own style as SVG in the page's style.

    `draw()` draws with pyplot and returns the axes, or an array of them.
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
                content,
                format="svg",
                metadata={"Date": None, "Creator": None},
                facecolor="none",
                bbox_inches="tight",
            )
        # pyplot keeps a figure alive until it is closed.
        finally:
            plt.close(figure)
    return _for_page(content.getvalue(), label, key)


def _restyle(ax):
    """Give axes the page's colors; what is drawn on them keeps its own."""
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
    """Return SVG without a size of its own, whose ids, colors and fonts suit the page."""
    root = ElementTree.fromstring(content)
    width = float(root.get("width").removesuffix("pt"))
    # A style sheet inside a drawing would apply to all drawings of the page.
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        _adapt(element, key)
    root.attrib = {"viewBox": root.get("viewBox"), "role": "img", "aria-label": label}
    root.set("style", f"max-width:{width * 1.3:.0f}px")
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _adapt(element, key):
    """Change ids, links and styles of one element for the page."""
    element.tag = element.tag.rpartition("}")[2]  # inside HTML names need no namespace
    for name, value in list(element.attrib.items()):
        del element.attrib[name]
        name = name.rpartition("}")[2]
        if name == "id":
            # Paths and clips are referred to by ids, which must differ on a page; groups are not.
            value = None if element.tag == "g" else f"{key}-{value}"
        elif name == "href" and value.startswith("#"):
            value = f"#{key}-{value[1:]}"
        elif name == "style" or value.startswith("url("):
            value = _adapt_style(value.replace("url(#", f"url(#{key}-"))
        if value is not None:
            element.set(name, value)


def _adapt_style(style):
    """Return a style with the page's colors and font."""
    for color, page_color in _PAGE_COLORS.items():
        style = style.replace(color, page_color)
    return re.sub(r"font-family:[^;]*", "font-family: var(--sans)", style)
