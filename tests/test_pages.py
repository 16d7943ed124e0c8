"""Pages that readers search for: their words, their form, and what is generated for them."""

import ast
import re
from pathlib import Path

import pytest

import skmedimg
from docs import _bibliography_page, _command_line_page

ROOT = Path(__file__).parents[1]
PACKAGE = Path(skmedimg.__file__).parent
HOW_TO = sorted((ROOT / "docs" / "howto").glob("*.md"))
# Lists and indexes, which may be longer than two screens and have no "Read on".
LISTS = ("index", "glossary", "troubleshooting", "faq")
SEARCHED = (
    *("overfitting", "hyperparameter", "transfer learning", "data leakage", "class imbalance"),
    *("weight decay", "learning rate", "histogram of oriented gradients", "local binary pattern"),
    *("multilayer perceptron", "convolutional neural network", "ROC AUC", "data augmentation"),
    *("fine-tuning", "calibration", "threshold", "DICOM", "external validation", "subgroups"),
    *("small data sets", "ONNX", "GPU", "privacy", "glossary", "bibliography", "FAQ", "CSV"),
    *("command line", "troubleshooting", "cross-validation", "segmentation", "Grad-CAM"),
)


def headings():
    """Return the headings of all pages, generated ones included, in lower case."""
    pages = [path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")]
    pages += [_bibliography_page.page(), _command_line_page.page()]
    found = (re.sub(r"^```.*?^```", "", page, flags=re.M | re.S) for page in pages)
    return [line.lower() for page in found for line in re.findall(r"^#+ (.*)$", page, re.M)]


@pytest.mark.parametrize("word", SEARCHED)
def test_a_word_that_people_search_for_is_in_a_heading(word):
    word = {"FAQ": "frequently asked", "command line": "command-line"}.get(word, word)
    assert any(word.lower() in heading for heading in headings())


@pytest.mark.parametrize("path", HOW_TO, ids=lambda path: path.stem)
def test_a_how_to_page_is_short_and_its_links_have_texts(path):
    text = path.read_text("utf-8")
    assert re.match(r"# .+\n\n\w", text), "a title, then the task"
    assert "[](" not in text, "pages are read on code-hosting sites too, where such links are empty"
    if path.stem not in LISTS:
        assert len(text.splitlines()) < 110
        assert "](" in text.strip().rpartition("\n\n")[2], "ends with links"


def test_the_index_of_how_to_pages_lists_all_of_them():
    index = (ROOT / "docs" / "howto" / "index.md").read_text("utf-8")
    names = {path.stem for path in HOW_TO} - {"index"} | {"bibliography"}  # which is generated
    tables, _, trees = index.partition("```{toctree}")
    assert set(re.findall(r"\]\((\w+)\.md\)", tables)) == names
    assert set(re.findall(r"^\w+$", trees, re.MULTILINE)) == names


def messages():
    """Return the quoted messages of the page of errors, without those of other programs."""
    text = (ROOT / "docs" / "howto" / "troubleshooting.md").read_text("utf-8")
    cells = re.findall(r"^\| (`.*?`.*?) \|", text, re.MULTILINE)
    return [re.match(r"`(.*?)`", cell)[1] for cell in cells if "of the shell" not in cell]


def source_texts():
    """Return all strings of the package, the parts of f-strings one by one."""
    trees = (ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n".join(node.value for node in nodes if isinstance(node.value, str))


def test_quoted_error_messages_are_those_of_the_source():
    texts, found = source_texts(), messages()
    assert len(found) > 30
    lost = [m for m in found if not all(part.strip() in texts for part in m.split("..."))]
    assert lost == []


def test_the_command_line_page_has_every_command_and_option():
    page = _command_line_page.page()
    parsers = _command_line_page._commands(_command_line_page.make_parser())
    options = {o for p in parsers.values() for a in p._actions for o in a.option_strings}
    assert {"--groups", "--save", "--masks", "--here"} <= options
    assert [option for option in options if f"`{option}" not in page] == []
    assert [name for name in parsers if f"\n## {name}\n" not in page] == []


def test_the_bibliography_has_each_work_once():
    entries = _bibliography_page.entries()
    dois = re.findall(r"<https://doi.org/([^>]+)>", "\n".join(entries))
    assert len(dois) == len(set(dois)) > 30
    assert any("U-Net" in entry for entry in entries)
    assert entries == sorted(entries, key=_bibliography_page._sort_key)
