"""The command `skmedimg`, also `python -m skmedimg`: compare, audit and predict."""

import sys

from skmedimg.cli._main import main


def run():
    """Run the command line and return its exit status."""
    print_whatever_comes()
    return main()


def print_whatever_comes():
    """Let output pass what its encoding lacks: it would end hours of work with an error."""
    if getattr(sys.stdout, "errors", None) == "strict":
        unicode = sys.stdout.encoding.lower().startswith("utf")
        # bytes of a file's name go out as they came in, and letters are spelt out elsewhere
        sys.stdout.reconfigure(errors="surrogateescape" if unicode else "backslashreplace")


if __name__ == "__main__":
    sys.exit(run())
