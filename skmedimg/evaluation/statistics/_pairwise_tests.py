"""Pairwise tests of a comparison, and the conclusions they allow."""

from dataclasses import asdict, dataclass, replace
from itertools import combinations

import numpy as np

from skmedimg.evaluation._html_tables import tests_table
from skmedimg.evaluation._render import render
from skmedimg.evaluation._text import counted
from skmedimg.evaluation.scores._coded_predictions import MaskPredictions
from skmedimg.evaluation.scores._pooled_counts import cannot_rank, pools_counts
from skmedimg.evaluation.scores._score_table import MASK_METRICS, METRICS
from skmedimg.evaluation.scores._undefined_distances import undefined_distances
from skmedimg.evaluation.statistics._conclusion_text import conclusion_text
from skmedimg.evaluation.statistics._difference_tests import (
    Difference,
    corrected_t_test,
    delong_test,
    holm,
    mcnemar_test,
    wilcoxon_test,
)
from skmedimg.evaluation.statistics._exact_comparison import exact_without_spread
from skmedimg.evaluation.statistics._intervals import holdout_ratio

ALPHA = 0.05
RESAMPLED, DELONG = "corrected resampled t-test", "DeLong's test"
MCNEMAR, WILCOXON = "McNemar's test", "Wilcoxon's signed-rank test"
EXACT = "exact binomial test"  # where the difference is the same in every split
# What a test answers for: only the one over splits sees models trained on other rows.
_PROCEDURES, _FITTED = "how the models are trained", "the models as fitted"


@dataclass(frozen=True)
class PairTest:
    """One test of one pair of estimators.

    Attributes
    ----------
    first, second : str
        The estimators, the one with the better mean first.
    metric, title : str
    test : str
    about : str
        What the test answers for: how the models are trained, or the models as fitted.
    difference : float
        Score of the first minus score of the second.
    low, high : float
        95 % limits of the difference, cut where scores of a known range can differ no further.
    statistic, p_value : float
        nan where every split has the same difference.
    p_adjusted : float
        Corrected by Holm's method over the pairs of the same test.
    n_pairs : int
        For how many pairs it was corrected.
    better : str
        The one with the better score by this test.
    decisive : bool
        Whether the conclusion on the pair rests on this test.
    reason : str or None
        Why the pair was not tested.
    """

    first: str
    second: str
    metric: str
    title: str
    test: str
    about: str
    difference: float
    low: float
    high: float
    statistic: float
    p_value: float
    better: str
    decisive: bool
    p_adjusted: float = np.nan
    n_pairs: int = 1
    reason: str = None

    @property
    def worse(self):
        """str: the other one of the pair."""
        return self.second if self.better == self.first else self.first

    @property
    def significant(self):
        """bool: whether the adjusted p-value is below 0.05."""
        return bool(self.p_adjusted < ALPHA)


@dataclass(frozen=True)
class Conclusion:
    """What may be concluded about one pair of estimators.

    Attributes
    ----------
    winner, loser : str or None
        None where the data do not decide.
    decided : bool
    pair : tuple of str
        The one with the better mean first.
    metric, test : str
    difference : float
        Score of the first of the pair minus score of the second.
    p_value : float
        Corrected for the number of pairs; nan without the spread by which to judge.
    interval : tuple of float
        95 % limits of the difference.
    text : str
        The conclusion as a sentence.
    """

    winner: str
    loser: str
    decided: bool
    pair: tuple
    metric: str
    test: str
    difference: float
    p_value: float
    interval: tuple
    text: str

    def __str__(self):
        return self.text


class PairwiseTests:
    """Pairwise tests of a comparison, and what may be concluded from them.

    Attributes
    ----------
    conclusions : tuple of Conclusion
        One per pair; `print` shows its sentence.
    records : tuple of PairTest
        One per pair and test, the same as `to_frame()`.
    warnings : tuple of WarningRecord
        Those of the comparison.

    See Also
    --------
    skmedimg.evaluation.Comparison.tests : Makes it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> result = compare(GaussianNB(), *load_iris(return_X_y=True), random_state=0, verbose=0)
    >>> tests = result.tests()
    >>> tests
    GaussianNB is better than majority class: balanced accuracy differs by +0.6... (95 % interval
    +0.5... to +0.6...; corrected resampled t-test, p < 0.001).
    >>> tests.conclusions[0].winner
    'GaussianNB'
    >>> tests.to_frame()["test"].tolist()
    ['corrected resampled t-test', "McNemar's test"]
    """

    def __init__(self, conclusions, records, warnings=()):
        self.conclusions = tuple(conclusions)
        self.records = tuple(records)
        self.warnings = tuple(warnings)

    def __repr__(self):
        return "\n".join(
            [*map(str, self.conclusions), *(f"Warning: {warning}" for warning in self.warnings)]
        )

    def _repr_html_(self):
        return render(
            "pairwise_tests.html",
            {
                "conclusions": self.conclusions,
                "warnings": self.warnings,
                "table": tests_table(self),
            },
        )

    def to_frame(self):
        """Return all statistics as a table.

        Returns
        -------
        frame : DataFrame
            One row per pair and test.
        """
        import pandas as pd

        return pd.DataFrame([asdict(record) for record in self.records])


def run_tests(comparison, reference, metric):
    """Return PairwiseTests of all pairs, or of those that hold `reference`, by one metric."""
    ranked = comparison.ranked(metric)
    if reference is not None:
        comparison._check_name(reference)
    pairs = [pair for pair in combinations(ranked, 2) if reference in (None, *pair)]
    records = _adjusted([t for pair in pairs for t in _test_pair(comparison, *pair, metric)])
    conclusions = [_conclude(record, records) for record in records if record.decisive]
    return PairwiseTests(conclusions, records, comparison.warnings)


def _conclude(decisive, records):
    """Return the Conclusion that a pair's decisive PairTest allows."""
    decided = decisive.significant
    of_pair = [r for r in records if (r.first, r.second) == (decisive.first, decisive.second)]
    return Conclusion(
        decisive.better if decided else None,
        decisive.worse if decided else None,
        decided,
        (decisive.first, decisive.second),
        decisive.metric,
        decisive.test,
        decisive.difference,
        decisive.p_adjusted,
        (decisive.low, decisive.high),
        conclusion_text(decisive, [r for r in of_pair if r.about == _FITTED], ALPHA),
    )


def _test_pair(comparison, first, second, metric):
    """Return a PairTest for every test that fits the task."""
    found = {
        (test, name): (_cut(difference, _metric_of(comparison, test, name)))
        for test, name, difference in _differences(comparison, first, second, metric)
    }
    decisive = _decisive(found, metric)
    reason = _why_untested(comparison, first, second, metric)
    titles = {each.name: each.title for each in comparison.metrics}
    return [
        PairTest(
            first,
            second,
            name,
            titles.get(name) or METRICS[name].title,
            test,
            _PROCEDURES if test == RESAMPLED else _FITTED,
            difference.value,
            difference.low,
            difference.high,
            difference.statistic,
            difference.p_value,
            _better(first, second, difference, _metric_of(comparison, test, name)),
            (test, name) == decisive,
            reason=reason,
        )
        for (test, name), difference in found.items()
    ]


def _differences(comparison, first, second, metric):
    """Yield every test that fits the task: (test, metric, Difference)."""
    differences = comparison.values(first, metric) - comparison.values(second, metric)
    known = np.isfinite(differences)
    if _why_untested(comparison, first, second, metric):
        value = differences[known].mean() if known.any() else np.nan
        yield RESAMPLED, metric, Difference(float(value))
        return
    if known.sum() > 1 and not pools_counts(comparison, metric):
        splits = [split for split, kept in zip(comparison.splits, known, strict=True) if kept]
        found = corrected_t_test(differences[known], holdout_ratio(splits))
        if np.isfinite(found.p_value):
            yield RESAMPLED, metric, found
        else:
            found = exact_without_spread(comparison, first, second, metric, found.value)
            yield EXACT, metric, found
    results = [*comparison.fold_results[first], *comparison.fold_results[second]]
    if comparison.task == "segmentation":
        name = metric if metric in MASK_METRICS else "dice"
        yield WILCOXON, name, _compare_images(comparison, first, second, name)
        return
    if comparison.pos_label is not None and all(r.has_decision_scores for r in results):
        found = delong_test(list(_first_repeat(comparison, first, second)))
        if np.isfinite(found.value) and not np.isfinite(found.p_value) and known.sum() == 1:
            found = exact_without_spread(comparison, first, second, "roc_auc", found.value)
            yield EXACT, "roc_auc", found
        else:
            yield DELONG, "roc_auc", found
    yield MCNEMAR, "accuracy", _compare_labels(comparison, first, second)


def _why_untested(comparison, first, second, metric):
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


def _cut(difference, metric):
    """Return a Difference cut at what two scores can differ by: t limits may go beyond."""
    if metric.low is None or metric.high is None:
        return difference
    most = metric.high - metric.low
    low, high = np.clip([difference.low, difference.high], -most, most).tolist()
    return replace(difference, low=low, high=high)


def _metric_of(comparison, test, name):
    """Return what a test compares; tests of rows do not know a scorer that has the same name."""
    asked = [each for each in comparison.metrics if each.name == name]
    return asked[0] if asked and test in (RESAMPLED, EXACT) else METRICS[name]


def _better(first, second, difference, metric):
    return first if (difference.value > 0) == metric.higher_is_better else second


def _decisive(found, metric):
    """Return the test a conclusion rests on: over splits if there are several, else over rows."""
    for test in (RESAMPLED, EXACT, DELONG):
        if (test, metric) in found:
            return test, metric
    return next((key for key in found if key[0] in (MCNEMAR, WILCOXON)), None)


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
    labels = np.unique(comparison.y)
    labels, truth = labels[labels != 0], comparison.truth()
    values = [
        MaskPredictions(truth, comparison.predictions(name), labels, []).per_image(metric)
        for name in (first, second)
    ]
    known = np.isfinite(values).all(0)
    clusters = _clusters(comparison)
    return wilcoxon_test(*(v[known] for v in values), None if clusters is None else clusters[known])


def _clusters(comparison):
    return None if comparison.groups is None else comparison.groups[comparison.rows()]


def _adjusted(records):
    """Return PairTests whose p-values are corrected over the pairs of the same test and metric."""
    adjusted = list(records)
    # The exact test stands in for the one over splits: together they answer for all pairs.
    kinds = [(RESAMPLED if r.test == EXACT else r.test, r.metric) for r in records]
    for kind in set(kinds):
        places = [i for i, each in enumerate(kinds) if each == kind]
        p_values = [records[i].p_value for i in places]
        n_pairs = int(np.isfinite(p_values).sum())
        for i, p_value in zip(places, holm(p_values).tolist(), strict=True):
            adjusted[i] = replace(records[i], p_adjusted=p_value, n_pairs=n_pairs)
    return adjusted
