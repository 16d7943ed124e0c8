"""The command compare: from a folder of images, or the demo, to a table and a report."""

import os

from skmedimg.cli._command_files import audit_data, check_writable
from skmedimg.cli._compare_arguments import FOLDS
from skmedimg.cli._compare_arguments import add_compare_arguments as add_arguments
from skmedimg.cli._exit_codes import DONE, FAILED, INTERRUPTED, DataError
from skmedimg.cli._input_images import (
    external_sources,
    read_columns,
    read_external,
    read_images,
    site_of_each,
)
from skmedimg.cli._loading_lines import command_line, demo_lines, folder_lines
from skmedimg.cli._messages import say, show
from skmedimg.cli._model_names import at_sensitivity, build_models, default_models, demo_models
from skmedimg.cli._save_best import fit_on, save_best

SUMMARY = "Compare models on a folder of images and write a report."
__all__ = ["SUMMARY", "add_arguments", "run"]


def run(options):
    """Compare the models, print the table, write the files, and return the exit code."""
    # before images are read and models fitted: an error after them would cost hours
    for path in filter(None, (options.out, options.json, options.save)):
        check_writable(path)
    _check_data_options(options)
    models = _models(options)
    data = _demo_data(options) if options.demo else _folder_data(options)
    X, y, groups, cv, positive, more = data
    if options.sensitivity is not None:
        positive = _positive(y, positive)
        models = at_sensitivity(models, options.sensitivity, positive)
    careless = options.despite_errors or options.demo
    found = audit_data(X, y, groups, site=more.get("site"), despite_errors=careless)
    say(f"comparing {', '.join(models)} on {len(y)} images")
    given = {"groups": "auto" if options.groups == "auto" else groups, "cv": cv}
    given |= more | {"pos_label": positive, "audit": found}
    result, interrupted = _compare(models, X, y, given, options)
    groups = result.groups  # with duplicates kept together
    show(result)
    print()
    show(result.tests(), after=result)  # both list the warnings
    if options.json:
        result.to_json(options.json)
    loading = demo_lines(options) if options.demo else folder_lines(options, isinstance(cv, list))
    how = {"X": X, "command": command_line(options), "loading": loading}
    if interrupted:
        result.to_html(options.out, **how)
        say(f"interrupted; report of what was finished: {os.path.abspath(options.out)}")
        return INTERRUPTED
    fitted = _write_report(result, models, X, y, groups, how, options)
    if options.save:
        save_best(options, models, result, X, y, groups, fitted)
    return _report_failures(models, result)


def _compare(models, X, y, given, options):
    """Return the Comparison, and whether it was interrupted and holds what was finished.

    A model that fails does not take the others with it.
    """
    import numpy as np

    from skmedimg.evaluation import compare

    interrupted = False
    try:
        result = compare(
            models,
            X,
            y,
            **given,
            repeats=options.repeats,
            n_jobs=options.jobs,
            random_state=options.seed,
            checkpoint=options.checkpoint,
            # a traceback is that of the first failure, which ends everything
            error_score="raise" if options.traceback else np.nan,
        )
    except KeyboardInterrupt as stopped:
        result = getattr(stopped, "comparison", None)
        if result is None:  # no model was finished
            raise
        interrupted = True
    folds = [fold for name in models for fold in result.fold_results.get(name, ())]
    if all(fold.failed for fold in folds):
        raise RuntimeError(f"every fit of every model failed, the first with {folds[0].failure}")
    return result, interrupted


def _write_report(result, models, X, y, groups, how, options):
    """Write the report, and return the best model as it was fitted to explain its predictions."""
    say(f"fitting {result.best} on the first training set, to explain its predictions")
    # not on all images: the report explains predictions of images that the model has not seen
    try:
        fitted = fit_on(result.splits[0], models[result.best], X, y, groups)
    except Exception:  # the scores are there: the report is written before the error ends the rest
        result.to_html(options.out, **how)
        say(f"report without explanations: {os.path.abspath(options.out)}")
        raise
    result.to_html(options.out, models={result.best: fitted}, **how)
    say(f"report: {os.path.abspath(options.out)}")
    return fitted


def _report_failures(models, result):
    """Say which models failed, and return the exit code."""
    failed = {n: [f for f in result.fold_results[n] if f.failed] for n in models}
    for name, folds in failed.items():
        if folds:
            say(
                f"error: {name} failed on {len(folds)} of {len(result.splits)} splits; "
                "--traceback stops at the first and prints where"
            )
    return FAILED if any(failed.values()) else DONE


def _models(options):
    if options.demo:
        return demo_models(epochs=options.epochs, seed=options.seed)
    return build_models(
        options.models or default_models(),
        size=128 if options.size is None else options.size,
        color=options.color or "gray",
        epochs=options.epochs,
        seed=options.seed,
        weights=options.weights,
    )


def _positive(y, positive):
    """Return the class to detect; --sensitivity needs one of two."""
    import numpy as np

    from skmedimg.evaluation.scores._positive_label import positive_label

    classes = np.unique(y)
    if len(classes) != 2:
        raise DataError(f"--sensitivity needs two classes, but there are {len(classes)}.")
    return positive_label(classes, positive)


def _check_data_options(options):
    """Refuse a missing folder, and what --demo would ignore."""
    external_sources(options)  # before the first fit
    if options.demo:
        taken = ("folder", "groups", "models", "size", "color", "positive", "merge_validation")
        taken += ("weights", "path_column", "label_column", "site", "columns", "external")
        for name in taken:
            if getattr(options, name) not in (None, False):
                given = "FOLDER" if name == "folder" else f"--{name.replace('_', '-')}"
                raise DataError(f"--demo brings its own images and models: leave {given} out.")
    elif options.folder is None:
        raise DataError("compare needs a FOLDER of images, or --demo.")
    elif options.site is not None and (options.cv or options.repeats):
        raise DataError("--site leaves out one site after the other: leave --cv and --repeats out.")


def _folder_data(options):
    """Return X, y, groups, cv, the positive class and what else compare gets of a folder."""
    import numpy as np

    data = read_images(options.folder, options, columns=read_columns(options))
    if len(data.target_names) < 2:
        raise DataError(
            f"{options.folder!r} has one class, {data.target_names[0]!r}; a comparison needs two: "
            "FOLDER/class/images."
        )
    more = {"site": site_of_each(data, options), "external": read_external(options)}
    more |= {"columns": data.get("columns"), "load_report": data.report}
    # names and not numbers: they appear in the table, the report and the saved model
    labels = data.target
    if options.site is not None:
        return np.asarray(data.paths), labels, data.groups, None, options.positive, more
    cv = FOLDS if options.cv is None else options.cv
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
    return np.asarray(data.paths), labels, data.groups, cv, options.positive, more


def _demo_data(options):
    """Return the same of synthetic images, of which there is nothing else."""
    import numpy as np

    from skmedimg.datasets import make_lesions

    say("demo: 240 synthetic images of 80 patients, half with a lesion; no real patients")
    data = make_lesions(240, size=48, patients=80, noise=0.15, random_state=options.seed)
    labels = np.array(data.target_names)[data.target]
    cv = FOLDS if options.cv is None else options.cv
    return data.images, labels, data.groups, cv, data.target_names[1], {}
