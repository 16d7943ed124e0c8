"""The command compare: from a folder of images, or the demo, to a table and a report."""

import os

from skmedimg.cli._command_files import (
    add_folder_arguments,
    audit_data,
    check_writable,
    parse_jobs,
    read_folder,
)
from skmedimg.cli._exit_codes import DONE, DataError
from skmedimg.cli._messages import say
from skmedimg.cli._model_names import build_models, default_models, demo_models

SUMMARY = "Compare models on a folder of images and write a report."
_FOLDS = 5


def add_arguments(parser):
    """Add the arguments of this command to its parser."""
    add_folder_arguments(parser, optional=True)
    # None where a default would hide that --demo does not use the argument
    parser.add_argument(
        "--models",
        metavar="NAMES",
        help="comma-separated models: hog-mlp, hog-linear, mlp, cnn, or a pretrained backbone, "
        "which `skmedimg backbones` lists (default: hog-mlp, cnn, and efficientnet_lite0 if its "
        "weights are installed)",
    )
    parser.add_argument(
        "--cv",
        type=int,
        metavar="N",
        help=f"number of folds (default: the folder's own train/test split, else {_FOLDS})",
    )
    parser.add_argument(
        "--merge-validation",
        action="store_true",
        help="also train on the images of FOLDER/val, which are left out otherwise",
    )
    parser.add_argument(
        "--despite-errors",
        action="store_true",
        help="go on where duplicates of an image have different labels",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        metavar="N",
        help="number of repetitions of the K-fold, each shuffled differently (default: 5, or fewer "
        "for more than 1,000 patients)",
    )
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="height and width that images are resized to (default: 128)",
    )
    parser.add_argument(
        "--color", choices=["gray", "rgb"], help="color that images are read in (default: gray)"
    )
    parser.add_argument(
        "--positive",
        metavar="CLASS",
        help="of two classes, the one to detect, such as the disease",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="number of epochs of every network (default: each network's own)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="random seed of the folds and of training (default: 0)",
    )
    parser.add_argument(
        "--jobs",
        type=parse_jobs,
        default=1,
        metavar="N",
        help="number of fits at the same time, -1: one per core (default: 1)",
    )
    parser.add_argument(
        "--out",
        default="report.html",
        metavar="FILE",
        help="HTML report to write (default: report.html)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="also write all scores and predictions as JSON"
    )
    parser.add_argument(
        "--save",
        metavar="FILE",
        help="fit the best model on all images and save it for the command predict",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FOLDER",
        help="keep finished fits here; the same command continues after an interruption",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="use synthetic images of lesions instead of FOLDER; takes about 3 minutes",
    )


def run(options):
    """Compare the models, print the table, write the files, and return the exit code."""
    from skmedimg.evaluation import compare

    X, y, groups, cv, positive = _demo_data(options) if options.demo else _folder_data(options)
    models = _models(options)
    # before the first fit: an error here must not cost hours of training
    for path in filter(None, (options.out, options.json, options.save)):
        check_writable(path)
    found = audit_data(X, y, groups, despite_errors=options.despite_errors or options.demo)
    say(f"comparing {', '.join(models)} on {len(y)} images")
    result = compare(
        models,
        X,
        y,
        groups="auto" if options.groups == "auto" else groups,
        cv=cv,
        repeats=options.repeats,
        pos_label=positive,
        n_jobs=options.jobs,
        random_state=options.seed,
        audit=found,  # its findings are part of the report
        checkpoint=options.checkpoint,
    )
    groups = result.groups  # with duplicates kept together
    print(result)
    print()
    print(result.tests())
    if options.json:
        result.to_json(options.json)
    say(f"fitting {result.best} on the first training set, to explain its predictions")
    # not on all images: the report explains predictions of images that the model has not seen
    train = result.splits[0].train
    explained = {result.best: _fit_on(train, models[result.best], X, y, groups)}
    result.to_html(options.out, X=X, models=explained)
    say(f"report: {os.path.abspath(options.out)}")
    if options.save:
        _save_best(options.save, models, result, X, y, groups)
    return DONE


def _models(options):
    if options.demo:
        return demo_models(epochs=options.epochs, seed=options.seed)
    return build_models(
        options.models or default_models(),
        size=128 if options.size is None else options.size,
        color=options.color or "gray",
        epochs=options.epochs,
        seed=options.seed,
    )


def _folder_data(options):
    """Return X, y, groups, cv and the positive class of a folder."""
    import numpy as np

    if options.folder is None:
        raise DataError("compare needs a FOLDER of images, or --demo.")
    data = read_folder(
        options.folder, options.groups, None, merge_validation=options.merge_validation
    )
    if len(data.target_names) < 2:
        raise DataError(
            f"{options.folder!r} has one class, {data.target_names[0]!r}; a comparison needs two: "
            "FOLDER/class/images."
        )
    # names and not numbers: they appear in the table, the report and the saved model
    labels = data.target
    cv = _FOLDS if options.cv is None else options.cv
    if options.cv is None and data.split is not None and (data.split == "test").any():
        say("using the folder's own train/test split; --cv 5 would make folds of all images")
        parts = [np.flatnonzero(data.split == part) for part in ("train", "validation", "test")]
        n_validation = len(parts[1])
        if n_validation:
            say(
                f"leaving the {n_validation} validation images out of training, networks score "
                "them after every epoch; --merge-validation trains on them"
            )
        cv = [tuple(part for part in parts if len(part))]
    return np.asarray(data.paths), labels, data.groups, cv, options.positive


def _demo_data(options):
    """Return X, y, groups, cv and the positive class of synthetic images."""
    import numpy as np

    from skmedimg.datasets import make_lesions

    for name in ("folder", "groups", "models", "size", "color", "positive", "merge_validation"):
        if getattr(options, name) not in (None, False):
            given = "FOLDER" if name == "folder" else f"--{name.replace('_', '-')}"
            raise DataError(f"--demo brings its own images and models: leave {given} out.")
    say("demo: 240 synthetic images of 80 patients, half with a lesion; no real patients")
    data = make_lesions(240, size=48, patients=80, noise=0.1, random_state=options.seed)
    labels = np.array(data.target_names)[data.target]
    cv = _FOLDS if options.cv is None else options.cv
    return data.images, labels, data.groups, cv, data.target_names[1]


def _save_best(path, models, result, X, y, groups):
    import numpy as np

    from skmedimg.saving import save

    best = result.best
    say(f"fitting {best} on all {len(y)} images")
    intervals = {metric.name: result.interval(best, metric.name) for metric in result.metrics}
    save(
        _fit_on(np.arange(len(y)), models[best], X, y, groups),
        path,
        X=X,
        y=y,
        groups=groups,
        # named so, because the saved model was not tested: it has seen all images
        metrics={
            f"cross-validated {name}": {"mean": found.mean, "low": found.low, "high": found.high}
            for name, found in intervals.items()
        },
        notes=f"The best of {len(models)} models compared, fitted on all of the data. It was "
        "chosen for its scores, which are therefore slightly too good.",
    )
    say(f"model: {os.path.abspath(path)}")


def _fit_on(rows, model, X, y, groups):
    """Return a clone of a model, fitted on some rows."""
    from sklearn.base import clone

    from skmedimg.evaluation.splitting._groups import groups_for_fit

    # estimators without a use for groups do not get them: scikit-learn's fit would refuse
    params = {} if groups is None else groups_for_fit(model, groups[rows])
    return clone(model).fit(X[rows], y[rows], **params)
