"""Reporting checklists, filled in from a comparison."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from skmedimg.evaluation._render import render
from skmedimg.evaluation._text import lay_out
from skmedimg.evaluation.checklists._answers import ANSWERED, NOT_MET, WRITE, Answer, answer
from skmedimg.evaluation.checklists._study_facts import StudyFacts
from skmedimg.evaluation.paper._paper_table import to_markdown

_FILES = {"CLAIM": "claim.toml", "TRIPOD+AI": "tripod_ai.toml", "STARD-AI": "stard_ai.toml"}
_STATUSES = (ANSWERED, WRITE, NOT_MET)


@dataclass(frozen=True)
class ChecklistItem:
    """One item of a checklist and its answer.

    Attributes
    ----------
    number, section, text : str
        As in the checklist, the text in words of this package.
    status : {"answered", "you write this", "not met"}
    answer : str
        The answer, what is needed, or the line of code that would meet the item.
    anchor : str or None
        Section of the report that shows it.
    """

    number: str
    section: str
    text: str
    status: str
    answer: str
    anchor: str = None


@dataclass(frozen=True)
class FilledChecklist:
    """One checklist.

    Attributes
    ----------
    name, title, cite, doi, numbering : str
        What it is called, where it was published, and what its numbers are.
    items : tuple of ChecklistItem
    """

    name: str
    title: str
    cite: str
    doi: str
    numbering: str
    items: tuple

    @property
    def counts(self):
        """dict of str to int: how many items have each status."""
        found = [each.status for each in self.items]
        return {status: found.count(status) for status in _STATUSES}


@dataclass(frozen=True, repr=False)
class Checklists:
    """Reporting checklists of a comparison, as `Comparison.checklist` returns them.

    Items are in words of this package, grouped and numbered as in the publications, which have the
    official wording. A journal's form is filled in from `to_frame()` or `to_markdown()`.

    Attributes
    ----------
    filled : tuple of FilledChecklist
        Each with `name`, `title`, `cite`, `doi`, `items` and `counts`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     GaussianNB(), X, y, pos_label=0, random_state=0, verbose=0, repeats=2, audit=False
    ... )
    >>> found = result.checklist("CLAIM")
    >>> found.filled[0].counts["not met"] > 5
    True
    >>> frame = found.to_frame()
    >>> print(frame[frame.number == "36"].status.item())
    not met
    """

    filled: tuple

    def to_frame(self):
        """Return one row per item.

        Returns
        -------
        frame : DataFrame
            `checklist`, `number`, `section`, `text`, `status`, `answer` and `anchor`.
        """
        import pandas as pd

        return pd.DataFrame(
            [{"checklist": each.name, **vars(item)} for each in self.filled for item in each.items]
        )

    def to_markdown(self, report=None):
        """Return the checklists in Markdown.

        Parameters
        ----------
        report : str or None, default=None
            File or address of the report; answered items link to its sections.

        Returns
        -------
        text : str
        """
        return "\n\n".join(_markdown(each, report) for each in self.filled) + "\n"

    def to_html(self, report=""):
        """Return the checklists as a fragment of HTML.

        Parameters
        ----------
        report : str, default=""
            File or address of the report that answered items link to; "" links within the page.

        Returns
        -------
        html : str
        """
        return str(render("checklists.html", {"filled": self.filled, "report": report}))

    def _repr_html_(self):
        return self.to_html()

    def __repr__(self):
        rows = [["", *_STATUSES]]
        rows += [[each.name, *(f"{n}" for n in each.counts.values())] for each in self.filled]
        return f"{lay_out(rows)}\nto_markdown() and to_frame() have every item."


def fill_checklists(comparison, names=(), anchors=None, more=()):
    """Return the Checklists of some names (all without any), with links to anchors that exist.

    `more` are anchors beside those that every report of this comparison has.
    """
    unknown = [name for name in names if name not in _FILES]
    if unknown:
        raise ValueError(f"checklist={unknown[0]!r} must be one of {', '.join(_FILES)}.")
    facts = StudyFacts(comparison, anchors, more)
    return Checklists(tuple(_filled(_read(name), facts) for name in names or _FILES))


@cache
def _read(name):
    """Return the content of the file of a checklist."""
    file = files("skmedimg.evaluation.checklists") / _FILES[name]
    return tomllib.loads(file.read_text("utf-8"))


def _filled(content, facts):
    items = tuple(_item(row, facts) for row in content["item"])
    head = {key: content[key] for key in ("name", "title", "cite", "doi", "numbering")}
    return FilledChecklist(**head, items=items)


def _item(row, facts):
    found = Answer(WRITE, row["write"]) if "write" in row else answer(facts, row["answer"])
    text = found.text
    if row.get("add"):
        text += f" Add: {row['add']}"
    place = [row[key] for key in ("number", "section", "text")]
    return ChecklistItem(*place, found.status, text, found.anchor)


def _markdown(each, report):
    """Return one checklist as a heading and a table."""
    import pandas as pd

    rows = [[item.number, item.section, item.text, item.status, item.answer] for item in each.items]
    frame = pd.DataFrame(rows, columns=["Item", "Section", "What", "Status", "Answer"])
    table = to_markdown(frame.set_index(["Item", "Section", "What", "Status"]))
    table = table.replace("| ---: |", "| --- |")
    if report is not None:
        lines = table.split("\n")
        for place, item in enumerate(each.items, start=2):
            if item.anchor is not None:
                link = f"[{item.status}]({report}#{item.anchor})"
                lines[place] = lines[place].replace(f"| {item.status} |", f"| {link} |", 1)
        table = "\n".join(lines)
    counts = ", ".join(f"{count} {status}" for status, count in each.counts.items())
    cite = f"{each.cite}, doi:{each.doi}. {each.numbering} Items are in other words than the "
    return f"## {each.title}\n\n{cite}publication's. {counts}.\n\n{table}"
