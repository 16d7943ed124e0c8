"""Compare estimators on the same folds."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.utils import check_random_state

from skmedimg._progress import FitProgress
from skmedimg._provenance import (
    describe,
    estimator_key,
    fingerprint,
    sha256,
    split_bytes,
    versions,
)
from skmedimg.evaluation._call_text import call_text
from skmedimg.evaluation._compare_warnings import (
    interruption,
    model_warnings,
    site_texts,
    without_repeats,
)
from skmedimg.evaluation._comparison import Comparison
from skmedimg.evaluation._external_sets import add_external
from skmedimg.evaluation._from_bunch import take_apart
from skmedimg.evaluation._keep_fitted import keep_fitted
from skmedimg.evaluation._records import WarningRecord
from skmedimg.evaluation.auditing._duplicates_together import check_sides, is_auto, keep_together
from skmedimg.evaluation.external._external_set import read_external_sets
from skmedimg.evaluation.running._baseline import BASELINES, make_baseline
from skmedimg.evaluation.running._final_fit import without_models
from skmedimg.evaluation.running._fit_folds import (
    FitsInterrupted,
    FitTask,
    RunSettings,
    fit_folds,
)
from skmedimg.evaluation.running._fold_checkpoint import Checkpoint
from skmedimg.evaluation.running._shared_steps import share_steps
from skmedimg.evaluation.scores._score_table import choose_metrics
from skmedimg.evaluation.splitting._folds import choose_repeats, make_splits
from skmedimg.evaluation.splitting._sites import (
    check_site,
    name_splits,
    site_splits,
)
from skmedimg.evaluation.splitting._targets import check_targets, is_images
from skmedimg.evaluation.subgroups._patient_columns import check_columns
from skmedimg.evaluation.subgroups._source_files import check_load_report, file_names
from skmedimg.images._decode import DecodeOptions
from skmedimg.images._image_loader import ImageLoader, follow_masks
from skmedimg.images._lazy_images import lazy_if_stored
from skmedimg.images._n_jobs import check_n_jobs

# a baseline's name, or a column beside the predictions
_TAKEN = {*BASELINES.values(), "row", "repeat", "fold", "group", "truth"}


def compare(
    estimators,
    X,
    y=None,
    *,
    groups=None,
    site=None,
    external=None,
    cv=None,
    repeats=None,
    scoring=None,
    pos_label=None,
    ignore_label=None,
    spacing=None,
    columns=None,
    load_report=None,
    n_jobs=None,
    error_score="raise",
    random_state=None,
    verbose=1,
    baseline=True,
    audit=True,
    share=True,
    keep_models=False,
    checkpoint=None,
):
    """Compare estimators on the same folds and keep everything that is needed to judge them.

    Parameters
    ----------
    estimators : dict of str to BaseEstimator, list of BaseEstimator, or BaseEstimator
        Classifiers, or segmenters. Estimators in a list are named after their Python class.
    X : array-like (n, n_features), (n, height, width) or (n, height, width, channels); paths; \
LazyImages; Bunch
        Whatever the estimators take; or what a loader returned, such as
        :func:`~skmedimg.datasets.load_image_folder`, whose labels (for segmenters: masks), groups
        and split are taken where the other arguments are None.
    y : array-like (n,), masks (n, height, width), or mask paths (n,), default=None
        Labels or masks; None where X has them.
    groups : array-like (n,) or "auto", default=None
        Patients. No patient is on both sides of a split; one that is raises. "auto" keeps together
        the duplicates that the audit finds, with the patients of X where a loader knows them. None
        does so where no patients are known and `cv` is an integer.
    site : array-like (n,), default=None
        The hospital or scanner of each sample. One after the other is left out and tested, by
        models trained on all others; `cv` is not used. `Comparison.sites` has the score of each.
    external : dict of str to (X, y[, groups[, columns]]) or Bunch, default=None
        Sets of other hospitals by name, in parts or as a loader returned them. Each estimator is
        fitted once more, on all of X, and scored on them; `Comparison.external` has the results.
    cv : int, splitter or iterable of (train, test), default=None
        An integer stratifies by class, keeps patients together, and shuffles. In a list of
        (train, validation, test), such as a published split, nothing is trained on the validation
        rows: networks get them as `X_val`. None: the split that a loader found in its folders,
        else 5.
    repeats : int or None, default=None
        Number of repetitions of the K-fold of an integer `cv`, reshuffled each time. None takes 5
        for up to 1,000 patients (samples without `groups`), 3 for up to 5,000 and 2 for more: one
        repetition says too little about training again to tell models apart.
    scoring : str, list of str or callable, or dict of str to str or callable, default=None
        Metrics by name (such as "balanced_accuracy", "roc_auc", "dice"), scorers of scikit-learn
        by name, or scorers; those that take a `pos_label` and were given none get the one below.
        The first one sorts the summary. None takes all metrics that fit the
        task.
    pos_label : label, default=None
        The positive one of two classes. None guesses, with a warning unless the labels are 0/1,
        -1/1 or False/True; a class named like normal, benign or healthy is never taken.
    ignore_label : int or None, default=None
        Value of masks whose pixels count in no score, such as 255 where nobody labeled; segmenters
        of this package need the same `ignore_label`.
    spacing : float, sequence of float (2,) or array-like (n, 2), default=None
        Size of a pixel along rows and columns, of all masks or of each, in which distances and
        their tolerances are measured; None measures in pixels.
    columns : DataFrame (n, n_columns) or None, default=None
        Facts about the patients, such as age and sex, a row per row of X, as `data.columns` of
        :func:`~skmedimg.datasets.load_image_table`. No model sees them; `Comparison.by` scores
        their subgroups and `table_one` describes the patients. They do not enter the `digest`.
    load_report : LoadReport or None, default=None
        `data.report` of the loader, so that the report counts the files that were left out.
    n_jobs : int, default=None
        Fits side by side, through joblib; the results are those of one after the other.
    error_score : "raise" or float, default="raise"
        "raise" stops at a fit that raises an error. With a number it is missing: it enters no
        interval, test or conclusion. The number only sorts the table, where a failed fit counts
        as this or as the worst score of all fits, whichever is worse.
    random_state : int, RandomState or None, default=None
        Seeds the folds, and each `random_state` of the estimators that is None. None draws one;
        the comparison remembers it.
    verbose : int, default=1
        1 shows one line of progress: the model, fold and epoch that run and the time left; where
        standard error is no terminal, a line per finished fit.
    baseline : bool, default=True
        Add a baseline that ignores the images: it predicts the most frequent class, or for masks
        the most frequent label of each pixel.
    audit : bool, "full" or Audit, default=True
        Look for what is wrong with the images themselves, such as duplicates. True leaves out
        what trains models; "full" does not. Rows of numbers are not audited: nothing says that
        they are images. An Audit of X is taken as it is.
    share : bool, default=True
        Run leading pipeline steps that learn nothing from the training set (such as decoding
        and HOG) once for all folds and estimators, which keeps their results in memory.
    keep_models : bool, default=False
        Keep the models of all folds in memory, for `Comparison.robustness`, and models fitted once
        more on all of X, for `Comparison.validate`. Files of comparisons hold no models, so fits
        found in a `checkpoint` are done again. `external` alone keeps the latter.
    checkpoint : str or os.PathLike, default=None
        A folder that keeps every finished fit. The same call resumes from there, with the same
        result as if it had not been interrupted. With or without it, Ctrl-C during the fits
        raises a KeyboardInterrupt that has a `comparison` of those that were finished, or None.

    Returns
    -------
    comparison : Comparison

    See Also
    --------
    Comparison : What `compare` found: predictions, scores, costs and how to get them again.
    learning_curve : Compare estimators on training sets of several sizes, tested on the same folds.
    audit
        Find duplicates, leakage, shortcuts and defects in a data set before any model is
        trained.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmedimg import compare
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     {"bayes": GaussianNB(), "stump": DecisionTreeClassifier(max_depth=1)}, X, y,
    ...     scoring="roc_auc", pos_label=0, random_state=0, verbose=0,
    ... )
    >>> round(result.interval("bayes").mean, 3)
    0.987
    >>> print(result.tests(reference="bayes").conclusions[0])
    bayes is better than stump: ROC AUC differs by +0.1...
    """
    check_n_jobs(n_jobs, "compare")
    _check_switches(repeats, error_score, audit)
    named = name_estimators(estimators)
    given = {"groups": groups, "cv": cv, "repeats": repeats, "site": site, "scoring": scoring}
    given |= {"ignore_label": ignore_label, "spacing": spacing, "columns": columns}
    given |= {"external": external, "baseline": None if baseline else False}
    given |= {"audit": False if audit is False else None}  # it may keep duplicates together
    data = ("X", "y") if y is not None else ("data",)
    auto = is_auto(groups)
    X, y, groups, columns, load_report, own_split = take_apart(
        named, X, y, None if auto else groups, columns, load_report
    )
    cv = (own_split if site is None and own_split else 5) if cv is None else cv
    X = lazy_if_stored(X)
    targets = check_targets(named, X, y, groups, pos_label, ignore_label, spacing)
    sets = read_external_sets(_taken_apart(named, external), targets)
    columns = check_columns(columns, len(targets.y))
    check_load_report(load_report)
    seed = draw_seed(random_state)
    given |= {"pos_label": targets.pos_label, "random_state": seed}
    # Before the splits, which keep the duplicates together that it finds.
    with FitProgress(verbose) as progress:
        progress.say("auditing the images")
        found = _audit(X, targets, site, audit)
    folds = site is None and isinstance(cv, (int, np.integer))
    targets, duplicate_texts = keep_together(targets, found, auto, may_default=folds)
    # Before anything is fitted: every estimator and every scorer gets the same splits.
    given_cv = cv
    if site is not None:
        site = check_site(site, cv, repeats, targets.y, targets.groups)
        cv = site_splits(site, targets.strata, targets.task)
    repeats = choose_repeats(repeats, cv, targets.groups, len(targets.y))
    splits = make_splits(cv, targets.task, targets.strata, targets.groups, repeats, seed)
    if site is not None:
        splits = name_splits(splits, site)
    found, leak_texts = check_sides(found, splits)
    metrics, scorers = choose_metrics(
        scoring, targets.task, targets.n_classes, targets.pos_label, targets.y.ndim > 2
    )
    # What must be unchanged for a finished fit of a checkpoint to be used again. The estimators
    # are not among it: their keys are in the names of the files, so a comparison can gain models.
    facts = {
        "data digest": fingerprint(X, targets.y, targets.groups),
        "seed": seed,
        "number of splits": len(splits),
        "splits": _digest_of(splits),
        "scores": sorted(scorers),
        "versions": versions(),
    }
    # Opened before the shared steps, which may take minutes: a wrong folder fails at once.
    store = Checkpoint(checkpoint, facts, targets.classes)
    with FitProgress(verbose) as progress:
        progress.say("computing what all folds share")
        tasks = _fit_tasks(named, X, targets, share, baseline)
        running = (n_jobs, error_score, progress, keep_models)
        settings = RunSettings(metrics, scorers, store, seed, *running)
        fold_results, stopped = _fit_folds(tasks, targets, splits, settings)
    call = call_text(named, data, given)
    missing = [*interruption(stopped, len(splits), [task.name for task in tasks])]
    if stopped is not None:
        splits, sets = stopped.splits, ()
        tasks = [task for task in tasks if task.name in fold_results]
        named = {name: each for name, each in named.items() if name in fold_results}
    models = None
    if (keep_models and stopped is None) or sets:
        models = keep_fitted(named, X, targets, tasks, fold_results, settings, found)
        fold_results = without_models(fold_results)
    comparison = Comparison(
        names=tuple(task.name for task in tasks),
        task=targets.task,
        y=targets.y,
        classes=targets.classes,
        splits=splits,
        metrics=metrics,
        fold_results=fold_results,
        pos_label=targets.pos_label,
        groups=targets.groups,
        ignore_label=targets.ignore_label,
        spacing=targets.spacing,
        columns=columns,
        files=file_names(X),
        load_report=load_report,
        shared_times={task.name: task.shared_time for task in tasks},
        estimators={task.name: task.description for task in tasks},
        baseline=BASELINES[targets.task] if baseline and len(tasks) > len(named) else None,
        error_score=np.nan if error_score == "raise" else float(error_score),
        random_state=seed,
        versions=facts["versions"],
        digest=facts["data digest"],
        call=call,
        warnings=without_repeats(
            *missing,
            *(*leak_texts, *duplicate_texts),
            *model_warnings(named, fold_results, targets, splits, found),
            *(WarningRecord(text, "splits") for text in site_texts(site, given_cv, targets)),
        ),
        audit=found,
        models=models,
    )
    if stopped is not None:
        stopped.comparison = comparison
        raise stopped
    return add_external(comparison, sets)


def _fit_folds(tasks, targets, splits, settings):
    """Return the results of the fits; those finished, and the interruption, after Ctrl-C."""
    try:
        return fit_folds(tasks, targets, splits, settings), None
    except FitsInterrupted as stopped:
        if not set(stopped.fold_results) - {*BASELINES.values()}:
            raise  # no estimator was fitted
        return without_models(stopped.fold_results), stopped


def name_estimators(estimators):
    """Return estimators by name: those of a list are named after their Python class.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skmedimg.evaluation._compare import name_estimators
    >>> name_estimators([SVC(C=1), SVC(C=10)])
    {'SVC': SVC(C=1), 'SVC 2': SVC(C=10)}
    """
    named = estimators if isinstance(estimators, dict) else _named_after_classes(estimators)
    if not named:
        raise ValueError("estimators needs at least one estimator, but is empty.")
    for name, estimator in named.items():
        if not isinstance(name, str) or not name or name in _TAKEN:
            raise ValueError(
                f"estimators needs non-empty text as names, other than the reserved "
                f"{sorted(_TAKEN)}, but got {name!r}."
            )
        if not hasattr(estimator, "fit") or isinstance(estimator, type):
            raise TypeError(f"estimators[{name!r}] needs an estimator, but is {estimator!r}.")
    return dict(named)


def draw_seed(random_state):
    """Return `random_state` if it is an integer, else a seed drawn from it."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    # check_random_state(None) would be numpy's global generator, which is not ours to advance.
    draws = np.random.RandomState() if random_state is None else check_random_state(random_state)
    return int(draws.randint(2**31 - 1))


def _check_switches(repeats, error_score, audit):
    number = isinstance(repeats, (int, np.integer)) and not isinstance(repeats, bool)
    if repeats is not None and not (number and repeats >= 1):
        raise ValueError(f"repeats={repeats!r} needs a positive integer or None.")
    if error_score != "raise" and not isinstance(error_score, Real):
        raise ValueError(f"error_score={error_score!r} needs 'raise' or a number.")
    if not hasattr(audit, "leakage_group") and audit not in (True, False, "full"):
        raise ValueError(f"audit={audit!r} needs True, False, 'full' or what audit() returned.")


def _named_after_classes(estimators):
    named = {}
    for estimator in estimators if isinstance(estimators, (list, tuple)) else [estimators]:
        # "SVC", "SVC 2", ...: names have to be unique, since results are kept by name.
        base = name = type(estimator).__name__
        number = 1
        while name in named:
            number += 1
            name = f"{base} {number}"
        named[name] = estimator
    return named


def _fit_tasks(named, X, targets, share, baseline):
    """Return a FitTask per estimator and for the baseline, after their shared steps have run."""
    # Without sharing each task is the whole pipeline on X.
    prepared = share_steps(named, X) if share else {n: (e, X, 0.0) for n, e in named.items()}
    tasks = []
    for name, (rest, given, seconds) in prepared.items():
        # Of the whole pipeline: after sharing, `rest` no longer tells which features it was given.
        written, key = describe(named[name]), estimator_key(name, named[name])
        y = follow_masks(named[name], X, targets.fitted)
        _refuse_other_proportions(name, named[name], X, y, targets)
        tasks.append(FitTask(name, rest, given, y, written, key, seconds))
    if baseline:
        name, model = BASELINES[targets.task], make_baseline(targets.task, targets.ignore_label)
        # The baseline gets no images, so that none are decoded for it.
        no_images, key = np.zeros((len(targets.y), 1)), estimator_key(name, model)
        tasks.append(FitTask(name, model, no_images, targets.y, describe(model), key))
    return tasks


def _refuse_other_proportions(name, estimator, X, y, targets):
    """Raise where predicted masks show another part of the image than the true ones do."""
    is_lazy = hasattr(X, "paths")
    size = tuple(X.shape[1:3] if is_lazy else np.shape(y)[1:3])
    if targets.task != "segmentation" or size in ((), targets.y.shape[1:]):
        return
    loader = next((step for _, step in getattr(estimator, "steps", [])[:1]), None)
    images = X._options if is_lazy else loader
    for parameter, values in (("aspect", ("pad", "crop")), ("crop", ("foreground",))):
        value = getattr(images, parameter, None)
        if isinstance(images, (ImageLoader, DecodeOptions)) and value in values:
            raise ValueError(
                f"{name!r} gets images with {parameter}={value!r}, whose masks are not those of "
                "the files: pass y=loader.load_masks(X, y) to compare with those, or leave the "
                'images whole, with aspect="stretch".'
            )


def _taken_apart(named, external):
    """Return external sets as (X, y, groups, columns), also those that a loader returned."""
    if not isinstance(external, dict):
        return external
    return {
        name: take_apart(named, given)[:4] if isinstance(given, Mapping) else given
        for name, given in external.items()
    }


def _audit(X, targets, site, switch):
    """Audit images; rows of numbers may be anything."""
    if hasattr(switch, "leakage_group"):
        if len(switch.leakage_group) != len(targets.y):
            raise ValueError(
                f"audit is of {len(switch.leakage_group)} images, but y has {len(targets.y)}."
            )
        return switch
    if not switch or not is_images(X):
        return None
    from skmedimg.evaluation.auditing._audit import audit

    labels = targets.y if targets.task == "classification" else None
    return audit(X, labels, targets.groups, site=site, probes=switch == "full")


def _digest_of(splits):
    numbers = [
        np.int64([split.repeat, split.fold]).tobytes()
        + split_bytes(split.train, split.test)
        + (b"" if split.validation is None else split_bytes(split.validation, split.test))
        for split in splits
    ]
    return sha256(numbers)[:16]
