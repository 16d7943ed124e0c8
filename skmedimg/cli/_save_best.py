"""What `skmedimg compare --save` does: fits the best model, and says what it was fitted on."""

import os

from skmedimg.cli._messages import say


def save_best(options, models, result, X, y, groups, fitted):
    """Save the best model; `fitted` is it as fitted on the training set of the first split."""
    import numpy as np

    from skmedimg.saving import save

    best, on_all = result.best, options.save_on == "all"
    rows = np.arange(len(y)) if on_all else result.splits[0].train
    if on_all:
        say(f"fitting {best} on all {len(y)} images")
        fitted = fit_on(rows, models[best], X, y, groups)
    intervals = {metric.name: result.interval(best, metric.name) for metric in result.metrics}
    how = "cross-validated {}" if len(result.splits) > 1 else "{} on the test images"
    save(
        fitted,
        options.save,
        X=X[rows],
        y=y[rows],
        groups=None if groups is None else groups[rows],
        metrics={
            how.format(name): {"mean": found.mean, "low": found.low, "high": found.high}
            for name, found in intervals.items()
        },
        notes=_notes(len(models), result, len(rows), on_all),
    )
    say(f"model: {os.path.abspath(options.save)}")
    _save_guard(guard_path(options.save), X, groups, rows)
    say(_closing_line(result, len(rows), on_all))


def guard_path(path):
    """Return the file of the InputGuard that belongs to a saved model: m.guard.skmed of m.skmed."""
    return os.path.splitext(path)[0] + ".guard.skmed"


def _save_guard(path, X, groups, rows):
    """Save an InputGuard of the images the model was fitted on, or say why there is none."""
    from skmedimg.evaluation import InputGuard
    from skmedimg.saving import save

    try:
        guard = InputGuard().fit(X[rows], groups=None if groups is None else groups[rows])
    except ValueError as error:
        # that of another model would judge the images of this one
        if os.path.exists(path):
            os.remove(path)
        say(f"predict will not warn of images unlike these: {error}")
        return
    save(guard, path)
    say(f"guard: {os.path.abspath(path)} (predict warns of images unlike these)")


def fit_on(split, model, X, y, groups):
    """Return a clone of a model, fitted on a Split as `compare` does, or on some rows."""
    from sklearn.base import clone

    from skmedimg.evaluation.splitting._groups import groups_for_fit, validation_for_fit

    rows, validation = getattr(split, "train", split), getattr(split, "validation", None)
    # estimators without a use for groups do not get them: scikit-learn's fit would refuse
    params = {} if groups is None else groups_for_fit(model, groups[rows])
    if validation is not None:
        groups_val = groups[validation] if params else None
        params |= validation_for_fit(model, X[validation], y[validation], groups_val)
    return clone(model).fit(X[rows], y[rows], **params)


def _notes(n_models, result, n_rows, on_all):
    """Return what the card says of the model, its images and its scores."""
    if len(result.splits) == 1:
        scores = "The scores are those of one training set and one test set, no cross-validation"
    else:
        scores = f"The scores are means over {len(result.splits)} test sets"
    chosen = f"The best of {n_models} models compared" if n_models > 1 else "One model was compared"
    if not on_all and len(result.splits) == 1:
        fitted = f"It was fitted on the {n_rows} training images, and is the model that was tested."
    elif not on_all:
        fitted = f"It was fitted on the {n_rows} training images of the first split."
    else:
        fitted = (
            f"It was fitted on all {n_rows} images, those of the test sets too, and not tested: "
            "the scores are those of models fitted on fewer images."
        )
    bias = " It was chosen for its scores, which are therefore slightly too good."
    return f"{chosen}. {fitted} {scores}.{bias if n_models > 1 else ''}"


def _closing_line(result, n_rows, on_all):
    """Return what to expect of the model, and of scores on images that it was fitted on."""
    found, title = result.interval(result.best), result.metric().title
    limits = f" [{found.low:.2f}, {found.high:.2f}]" if found.low == found.low else ""
    what = f"expect {title} {found.mean:.2f}{limits} on new images"
    if on_all:
        return (
            f"fitted on train AND test, {n_rows} images; {what}, and more on these, which says "
            "nothing (--save-on train leaves the test images out)"
        )
    return f"fitted on the {n_rows} training images of the first split; {what}"
