"""Report: one HTML file that says who wins, how sure that is, and how to get it again."""

import os
from importlib import resources
from string import Template

import numpy as np

from skmedimg import __version__
from skmedimg._files import utf8, whole_file
from skmedimg.evaluation.report._data_section import data_section
from skmedimg.evaluation.report._html import join, number, tag
from skmedimg.evaluation.report._model_sections import explanations_section, models_section
from skmedimg.evaluation.report._report_context import Source
from skmedimg.evaluation.report._score_sections import (
    conclusions_section,
    costs_section,
    scores_section,
)
from skmedimg.evaluation.report._search_section import searches_section
from skmedimg.evaluation.report._settings_section import reading_section, settings_section


def write_report(comparison, path, *, X=None, models=None, image_shape=None, title=None):
    """Write a comparison as one HTML file that needs no network and no script.

    Parameters
    ----------
    comparison : Comparison
    path : str or os.PathLike
    X : any kind of X of the data contract, or None, default=None
        What was compared on, for the galleries; None takes what was audited.
    models : dict of str to estimator, or None, default=None
        Models fitted on the training rows of the first split, for tables of their layers, for
        explanations of images they never saw, and for what a search tried.
    image_shape : tuple of int or None, default=None
        Shape of one image where X holds rows.
    title : str or None, default=None

    Returns
    -------
    path : str
        Where it was written.
    """
    page = report_page(comparison, X=X, models=models, image_shape=image_shape, title=title)
    path = os.fspath(path)
    with whole_file(path) as file:
        file.write(utf8(page))
    return path


def report_page(comparison, *, X=None, models=None, image_shape=None, title=None):
    """Return the report as text.

    Parameters
    ----------
    comparison : Comparison
    X : any kind of X of the data contract, or None, default=None
    models : dict of str to estimator, or None, default=None
    image_shape : tuple of int or None, default=None
    title : str or None, default=None

    Returns
    -------
    page : str
    """
    if X is None and comparison.audit is not None and comparison.audit.images:
        X = comparison.audit.images[0]
    unknown = sorted(set(models or {}) - set(comparison.names))
    if unknown:
        raise ValueError(
            f"models names {unknown}, which were not compared; there are {list(comparison.names)}."
        )
    title = title or _title(comparison)
    source = Source(comparison, X, models or {}, image_shape, comparison.best)
    sections = [
        scores_section(source), conclusions_section(source), data_section(source),
        models_section(source), explanations_section(source), searches_section(source),
        costs_section(source), settings_section(source), reading_section(source),
    ]  # fmt: skip
    sections = [each for each in sections if each]
    body = join(
        tag("header", *_head(source, title), _contents(sections)), tag("main", *sections), _foot()
    )
    template = (
        resources.files("skmedimg.evaluation.report").joinpath("report.html").read_text("utf-8")
    )
    return Template(template).substitute(title=join(title), body=body)


def _title(comparison):
    names = [name for name in comparison.names if name != comparison.baseline]
    what = "segmenter" if comparison.task == "segmentation" else "classifier"
    return f"Comparison of {len(names)} {what}s" if len(names) > 1 else f"Evaluation of {names[0]}"


def _head(source, title):
    yield tag("p.kicker", "What may be believed of these scores, and what may not")
    yield tag("h1", title)
    yield tag("p.answer", *_answer(source))
    yield tag("div.tiles", *(tag("div.tile", tag("b", value), tag("span", words))
                             for value, words in _tiles(source)))  # fmt: skip


def _answer(source):
    """Yield the answer in sentences: the best, and whom it can be said to beat."""
    comparison, best = source.comparison, source.best
    metric, interval = comparison.metric(), comparison.interval(best)
    yield tag("strong", best)
    verb = "scores best:" if len(source.models_compared) > 1 else "reaches a"
    limits = f"{number(interval.low)} to {number(interval.high)}"
    yield f" {verb} {metric.title} {number(interval.mean)} (95 % interval {limits})."
    beaten, open_, baseline = source.standing()
    if beaten:
        yield f" It is better than {_listed(beaten)}."
    if open_:
        yield f" Against {_listed(open_)}, these data do not decide."
    if baseline is False:
        yield " It is not shown to be better than answering without looking."
    serious = _serious(source)
    if serious:
        words = "One finding" if serious == 1 else f"{serious} findings"
        yield f" {words} about the data may make all of these scores wrong: see below."


def _serious(source):
    audit = source.comparison.audit
    return 0 if audit is None else len(audit.errors)


def _tiles(source):
    comparison = source.comparison
    yield f"{len(comparison.y):,}", "images"
    if comparison.groups is not None:
        yield f"{len(np.unique(comparison.groups)):,}", "patients"
    if comparison.classes is not None:
        yield len(comparison.classes), "classes"
    yield len(source.models_compared), "models"
    yield len(comparison.splits), "train/test splits"
    if comparison.audit is not None:
        audit = comparison.audit
        found = f"{len(audit.errors)} / {len(audit.warnings)}"
        yield found, "errors / warnings about the data"


def _contents(sections):
    """Return links to the sections, read from their own headings."""
    links = []
    for each in sections:
        anchor = each.split('id="', 1)[1].split('"', 1)[0]
        words = each.split("<h2>", 1)[1].split("</h2>", 1)[0]
        links.append(tag("a", type(each)(words), attributes={"href": f"#{anchor}"}))
    return tag("nav", *links, attributes={"aria-label": "Sections"})


def _foot():
    return tag(
        "footer",
        f"Written by skmedimg {__version__}. This file loads nothing and runs no code. "
        "Not a medical device: these scores hold for the data compared, and for nothing else.",
    )


def _listed(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
