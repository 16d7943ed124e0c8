"""The command predict: from a saved model and image files to a CSV table, and to mask files."""

import csv
import os
import sys

from skmedimg._files import FORMULAS, csv_cell
from skmedimg.cli._exit_codes import DATA, DONE, DataError
from skmedimg.cli._messages import say
from skmedimg.cli._save_best import guard_path

SUMMARY = (
    "Predict the classes of image files with a saved model, as a CSV table, or their masks, as PNG "
    "files."
)

_BATCH = 256  # files that are loaded at once


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="file that `skmedimg compare --save` or skmedimg.saving.save wrote",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="images to predict, or folders, with all images below them",
    )
    parser.add_argument(
        "--masks",
        metavar="FOLDER",
        help="folder for the masks of a segmenter, which is made where there is none: "
        "FOLDER/NAME_mask.png for each image, of the image's size, with the class labels as its "
        "palette's indices; no file is replaced",
    )


def run(options):
    """Print what is predicted of each file, and return the exit code."""
    from sklearn.utils import get_tags

    from skmedimg.cli._mask_output import segmented_rows
    from skmedimg.images._read_image import ImageReadError

    files = _files(options.files)  # before the model is loaded, which takes seconds
    try:
        # all before the first line is printed: a table that ends in an error would look complete
        model = load_model(options.model)
        # before masks are written: one damaged file must not end the work on a thousand
        files, damaged = _readable(files)
        if get_tags(model).estimator_type == "segmenter":
            rows = segmented_rows(model, files, options.masks, _file_cell)
        elif options.masks is not None:
            raise DataError(f"--masks is for segmenters, but {options.model!r} is none.")
        else:
            rows = _with_warnings(list(_rows(model, files)), options.model, files)
    except ImageReadError as error:
        raise DataError(str(error)) from error
    # csv quotes commas and quotes in file names
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    _say_what_was_trained_on(options.model, files)
    for path, fault in damaged:
        say(f"not predicted: {path!r}: {fault}")
    if damaged:
        say(f"error: {len(damaged)} of {len(files) + len(damaged)} files cannot be used")
    return DATA if damaged else DONE


def _files(given):
    """Return files as given, and the images below folders, sorted."""
    from skmedimg.datasets._find_images import list_images
    from skmedimg.datasets._loading_report import LoadReport

    missing = [path for path in given if not os.path.exists(path)]
    if missing:
        raise DataError(f"there is no file {missing[0]!r} ({len(missing)} missing).")
    files = []
    for path in given:
        if os.path.isdir(path):
            # notes and tables beside the images are not predicted
            images, _ = list_images(path, LoadReport(path))
            files += [os.path.join(path, *image.split("/")) for image in images]
        else:
            files.append(path)
    if not files:
        raise DataError(f"{given[0]!r} holds no images.")
    return files


def _readable(files):
    """Return the files that can be read, and (path, fault) of the others."""
    from skmedimg.datasets._find_images import usable
    from skmedimg.datasets._loading_report import LoadReport

    report = LoadReport("files")
    good = usable(files, report, "skip-report")
    if not any(good):
        path, fault = report.skipped[0]
        raise DataError(f"{path!r} {fault}; none of {len(files)} files can be used.")
    return [path for path, kept in zip(files, good, strict=True) if kept], report.skipped


def _say_what_was_trained_on(path, files):
    """Warn of files that the model was fitted on: predictions of them look better than they are."""
    from skmedimg._provenance import file_digests
    from skmedimg.saving import read_card

    trained = set(read_card(path).files)
    seen = [
        file for file, digest in zip(files, file_digests(files), strict=True) if digest in trained
    ]
    if seen:
        was = "1 of these files was" if len(seen) == 1 else f"{len(seen)} of these files were"
        say(
            f"warning: {was} trained on ({', '.join(map(repr, seen[:3]))}"
            f"{' ...' if len(seen) > 3 else ''}): scores of them say nothing about new images"
        )


def load_model(path):
    """Return a saved model; raise in words of the command line where it is none."""
    from skmedimg.saving import load

    try:
        return load(path)
    except ValueError as error:  # not a model, a damaged one, or one of another version
        raise DataError(str(error)) from error


def _rows(model, files):
    """Yield the head of the table, and a row per file in the order given."""
    labels, probabilities = _predictions(model, files)
    if probabilities is None:  # such as a support vector machine
        yield ["file", "label"]
        for path, label in zip(files, labels, strict=True):
            yield [_file_cell(path), _label_cell(label)]
        return
    yield ["file", "label", *(f"p({label})" for label in model.classes_)]
    for path, label, row in zip(files, labels, probabilities, strict=True):
        shares = (f"{probability:.4f}" for probability in row)
        yield [_file_cell(path), _label_cell(label), *shares]


def _predictions(model, files):
    """Return labels, and probabilities or None; a pipeline's loader reads each file once for both.

    Files are loaded in batches, since those of a large folder would fill the memory.
    """
    import numpy as np

    from skmedimg import ImageLoader

    asked = [name for name in ("predict", "predict_proba") if hasattr(model, name)]
    steps = getattr(model, "steps", ())
    if len(steps) > 1 and isinstance(steps[0][1], ImageLoader):
        starts = range(0, len(files), _BATCH)
        loaded = (np.asarray(model[:1].transform(files[at : at + _BATCH])) for at in starts)
        parts = [[getattr(model[1:], name)(images) for name in asked] for images in loaded]
        answers = [np.concatenate(part) for part in zip(*parts, strict=True)]
    else:
        answers = [getattr(model, name)(files) for name in asked]
    return answers if len(answers) == 2 else (*answers, None)


def _with_warnings(rows, model_path, files):
    """Return rows with a column that says which images are unlike those of training.

    Without the file of a guard beside the model the rows stay as they are.
    """
    path = guard_path(model_path)
    if not os.path.exists(path):
        return rows
    unlike = load_model(path).flag(files)
    cells = ["warning", *("unlike the training images" if each else "" for each in unlike)]
    if unlike.any():
        say(
            f"warning: {unlike.sum()} of {len(files)} files are unlike the training images "
            f"({path}): look at them, and do not trust their predictions"
        )
    return [[*row, cell] for row, cell in zip(rows, cells, strict=True)]


def _file_cell(path):
    """Return a path as the cell of a table that no spreadsheet takes for a formula."""
    return os.path.join(".", path) if path.startswith(FORMULAS) else path


def _label_cell(label):
    """Return a label as such a cell; the labels -1 and 1 stay numbers."""
    return str(csv_cell(label))
