"""`python -m skmedimg predict`: a saved model and files to a table of probabilities."""

import csv
import os
import sys

from skmedimg.cli._main import DataError


def run_predict(options):
    """Print one line per file: the label, and the probability of each class.

    Parameters
    ----------
    options : argparse.Namespace
        With `model` and `files`.

    Returns
    -------
    code : int
    """
    from skmedimg.images._read_image import ImageReadError

    missing = [path for path in options.files if not os.path.isfile(path)]
    if missing:
        raise DataError(f"there is no file {missing[0]!r} ({len(missing)} missing).")
    try:
        model = _loaded(options.model)
        rows = list(_rows(model, options.files))
    except ImageReadError as error:
        raise DataError(str(error)) from error
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows(rows)
    return 0


def _loaded(path):
    from skmedimg.saving import load

    try:
        return load(path)
    except ValueError as error:  # no model, a damaged one, or one of another version
        raise DataError(str(error)) from error


def _rows(model, files):
    """Yield the head of the table and a row per file, in the order given."""
    labels = model.predict(files)
    if not hasattr(model, "predict_proba"):
        yield ["file", "label"]
        yield from ([path, label] for path, label in zip(files, labels, strict=True))
        return
    yield ["file", "label", *(f"p({label})" for label in model.classes_)]
    for path, label, chances in zip(files, labels, model.predict_proba(files), strict=True):
        yield [path, label, *(f"{chance:.4f}" for chance in chances)]
