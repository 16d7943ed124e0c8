"""Messages to the user, on standard error: results alone go to standard output."""

import sys


def say(message):
    """Print a line of progress."""
    # flush: progress has to appear while a fit of hours runs, in a log file too
    print(f"skmedimg: {message}", file=sys.stderr, flush=True)


def say_error(error):
    """Print an error and its notes in one line."""
    message = " ".join(str(error).split()) or type(error).__name__
    for note in getattr(error, "__notes__", ()):
        message += f" ({' '.join(note.split())})"
    say(f"error: {message}")


def say_warning(message, category, filename, lineno, file=None, line=None):
    """Print a warning in one line; takes what warnings.showwarning takes."""
    say(f"warning: {' '.join(str(message).split())}")
