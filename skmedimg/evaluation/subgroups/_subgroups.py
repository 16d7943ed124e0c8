"""Scores of subgroups of patients, their gaps to the rest, and which gaps are shown."""

from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property

import numpy as np

from skmedimg.evaluation._html_tables import Table
from skmedimg.evaluation._records import Metric
from skmedimg.evaluation._render import number, render
from skmedimg.evaluation._text import capitalized, counted, lay_out
from skmedimg.evaluation.statistics._planning import ALPHA, POWER, detectable_difference
from skmedimg.evaluation.statistics._variance import patients_of
from skmedimg.evaluation.subgroups._group_scores import (
    gap_error,
    gap_limits,
    gap_p_value,
    group_limits,
    score_group,
    shared_correlation,
    tested_rows,
)
from skmedimg.evaluation.subgroups._levels import MISSING, check_by, split_levels


@dataclass(frozen=True)
class Subgroup:
    """The score of one subgroup, and its gap to the rest.

    Attributes
    ----------
    column, group : str
        The patient column, and its level or range.
    images, patients : int
        Tested ones; without `groups` every image counts as a patient.
    positives : int or None
        Images of the positive class of two.
    score, low, high : float
        With the confidence interval over patients.
    gap, gap_low, gap_high : float
        Score minus that of all others whose value of the column is known.
    p_value, p_adjusted : float
        Of the gap; adjusted by Holm's method over all gaps.
    detectable : float
        The smallest gap that this study would find with 80 % power, at Holm's first step.
    note : str
        Why there is no test; empty where there is one.
    """

    column: str
    group: str
    images: int
    patients: int
    positives: int
    score: float
    low: float
    high: float
    gap: float = np.nan
    gap_low: float = np.nan
    gap_high: float = np.nan
    p_value: float = np.nan
    p_adjusted: float = np.nan
    detectable: float = np.nan
    note: str = ""

    @property
    def tested(self):
        """bool: whether its gap was tested."""
        return not self.note

    @property
    def title(self):
        """str: column and group in one."""
        return f"{self.column} {self.group}"


@dataclass(frozen=True, repr=False)
class Subgroups:
    """Scores of subgroups of patients by one model, as `Comparison.by` returns them.

    Attributes
    ----------
    name : str
        The model.
    metric : Metric
        The score.
    overall : Subgroup
        All patients, with the score and interval of the comparison.
    records : tuple of Subgroup
        Column after column, in the order of the levels; missing values last.
    min_patients : int
        Groups with fewer patients are shown without a test.
    confidence : float
        Confidence level of the intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import compare
    >>> draws = np.random.default_rng(0)
    >>> y, sex = draws.integers(0, 2, 200), np.where(draws.random(200) < 0.5, "f", "m")
    >>> X = draws.normal(2 * y * (sex == "f"), 1)[:, None]  # nothing to see in men
    >>> result = compare(
    ...     LogisticRegression(), X, y, columns={"sex": sex}, random_state=0, verbose=0, repeats=2
    ... )
    >>> found = result.by("sex")
    >>> found.worst.title, found.worst.p_adjusted < 0.001
    ('sex m', True)
    """

    name: str
    metric: Metric
    overall: Subgroup
    records: tuple
    min_patients: int
    confidence: float = 0.95

    @property
    def worst(self):
        """Subgroup or None: the one with the worst score, of those with enough patients."""
        known = [each for each in self.records if each.tested and each.group != MISSING]
        return max(known, key=self._badness, default=None)

    @property
    def conclusion(self):
        """str: the worst subgroup, and whether its gap is shown."""
        worst, n_tests = self.worst, self.n_tests
        if worst is None:
            return "No subgroup has enough patients to be compared with the rest."
        family = f" (Holm's correction for {n_tests} gaps)" if n_tests > 1 else ""
        text = (
            f"{self.name} scores worst in {worst.title}: {self.metric.title} "
            f"{_limits(worst.score, worst.low, worst.high)} in "
            f"{counted(worst.patients, 'patient')}, {worst.gap:+.3f} against the rest"
        )
        if worst.p_adjusted < ALPHA:
            return f"{text}, p {_equal(worst.p_adjusted)}{family}."
        power = f"{100 * POWER:.0f} % power"
        found = f" A true gap of {worst.detectable:.2f} would be found with {power}."
        return (
            f"{text}. The data do not show a gap, p {_equal(worst.p_adjusted)}{family}, nor that "
            f"there is none.{found if np.isfinite(worst.detectable) else ''}"
        )

    @property
    def n_tests(self):
        """int: how many different gaps were tested; those of two groups mirror each other."""
        return len({_test_of(self.records, each) for each in self.records if each.tested})

    def to_frame(self):
        """Return the subgroups as a table.

        Returns
        -------
        frame : DataFrame
            One row per subgroup, all patients first; columns as the attributes of a Subgroup.
        """
        import pandas as pd

        names = [each.name for each in fields(Subgroup)]
        rows = [asdict(each) for each in (self.overall, *self.records)]
        return pd.DataFrame(rows, columns=names).astype({"positives": "Int64"})

    def plot(self, ax=None):
        """Draw a forest plot of the subgroups.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : SubgroupDisplay
        """
        from skmedimg.evaluation.subgroups._subgroup_display import SubgroupDisplay

        return SubgroupDisplay.from_subgroups(self, ax=ax)

    def to_table(self):
        """Return the Table that reports and notebooks show."""
        title = capitalized(self.metric.title)
        has_positives = self.overall.positives is not None
        head = ["Subgroup", "Images", "Patients", *(["Positive"] if has_positives else [])]
        head += [title, "Gap to the rest", "p (Holm)", "Gap found with 80 % power"]
        everyone = (self.overall, *self.records)
        rows = [_cells(each, has_positives) for each in everyone]
        quiet = [place for place, each in enumerate(everyone) if each.note and place]
        return Table(head, rows, f"{self.name}: {title} by subgroup", quiet=quiet)

    def __repr__(self):
        everyone = (self.overall, *self.records)
        head = ["", "images", "patients", self.metric.title, "gap", "p (Holm)"]
        rows = [
            [
                each.title.strip(),
                f"{each.images}",
                f"{each.patients}",
                _limits(each.score, each.low, each.high),
                each.note or (f"{each.gap:+.3f}" if np.isfinite(each.gap) else ""),
                p_text(each.p_adjusted) if np.isfinite(each.p_adjusted) else "",
            ]
            for each in everyone
        ]
        return "\n".join([lay_out([head, *rows]), self.conclusion])

    def _repr_html_(self):
        return render("subgroups.html", {"table": self.to_table(), "conclusion": self.conclusion})

    def _badness(self, each):
        if self.metric.target is not None:
            return abs(each.score - self.metric.target)
        return -each.score if self.metric.higher_is_better else each.score


def score_subgroups(comparison, by, bins, name, metric, min_patients, confidence):
    """Return the Subgroups of `Comparison.by`."""
    check_by(comparison.columns, by, bins)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} needs a value between 0 and 1.")
    whole = isinstance(min_patients, (int, np.integer)) and not isinstance(min_patients, bool)
    if not whole or min_patients < 2:
        raise ValueError(f"min_patients={min_patients!r} needs an int of at least 2.")
    name = comparison.best if name is None else name
    comparison._check_name(name)
    metric = _metric(comparison, metric)
    scored = _Scored(comparison, name, metric, min_patients, confidence)
    found = []
    for column in by:
        known = ~comparison.columns[column].isna().to_numpy()
        for label, member in split_levels(comparison.columns[column], (bins or {}).get(column)):
            found.append(scored.subgroup(column, label, member, known & ~member))
    interval = comparison.interval(name, metric.name, confidence)
    overall = Subgroup(
        "all",
        "images" if comparison.groups is None else "patients",
        *scored.counts(np.ones(len(comparison.y), dtype=bool)),
        interval.mean,
        interval.low,
        interval.high,
        note="all",
    )
    return Subgroups(name, metric, overall, _adjusted(found), int(min_patients), confidence)


def holm(p_values):
    """Return p-values adjusted by Holm's method [1]_.

    References
    ----------
    .. [1] Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
       Statistics 6 (1979), https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> from skmedimg.evaluation.subgroups._subgroups import holm
    >>> holm([0.01, 0.04, 0.03]).round(2)
    array([0.03, 0.06, 0.06])
    """
    p_values = np.asarray(p_values, dtype=float)
    order, n = np.argsort(p_values, kind="stable"), len(p_values)
    stepwise = np.maximum.accumulate((n - np.arange(n)) * p_values[order])
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(stepwise, 1)
    return adjusted


@dataclass(frozen=True, eq=False)
class _Scored:
    """What the scores of subgroups are computed from."""

    comparison: object
    name: str
    metric: Metric
    min_patients: int
    confidence: float

    @cached_property
    def _known(self):
        return {}

    def subgroup(self, column, label, member, rest):
        """Return (Subgroup, (error, freedom) of its gap); the latter is nan without a test."""
        group = self._score(member)
        low, high = group_limits(self.metric, group, self.confidence)
        record = Subgroup(column, label, *self.counts(member), group.value, low, high)
        others = self._score(rest)
        note = self._why_untested(record, group, others, self.counts(rest)[1])
        if note:
            return replace(record, note=note), (np.nan, np.nan)
        tested = tested_rows(self.comparison)
        rows = [np.flatnonzero(each & tested) for each in (member, rest)]
        correlation = shared_correlation(self.comparison, *rows, group, others)
        other_limits = group_limits(self.metric, others, self.confidence)
        limits = gap_limits(group.value, (low, high), others.value, other_limits, correlation)
        p_value = gap_p_value(self.metric, group, others, correlation)
        gap = group.value - others.value
        record = replace(record, gap=gap, gap_low=limits[0], gap_high=limits[1], p_value=p_value)
        return record, gap_error(group, others, correlation)

    def counts(self, member):
        """Return images, patients and positive images of the tested members."""
        rows = np.flatnonzero(member & tested_rows(self.comparison))
        positive = self.comparison.pos_label
        positives = None if positive is None else int((self.comparison.y[rows] == positive).sum())
        return len(rows), len(np.unique(patients_of(self.comparison, rows))), positives

    def _score(self, member):
        """Return the GroupScore of some rows; the rest of one level may be another."""
        key = member.tobytes()
        if key not in self._known:
            self._known[key] = score_group(self.comparison, self.name, self.metric.name, member)
        return self._known[key]

    def _why_untested(self, record, group, others, n_others):
        """Return why a gap is not tested; an empty text where it is."""
        if record.patients < self.min_patients:
            return f"fewer than {self.min_patients} patients"
        if n_others < self.min_patients:
            return f"fewer than {self.min_patients} other patients"
        if not (np.isfinite(group.value) and np.isfinite(others.value)):
            return "one class only" if self.comparison.task == "classification" else "no score"
        limits = [group_limits(self.metric, each, self.confidence) for each in (group, others)]
        return "" if np.isfinite(limits).all() else "one patient of a class"


def _metric(comparison, metric):
    """Return a Metric that predictions alone give."""
    metric = comparison.metric(metric)
    if metric.from_scorer:
        known = [each.name for each in comparison.metrics if not each.from_scorer]
        raise ValueError(
            f"metric={metric.name!r} is a scorer, which saw whole folds: subgroups need a metric "
            f"of predictions, of which there are {known}."
        )
    return metric


def _adjusted(found):
    """Return Subgroups with Holm's p-values and detectable gaps, from (Subgroup, error) pairs."""
    records = [record for record, _ in found]
    tests = {_test_of(records, each): each.p_value for each in records if each.tested}
    adjusted = dict(zip(tests, holm(list(tests.values())), strict=True))
    return tuple(
        replace(
            record,
            p_adjusted=float(adjusted[_test_of(records, record)]),
            detectable=detectable_difference(*error, POWER, ALPHA / len(tests)),
        )
        if record.tested
        else record
        for record, error in found
    )


def _test_of(records, record):
    """Return what tells tests apart: the gaps of the two levels of a column are one test."""
    levels = [each for each in records if each.column == record.column and each.group != MISSING]
    mirrored = len(levels) == 2 and record.group != MISSING
    return record.column, "" if mirrored else record.group


def _cells(record, has_positives):
    """Return the cells of one subgroup in a report's table."""
    score = {"mean": record.score, "low": record.low, "high": record.high}
    positives = [record.positives] if has_positives else []
    row = [record.title, record.images, record.patients, *positives, score]
    if record.note:
        return [*row, "" if record.column == "all" else record.note, "", ""]
    gap = f"{record.gap:+.3f} ({record.gap_low:+.3f} to {record.gap_high:+.3f})"
    return [*row, gap, p_text(record.p_adjusted), number(record.detectable, 2)]


def p_text(value):
    """Return a p-value as text.

    Examples
    --------
    >>> from skmedimg.evaluation.subgroups._subgroups import p_text
    >>> p_text(0.0312), p_text(0.00004)
    ('.031', '< .001')
    """
    if not np.isfinite(value):
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def _equal(value):
    text = p_text(value)
    return text if text.startswith("<") else f"= {text}"


def _limits(mean, low, high):
    limits = f" ({low:.3f} to {high:.3f})" if np.isfinite(low) else ""
    return f"{mean:.3f}{limits}" if np.isfinite(mean) else "–"
