"""Recipe cards: settings, results, gaps and known errors of a reported system."""

import textwrap
from dataclasses import dataclass

from skmedimg.recipes._build_recipe import as_python
from skmedimg.recipes._catalogue import find_recipe, read_catalogue

_COUNTS = {
    "trainable": "{:,} trainable",
    "all": "{:,} in all",
    "keras": "{:,} in all as Keras counts, with running statistics",
    "printed": "{:,} printed in the report",
}


def recipe_card(name):
    """Return the card of a recipe: settings, results, gaps and known errors of the report.

    Parameters
    ----------
    name : str
        One of `list_recipes()`.

    Returns
    -------
    card : RecipeCard
        Its repr is Markdown text, which notebooks render.

    See Also
    --------
    load_recipe : Return the unfitted pipeline of a reported system, by its name.

    Examples
    --------
    >>> from skmedimg.recipes import recipe_card
    >>> card = recipe_card("digits/hog4-mlp")
    >>> card.reported
    {'test loss': 0.0837, 'test accuracy': 0.9718}
    >>> print(card)
    **digits/hog4-mlp**: Half as many orientations: the report's choice
    <BLANKLINE>
    - Task: handwritten digits: 0 to 9
    - Source: report 002, Digit recognition with shallow networks, ...
    """
    recipe = find_recipe(name)
    catalogue = read_catalogue()
    report = catalogue["reports"][recipe["report"]]
    return RecipeCard(
        name=name,
        title=recipe["title"],
        # A recipe's own entry comes first; its report, or its task, has the usual one.
        task=recipe.get("task", catalogue["tasks"][name.split("/")[0]]),
        report=recipe["report"],
        source=report["source"],
        data=recipe.get("data", report["data"]),
        images=tuple(recipe["images"]),
        settings={step: describe(table) for step, table in recipe["steps"].items()},
        parameters=dict(recipe.get("parameters", {})),
        reported=dict(recipe["reported"]),
        unsaid=(*recipe.get("unsaid", ()), *report["unsaid"]),
        faults=(*recipe.get("faults", ()), *report["faults"]),
    )


@dataclass(frozen=True, repr=False)
class RecipeCard:
    """Settings, results, gaps and known errors of a reported system.

    Attributes
    ----------
    name, title, task : str
        Name of the recipe, title of the report, and its task.
    report, source : str
        Number and title of the report.
    data : str
        What the report trained and tested on.
    images : tuple of int
        (height, width, channels) of one image.
    settings : dict of str to str
        Each step as it is written in Python.
    parameters : dict of str to int
        Weights that the report or its listing counts: "trainable", "all", "keras" (with running
        statistics), and "printed" where the report's own number does not follow from its listing.
    reported : dict of str to object
        The report's scores.
    unsaid, faults : tuple of str
        Settings it leaves open, with the values used here; known errors of its results.

    See Also
    --------
    recipe_card : Makes one.

    Examples
    --------
    >>> from skmedimg.recipes import recipe_card
    >>> recipe_card("chest/deep-cnn").parameters
    {'trainable': 2262434, 'printed': 2326082}
    >>> recipe_card("chest/deep-cnn").faults[0]
    'The 2,326,082 parameters printed do not follow from the listing, which has 2,262,434.'
    """

    name: str
    title: str
    task: str
    report: str
    source: str
    data: str
    images: tuple
    settings: dict
    parameters: dict
    reported: dict
    unsaid: tuple
    faults: tuple

    def __repr__(self):
        facts = [
            ("Task", self.task),
            ("Source", f"report {self.report}, {self.source}"),
            ("Data", f"{self.data}; images of {' x '.join(map(str, self.images))}"),
            ("Settings", [f"{step}: `{text}`" for step, text in self.settings.items()]),
            ("Parameters", count_words(self.parameters)),
            ("Reported", score_words(self.reported)),
            ("Left unsaid", self.unsaid),
            ("Known to be wrong", self.faults),
        ]
        lines = [line for heading, text in facts for line in _lines(heading, text)]
        return "\n".join([f"**{self.name}**: {self.title}", "", *lines])

    def _repr_markdown_(self):
        return repr(self)


def describe(value):
    """Return the Python code of an estimator in the catalogue."""
    if not isinstance(value, dict):
        return repr(as_python(value))
    arguments = [f"{name}={describe(inner)}" for name, inner in value.items() if name != "class"]
    return f"{value['class']}({', '.join(arguments)})"


def count_words(parameters):
    """Return counts of parameters as text."""
    counts = [_COUNTS[kind].format(number) for kind, number in parameters.items()]
    return "; ".join(counts) or "not counted in the report"


def score_words(reported):
    """Return reported scores by name as text."""
    return ", ".join(f"{name} {value}" for name, value in reported.items()) or "nothing"


def _lines(heading, text):
    """Return the Markdown lines of one entry, or of an entry with a list of its own."""
    if isinstance(text, str):
        return _wrapped(f"- {heading}: {text}", 2)
    return [f"- {heading}:", *(line for item in text for line in _wrapped(f"  - {item}", 4))]


def _wrapped(line, indent):
    return textwrap.wrap(line, 96, subsequent_indent=" " * indent, break_long_words=False)
