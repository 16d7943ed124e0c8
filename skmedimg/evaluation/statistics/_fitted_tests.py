"""Tests of two models as they were fitted, by the rows of the first repeat."""

import numpy as np

from skmedimg.evaluation.scores._score_table import MASK_METRICS, METRICS
from skmedimg.evaluation.statistics._difference_tests import (
    delong_test,
    mcnemar_test,
    wilcoxon_test,
)
from skmedimg.evaluation.statistics._exact_comparison import (
    exact_without_spread,
    values_per_image,
)
from skmedimg.evaluation.statistics._unadjusted_test import FITTED, UnadjustedTest

DELONG, MCNEMAR = "DeLong's test", "McNemar's test"
WILCOXON, EXACT = "Wilcoxon's signed-rank test", "exact binomial test"


def fitted_tests(comparison, first, second, metric):
    """Return an UnadjustedTest for every test of fitted models that fits the task."""
    if comparison.task == "segmentation":
        name = metric if metric in MASK_METRICS else "dice"
        found = _compare_images(comparison, first, second, name)
        return [UnadjustedTest(WILCOXON, METRICS[name], FITTED, found)]
    tests = []
    results = [*comparison.fold_results[first], *comparison.fold_results[second]]
    if comparison.pos_label is not None and all(r.has_decision_scores for r in results):
        folds = list(_first_repeat(comparison, first, second))
        found, test = delong_test(folds), DELONG
        if np.isfinite(found.value) and not np.isfinite(found.p_value) and len(folds) == 1:
            found = exact_without_spread(comparison, first, second, "roc_auc", found.value)
            test = EXACT
        tests.append(UnadjustedTest(test, METRICS["roc_auc"], FITTED, found))
    found = _compare_labels(comparison, first, second)
    return [*tests, UnadjustedTest(MCNEMAR, METRICS["accuracy"], FITTED, found)]


def _first_repeat(comparison, first, second):
    """Yield what DeLong's test needs of each fold; other repeats test the same rows again."""
    column = comparison.positive_column
    pairs = zip(comparison.fold_results[first], comparison.fold_results[second], strict=True)
    for pair in pairs:
        test = pair[0].split.test
        if pair[0].split.repeat == 0:
            decision_scores = [each.predictions.decision_scores[:, column] for each in pair]
            clusters = None if comparison.groups is None else comparison.groups[test]
            yield comparison.y[test] == comparison.pos_label, *decision_scores, clusters


def _compare_labels(comparison, first, second):
    truth = comparison.truth()
    right = [comparison.predictions(name) == truth for name in (first, second)]
    return mcnemar_test(*right, _clusters(comparison))


def _compare_images(comparison, first, second, metric):
    values = values_per_image(comparison, (first, second), metric)
    known = np.isfinite(values).all(0)
    clusters = _clusters(comparison)
    return wilcoxon_test(*(v[known] for v in values), None if clusters is None else clusters[known])


def _clusters(comparison):
    return None if comparison.groups is None else comparison.groups[comparison.rows()]
