"""The command line: parses arguments, runs a command, and turns errors into exit codes."""

import argparse
import traceback
import warnings

from skmedimg import __version__
from skmedimg.cli import (
    _audit_command,
    _backbones_command,
    _compare_command,
    _evaluate_command,
    _predict_command,
    _recipes_command,
    _serve_command,
)
from skmedimg.cli._exit_codes import (
    DATA,
    EXIT_CODES,
    FAILED,
    INTERRUPTED,
    SERIOUS,
    ContradictionError,
    DataError,
)
from skmedimg.cli._messages import say, say_error, say_warning

# A command is a module with SUMMARY, add_arguments(parser) and run(options) -> exit code.
# Modules import scikit-learn and torch inside run, so that --help answers at once.
COMMANDS = {
    "compare": _compare_command,
    "evaluate": _evaluate_command,
    "audit": _audit_command,
    "predict": _predict_command,
    "serve": _serve_command,
    "backbones": _backbones_command,
    "recipes": _recipes_command,
}


def main(arguments=None):
    """Run one command and return its exit code; None takes the arguments of the process."""
    options = make_parser().parse_args(arguments)
    options.arguments = arguments  # the report shows the command as it was typed
    with warnings.catch_warnings():  # a caller of main keeps its own way to show warnings
        warnings.showwarning = say_warning
        try:
            return options.run(options)
        except KeyboardInterrupt:  # Ctrl-C is not an error: no traceback
            say("interrupted")
            return INTERRUPTED
        except Exception as error:  # a command ends with a sentence, not with a page of source
            if options.traceback:
                traceback.print_exc()
            say_error(error)
            # an OSError: a file went away, or the disk is full
            if isinstance(error, ContradictionError):
                return SERIOUS
            return DATA if isinstance(error, (DataError, OSError)) else FAILED


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="skmedimg",
        description="Compare models on a folder of images, audit the images, evaluate a saved "
        "model, predict with it or show it on a page, and list the pretrained backbones and the "
        "recipes.",
        epilog=EXIT_CODES,
        # keeps the lines of the exit codes
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"skmedimg {__version__}")
    names = ",".join(COMMANDS)
    commands = parser.add_subparsers(required=True, title="commands", metavar=f"{{{names}}}")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(command)
        command.add_argument(
            "--traceback", action="store_true", help="print the Python traceback of an error"
        )
        command.set_defaults(run=module.run)
    return parser
