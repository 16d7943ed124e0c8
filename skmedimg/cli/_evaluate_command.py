"""The command evaluate: from a saved model and a folder of labeled images to its scores there."""

import os

from skmedimg._files import whole_file
from skmedimg.cli._command_files import add_folder_arguments, check_writable
from skmedimg.cli._exit_codes import DONE, DataError
from skmedimg.cli._input_images import read_images
from skmedimg.cli._messages import say

SUMMARY = "Score a saved model on a folder of images it was not trained on, such as a hospital's."


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="file that `skmedimg compare --save` or skmedimg.saving.save wrote",
    )
    add_folder_arguments(parser)
    parser.add_argument(
        "--positive",
        metavar="CLASS",
        help="of two classes, the one to detect, such as the disease",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="what the images are called (default: the folder's name)"
    )
    parser.add_argument("--out", metavar="FILE", help="also write an HTML report")
    parser.add_argument(
        "--json", metavar="FILE", help="also write all scores and predictions as JSON"
    )
    parser.add_argument(
        "--csv", metavar="FILE", help="also write scores and intervals as a CSV table"
    )


def run(options):
    """Score the model, print the table, write the files, and return the exit code."""
    from skmedimg.evaluation import evaluate

    for path in filter(None, (options.out, options.json, options.csv)):
        check_writable(path)
    if not os.path.isfile(options.model):  # before the images are read
        raise DataError(f"there is no file {options.model!r}.")
    data = read_images(options.folder, options)
    name = options.name or os.path.basename(os.path.abspath(options.folder))
    try:
        found = evaluate(
            options.model,
            data.paths,
            data.target,
            groups=data.groups,
            pos_label=options.positive,
            name=name,
        )
    except ValueError as error:  # a damaged model, or folders that are none of its classes
        raise DataError(str(error)) from error
    print(found)
    (model,) = found.names
    print(f"\nTrue class (rows) and predicted class, in the order {found.classes.tolist()}:")
    print(found.confusion(model))
    _write(options, found, data.paths)
    return DONE


def _write(options, found, paths):
    """Write the files that were asked for."""
    if options.json:
        found.to_json(options.json)
    if options.csv:
        with whole_file(options.csv) as file:
            file.write(_scores(found).to_csv().encode())
    if options.out:
        found.to_html(options.out, X=paths)
        say(f"report: {os.path.abspath(options.out)}")


def _scores(found):
    """Return a row per metric: score and limits."""
    import pandas as pd

    (model,) = found.names
    rows = {}
    for metric in found.metrics:
        interval = found.interval(model, metric.name)
        rows[metric.name] = (interval.mean, interval.low, interval.high)
    table = pd.DataFrame.from_dict(rows, "index", columns=["score", "low", "high"])
    return table.rename_axis("metric")
