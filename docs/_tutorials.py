"""Tutorials on real images: their code, and the stored outputs that belong to it.

A page of `docs/tutorials` has Python fences, which make one script. What a fence prints stands in a
text fence right after it, and its figures are the images before the next fence. Both are made by
`python -m bench.studies.tutorials`, where the images are.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "tutorials"
RESULTS = FOLDER / "results.json"
DOWNLOADS = FOLDER / "downloads"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_FIGURE = re.compile(r"!\[[^\]]*\]\(([^)]+\.webp)\)")


@dataclass
class Block:
    """A Python fence of a page, the text before it, what it prints and the figures it draws."""

    code: str
    prose: str
    output: str = ""
    figures: list = field(default_factory=list)


def pages():
    """Return the pages that have code, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path.stem != "index"}


def read(text):
    """Return the blocks of a page and the text after the last of them."""
    blocks, prose = [], ""
    end = 0
    for match in _FENCE.finditer(text):
        between = text[end : match.start()]
        if match[1] == "python":
            blocks.append(Block(match[2], prose + between))
            prose = ""
        elif match[1] == "text" and blocks and not prose + between.strip():
            blocks[-1].output = match[2]
        else:
            prose += between + match[0]
        end = match.end()
    prose += text[end:]
    for block, after in zip(blocks, [b.prose for b in blocks[1:]] + [prose], strict=True):
        block.figures = _FIGURE.findall(after)
    return blocks, prose


def with_outputs(text, outputs):
    """Return a page with the text that each of its Python fences printed."""
    blocks, _ = read(text)
    for block, output in zip(blocks, outputs, strict=True):
        fence = f"```python\n{block.code}```\n"
        old = f"{fence}\n```text\n{block.output}```\n" if block.output else fence
        assert text.count(old) == 1, f"this fence occurs more than once:\n{fence}"
        text = text.replace(old, f"{fence}\n```text\n{output}```\n" if output else fence)
    return text


def digest(path):
    """Return a digest of a page's code, of what it printed, and of its figures."""
    blocks, _ = read(path.read_text("utf-8"))
    whole = hashlib.sha256(json.dumps([[b.code, b.output, b.figures] for b in blocks]).encode())
    for block in blocks:
        for figure in block.figures:
            whole.update((path.parent / figure).read_bytes())
    return whole.hexdigest()


def script(text):
    """Return the code of a page as a script with its headings as comments."""
    parts = []
    for block in read(text)[0]:
        headings = re.findall(r"^#+ (.*)$", block.prose, re.MULTILINE)
        parts += [f"# %%\n# {heading}\n" for heading in headings] + [block.code]
    return "\n".join(parts)


def notebook(text):
    """Return a page as a notebook (format 4.4) without outputs and figures."""
    blocks, rest = read(text)
    cells = []
    for prose, code in [*((b.prose, b.code) for b in blocks), (rest, "")]:
        prose = re.sub(r"^\(.*\)=$", "", _FIGURE.sub("", prose), flags=re.MULTILINE).strip()
        cells += [_cell("markdown", prose)] if prose else []
        cells += [_cell("code", code.rstrip(), execution_count=None, outputs=[])] if code else []
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}


def _cell(kind, source, **more):
    return {"cell_type": kind, "metadata": {}, "source": source, **more}


def write_downloads():
    """Write a script and a notebook of each page, which the page links to."""
    DOWNLOADS.mkdir(exist_ok=True)
    for name, path in pages().items():
        text = path.read_text("utf-8")
        (DOWNLOADS / f"{name}.py").write_text(script(text), "utf-8")
        (DOWNLOADS / f"{name}.ipynb").write_text(json.dumps(notebook(text), indent=1), "utf-8")
