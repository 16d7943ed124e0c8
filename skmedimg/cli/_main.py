"""The command line: its arguments, its exit codes, and errors in one line."""

import argparse
import json
import sys
import warnings

from skmedimg import __version__
from skmedimg._files import whole_file

DONE, FAILED, USAGE, DATA, SERIOUS, INTERRUPTED = 0, 1, 2, 3, 4, 130

_EXIT_CODES = """exit codes:
  0  done
  1  a model failed, or something unforeseen (see --traceback)
  2  the command was not understood
  3  files are missing or cannot be used
  4  audit: something was found that makes every score wrong
  130  interrupted

progress goes to standard error, results to standard output."""


class DataError(Exception):
    """Files are missing or cannot be used."""


def main(arguments=None):
    """Run one command.

    Parameters
    ----------
    arguments : list of str or None, default=None
        None takes those of the process.

    Returns
    -------
    code : int
        0 when all went well.
    """
    options = parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _say_warning
        return _run(options)


def _run(options):
    try:
        return options.run(options)
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except (DataError, OSError) as error:
        return _give_up(options, error, DATA)
    except Exception as error:  # a command ends with a sentence, not with a page of source
        return _give_up(options, error, FAILED)


def parser():
    """Return what understands the command line.

    Returns
    -------
    parser : argparse.ArgumentParser
    """
    top = argparse.ArgumentParser(
        prog="python -m skmedimg", epilog=_EXIT_CODES,
        description="Compare models on a folder of images, and say what may be believed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    top.add_argument("--version", action="version", version=f"skmedimg {__version__}")
    commands = top.add_subparsers(required=True, metavar="{compare,audit,predict}")
    _add_compare(commands)
    _add_audit(commands)
    _add_predict(commands)
    return top


def _add_compare(commands):
    command = _command(commands, "compare", "Compare models and write a report.", _compare_command)
    _add_folder(command, optional=True)
    command.add_argument(
        "--models", metavar="NAMES",
        help="comma-separated: hog-mlp, hog-linear, mlp, cnn, or any backbone such as "
        "mobilenet_v2 (default: hog-mlp,cnn)",
    )  # fmt: skip
    command.add_argument(
        "--cv", type=int, metavar="N",
        help="folds (default: the folder's own train/test split, else 5)",
    )  # fmt: skip
    command.add_argument("--repeats", type=int, default=1, metavar="N", help="draw folds anew")
    command.add_argument("--size", type=int, default=128, metavar="PIXELS", help="side of images")
    command.add_argument("--color", choices=["gray", "rgb"], default="gray")
    command.add_argument("--positive", metavar="CLASS", help="the class to find, of two")
    command.add_argument("--epochs", type=int, metavar="N", help="instead of each model's own")
    command.add_argument("--seed", type=int, default=0, metavar="N")
    command.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="fits side by side")
    command.add_argument("--out", default="report.html", metavar="FILE", help="the report")
    command.add_argument("--json", metavar="FILE", help="also keep every number")
    command.add_argument("--save", metavar="FILE", help="fit the best on everything and keep it")
    command.add_argument("--checkpoint", metavar="FOLDER", help="go on from here if interrupted")
    command.add_argument(
        "--demo", action="store_true", help="synthetic lesions instead of a folder, in 3 minutes"
    )


def _add_audit(commands):
    command = _command(commands, "audit", "Look for what makes scores wrong.", _audit_command)
    _add_folder(command)
    command.add_argument("--no-probes", action="store_true", help="train nothing: faster")
    command.add_argument("--jobs", type=_jobs, default=None, metavar="N", help="threads that read")
    command.add_argument("--json", metavar="FILE", help="keep every finding")


def _add_predict(commands):
    command = _command(commands, "predict", "Predict files with a saved model.", _predict_command)
    command.add_argument("model", metavar="MODEL", help="what compare --save wrote")
    command.add_argument("files", nargs="+", metavar="FILE", help="images")


def _command(commands, name, words, run):
    command = commands.add_parser(name, help=words, description=words)
    command.add_argument("--traceback", action="store_true", help="show where an error came from")
    command.set_defaults(run=run)
    return command


def _add_folder(command, optional=False):
    count = {"nargs": "?"} if optional else {}
    command.add_argument("folder", metavar="FOLDER", help="FOLDER/class/images", **count)
    command.add_argument(
        "--groups", metavar="REGEX", help=r"finds the patient in each path, such as 'person\d+'"
    )


def _jobs(text):
    try:
        jobs = int(text)
    except ValueError:
        jobs = 0
    if jobs == 0:
        raise argparse.ArgumentTypeError(
            f"needs an int other than 0 (-1 is one per core), got {text!r}"
        )
    return jobs


def _compare_command(options):
    from skmedimg.cli._compare_command import run_compare

    return run_compare(options, _say)


def _audit_command(options):
    from skmedimg.cli._compare_command import check_writable, read_folder
    from skmedimg.evaluation import audit

    if options.json:
        check_writable(options.json)
    data = read_folder(options.folder, options.groups, options.jobs, _say)
    rows = None if data.split is None else data.split == "test"
    test = rows if rows is not None and 0 < rows.sum() < len(rows) else None
    found = audit(
        data.paths, data.target_names[data.target], data.groups, test=test,
        probes=not options.no_probes, n_jobs=options.jobs,
    )  # fmt: skip
    print(found)
    if options.json:
        with whole_file(options.json) as file:
            file.write(json.dumps(found.to_dict(), indent=1).encode())
    return SERIOUS if found.errors else DONE


def _predict_command(options):
    from skmedimg.cli._predict_command import run_predict

    return run_predict(options)


def _say(words):
    print(f"skmedimg: {words}", file=sys.stderr, flush=True)


def _say_warning(message, category, filename, lineno, file=None, line=None):
    _say(f"warning: {' '.join(str(message).split())}")


def _give_up(options, error, code):
    if options.traceback:
        import traceback

        traceback.print_exc()
    words = " ".join(str(error).split()) or type(error).__name__
    for note in getattr(error, "__notes__", ()):
        words += f" ({' '.join(note.split())})"
    _say(f"error: {words}")
    return code
