"""Messages to the user, on standard error: results alone go to standard output."""

import shutil
import sys
import textwrap


def say(message):
    """Print a line of progress."""
    text = _wrapped(f"skmedimg: {message}", sys.stderr)
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)  # a line of progress moves down for it
    else:
        # flush: progress has to appear while a fit of hours runs, in a log file too
        print(text, file=sys.stderr, flush=True)


def say_error(error):
    """Print an error and its notes in one line."""
    message = " ".join(str(error).split()) or type(error).__name__
    for note in getattr(error, "__notes__", ()):
        message += f" ({' '.join(note.split())})"
    say(f"error: {message}")


def say_warning(message, category, filename, lineno, file=None, line=None):
    """Print a warning in one line; takes what warnings.showwarning takes."""
    say(f"warning: {' '.join(str(message).split())}")


def show(result, after=""):
    """Print a result on standard output; its sentences end at the edge of a terminal.

    Lines of `after`, the result printed before, are not printed again.
    """
    said = set(filter(None, str(after).splitlines()))
    for line in str(result).splitlines():
        if line in said:
            continue
        # two spaces are between the columns of a table, whose lines stay as they are
        print(line if "  " in line.strip() else _wrapped(line, sys.stdout))


def _wrapped(line, stream):
    """Return a line wrapped to the width of a terminal; files and pipes get it in one piece."""
    if not stream.isatty():
        return line
    return textwrap.fill(
        line,
        shutil.get_terminal_size().columns,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
