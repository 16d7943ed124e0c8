"""The command recipes: models of student reports that --models takes by name."""

from skmedimg.cli._exit_codes import DONE, DataError
from skmedimg.cli._messages import show

SUMMARY = "List the recipes: systems of published reports that `compare --models` takes by name."


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="print the card of this recipe: settings, reported scores, known errors",
    )


def run(options):
    """Print a line per recipe, or the card of one, and return the exit code."""
    from skmedimg.recipes import list_recipes, recipe_card

    if options.name is not None:
        try:
            print(recipe_card(options.name))
        except ValueError as error:
            raise DataError(str(error)) from error
        return DONE
    cards = [recipe_card(name) for name in list_recipes()]
    width = max(len(card.name) for card in cards)
    for card in cards:
        print(f"{card.name.ljust(width)}  {card.title}")
    print()
    show("`skmedimg recipes NAME` prints one; `skmedimg compare FOLDER --models NAME` trains it.")
    return DONE
