"""Tests of two learning procedures, as they would be after training on other patients."""

from functools import partial

import numpy as np
from scipy import stats

from skmedimg.evaluation._text import counted
from skmedimg.evaluation.scores._pooled_counts import (
    averaged_values,
    cannot_rank,
    pools_counts,
)
from skmedimg.evaluation.scores._undefined_distances import undefined_distances
from skmedimg.evaluation.statistics._difference_tests import Difference, corrected_t_test, t_test
from skmedimg.evaluation.statistics._exact_comparison import exact_without_spread
from skmedimg.evaluation.statistics._fitted_tests import EXACT
from skmedimg.evaluation.statistics._intervals import (
    has_clusters,
    holdout_ratio,
    moves_with_threshold,
    score_limits,
    score_statistic,
)
from skmedimg.evaluation.statistics._unadjusted_test import FITTED, TRAINING, UnadjustedTest
from skmedimg.evaluation.statistics._variance import contributions, repeats_training, spread

CLUSTERED, RESAMPLED = "cluster-robust t-test", "corrected resampled t-test"
METHODS = ("auto", "clustered", "corrected")


def procedure_tests(comparison, first, second, metric, method="auto"):
    """Return an UnadjustedTest per method that applies, the one asked for first.

    "clustered" takes the variance over patients and repeats, "corrected" that over splits, which
    Nadeau and Bengio corrected for overlap; "auto" is the first of them that applies, or the one
    with the larger p-value where a score moves with the threshold between the classes.
    """
    asked, reason = comparison.metric(metric), why_untested(comparison, first, second, metric)
    differences = comparison.values(first, metric) - comparison.values(second, metric)
    known = np.isfinite(differences)
    if reason:
        return [_untested(differences[known], asked, reason)]
    found = {}
    if has_clusters(comparison, metric):
        found["clustered"] = _clustered(comparison, first, second, asked)
    if known.sum() > 1 and not pools_counts(comparison, metric):
        found["corrected"] = _corrected(comparison, differences, known, asked)
    if method not in ("auto", *found):
        needed = {
            "clustered": "predictions and at least two repeats, or a single test set",
            "corrected": "at least two splits with a score",
        }[method]
        raise ValueError(f"method={method!r} needs {needed} for {asked.title}.")
    order = sorted(found, key=lambda name: name != method)
    tests = [found[name] for name in order]
    if not tests:
        reason = f"{asked.title} has no spread by which to judge it on one split"
        return [_untested(differences[known], asked, reason)]
    if method == "auto" and moves_with_threshold(comparison, metric):
        tests.sort(key=lambda each: -each.difference.p_value)
    # Without a second patient in a class there is no variance over patients.
    tests.sort(key=lambda each: not np.isfinite(each.difference.p_value))
    if not np.isfinite(tests[0].difference.p_value):
        tests[0] = _exact(comparison, first, second, asked, tests[0])
    return tests


def why_untested(comparison, first, second, metric):
    """Return the reason why a pair is not tested by a metric, or None."""
    asked = comparison.metric(metric)
    if asked.target is not None:
        return f"{asked.title} should be {asked.target:g}, so neither more nor less of it is better"
    if cannot_rank(comparison, metric):
        title = comparison.metric(metric).title
        return f"every test fold lacks a class, and {title} ranks rows within a fold"
    # Fits do not fail at random: the splits that remain are the ones the model could fit.
    failures = {
        name: sum(result.failed for result in comparison.fold_results[name])
        for name in (first, second)
    }
    n_splits = counted(comparison.splits, "split")
    failed = [f"{name} failed on {n} of {n_splits}" for name, n in failures.items() if n]
    # The images on which a distance is defined are those where the model finds something.
    undefined = [
        f"{title} of {name} is {count}"
        for name in (first, second)
        for title, count in undefined_distances(comparison.fold_results[name], metric)
    ]
    return " and ".join([*failed, *undefined]) or None


def _untested(differences, metric, reason):
    """Return an UnadjustedTest that says why there is none, with the mean difference."""
    value = float(differences.mean()) if len(differences) else np.nan
    return UnadjustedTest(RESAMPLED, metric, TRAINING, Difference(value), reason=reason)


def _clustered(comparison, first, second, metric):
    """Return the UnadjustedTest by the variance over patients and repeats."""
    found = contributions(comparison, first, metric.name) - contributions(
        comparison, second, metric.name
    )
    means = [np.nanmean(averaged_values(comparison, name, metric.name)) for name in (first, second)]
    by, again = spread(found), None
    difference = t_test(means[0] - means[1], by.error, by.freedom)
    baseline = comparison.baseline
    constant = baseline in (first, second) and not (
        contributions(comparison, baseline, metric.name).rows.any()
    )
    if constant and np.isfinite(difference.error):
        again = partial(_from_constant, means, first == baseline, metric, by)
        difference = again()
    training = repeats_training(comparison)
    return UnadjustedTest(
        CLUSTERED,
        metric,
        TRAINING if training else FITTED,
        difference,
        np.bincount(found.patient, found.rows.mean(0)),
        _p_of_repeats(comparison, first, second, metric.name),
        again=again,
    )


def _from_constant(means, first_is_constant, metric, by, confidence=0.95):
    """Return the Difference of two mean scores of which one, a baseline's, does not vary.

    The limits are those of the other score less the constant, and p is the confidence at which they
    reach zero: a table would contradict itself otherwise.
    """
    score, constant = means[::-1] if first_is_constant else means
    low, high = (limit - constant for limit in score_limits(metric, score, by, confidence))
    statistic = score_statistic(metric, score, constant, by)
    if first_is_constant:
        low, high, statistic = -high, -low, -statistic
    p_value = float(2 * stats.t.sf(abs(statistic), by.freedom))
    value = float(means[0] - means[1])
    return Difference(value, low, high, statistic, p_value, by.error, by.freedom)


def _corrected(comparison, differences, known, metric):
    """Return the UnadjustedTest by the variance over splits."""
    found = _over_splits(comparison, differences, known)
    pattern = np.where(known, differences - differences[known].mean(), 0.0)
    return UnadjustedTest(RESAMPLED, metric, TRAINING, found, pattern)


def _over_splits(comparison, differences, known):
    """Return the Difference by the corrected resampled t-test over the splits that are `known`."""
    splits = [split for split, kept in zip(comparison.splits, known, strict=True) if kept]
    return corrected_t_test(differences[known], holdout_ratio(splits))


def _exact(comparison, first, second, metric, tested):
    """Return the UnadjustedTest by wins and losses, where the difference has no spread."""
    again = partial(
        exact_without_spread, comparison, first, second, metric.name, tested.difference.value
    )
    return UnadjustedTest(EXACT, metric, tested.about, again(), again=lambda c: again(confidence=c))


def _p_of_repeats(comparison, first, second, metric):
    """Return the lowest and highest p-value that one repeat alone would have given."""
    differences = comparison.values(first, metric) - comparison.values(second, metric)
    repeat = np.array([split.repeat for split in comparison.splits])
    found = []
    for each in np.unique(repeat):
        known = np.isfinite(differences) & (repeat == each)
        if known.sum() > 1:
            found.append(_over_splits(comparison, differences, known).p_value)
    found = [p for p in found if np.isfinite(p)]
    return (min(found), max(found)) if found else (np.nan, np.nan)
