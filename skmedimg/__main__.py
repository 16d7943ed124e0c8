"""The command `skmedimg`, also `python -m skmedimg`: compare, audit and predict."""

import sys

from skmedimg.cli import main


def run():
    """Run the command line and return its exit code."""
    print_any_text()
    return main()


def print_any_text():
    """Let standard output replace letters that its encoding lacks.

    An error there would end a command after hours of work, for the name of a file.
    """
    if getattr(sys.stdout, "errors", None) == "strict":
        unicode = sys.stdout.encoding.lower().startswith("utf")
        # file names that are not UTF-8 are printed as their bytes, other letters are spelled out
        sys.stdout.reconfigure(errors="surrogateescape" if unicode else "backslashreplace")


if __name__ == "__main__":
    sys.exit(run())
