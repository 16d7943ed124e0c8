"""The page of `skmedimg serve` as HTML; everything in it is escaped."""

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from skmedimg.evaluation._render import number


def render_page(model, limits, nonce, problem="", answers=(), table=""):
    """Return the page.

    Parameters
    ----------
    model : ImageAnswers
    limits : UploadLimits
    nonce : str
        What the style sheet needs to be taken by the browser.
    problem : str
        Why there are no answers.
    answers : list of ImageAnswer
    table : str
        Key of the table of the answers.
    """
    facts = {
        "model": model,
        "card": model.card,
        "metrics": _metrics(model.card),
        "limits": limits,
        "nonce": nonce,
        "problem": problem,
        "answers": answers,
        "table": table,
    }
    return _environment().get_template("serve.html").render(facts)


def _metrics(card):
    """Return (name, text) of each score of a model card."""
    return [(name, _score(value)) for name, value in card.metrics.items()]


def _score(value):
    if isinstance(value, dict):  # of one metric: its mean and its interval
        return ", ".join(f"{name} {number(each)}" for name, each in value.items())
    return number(value)


@cache
def _environment():
    """Return the templates of the page; the style sheet is that of the report."""
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("skmedimg.serving", "templates"),
                PackageLoader("skmedimg.evaluation.report", "templates"),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment
