"""The command backbones: pretrained backbones, what they cost, and where their weights belong."""

import os

from skmedimg.cli._exit_codes import DONE

SUMMARY = "List the pretrained backbones: size, speed, and whether their weights are here."

_COLUMNS = (
    "backbone",
    "million parameters",
    "MB",
    "pixels",
    "least",
    "s / 100",
    "license",
    "weights",
)


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    parser.add_argument(
        "--here",
        action="store_true",
        help="only those whose weights are on this machine",
    )


def run(options):
    """Print one line per backbone, then what the columns mean, and return the exit code."""
    from skmedimg.networks._backbone_facts import backbone_facts

    facts = [each for each in backbone_facts() if each.is_here or not options.here]
    for line in _table([_COLUMNS, *map(_cells, facts)]):
        print(line)
    print()
    for line in [*_notes(facts), *_foundation_notes()]:
        print(line)
    return DONE


def _foundation_notes():
    """Return which foundation models there are, and which of their weights are here."""
    from skmedimg.networks._foundation_files import FOUNDATION, find_foundation_file

    names = [f"{n} (here)" if find_foundation_file(n) else n for n in FOUNDATION]
    yield f"Foundation models, whose weights are never downloaded: {', '.join(names)}."
    yield "Use one, and the error says which file to fetch, its size and its license."


def _cells(facts):
    """Return the texts of one line of the table."""
    return (
        facts.name,
        "" if facts.parameters is None else f"{facts.parameters / 1e6:.1f}",
        "" if facts.megabytes is None else f"{facts.megabytes:.0f}",
        str(facts.size),
        str(facts.minimum),
        "" if facts.seconds is None else f"{facts.seconds:g}",
        facts.license,
        "here" if facts.is_here else os.path.basename(facts.place) or facts.source,
    )


def _table(rows):
    """Return rows as lines with aligned columns; names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = range(1, 6)
    for row in rows:
        cells = [
            cell.rjust(width) if position in numbers else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _notes(facts):
    """Return what the columns mean, and where the files belong that are not here."""
    yield "MB: download. pixels: side of images the weights were made for; least: smallest side."
    yield "s / 100: seconds on one CPU core for the features of 100 images of that size."
    folders = {os.path.dirname(each.place) for each in facts if each.place and not each.is_here}
    for folder in sorted(folders):
        yield f"Files that are not here are downloaded when they are used, to {folder}."
        address = next(each.source for each in facts if os.path.dirname(each.place) == folder)
        yield f"Without a connection put them there: {os.path.dirname(address)}/FILE."
