"""Pairwise tests of a comparison, and the conclusions they allow."""

from dataclasses import asdict, dataclass, replace
from itertools import combinations

import numpy as np
from scipy import stats

from skmedimg.evaluation._html_tables import tests_table
from skmedimg.evaluation._render import render
from skmedimg.evaluation.statistics._conclusion_text import conclusion_text, headline
from skmedimg.evaluation.statistics._difference_tests import holm
from skmedimg.evaluation.statistics._fitted_tests import fitted_tests
from skmedimg.evaluation.statistics._planning import detectable_difference
from skmedimg.evaluation.statistics._procedure_tests import METHODS, procedure_tests
from skmedimg.evaluation.statistics._simultaneous import correlations, simultaneous

ALPHA = 0.05


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
        95 % limits of the difference, as if it were the only one.
    statistic, p_value : float
        nan where the pair was not tested.
    p_adjusted : float
        Corrected for the number of pairs in the family.
    low_adjusted, high_adjusted : float
        Simultaneous 95 % limits: all differences of the family are within theirs in 95 % of
        studies. They exclude 0 where `p_adjusted` is below 0.05. nan for the models as fitted.
    family : str
        The pairs that are corrected together: "models", or "baseline" for pairs with it.
    n_pairs : int
        How many pairs of the family were tested.
    better : str
        The one with the better score by this test.
    decisive : bool
        Whether the conclusion on the pair rests on this test.
    p_false : float
        Probability that the model with the better score is in truth not better, given this
        difference and nothing known before (half of `p_value`).
    p_equivalent : float
        Of two one-sided tests: that the difference is beyond the margin; nan without a margin.
    equivalent, not_worse : bool
        Whether the simultaneous 90 % limits are within the margin on both sides, or on the side on
        which the first model is worse.
    detectable : float
        The smallest true difference that such a study finds in 80 of 100 cases.
    p_lowest, p_highest : float
        Of the corrected resampled t-test of each repeat alone.
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
    family: str
    p_adjusted: float = np.nan
    low_adjusted: float = np.nan
    high_adjusted: float = np.nan
    n_pairs: int = 1
    p_false: float = np.nan
    p_equivalent: float = np.nan
    equivalent: bool = False
    not_worse: bool = False
    detectable: float = np.nan
    p_lowest: float = np.nan
    p_highest: float = np.nan
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
    decision : {"better", "equivalent", "not worse", "undecided", "untested"}
        What the test allows to say.
    winner, loser : str or None
        None unless one is better.
    decided : bool
        Whether one is better.
    pair : tuple of str
        The one with the better mean first.
    metric, test : str
        Name of the score and of the test.
    primary : bool
        Whether the metric is the first of the comparison, by which it should be judged.
    difference : float
        Score of the first of the pair minus score of the second.
    p_value : float
        Corrected for the number of pairs; nan where the pair was not tested.
    interval : tuple of float
        Simultaneous 95 % limits of the difference.
    detectable : float
        The smallest true difference that such a study finds in 80 of 100 cases.
    text : str
        The conclusion as a sentence.
    """

    decision: str
    winner: str
    loser: str
    decided: bool
    pair: tuple
    metric: str
    test: str
    primary: bool
    difference: float
    p_value: float
    interval: tuple
    detectable: float
    text: str

    def __str__(self):
        return self.text


class PairwiseTests:
    """Pairwise tests of a comparison, and what may be concluded from them.

    Attributes
    ----------
    headline : str
        The metric, the procedure, how many pairs are decided, and what to do about the others.
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
    >>> print(tests.conclusions[0])
    GaussianNB is better than majority class: balanced accuracy differs by +0.6... (95 % interval
    +0.5... to +0.6...; cluster-robust t-test, p < 0.001).
    >>> tests.conclusions[0].winner
    'GaussianNB'
    >>> tests.to_frame()["test"].tolist()
    ['cluster-robust t-test', 'corrected resampled t-test', "McNemar's test"]
    """

    def __init__(self, conclusions, records, warnings=(), headline=""):
        self.headline = headline
        self.conclusions = tuple(conclusions)
        self.records = tuple(records)
        self.warnings = tuple(warnings)

    def __repr__(self):
        return "\n".join(
            [
                self.headline,
                *map(str, self.conclusions),
                *(f"Warning: {warning}" for warning in self.warnings),
            ]
        )

    def _repr_html_(self):
        return render(
            "pairwise_tests.html",
            {
                "headline": self.headline,
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


def run_tests(comparison, reference, metric, margin=None, method="auto"):
    """Return PairwiseTests of all pairs, or of those that hold `reference`, by one metric."""
    if method not in METHODS:
        raise ValueError(f"method={method!r} needs one of {', '.join(METHODS)}.")
    _check_margin(comparison.metric(metric), margin)
    if reference is not None:
        comparison._check_name(reference)
    pairs = [
        pair for pair in combinations(comparison.ranked(metric), 2) if reference in (None, *pair)
    ]
    tested = [
        each for pair in pairs for each in _test_pair(comparison, *pair, metric, margin, method)
    ]
    records = _adjust(tested, comparison.metric(metric), margin)
    conclusions = [_conclude(comparison, record, margin) for record in records if record.decisive]
    return PairwiseTests(
        conclusions, records, comparison.warnings, headline(comparison, metric, conclusions)
    )


def _check_margin(metric, margin):
    """Raise ValueError unless `margin` is a difference that the metric can have."""
    if margin is None:
        return
    most = np.inf if None in (metric.low, metric.high) else metric.high - metric.low
    if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not 0 < margin < most:
        raise ValueError(
            f"margin={margin!r} needs a positive difference in {metric.title}, such as 0.02: the "
            "largest that does not matter."
        )


def _test_pair(comparison, first, second, metric, margin, method):
    """Return (PairTest, UnadjustedTest) of every test that fits the task."""
    family = "baseline" if comparison.baseline in (first, second) else "models"
    found = procedure_tests(comparison, first, second, metric, method)
    if not found[0].reason:
        found = [*found, *fitted_tests(comparison, first, second, metric)]
    decisive = _decisive(found, metric)
    records = []
    for each in found:
        difference = each.cut(each.difference)
        records.append(
            PairTest(
                first,
                second,
                each.metric.name,
                each.metric.title,
                each.test,
                each.about,
                difference.value,
                difference.low,
                difference.high,
                difference.statistic,
                difference.p_value,
                first if (difference.value > 0) == each.metric.higher_is_better else second,
                each is decisive,
                family,
                p_false=difference.p_value / 2,
                p_equivalent=_p_equivalent(difference, margin),
                p_lowest=each.p_of_repeats[0],
                p_highest=each.p_of_repeats[1],
                reason=each.reason,
            )
        )
    return list(zip(records, found, strict=True))


def _decisive(found, metric):
    """Return the test a conclusion rests on.

    It is the one of the procedure. For a single test set, where only the models as fitted can be
    judged, it is the exact or rank test of the metric, if there is one.
    """
    if found[0].about_training or found[0].reason:
        return found[0]
    return next((each for each in found[1:] if each.metric.name == metric), found[0])


def _p_equivalent(difference, margin):
    """Return the larger p-value of two one-sided t-tests against the margin [1]_.

    References
    ----------
    .. [1] Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power Approach for
       Assessing the Equivalence of Average Bioavailability", Journal of Pharmacokinetics and
       Biopharmaceutics 15 (1987), doi:10.1007/BF01068419
    """
    if margin is None or not difference.error > 0:
        return np.nan
    inside = (margin - abs(difference.value)) / difference.error
    return float(stats.t.sf(inside, difference.freedom))


def _adjust(tested, metric, margin):
    """Return PairTests with p-values and limits corrected over the pairs of their family.

    Decisive tests are corrected together. The others, which only the table shows, are corrected by
    Holm's method over those of their kind.
    """
    records = [record for record, _ in tested]
    kinds = [
        (record.family, "decisive" if record.decisive else (record.test, record.metric))
        for record in records
    ]
    for kind in set(kinds):
        places = [i for i, each in enumerate(kinds) if each == kind]
        p_values = [records[i].p_value for i in places]
        n_pairs = int(np.isfinite(p_values).sum())
        if kind[1] == "decisive":
            together = correlations([tested[i][1].pattern for i in places])
            adjusted, level = simultaneous(p_values, together, ALPHA)
        else:
            adjusted, level = holm(p_values), None
        for i, p_adjusted in zip(places, adjusted.tolist(), strict=True):
            records[i] = replace(records[i], p_adjusted=p_adjusted, n_pairs=n_pairs)
            if level is not None and np.isfinite(p_adjusted):
                records[i] = _with_limits(records[i], tested[i][1], level, metric, margin)
    return records


def _with_limits(record, tested, level, metric, margin):
    """Return a PairTest with simultaneous limits, and what they say about the margin."""
    low, high = tested.limits(1 - level)
    equivalent = not_worse = False
    difference = tested.difference
    if margin is not None and difference.error > 0:
        inner = tested.limits(1 - 2 * level)
        worst = inner[0] if metric.higher_is_better else -inner[1]
        not_worse = bool(worst > -margin)
        equivalent = bool(max(-inner[0], inner[1]) < margin)
    return replace(
        record,
        low_adjusted=low,
        high_adjusted=high,
        equivalent=equivalent,
        not_worse=not_worse,
        detectable=detectable_difference(difference.error, difference.freedom, alpha=level),
    )


def _conclude(comparison, record, margin):
    """Return the Conclusion that a pair's decisive PairTest allows."""
    if record.reason is not None or not np.isfinite(record.p_adjusted):
        decision = "untested"
    elif record.significant:
        decision = "better"
    elif record.equivalent:
        decision = "equivalent"
    else:
        decision = "not worse" if record.not_worse else "undecided"
    better = decision == "better"
    return Conclusion(
        decision,
        record.better if better else None,
        record.worse if better else None,
        better,
        (record.first, record.second),
        record.metric,
        record.test,
        record.metric == comparison.metric().name,
        record.difference,
        record.p_adjusted,
        (record.low_adjusted, record.high_adjusted),
        record.detectable,
        conclusion_text(comparison, record, decision, margin),
    )
