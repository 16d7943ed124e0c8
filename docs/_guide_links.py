"""Links between guide and reference: names in the guide lead to their page, and back."""

import re
from collections import Counter
from inspect import ismodule
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

import skmedimg

HERE = Path(__file__).parent
CODE = re.compile(r"^(?:>>>|\.\.\.) .*$|`[^`\n]+`", re.MULTILINE)
_MOST_CHAPTERS = 3


def public_names():
    """Return the last part of every public name -> its full name, as the reference lists it."""
    exported = [getattr(skmedimg, name) for name in skmedimg.__all__]
    modules = [each for each in exported if ismodule(each)]
    return {name: f"{module.__name__}.{name}" for module in modules for name in module.__all__}


def chapters_by_name():
    """Return full name -> pages of the guide that use it in code or name it, the busiest first."""
    found = {}
    for page in sorted((HERE / "guide").glob("*.md")):
        words = Counter(re.findall(r"\w+", " ".join(CODE.findall(page.read_text("utf-8")))))
        for name, full in public_names().items():
            found.setdefault(full, Counter())[f"/guide/{page.stem}"] = words[name]
    return {full: _busiest(counts) for full, counts in found.items()}


def _busiest(counts):
    return [page for page, times in counts.most_common(_MOST_CHAPTERS) if times]


def link_names(app, doctree):
    """Turn `HOG` and `metrics.dice` in prose into links to their page of the reference.

    Parameters
    ----------
    app : Sphinx
    doctree : document
    """
    page, names = app.env.docname, public_names()
    if not page.startswith(("guide/", "howto/")) and page not in ("index", "getting_started"):
        return
    for literal in list(doctree.findall(nodes.literal)):
        full = names.get(literal.astext().removesuffix("()").split(".")[-1])
        if full and full.endswith(literal.astext().removesuffix("()")) and _stands_free(literal):
            literal.replace_self(_reference(full, literal, page))


def _stands_free(literal):
    """Tell whether a literal is plain prose: neither a link already nor part of a title."""
    taken = (nodes.reference, nodes.title, addnodes.pending_xref)
    return not any(isinstance(parent, taken) for parent in _parents(literal))


def _parents(node):
    while node.parent is not None:
        node = node.parent
        yield node


def _reference(full, literal, page):
    return addnodes.pending_xref(
        "", literal.deepcopy(), refdomain="py", reftype="obj", reftarget=full, refdoc=page,
        refexplicit=True, refwarn=False,
    )  # fmt: skip
