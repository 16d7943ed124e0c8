"""Words of the glossary are explained where a page first uses them, and nowhere else."""

import pytest

pytest.importorskip("sphinx")

from docutils.core import publish_doctree
from docutils.nodes import Text, abbreviation, paragraph
from sphinx.addnodes import pending_xref

from docs._glossary_tips import add_tips, tips


def explained(text):
    tree = publish_doctree(text, settings_overrides={"report_level": 5})
    before = tree.astext()
    add_tips(None, tree)
    assert tree.astext() == before
    return {node.astext(): node["explanation"] for node in tree.findall(abbreviation)}


def test_the_first_use_is_explained():
    found = explained("Title\n=====\n\nA CNN and two CNNs.\n\nFine-tuning a CNN.\n")
    assert found["CNN"].startswith("Convolutional neural network")
    assert (
        found["Fine-tuning"] == "Training some or all layers of a pretrained network on new images."
    )
    assert len(found) == 2


def test_links_code_and_titles_stay_as_they_are():
    text = "Overfitting\n===========\n\n`overfitting <a.html>`_ of ``dropout``::\n\n    epochs\n"
    assert explained(text) == {}


def test_links_to_other_pages_stay_as_they_are():
    tree = paragraph("", "", pending_xref("", Text("Which backbone?")))
    add_tips(None, tree)
    assert list(tree.findall(abbreviation)) == []


def test_whole_words_are_found_plurals_too():
    assert set(explained("Title\n=====\n\nThe folds of a foldable recall-like thing.")) == {"folds"}


def test_all_words_of_the_glossary_have_a_text_without_links():
    words = tips()
    assert {"AP", "average precision", "HD95", "PPV", "ViT"} <= set(words)
    assert all(text and "](" not in text and "`" not in text for text in words.values())
    assert words["CNN"].endswith(".")
    assert "See" not in words["HOG"]
