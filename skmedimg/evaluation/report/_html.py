"""HTML that cannot be broken by data: whatever is not a Fragment is escaped."""

import html


class Fragment(str):
    """HTML that is ready; every other text is escaped before it is put into a page."""

    __slots__ = ()


def tag(name, *children, attributes=None):
    """Return an element.

    Parameters
    ----------
    name : str
        Optionally with classes: "p.note".
    *children : object
        Fragments are taken as they are, everything else is escaped.
    attributes : dict of str to object or None, default=None

    Returns
    -------
    element : Fragment

    Examples
    --------
    >>> from skmedimg.evaluation.report._html import tag
    >>> tag("p.note", "1 < 2 ", tag("b", "yes"))
    '<p class="note">1 &lt; 2 <b>yes</b></p>'
    """
    name, *classes = name.split(".")
    pairs = dict(attributes or {})
    if classes:
        pairs = {"class": " ".join(classes)} | pairs
    written = "".join(f' {key}="{html.escape(str(value))}"' for key, value in pairs.items())
    if name in ("img", "br", "hr"):
        return Fragment(f"<{name}{written}>")
    return Fragment(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children):
    """Return children one after another; None is left out.

    Parameters
    ----------
    *children : object

    Returns
    -------
    fragment : Fragment
    """
    parts = (
        child if isinstance(child, Fragment) else html.escape(str(child))
        for child in children if child is not None
    )  # fmt: skip
    return Fragment("".join(parts))


def table(head, rows, *, caption=None, numbers=None, marked=()):
    """Return a table that scrolls by itself where the page is narrow.

    Parameters
    ----------
    head : sequence of str
    rows : iterable of sequence
        The first cell of each heads its row.
    caption : str or None, default=None
    numbers : set of int or None, default=None
        Columns aligned to the right; None takes all but the first.
    marked : container of int, default=()
        Rows printed quietly.

    Returns
    -------
    table : Fragment
    """
    numbers = set(range(1, len(head))) if numbers is None else numbers
    kinds = ["num" if column in numbers else "" for column in range(len(head))]
    top = (_cell("th", kind, cell, "col") for kind, cell in zip(kinds, head, strict=True))
    body = (
        tag("tr.quiet" if number in marked else "tr", *_cells(kinds, row))
        for number, row in enumerate(rows)
    )
    parts = [] if caption is None else [tag("caption", caption)]
    whole = tag("table", *parts, tag("thead", tag("tr", *top)), tag("tbody", *body))
    attributes = {"tabindex": 0, "role": "region", "aria-label": caption or "Table"}
    return tag("div.wide", whole, attributes=attributes)


def details(summary, *children, printed=True):
    """Return something that opens when asked.

    Parameters
    ----------
    summary : str
    *children : object
    printed : bool, default=True
        Whether it is there, and open, on paper.

    Returns
    -------
    details : Fragment
    """
    name = "details" if printed else "details.screen"
    return tag(name, tag("summary", summary), *children)


def section(title, *children, anchor):
    """Return a section with its heading.

    Parameters
    ----------
    title : str
    *children : object
    anchor : str
        Its id.

    Returns
    -------
    section : Fragment
    """
    return tag("section", tag("h2", title), *children, attributes={"id": anchor})


def picture(uri, alt, caption=None, kind=""):
    """Return a picture with its caption.

    Parameters
    ----------
    uri : str
        A data URI.
    alt : str
    caption : object or None, default=None
    kind : str, default=""
        A class of the figure.

    Returns
    -------
    figure : Fragment
    """
    image = tag("img", attributes={"src": uri, "alt": alt, "loading": "lazy"})
    words = None if caption is None else tag("figcaption", caption)
    return tag(f"figure.shot.{kind}" if kind else "figure.shot", image, words)


def number(value, digits=3):
    """Return a number as a table shows it.

    Parameters
    ----------
    value : float, int or None
    digits : int, default=3

    Returns
    -------
    text : str

    Examples
    --------
    >>> from skmedimg.evaluation.report._html import number
    >>> number(0.12345), number(1234567), number(None), number(float("nan"))
    ('0.123', '1,234,567', '–', '–')
    """
    if value is None or value != value:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}f}"


def _cells(kinds, row):
    for column, (kind, cell) in enumerate(zip(kinds, row, strict=True)):
        yield _cell("td" if column else "th", kind, cell, None if column else "row")


def _cell(name, kind, content, scope):
    attributes = {} if scope is None else {"scope": scope}
    return tag(f"{name}.{kind}" if kind else name, content, attributes=attributes)
