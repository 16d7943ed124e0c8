"""Arguments and checks that several commands share: the folder of images, and files to write."""

import argparse
import os

from skmedimg.cli._exit_codes import ContradictionError, DataError


def add_folder_arguments(parser, *, optional=False):
    """Add FOLDER, --groups and the columns of a table to a parser."""
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?" if optional else None,
        help="folder of images with a folder per class: FOLDER/class/image.png, or "
        "FOLDER/train/class/image.png and FOLDER/test/class/image.png; or a table, "
        "FILE.csv, with a row per image",
    )
    parser.add_argument(
        "--groups",
        metavar="PATTERN",
        help=r"regular expression that finds the patient in each path, such as 'patient\d+' (the "
        r"whole match, or what is in '(?P<patient>...)'), or the name of one: chest-xray, "
        "chestx-ray14, chexpert, oct; give it where a patient has several images; auto keeps "
        "duplicates together, which is the default where there are no patients; of a table the "
        "column of the patients",
    )
    parser.add_argument(
        "--path-column",
        metavar="COLUMN",
        help="column of a table with the files, which start from its folder (default: path)",
    )
    parser.add_argument(
        "--label-column",
        metavar="COLUMN",
        help="column of a table with the classes (default: label)",
    )


def parse_jobs(text):
    """Return the number of jobs that a text says, an int other than 0."""
    try:
        jobs = int(text)
    except ValueError:
        jobs = 0  # the same message as for 0
    if jobs == 0:
        raise argparse.ArgumentTypeError(
            f"needs an int other than 0 (-1 is one per core), got {text!r}"
        )
    return jobs


def parse_share(text):
    """Return the share that a text says, above 0 and up to 1."""
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(
            f"needs a share above 0 and up to 1, such as 0.95, got {text!r}"
        )
    return share


def audit_data(X, y, groups, *, site=None, despite_errors=True):
    """Return the audit of a command; raise where duplicates have contradictory labels."""
    from skmedimg.evaluation import audit

    found = audit(X, y, groups, site=site)
    conflicts = found.of(kind="conflicting")
    if conflicts and not despite_errors:
        rows = conflicts[0].clusters[0]
        example = ", ".join(f"{found.name(row)} ({y[row]})" for row in rows[:4])
        raise ContradictionError(
            f"{conflicts[0].title}: {example}. `skmedimg audit FOLDER` lists them. Correct the "
            "labels, or pass --despite-errors."
        )
    return found


def check_writable(path):
    """Refuse before hours of training a file that could not be written after them."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise DataError(
            f"{path!r} cannot be written: {folder!r} does not exist or is not writable."
        )
