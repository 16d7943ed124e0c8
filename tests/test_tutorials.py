"""The tutorials' stored outputs belong to their code, which names what is public."""

import ast
import importlib
import json

import pytest

from docs import _tutorials as tutorials
from skmedimg.evaluation import Comparison, Evaluation

PAGES = tutorials.pages()
# Variables of the tutorials that hold objects of ours, and their classes.
OBJECTS = {"result": Comparison, "naive": Comparison, "grouped": Comparison, "official": Evaluation}
PAGE = """\
# A title

Words.

```python
a = 1
print(a)
```

```text
1
```

![A picture](page/one.webp)

## A heading

```text
not printed by Python
```

```python
b = a
```

The end.
"""


def code_of(name):
    blocks, _ = tutorials.read(PAGES[name].read_text("utf-8"))
    return "\n".join(block.code for block in blocks)


@pytest.mark.parametrize("name", PAGES)
def test_the_stored_outputs_and_figures_are_those_of_the_code(name):
    stored = json.loads(tutorials.RESULTS.read_text("utf-8"))[name]["digest"]
    line = f"SKMEDIMG_DATA=FOLDER python -m bench.studies.tutorials {name}"
    assert tutorials.digest(PAGES[name]) == stored, f"{name} was changed: run {line}"


@pytest.mark.parametrize("name", PAGES)
def test_the_code_names_what_is_public(name):
    unknown = []
    for node in ast.walk(ast.parse(code_of(name))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "skmedimg":
            known = importlib.import_module(node.module).__all__
            unknown += [alias.name for alias in node.names if alias.name not in known]
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
            kind = OBJECTS.get(getattr(node.value, "id", None))
            fields = getattr(kind, "__dataclass_fields__", {})
            known = kind is None or hasattr(kind, node.attr) or node.attr in fields
            unknown += [] if known else [f"{node.value.id}.{node.attr}"]
    assert unknown == []


@pytest.mark.parametrize("name", PAGES)
def test_figures_are_small_and_used(name):
    folder = tutorials.FOLDER / name
    blocks, _ = tutorials.read(PAGES[name].read_text("utf-8"))
    used = sorted(figure for block in blocks for figure in block.figures)
    there = sorted(folder.glob("*"))
    assert used == [path.relative_to(tutorials.FOLDER).as_posix() for path in there]
    assert all(path.stat().st_size <= 60_000 for path in there)


@pytest.mark.parametrize("name", PAGES)
def test_downloads_hold_the_code_of_the_page(name):
    text = PAGES[name].read_text("utf-8")
    cells = tutorials.notebook(text)["cells"]
    code = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(code_of(name)))
    assert ast.dump(ast.parse(tutorials.script(text))) == ast.dump(ast.parse(code_of(name)))
    assert f"(downloads/{name}.py)" in text
    assert f"(downloads/{name}.ipynb)" in text
    for cell in cells:  # what format 4.4 asks of a cell
        more = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "metadata", "source"} | more


def test_a_page_is_read_as_code_outputs_and_figures():
    first, second = tutorials.read(PAGE)[0]
    assert first.code == "a = 1\nprint(a)\n"
    assert first.output == "1\n"
    assert first.figures == ["page/one.webp"]
    assert second.output == ""
    assert "not printed by Python" in second.prose


def test_outputs_are_replaced_added_and_removed():
    assert tutorials.with_outputs(PAGE, ["1\n", ""]) == PAGE
    changed = tutorials.with_outputs(PAGE, ["", "2\n"])
    first, second = tutorials.read(changed)[0]
    assert (first.output, second.output) == ("", "2\n")
    assert tutorials.with_outputs(changed, ["1\n", ""]) == PAGE


def test_the_digest_follows_code_outputs_and_figures_and_no_prose(tmp_path):
    path = tmp_path / "page.md"
    picture = tmp_path / "page" / "one.webp"
    picture.parent.mkdir()

    def digest(text, drawn=b"1"):
        path.write_text(text, "utf-8")
        picture.write_bytes(drawn)
        return tutorials.digest(path)

    first = digest(PAGE)
    changed = [PAGE.replace("a = 1", "a = 2"), PAGE.replace("text\n1", "text\n2")]
    assert len({first, digest(PAGE, b"2"), *map(digest, changed)}) == 4
    assert digest(PAGE.replace("Words.", "Other words.")) == first


def test_a_script_has_the_headings_as_comments():
    assert "# %%\n# A heading\n\nb = a\n" in tutorials.script(PAGE)
