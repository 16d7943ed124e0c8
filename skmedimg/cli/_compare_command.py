"""`python -m skmedimg compare`: a folder, or the demo, to a table and a report."""

import os

import numpy as np

from skmedimg.cli._main import DataError
from skmedimg.cli._named_models import build_models, demo_models


def run_compare(options, say):
    """Compare, print the table, write the report.

    Parameters
    ----------
    options : argparse.Namespace
    say : callable
        Tells the user something on standard error.

    Returns
    -------
    code : int
    """
    from skmedimg.evaluation import compare

    X, y, groups, cv = _demo(options, say) if options.demo else _of_folder(options, say)
    models = demo_models(options) if options.demo else build_models(options)
    for path in filter(None, (options.out, options.json, options.save)):
        check_writable(path)
    say(f"comparing {', '.join(models)} on {len(y)} images")
    result = compare(
        models, X, y, groups=groups, cv=cv, repeats=options.repeats, pos_label=options.positive,
        n_jobs=options.jobs, random_state=options.seed, audit="full",
        checkpoint=options.checkpoint,
    )  # fmt: skip
    print(result)
    print()
    print(result.tests())
    if options.json:
        result.to_json(options.json)
    result.to_html(options.out, X=X, models=_explained(models, result, X, y, groups, say))
    say(f"report: {os.path.abspath(options.out)}")
    if options.save:
        _save_best(options.save, models, result, X, y, groups, say)
    return 0


def read_folder(folder, pattern, jobs, say):
    """Return paths, labels and patients of a folder; damaged files are named and left out.

    Parameters
    ----------
    folder : str
    pattern : str or None
    jobs : int or None
    say : callable

    Returns
    -------
    data : Bunch
    """
    from skmedimg import load_image_folder

    try:
        data = load_image_folder(
            folder, group_pattern=pattern, on_error="skip-report", n_jobs=jobs, verbose=1
        )
    except ValueError as error:
        raise DataError(str(error)) from error
    for line in str(data.report).splitlines():
        say(line)
    return data


def check_writable(path):
    """Refuse now what could not be written after hours of training.

    Parameters
    ----------
    path : str
    """
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise DataError(f"{path!r} cannot be written: {folder!r} is no folder to write to.")


def _of_folder(options, say):
    if options.folder is None:
        raise DataError("compare needs a FOLDER of images, or --demo.")
    data = read_folder(options.folder, options.groups, None, say)
    if len(data.target_names) < 2:
        raise DataError(
            f"{options.folder!r} has one class, {data.target_names[0]!r}; a comparison needs two: "
            "FOLDER/class/images."
        )
    labels = data.target_names[data.target].astype(str)
    return np.asarray(data.paths), labels, data.groups, _folds(options, data, say)


def _folds(options, data, say):
    """Return the folder's own split unless folds were asked for."""
    if options.cv is not None or data.split is None or not (data.split == "test").any():
        return options.cv or 5
    say("using the folder's own train/test split; --cv 5 would make folds of all images")
    return [(np.flatnonzero(data.split != "test"), np.flatnonzero(data.split == "test"))]


def _demo(options, say):
    from skmedimg.datasets import make_lesions

    say("demo: 240 synthetic scans of 80 patients, half of them with a lesion; no real patients")
    data = make_lesions(240, size=48, patients=80, noise=0.1, random_state=options.seed)
    labels = np.array(data.target_names)[data.target]
    options.positive = data.target_names[1]
    return data.images, labels, data.groups, options.cv or 5


def _explained(models, result, X, y, groups, say):
    """Return the best model, fitted on the first training set, to be explained on its test set."""
    best = result.best
    say(f"explaining {best}")
    train = result.splits[0].train
    return {best: _fitted(models[best], X[train], y[train], groups, train)}


def _save_best(path, models, result, X, y, groups, say):
    from skmedimg.saving import save

    best = result.best
    say(f"fitting {best} on all {len(y)} images")
    model = _fitted(models[best], X, y, groups, np.arange(len(y)))
    save(
        model, path, X=X, y=y, groups=groups, metrics=_scores(result, best),
        notes=f"The best of {len(models)} models compared, fitted on all of the data. It was "
        "chosen for its scores, which therefore flatter it a little.",
    )  # fmt: skip
    say(f"model: {os.path.abspath(path)}")


def _scores(result, name):
    """Return the means over the test sets with their intervals, of models fitted on a part each."""
    intervals = {metric.name: result.interval(name, metric.name) for metric in result.metrics}
    return {
        f"cross-validated {metric}": {"mean": found.mean, "low": found.low, "high": found.high}
        for metric, found in intervals.items()
    }


def _fitted(model, X, y, groups, rows):
    from sklearn.base import clone

    from skmedimg.evaluation.splitting._groups import groups_for_fit

    model = clone(model)
    extra = {} if groups is None else groups_for_fit(model, groups[rows])
    return model.fit(X, y, **extra)
