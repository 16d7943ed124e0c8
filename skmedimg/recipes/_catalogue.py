"""The catalogue of recipes: one file, where a recipe may name another it is like."""

import functools
import tomllib
from difflib import get_close_matches
from importlib.resources import files


def list_recipes(task=None, report=None):
    """List the names of the published systems.

    Parameters
    ----------
    task : str or None, default=None
        "chest", "brain", "digits" or "covid": what stands before the slash. None takes all.
    report : str or None, default=None
        "000" to "004": the report that describes it. None takes all.

    Returns
    -------
    names : list of str
        In the order of the reports.

    See Also
    --------
    load_recipe : Makes a pipeline of one.
    recipe_card : Says what is known about one.

    Examples
    --------
    >>> from skmedimg.recipes import list_recipes
    >>> len(list_recipes())
    35
    >>> list_recipes(task="brain")
    ['brain/scratch-cnn', 'brain/vgg16-frozen']
    >>> list_recipes(task="chest", report="003")
    ['chest/resnet50-frozen', 'chest/deep-cnn']
    """
    catalogue = read_catalogue()
    _check_known("task", task, catalogue["tasks"])
    _check_known("report", report, catalogue["reports"])
    return [
        name
        for name in catalogue["recipes"]
        if task in (None, name.split("/")[0]) and report in (None, find_recipe(name)["report"])
    ]


@functools.cache
def read_catalogue():
    """Return the content of the file, a dict with "tasks", "reports" and "recipes"."""
    return tomllib.loads(files(__package__).joinpath("catalogue.toml").read_text("utf-8"))


def find_recipe(name):
    """Return a recipe by name as a dict, completed from the recipe it is like."""
    rows = read_catalogue()["recipes"]
    if name not in rows:
        # Any name is helped by a few; without similar ones all are listed.
        near = get_close_matches(str(name), rows, n=3, cutoff=0.4) or list(rows)
        raise ValueError(
            f"There is no recipe {name!r}. Is it {' or '.join(map(repr, near))}? list_recipes() "
            "has all."
        )
    row = rows[name]
    if "like" not in row:
        return row
    model = find_recipe(row["like"])
    return model | row | {"steps": merged(model["steps"], row.get("steps", {}))}


def merged(old, new):
    """Return the first dict updated by the second, nested dicts too."""
    both = {key: merged(old[key], new[key]) for key in old if isinstance(new.get(key), dict)}
    return old | new | both


def _check_known(name, value, known):
    if value is not None and value not in known:
        raise ValueError(f"{name} needs one of {', '.join(known)}, but is {value!r}.")
