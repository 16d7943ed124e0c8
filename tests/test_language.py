"""The words of the field: docstrings, pages and messages avoid those that only we would use."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import skmedimg

PACKAGE = Path(skmedimg.__file__).parent
ROOT = PACKAGE.parent
# Not the field's word -> the field's word.
WORDS = {
    r"grey(?:s|scale)?": "gray",
    r"normalis\w+": "normalize",
    r"colours?": "color",
    r"slopes": "gradient",
    r"starting weights": "weight initialization",
    r"from nothing": "from scratch",
    r"the gate": "input validation",
    r"(?:the house|rooms)": "package, module",
    r"to the bit": "bit-for-bit identical",
    r"in place of": "instead of",
    r"Mind:": "Warning:",
    r"companions?": "patient, groups",
    r"rivals?": "model",
    r"figures? of merit": "metric",
    r"has not enough": "out of memory",
    r"said aloud": "a warning",
    r"(?<!here )is no (?:array|image|number|file|folder|model|class)": "is not a",
    r"share of units silenced": "dropout probability",
    r"(?-i:bf16)": "bfloat16",
}
PATTERN = re.compile("|".join(rf"\b(?:{word})(?!\w)" for word in WORDS), re.IGNORECASE)
PUBLIC = ["", *(".neural .transfer .images .features .datasets .evaluation .search".split())]
PUBLIC += [".metrics", ".inspection", ".saving", ".recipes", ".pipeline"]


def docstrings():
    """Yield (name, text) of every public object and its public methods."""
    for part in PUBLIC:
        module = importlib.import_module(f"skmedimg{part}")
        yield module.__name__, module.__doc__
        for name in module.__all__ if hasattr(module, "__all__") else ["Pipeline"]:
            thing = getattr(module, name)
            yield f"{module.__name__}.{name}", inspect.getdoc(thing)
            if inspect.isclass(thing):
                for method, value in vars(thing).items():
                    if not method.startswith("_"):
                        yield f"{module.__name__}.{name}.{method}", inspect.getdoc(value)


def messages():
    """Yield (place, text) of the strings that are raised or warned with."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) or _warns(node):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield f"{path.relative_to(PACKAGE)}:{part.lineno}", part.value


def _warns(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "warn_user"


def pages():
    """Yield (page, text) of the documentation, of the README and of the report's templates."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    found += [*sorted((ROOT / "docs").glob("*/*.md")), *sorted(PACKAGE.rglob("*.html"))]
    found.remove(ROOT / "docs" / "changelog.md")  # it lists the names of old
    yield from ((path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in found)


def foreign_words(texts):
    """List "place: word (field's word)" for every word that is not the field's."""
    found = []
    for place, text in texts:
        for match in PATTERN.finditer(text or ""):
            better = next(b for w, b in WORDS.items() if re.fullmatch(w, match[0], re.IGNORECASE))
            found.append(f"{place}: {match[0]!r}, write {better!r}")
    return found


@pytest.mark.parametrize("texts", [docstrings, messages, pages], ids=lambda texts: texts.__name__)
def test_the_words_are_those_of_the_field(texts):
    found = foreign_words(texts())
    assert not found, "\n".join(found)


def test_a_planted_word_is_found():
    text = "The slopes of the gate is no image. Mind: the greyscale."
    assert len(foreign_words([("here", text)])) == 5
