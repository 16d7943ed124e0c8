"""Pairwise tests of a comparison, and in words what they allow one to claim."""

from itertools import combinations

import numpy as np

from skmedimg.evaluation._tables import summarise, to_frame
from skmedimg.evaluation.scores._score_table import LABEL_SCORES, MASK_SCORES, MaskAnswer
from skmedimg.evaluation.statistics._difference_tests import (
    corrected_t_test,
    delong_test,
    holm,
    mcnemar_test,
    wilcoxon_test,
)
from skmedimg.evaluation.statistics._intervals import holdout_ratio

_ALPHA = 0.05
RESAMPLED, DELONG = "corrected resampled t-test", "DeLong's test"
MCNEMAR, WILCOXON = "McNemar's test", "Wilcoxon's signed-rank test"
_ABOUT = {RESAMPLED: "how the models are trained"}  # the others: the models as they were fitted


class Claims:
    """The outcome of pairwise tests, and what may be claimed from it.

    Attributes
    ----------
    claims : list of str
        One sentence per pair.
    records : list of dict
        One per pair and test: `first`, `second`, `metric`, `test`, `about`, `difference`, `low`,
        `high`, `statistic`, `p_value`, `p_adjusted` (Holm, over the pairs of the same test) and
        `decides`, whether the claim rests on it. `low` and `high` end where scores of a known range
        can differ no further: at -1 and 1 for an accuracy, nowhere for a log loss or a distance.
    warnings : tuple of str
        Those of the comparison.

    See Also
    --------
    Comparison.tests : Makes it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> result = compare(GaussianNB(), *load_iris(return_X_y=True), random_state=0, verbose=0)
    >>> result.tests()
    GaussianNB is better than majority class: balanced accuracy differs by +0.6... (95 % interval
    +0.5... to +0.6...; corrected resampled t-test, p < 0.001).
    >>> sorted({record["test"] for record in result.tests().records})
    ["McNemar's test", 'corrected resampled t-test']
    """

    def __init__(self, claims, records, warnings=()):
        self.claims = claims
        self.records = records
        self.warnings = warnings

    def __repr__(self):
        return "\n".join([*self.claims, *(f"Mind: {warning}" for warning in self.warnings)])

    def to_frame(self):
        """Return all statistics as a pandas DataFrame.

        Returns
        -------
        frame : DataFrame
            One row per pair and test.
        """
        return to_frame(self.records)


def run_tests(comparison, reference, metric):
    """Test pairs of estimators.

    Parameters
    ----------
    comparison : Comparison
    reference : str or None
        None takes all pairs.
    metric : str

    Returns
    -------
    claims : Claims
    """
    pairs = _pairs(comparison, reference, metric)
    records = [record for pair in pairs for record in _records(comparison, *pair, metric)]
    _adjust(records)
    claims = [
        _claim(record, _n_corrected(record, records), comparison)
        + _aside(record, records, comparison)
        for record in records
        if record["decides"]
    ]
    return Claims(claims, records, comparison.warnings)


def _pairs(comparison, reference, metric):
    """Return pairs, the one with the better mean first."""
    ranked = [record["estimator"] for record in summarise(comparison, [metric])]
    if reference is not None:
        comparison._check_name(reference)
    pairs = combinations(ranked, 2)
    return [pair for pair in pairs if reference is None or reference in pair]


def _records(comparison, first, second, metric):
    found = {
        (test, name): _possible(difference, _metric(comparison, test, name))
        for test, name, difference in _differences(comparison, first, second, metric)
    }
    decisive = _decisive(found, metric)
    return [
        {"first": first, "second": second, "metric": name, "test": test,
         "about": _ABOUT.get(test, "the models as fitted"), "difference": difference.value,
         "low": difference.low, "high": difference.high, "statistic": difference.statistic,
         "p_value": difference.p_value, "decides": (test, name) == decisive}
        for (test, name), difference in found.items()
    ]  # fmt: skip


def _differences(comparison, first, second, metric):
    """Yield every test that fits the task: (test, metric, Difference)."""
    differences = comparison.values(first, metric) - comparison.values(second, metric)
    known = np.isfinite(differences)
    if known.sum() > 1:
        splits = [split for split, kept in zip(comparison.splits, known, strict=True) if kept]
        ratio = holdout_ratio(splits)
        yield RESAMPLED, metric, corrected_t_test(differences[known], ratio)
    if any(answer is None for name in (first, second) for answer in comparison.answers[name]):
        return
    if comparison.task == "segmentation":
        name = metric if metric in MASK_SCORES else "dice"
        yield WILCOXON, name, _compare_images(comparison, first, second, name)
        return
    if comparison.pos_label is not None and _both_rank(comparison, first, second):
        yield DELONG, "roc_auc", delong_test(list(_ranked_folds(comparison, first, second)))
    yield MCNEMAR, "accuracy", _compare_answers(comparison, first, second)


def _possible(difference, metric):
    """Cut the limits to what two scores can differ by: a t interval of two folds knows no end."""
    if metric.low is None or metric.high is None:
        return difference
    most = metric.high - metric.low
    low, high = np.clip([difference.low, difference.high], -most, most).tolist()
    return difference._replace(low=low, high=high)


def _metric(comparison, test, name):
    """Return what a test compares; only the one over splits compares scorers that are not ours."""
    return (
        comparison.metric(name) if test == RESAMPLED else {**LABEL_SCORES, **MASK_SCORES}[name][1]
    )


def _decisive(found, metric):
    """Name the test the claim rests on: over splits where there are several, else over rows."""
    if (RESAMPLED, metric) in found:
        return RESAMPLED, metric
    if (DELONG, metric) in found:
        return DELONG, metric
    return next((key for key in found if key[0] in (MCNEMAR, WILCOXON)), None)


def _both_rank(comparison, *names):
    return all(answer.ranking is not None for name in names for answer in comparison.answers[name])


def _ranked_folds(comparison, first, second):
    """Yield the folds of the first repeat; those of another repeat test the same rows again."""
    column = comparison.classes.tolist().index(comparison.pos_label)
    for number, split in enumerate(comparison.splits):
        if split.repeat == 0:
            positive = comparison.y[split.test] == comparison.pos_label
            rankings = [
                comparison.answers[name][number].ranking[:, column] for name in (first, second)
            ]
            clusters = None if comparison.groups is None else comparison.groups[split.test]
            yield positive, *rankings, clusters


def _compare_answers(comparison, first, second):
    truth = comparison.truth()
    right = [comparison.predictions(name) == truth for name in (first, second)]
    return mcnemar_test(*right, _clusters(comparison))


def _compare_images(comparison, first, second, metric):
    labels = np.unique(comparison.y)
    truth = comparison.truth()
    values = [
        MaskAnswer(truth, comparison.predictions(name), labels[labels != 0], []).per_image(metric)
        for name in (first, second)
    ]
    known = np.isfinite(values).all(0)
    clusters = _clusters(comparison)
    return wilcoxon_test(*(v[known] for v in values), None if clusters is None else clusters[known])


def _clusters(comparison):
    return None if comparison.groups is None else comparison.groups[comparison.rows()]


def _adjust(records):
    for kind in set(map(_kind, records)):
        same = [record for record in records if _kind(record) == kind]
        adjusted = holm([record["p_value"] for record in same])
        for record, p_value in zip(same, adjusted.tolist(), strict=True):
            record["p_adjusted"] = p_value


def _n_corrected(record, records):
    """Count the pairs that the correction is for: those of the same test that have a p-value."""
    same = [other["p_value"] for other in records if _kind(other) == _kind(record)]
    return int(np.isfinite(same).sum())


def _kind(record):
    """Return what p-values are corrected together by."""
    return record["test"], record["metric"]


def _claim(record, n_pairs, comparison):
    title, pair = _title(record, comparison), f"{record['first']} and {record['second']}"
    if not np.isfinite(record["p_adjusted"]):
        return (
            f"No claim between {pair}: {title} differs by {record['difference']:+.3f} in every "
            "split, without the spread by which to judge it."
        )
    limits = f"{record['low']:+.3f} to {record['high']:+.3f}"
    test = f"{record['test']}, {_p_text(record['p_adjusted'])}{_holm_text(n_pairs)}"
    if record["p_adjusted"] < _ALPHA:
        return (
            f"{_better(record, comparison)}: {title} differs by {record['difference']:+.3f} "
            f"(95 % interval {limits}; {test})."
        )
    begin = f"No claim between {pair}: {title} differs by {record['difference']:+.3f}"
    if record["p_value"] < _ALPHA:
        return (
            f"{begin} (95 % interval {limits}, {_p_text(record['p_value'])}), which would count "
            f"as the only pair, but not as one of several ({test})."
        )
    return (
        f"{begin}, but anything from {limits} fits the data ({test}). This does not show that "
        "they are equal."
    )


def _aside(decisive, records, comparison):
    """Add what holds of the fitted models where nothing shows of their training."""
    if not decisive["p_adjusted"] >= _ALPHA or decisive["test"] != RESAMPLED:
        return ""
    pair = {decisive["first"], decisive["second"]}
    told = {}
    for record in records:
        shows = record["test"] != RESAMPLED and record["p_adjusted"] < _ALPHA
        if shows and {record["first"], record["second"]} == pair:
            title, p_value = _title(record, comparison), _p_text(record["p_adjusted"])
            words = f"{title} ({record['test']}, {p_value})"
            told.setdefault(_better(record, comparison), []).append(words)
    if not told:
        return ""
    asides = " but ".join(f"{who} in {' and '.join(what)}" for who, what in told.items())
    return f" Of the models as fitted here, {asides}; training them again may differ."


def _better(record, comparison):
    names = record["first"], record["second"]
    metric = _metric(comparison, record["test"], record["metric"])
    wins = (record["difference"] > 0) == metric.higher_is_better
    winner, loser = names if wins else names[::-1]
    return f"{winner} is better than {loser}"


def _title(record, comparison):
    known = {metric.name: metric.title for metric in comparison.metrics}
    fallback = {"roc_auc": "ROC AUC", "dice": "Dice"}
    return known.get(record["metric"]) or fallback.get(record["metric"], record["metric"])


def _p_text(p_value):
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _holm_text(n_pairs):
    return f" after Holm's correction for {n_pairs} pairs" if n_pairs > 1 else ""
