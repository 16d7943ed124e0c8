"""The pages say what is there: links, extras, commands, versions and times."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

import skmedimg
from bench import _page, _user_page
from skmedimg.cli import _main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
AT_ROOT = ("README", "CONTRIBUTING", "SECURITY", "CODE_OF_CONDUCT")
PAGES = [
    *(ROOT / f"{name}.md" for name in AT_ROOT),
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("*/*.md")),
]
# A build of the documentation leaves these in the folder.
GENERATED = {
    *("benchmarks.md", "benchmarks.svg", "speed_goals.md", "backbones.md", "recipes.md"),
    *("command_line.md", "bibliography.md"),
}
PAGES = [path for path in PAGES if "auto_examples" not in path.parts and path.name not in GENERATED]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def text_of(path):
    return path.read_text("utf-8")


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def sources():
    """All texts that readers see: pages, and the modules that make pages."""
    makers = [*sorted(DOCS.glob("_*.py")), *(Path(m.__file__) for m in (_page, _user_page))]
    return [*PAGES, *makers]


def test_link_texts_are_written_out():
    """On code-hosting pages a link without a text is nothing."""
    assert [name_of(path) for path in sources() if "[](" in text_of(path)] == []


def test_pages_have_no_roles_where_markdown_has_a_way():
    """On code-hosting pages {class}`HOG` shows as it is written."""
    pages = [path for path in PAGES if path.name != "api.md"]
    found = {name_of(path): re.findall(r"\{\w+\}`[^`]*`", text_of(path)) for path in pages}
    assert {page: roles for page, roles in found.items() if roles} == {}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_to_files_lead_to_files(path):
    text = re.sub(r"^ *```.*?^ *```", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [t for t in targets if not re.match(r"\w+:", t) and Path(t).name not in GENERATED]
    made = ("auto_examples/", "downloads/")
    local = [t for t in local if not any(folder in t for folder in made)]
    assert [t for t in local if not (path.parent / t).exists()] == []


def printed_extras(text):
    """Yield the extras of `pip install ".[dicom,weights]"` and `"skmedimg[dicom]"`."""
    for names in re.findall(r"(?:skmedimg|\.)\[([a-z,|]+)\]", text):
        yield from re.split(r"[,|]", names)


def test_extras_that_are_printed_exist():
    texts = {name_of(path): text_of(path) for path in sources()}
    texts |= {name_of(path): text_of(path) for path in sorted((ROOT / "skmedimg").rglob("*.py"))}
    found = {page: {*printed_extras(text)} for page, text in texts.items()}
    known = set(PROJECT["optional-dependencies"])
    assert {page: names - known for page, names in found.items() if names - known} == {}
    assert found["docs/install.md"] >= {"weights", "dicom"}


def test_the_install_page_lists_the_extras_for_users():
    listed = set(re.findall(r"^\| `(\w+)` \|", text_of(DOCS / "install.md"), re.MULTILINE))
    assert listed == set(PROJECT["optional-dependencies"]) - {"docs", "test"}


def printed_commands(text):
    """Yield the words of each printed command line of skmedimg, without what follows a comment."""
    text = re.sub(r"\\\n\s*", " ", text)
    pattern = r"^(?:\s{4}|\$ )?(?:python -m )?skmedimg ((?:compare|audit|predict|backbones)\b.*)$"
    for line in re.findall(pattern, text, re.MULTILINE):
        yield shlex.split(line, comments=True)


def test_commands_that_are_printed_are_understood(capsys):
    commands = [words for path in PAGES for words in printed_commands(text_of(path))]
    assert len(commands) >= 5
    for words in commands:
        _main.make_parser().parse_args(words)  # ends the process where it does not know one


def test_the_oldest_python_is_the_one_that_is_needed():
    needed = PROJECT["requires-python"].removeprefix(">=")
    for path in (ROOT / "README.md", DOCS / "install.md"):
        assert f"Python {needed} or newer" in text_of(path)
    workflow = text_of(ROOT / ".github" / "workflows" / "checks.yml")
    assert f'python: ["{needed}"' in workflow


def test_the_citation_names_this_version():
    citation = text_of(ROOT / "CITATION.cff")
    assert f"version: {skmedimg.__version__}\n" in citation


def test_home_and_readme_show_the_same_first_result():
    """README.md runs as a doctest; the home page would take the same time once more."""
    blocks = [
        re.search(r"```python\n(.*?)```", text_of(path), re.DOTALL)[1]
        for path in (ROOT / "README.md", DOCS / "index.md")
    ]
    assert blocks[0] == blocks[1]
    assert "..." not in re.sub(r"^\.\.\. ", "", blocks[0], flags=re.MULTILINE)


def test_the_changelog_keeps_its_form():
    """The form of keepachangelog.com: each change in a group, the groups in one order."""
    versions = re.split(r"^## ", text_of(DOCS / "changelog.md"), flags=re.MULTILINE)[1:]
    assert [version.split("\n")[0] for version in versions] == ["0.2.0", "0.1.0"]
    known = ["Added", "Changed", "Removed", "Fixed", "Security"]
    for version in versions:
        before, *groups = re.split(r"^### ", version, flags=re.MULTILINE)
        names = [group.split("\n")[0] for group in groups]
        assert names == [name for name in known if name in names]
        assert "\n- " not in before


# The page of times.


def test_times_are_those_of_the_results_for_each_number_of_images():
    text = _user_page.page()
    results = {result["name"]: result for result in _user_page.quotable(_page.RESULTS)}
    seconds = results["load-1000"]["values"]["ours"]["median"]
    line = next(line for line in text.splitlines() if "1000 pixels by two threads" in line)
    shown = [float(cell) for cell in re.findall(r"\| ([\d.]+) s ", line)]
    assert shown == pytest.approx([seconds / 300 * 1000, seconds / 300 * 5000], rel=0.01)
    assert "`efficientnet_lite0`" in text


def test_a_line_of_epochs_is_what_is_done_once_and_thirty_epochs():
    values = {_user_page.ONCE: {"median": 2.0}, _user_page.EPOCH: {"median": 0.1}}
    result = {"name": "gpu-times-hog-mlp", "values": values, "facts": {"images": 1000}}
    assert _user_page.time_line(result).endswith("| 5 s | 25 s | 4 min |\n")
    assert _user_page.time_line(result | {"name": "mlp-fit"}) == ""


def test_the_chart_has_a_bar_for_each_task(tmp_path):
    _user_page.draw(tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").stat().st_size > 5000
    machine, bars = _user_page.ratios()
    ratios = [ratio for *_, ratio in bars]
    assert ratios == sorted(ratios, reverse=True)
    assert f"one machine ({machine})" in _user_page.page()
    assert min(ratios) < 1  # what is slower stands there too
