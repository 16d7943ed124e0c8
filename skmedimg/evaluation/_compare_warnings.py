"""What a reader has to know before believing a comparison: its WarningRecords."""

import numpy as np

from skmedimg.evaluation._records import WarningRecord
from skmedimg.evaluation._text import counted
from skmedimg.evaluation.scores._undefined_distances import undefined_distances
from skmedimg.evaluation.splitting._folds import split_warnings
from skmedimg.evaluation.splitting._groups import splits_patients
from skmedimg.evaluation.splitting._sites import looks_like_sites, site_warnings


def model_warnings(named, fold_results, targets, splits, found):
    """Yield a WarningRecord for all that a reader has to know before believing the scores."""
    for text in split_warnings(splits, targets.strata, targets.classes):
        yield WarningRecord(text, "splits")
    for name, estimator in named.items():
        results = fold_results[name]
        failures = [result.failure for result in results if result.failed]
        n_splits = counted(splits, "split")
        if failures:
            text = f"{name} failed on {len(failures)} of {n_splits}: {failures[0]}"
            yield WarningRecord(text, "model", name)
        for metric, count in undefined_distances(results):
            text = f"{name}: {metric} is {count}, and its mean is that of the others."
            yield WarningRecord(text, "model", name)
        constant = sum(_is_constant(result) for result in results)
        if constant:
            text = (
                f"{name} gave every sample the same prediction on {constant} of {n_splits}: it "
                "learned nothing there."
            )
            yield WarningRecord(text, "model", name)
        one_class = sum(_is_one_class(result) for result in results)
        if one_class > constant:
            what = "every sample" if targets.task == "classification" else "every pixel"
            text = (
                f"{name} predicted one class for {what} on {one_class} of {n_splits}: it learned "
                'little there, or the other classes are rare (class_weight="balanced").'
            )
            yield WarningRecord(text, "model", name)
        if targets.groups is not None and splits_patients(estimator):
            text = f"{name} has inner folds that split patients: give its cv a GroupKFold."
            yield WarningRecord(text, "model", name)
    if found is not None:
        for finding in (*found.errors, *found.warnings):
            yield WarningRecord(finding.title, "audit")


def interruption(stopped, n_splits, names):
    """Yield a WarningRecord where the fits were interrupted: what is missing."""
    if stopped is not None:
        missing = [name for name in names if name not in stopped.fold_results]
        text = f"The comparison was interrupted after {len(stopped.splits)} of {n_splits} splits"
        if missing:
            text += f", before {', '.join(missing)}"
        yield WarningRecord(f"{text}: it shows what was finished.", "splits")


def site_texts(site, cv, targets):
    """Yield as text what to know of sites, and where patients may be sites."""
    if site is not None:
        yield from site_warnings(site, targets.strata, targets.classes)
    elif looks_like_sites(cv, targets.groups):
        yield (
            f"groups has {len(np.unique(targets.groups))} values for "
            f"{counted(targets.groups, 'sample')}: if they are hospitals or scanners, pass them as "
            "site= and the patients as groups=."
        )


def without_repeats(*records):
    """Return WarningRecords without those that say what an earlier one says."""
    texts = {record.text.removesuffix("."): record for record in reversed(records)}
    return tuple(record for record in records if texts[record.text.removesuffix(".")] is record)


def _is_constant(result):
    """Return whether every test row of a FoldResult has the same decision scores."""
    # One row is always constant.
    if not result.has_decision_scores or len(result.predictions.decision_scores) < 2:
        return False
    return bool((np.ptp(result.predictions.decision_scores, axis=0) == 0).all())


def _is_one_class(result):
    """Return whether a FoldResult predicts one class for all test rows, or all their pixels."""
    if result.failed or len(result.predictions.predicted) < 2:
        return False
    predicted = result.predictions.predicted
    return bool((predicted == predicted.flat[0]).all())
