"""The reference of the command line, from the parsers of its commands."""

import argparse

from skmedimg.cli._exit_codes import EXIT_CODES
from skmedimg.cli._main import COMMANDS, make_parser

HEAD = """\
# Command-line reference

All commands and options of `skmedimg`, as `python -m skmedimg --help` prints them. If the command
`skmedimg` is not found, write `python -m skmedimg`, which is the same.

In Windows, put patterns into double quotes: `--groups "patient\\d+"`.

| command | what it does |
| --- | --- |
"""


def page():
    """Return the page as Markdown.

    Returns
    -------
    text : str
    """
    parsers = _commands(make_parser())
    rows = "".join(f"| [{n}](#{n}) | {_cell(COMMANDS[n].SUMMARY)} |\n" for n in parsers)
    return HEAD + rows + "".join(map(_section, parsers, parsers.values())) + _exit_codes()


def _commands(parser):
    """Return the parser of each command, by name."""
    found = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return next(found).choices


def _section(name, parser):
    usage = parser.format_usage().removeprefix("usage: ").strip()
    rows = "".join(
        f"| {_names(action)} | {_cell(action.help % vars(action) if action.help else '')} |\n"
        for action in parser._actions
    )
    return (
        f"\n## {name}\n\n{parser.description}\n\n```text\n{usage}\n```\n\n"
        f"| argument | meaning |\n| --- | --- |\n{rows}"
    )


def _names(action):
    """Return an argument as it is written, such as `--size PIXELS`."""
    value = action.metavar or ("{" + ",".join(action.choices) + "}" if action.choices else "")
    if not action.option_strings:
        return f"`{value}`"
    takes = "" if action.nargs == 0 else f" {value or action.dest.upper()}"
    return ", ".join(f"`{option}{takes}`" for option in action.option_strings)


def _cell(text):
    """Return a text as the cell of a table, in which `<` and `|` would be markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _exit_codes():
    lines = [line.split(maxsplit=1) for line in EXIT_CODES.splitlines()]
    rows = "".join(f"| {line[0]} | {line[1]} |\n" for line in lines if line and line[0].isdigit())
    return f"\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n{rows}"
