"""The words of the glossary get a tooltip where a page first uses them, without JavaScript."""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

GLOSSARY = Path(__file__).parent / "howto" / "glossary.md"
# Everyday words too, or with a second meaning on some pages ("the head without its black frame").
EVERYDAY = {
    "head",
    "sample",
    "trial",
    "conclusion",
    "interval",
    "schedule",
    "score",
    "normalization",
}
NO_TIPS = {"howto/glossary", "howto/bibliography", "changelog", "api", "recipes", "command_line"}
# Where a word is a link, code or a title already.
_CLOSED = (nodes.reference, nodes.literal, nodes.title, nodes.abbreviation, nodes.FixedTextElement)
_CLOSED += (addnodes.pending_xref, addnodes.download_reference)  # links to be
_CLOSED += (nodes.Invisible, nodes.raw, nodes.system_message)


def tips():
    """Return the explanations of the glossary: word or abbreviation -> text."""
    found = {}
    entries = re.findall(r"^(.+)\n: (.+(?:\n  .+)*)", GLOSSARY.read_text("utf-8"), re.MULTILINE)
    for words, text in entries:
        text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(text.split())).replace("`", "")
        text = re.sub(r" See (the )?[^.]*\.?$", "", text)  # a tooltip has no links
        for word in re.split(r", | \(|\)", words):
            if word and word not in EVERYDAY:
                found[word] = text
    return found


def pattern_of(words):
    """Return a pattern of whole words, the longest first; abbreviations keep their case."""
    parts = []
    for word in sorted(words, key=len, reverse=True):
        start = re.escape(word)
        if word[:2].islower():
            start = f"[{word[0]}{word[0].upper()}]{re.escape(word[1:])}"
        parts.append(f"{start}s?")
    return re.compile(rf"(?<![\w-])({'|'.join(parts)})(?![\w-])")


def word_of(text, words):
    """Return the word of the glossary that was found as `text`."""
    forms = (text, text[0].lower() + text[1:])
    return next(form for t in forms for form in (t, t.removesuffix("s")) if form in words)


def add_tips(app, doctree, words=None):
    """Mark the first use of each word; `doctree-read` calls it."""
    if app is not None and (app.env.docname in NO_TIPS or "auto_examples" in app.env.docname):
        return
    words = tips() if words is None else words
    pattern, seen = pattern_of(words), set()
    for text in list(doctree.findall(nodes.Text)):
        if not any(isinstance(above, _CLOSED) for above in ancestors(text)):
            text.parent.replace(text, list(pieces(str(text), pattern, words, seen)))


def ancestors(node):
    while (node := node.parent) is not None:
        yield node


def pieces(text, pattern, words, seen):
    """Yield text and abbreviations; `seen` are the words that this page has explained."""
    end = 0
    for match in pattern.finditer(text):
        word = word_of(match[1], words)
        if words[word] in seen:
            continue
        seen.add(words[word])
        yield nodes.Text(text[end : match.start()])
        yield nodes.abbreviation(match[1], match[1], explanation=words[word])
        end = match.end()
    yield nodes.Text(text[end:])
