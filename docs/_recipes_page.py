"""The gallery of recipes, from the catalogue."""

from skmedimg.recipes import list_recipes, recipe_card
from skmedimg.recipes._catalogue import read_catalogue
from skmedimg.recipes._recipe_card import count_words, score_words

HEAD = """\
# Recipes

In five unpublished reports, students compared 35 models on chest X-rays, brain MRI slices,
handwritten digits and X-rays of COVID-19. The reports cannot be cited, so they go by number here,
000 to 004. They are rebuilt because they describe openly what many comparisons do: duplicates on
both sides of a split, predictions out of order, one run without an interval. The library was
designed to prevent these mistakes, or at least to show them.

Each model is a recipe: an ordinary pipeline with the report's architecture, optimizer and epochs.

    from skmedimg.recipes import load_recipe, recipe_card
    model = load_recipe("brain/scratch-cnn").set_params(model__random_state=0)
    recipe_card("brain/scratch-cnn")

In every recipe the last step is called `model`, the one that reads images `loader` and the one of
oriented gradients `hog`, so that one `set_params` works for all: `loader__size=(64, 64)` for
smaller images, `model__max_epochs=3` for a short run, `model__weights=None` for a backbone without
a download.
[Reproduction](reproduction.md) has what they score here.

The scores below are the reports' own. What is known to be wrong with them stands beside them: it
says which score cannot be relied on, not how well the students worked.
"""
COLUMNS = "| recipe | what it is | trained parameters | reported |\n| --- | --- | ---: | --- |\n"
HEADLINES = ("test accuracy", "validation accuracy", "pixel F1")


def page():
    """Return the page as Markdown.

    Returns
    -------
    text : str
    """
    return "\n".join([HEAD, *map(section, read_catalogue()["reports"].items())])


def section(entry):
    """Return one report: what it says of all its systems, then each of them."""
    number, report = entry
    cards = [recipe_card(name) for name in list_recipes(report=number)]
    parts = [
        f"## Report {number}\n",
        f"{report['source']}. {report['data']}.\n",
        COLUMNS + "".join(map(line, cards)),
        bullets("Left unsaid", report["unsaid"]),
        bullets("Known to be wrong", report["faults"]),
        *(details(card, report) for card in cards),
    ]
    return "\n".join(parts)


def line(card):
    count = f"{card.parameters['trainable']:,}" if card.parameters else "-"
    figures = [f"{name} {card.reported[name]}" for name in HEADLINES if name in card.reported]
    return f"| `{card.name}` | {card.title} | {count} | {', '.join(figures[:1]) or '-'} |\n"


def details(card, report):
    """Return all facts of one system, and what is said of it alone, to be unfolded."""
    facts = [f"- {step}: `{text}`" for step, text in card.settings.items()]
    facts.append(f"- parameters: {count_words(card.parameters)}")
    facts.append(f"- reported: {score_words(card.reported)}")
    own = {
        "Left unsaid": [said for said in card.unsaid if said not in report["unsaid"]],
        "Known to be wrong": [said for said in card.faults if said not in report["faults"]],
    }
    said = [bullets(heading, items) for heading, items in own.items() if items]
    body = "\n".join([*facts, "", *said])
    return f":::{{dropdown}} {card.name}: {card.title}\n{body}\n:::\n"


def bullets(heading, items):
    return "\n".join([f"{heading}:\n", *(f"- {item}" for item in items)]) + "\n"
