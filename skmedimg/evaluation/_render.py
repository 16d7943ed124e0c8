"""HTML of the package: one renderer for the report and for what notebooks show of its objects.

The templates hold markup and prose, Python hands them numbers, records and drawings. Everything is
escaped unless it is `Markup`, so that no label, file name or model name can break a page.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skmedimg.evaluation._text import capitalized

__all__ = ["Markup", "number", "render"]


def render(template, data):
    """Return one of `report/templates` filled with data, a dict, as Markup."""
    return Markup(_environment().get_template(template).render(data))


def number(value, digits=3):
    """Return a number as a table shows it: a dash for none, separators for an int; text stays.

    Examples
    --------
    >>> from skmedimg.evaluation._render import number
    >>> number(0.12345), number(1234567), number(None), number(float("nan"))
    ('0.123', '1,234,567', '–', '–')
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def _listed(names):
    """Return names as an enumeration, such as "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@cache
def _environment():
    """Return the templates' environment."""
    environment = Environment(
        loader=PackageLoader("skmedimg.evaluation.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelled name is an error, not an empty place in the page
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "listed": _listed,
        "capital": capitalized,
    }
    return environment
