"""Evaluate fitted or saved models on a set that they were not trained on."""

import os
from types import SimpleNamespace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmedimg._provenance import describe, versions
from skmedimg.evaluation._evaluation import evaluate_set
from skmedimg.evaluation.external._external_set import read_external_set
from skmedimg.evaluation.running._final_fit import KeptModels
from skmedimg.evaluation.scores._positive_label import positive_label
from skmedimg.evaluation.scores._score_table import choose_metrics
from skmedimg.evaluation.splitting._targets import task_of


def evaluate(
    model,
    X,
    y,
    *,
    groups=None,
    scoring=None,
    pos_label=None,
    ignore_label=None,
    spacing=None,
    columns=None,
    name="test set",
):
    """Score a fitted or saved model on images that it was not trained on.

    Nothing is fitted. The images must not be of patients that the model was trained on: nothing in
    a model says which those were.

    Parameters
    ----------
    model : fitted estimator, str or os.PathLike, or dict of str to these
        A classifier or segmenter, or the file that `skmedimg.saving.save` wrote. Several by name
        are compared on the same images.
    X : any kind of X that the model takes
        Images.
    y : array-like (n,), masks (n, height, width), or mask paths (n,)
        Labels among the classes of the model, or masks.
    groups : array-like (n,), default=None
        Patients, over whom intervals are computed.
    scoring : str, list of str or callable, or dict of str to str or callable, default=None
        As of `compare`.
    pos_label : label, default=None
        The positive one of two classes; None guesses, as `compare` does.
    ignore_label : int or None, default=None
        Value of masks whose pixels count in no score.
    spacing : float, sequence of float (2,) or array-like (n, 2), default=None
        Size of a pixel of the masks, as of `compare`.
    columns : DataFrame (n, n_columns) or None, default=None
        Facts about the patients, as of `compare`.
    name : str, default="test set"
        What the set is called, such as the hospital.

    Returns
    -------
    evaluation : Evaluation
        With intervals over the patients, for the model as it was fitted.

    See Also
    --------
    compare : With `external`, which also says how the set differs from the development data.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.evaluation import evaluate
    >>> here = make_lesions(60, size=24, noise=0.0, random_state=0)
    >>> there = make_lesions(80, size=24, noise=0.0, patients=40, random_state=1)
    >>> rows = [data.images.reshape(-1, 24 * 24) / 255 for data in (here, there)]
    >>> model = LogisticRegression().fit(rows[0], here.target)
    >>> evaluate(
    ...     model, rows[1], there.target, groups=there.groups, scoring="roc_auc", name="Cairo"
    ... )
    Cairo: 80 samples of 40 patients, 0: 40, 1: 40
    LogisticRegression finds 18 of 20 patients labeled 1 and takes 1 of 20 labeled 0 for 1 ...
                                     ROC AUC
    LogisticRegression  0.945 [0.866, 0.979]
    Warning: Cairo has only 40 patients: differences below about 15 points are noise.
    """
    models = read_models(model)
    task = task_of(models)
    classes, positive = None, None
    if task == "classification":
        classes = _common_classes(models)
        positive = positive_label(classes, pos_label)
    data = SimpleNamespace(
        names=tuple(models),
        task=task,
        classes=classes,
        pos_label=positive,
        ignore_label=ignore_label,
        spacing=None,
        baseline=None,
        estimators={name: describe(each) for name, each in models.items()},
        random_state=0,
        versions=versions(),
    )
    more = {"where": "evaluate", "columns": columns}
    given = read_external_set(data, name, X, y, groups, spacing, **more)
    n_classes = 0 if classes is None else len(classes)
    data.metrics, scorers = choose_metrics(scoring, task, n_classes, positive, given.y.ndim > 2)
    return evaluate_set(data, KeptModels(models, scorers=scorers), given)


def read_models(model):
    """Return {name: fitted model} of a model, of the path of a file, or of a dict of these."""
    if isinstance(model, dict):
        if not model:
            raise ValueError("model needs at least one fitted model, but is empty.")
        return {name: _read_model(each)[1] for name, each in model.items()}
    return dict([_read_model(model)])


def _read_model(model):
    """Return (name, fitted model) of a model or of the path of a file."""
    if isinstance(model, (str, os.PathLike)):
        from skmedimg.saving import load

        name = os.path.splitext(os.path.basename(os.fspath(model)))[0]
        return name, load(model)
    if not hasattr(model, "predict") or isinstance(model, type):
        raise TypeError(
            f"model needs a fitted estimator, or the path of a file that skmedimg.saving.save "
            f"wrote, but is {model!r}."
        )
    check_is_fitted(model)
    return type(model).__name__, model


def _common_classes(models):
    """Return the classes that all models were trained on; other ones raise."""
    found = {name: np.asarray(model.classes_) for name, model in models.items()}
    first, classes = next(iter(found.items()))
    for name, each in found.items():
        if each.tolist() != classes.tolist():
            raise ValueError(
                f"The models need the same classes to be scored together, but {first!r} knows "
                f"{classes.tolist()} and {name!r} {each.tolist()}."
            )
    return classes
