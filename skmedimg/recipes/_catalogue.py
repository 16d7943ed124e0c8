"""The catalogue of recipes: one TOML file, where a recipe may extend another one."""

import functools
import tomllib
from difflib import get_close_matches
from importlib.resources import files


def list_recipes(task=None, report=None):
    """Return the names of the recipes, of one task or report or of all.

    Parameters
    ----------
    task : str or None, default=None
        "chest", "brain", "digits" or "covid": the name before the slash. None takes all.
    report : str or None, default=None
        "000" to "004": the report that describes it. None takes all.

    Returns
    -------
    names : list of str
        In the order of the reports.

    See Also
    --------
    load_recipe : Returns the pipeline of one.
    recipe_card : Returns the facts about one.

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
    """Return a recipe by name as a dict, with the values of the recipe that it extends (`like`)."""
    rows = read_catalogue()["recipes"]
    if name not in rows:
        # A few similar names are shown; without any, all of them.
        near = get_close_matches(str(name), rows, n=3, cutoff=0.4) or list(rows)
        raise ValueError(
            f"There is no recipe {name!r}. Is it {' or '.join(map(repr, near))}? list_recipes() "
            "has all."
        )
    row = rows[name]
    if "like" not in row:
        return row
    model = find_recipe(row["like"])
    # Steps are merged parameter by parameter; all other entries of the row replace those of the
    # model.
    return model | row | {"steps": merged(model["steps"], row.get("steps", {}))}


def merged(old, new):
    """Return the first dict updated by the second, nested dicts too."""
    both = {key: merged(old[key], new[key]) for key in old if isinstance(new.get(key), dict)}
    return old | new | both


def _check_known(name, value, known):
    if value is not None and value not in known:
        raise ValueError(f"{name} needs one of {', '.join(known)}, but is {value!r}.")
