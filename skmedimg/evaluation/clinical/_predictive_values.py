"""Sensitivity, specificity, predictive values and likelihood ratios, at any prevalence."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from skmedimg.evaluation._html_tables import Table, interval_cell
from skmedimg.evaluation._records import Interval
from skmedimg.evaluation._render import render
from skmedimg.evaluation._text import lay_out
from skmedimg.evaluation.clinical._two_classes import (
    RATES,
    check_share,
    check_two_classes,
    models,
    models_with_probabilities,
    notes_on,
    rates,
)
from skmedimg.evaluation.scores._pooled_counts import pools_counts
from skmedimg.evaluation.statistics._intervals import (
    clopper_pearson,
    cluster_method,
    corrected_error,
    has_clusters,
    holdout_ratio,
    interval_of,
)
from skmedimg.evaluation.statistics._variance import contributions, patients_of, spread

_TITLES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "lr_positive": "LR+",
    "lr_negative": "LR-",
}


@dataclass(frozen=True)
class ClinicalRecord:
    """What the predictions of one model are worth at one prevalence.

    Attributes
    ----------
    name : str
        The model.
    prevalence : float
    sensitivity, specificity : Interval
    ppv, npv : Interval
        Positive and negative predictive value.
    lr_positive, lr_negative : Interval
        Likelihood ratios of a positive and of a negative prediction.
    warnings : str
    """

    name: str
    prevalence: float
    sensitivity: Interval
    specificity: Interval
    ppv: Interval
    npv: Interval
    lr_positive: Interval
    lr_negative: Interval
    warnings: str = ""


@dataclass(frozen=True, repr=False)
class ClinicalNumbers:
    """Predictive values and likelihood ratios of the models of a comparison.

    `Comparison.at` makes it. It prints a table and is a DataFrame by `to_frame`.

    Attributes
    ----------
    records : tuple of ClinicalRecord
        Per model one at the prevalence of the sample and, if one was given, one at that.
    positive, negative : str
        The two classes.
    threshold : float or None
        Probability from which on a prediction is positive; None for that of each model.
    method : str
        How the intervals of sensitivity and specificity were found.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     {"bayes": GaussianNB()}, X, y, repeats=1, pos_label=0, random_state=0, verbose=0,
    ... )
    >>> for each in result.at(prevalence=0.02).records:
    ...     print(f"{each.name}: PPV {each.ppv.mean:.2f} at a prevalence of {each.prevalence:.2f}")
    bayes: PPV 0.94 at a prevalence of 0.37
    bayes: PPV 0.37 at a prevalence of 0.02
    """

    records: tuple
    positive: str
    negative: str
    threshold: float = None
    method: str = ""

    def to_frame(self):
        """Return the records as a table.

        Returns
        -------
        frame : DataFrame
            Indexed by estimator and prevalence; per value the columns `<value>`, `<value> low` and
            `<value> high`, then `warnings`.
        """
        import pandas as pd

        rows = [_frame_row(record) for record in self.records]
        return pd.DataFrame(rows).set_index(["estimator", "prevalence"])

    def __repr__(self):
        rows = [["", "prevalence", *_TITLES.values()], *map(_printed_row, self.records)]
        notes = [f"{each.name}: {each.warnings}." for each in self.records if each.warnings]
        lines = [self._title(), lay_out(rows), *dict.fromkeys(notes), self._in_a_thousand()]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self):
        data = {"title": self._title(), "table": self.table(), "sentence": self._in_a_thousand()}
        return render("clinical_numbers.html", data)

    def table(self):
        """Return the Table that reports and notebooks show."""
        head = ["Model", "Prevalence", *_TITLES.values()]
        rows = [
            [each.name, f"{each.prevalence:.1%}", *(_cell(getattr(each, key)) for key in _TITLES)]
            for each in self.records
        ]
        return Table(head, rows)

    def _title(self):
        at = "" if self.threshold is None else f" from a probability of {self.threshold:g} on"
        return f"{self.positive} against {self.negative}{at}; intervals: {self.method}"

    def _in_a_thousand(self):
        """Return the last record of the best model in natural frequencies."""
        best = [each for each in self.records if each.name == self.records[0].name][-1]
        ill = 1000 * best.prevalence
        found = ill * best.sensitivity.mean
        false = (1000 - ill) * (1 - best.specificity.mean)
        if not np.isfinite(found + false):
            return ""
        return (
            f"Of 1,000 at a prevalence of {best.prevalence:.1%}, {best.name} calls "
            f"{found + false:.0f} {self.positive}; {found:.0f} of them are."
        )


def clinical_numbers(comparison, prevalence=None, threshold=None, name=None, confidence=0.95):
    """Return the ClinicalNumbers of `Comparison.at`."""
    check_two_classes(comparison, "at")
    asked = [] if prevalence is None else [prevalence]
    for each in asked:
        check_share("prevalence", each)
    return numbers_at(comparison, asked, threshold, name, confidence)


def numbers_at(comparison, prevalences, threshold=None, name=None, confidence=0.95):
    """Return ClinicalNumbers at the prevalence of the sample and at others."""
    if threshold is None:
        has_rates = dict.fromkeys(models(comparison, name), True)
        data = rates(comparison)
    else:
        check_share("threshold", threshold)
        has_rates = models_with_probabilities(comparison, name, "threshold")
        repeats = {split.repeat for split in comparison.splits}
        data = rates(comparison, dict.fromkeys(repeats, threshold))
    in_sample = float((comparison.truth() == comparison.pos_label).mean())
    records, methods = [], []
    for each, is_known in has_rates.items():
        found = _Rates.of(data, each, confidence)
        methods += [found.sensitivity.method] if np.isfinite(found.sensitivity.mean) else []
        note = notes_on(comparison, each, is_known)
        records += [found.record(share, note) for share in (in_sample, *prevalences)]
    return ClinicalNumbers(
        tuple(records),
        str(comparison.pos_label),
        str(comparison.classes[1 - comparison.positive_column]),
        threshold,
        methods[0] if methods else "undefined",
    )


@dataclass(frozen=True)
class _Rates:
    """Sensitivity, specificity and likelihood ratios of one model, which no prevalence changes."""

    name: str
    sensitivity: Interval
    specificity: Interval
    lr_positive: Interval
    lr_negative: Interval

    @classmethod
    def of(cls, data, name, confidence):
        """Measure one model of a comparison whose metrics are RATES."""
        found, found_not = (_rate(data, name, metric, confidence) for metric in RATES)
        ratios = _ratios(data, name, found, found_not, confidence)
        return cls(name, found, found_not, *ratios)

    def record(self, prevalence, note):
        """Return the ClinicalRecord at a prevalence that is taken as known (Bayes' theorem)."""
        odds = _divide(prevalence, 1 - prevalence)  # infinite in a test set of positives
        positive, negative = self.lr_positive, self.lr_negative
        # As many positives per negative among those called positive as before, times the ratio.
        ppv = [_share(odds * each) for each in (positive.mean, positive.low, positive.high)]
        npv = [1 - _share(odds * each) for each in (negative.mean, negative.high, negative.low)]
        return ClinicalRecord(
            self.name,
            prevalence,
            self.sensitivity,
            self.specificity,
            Interval(*ppv, positive.method),
            Interval(*npv, negative.method),
            positive,
            negative,
            note,
        )


def _share(odds):
    return float(odds / (1 + odds)) if np.isfinite(odds) else 1.0 if odds > 0 else np.nan


def _rate(data, name, metric, confidence):
    """Return the Interval of a rate; one of 0 in every fold has the bound of one of 1, mirrored."""
    found = interval_of(data, name, metric, confidence)
    if found.mean != 0 or name == data.baseline:
        return found
    label = data.pos_label if metric == "sensitivity" else _other_label(data)
    rows = data.rows()
    n = len(np.unique(patients_of(data, rows[data.y[rows] == label])))
    high = clopper_pearson(0, n, confidence)[1]
    return Interval(0.0, 0.0, float(high), "exact binomial bound: every fold is 0")


def _other_label(data):
    return data.classes[1 - data.positive_column]


def _ratios(data, name, found, found_not, confidence):
    """Return the Intervals of both likelihood ratios, on the logarithmic scale [1]_.

    The logarithm of a ratio of two rates varies as the sum of their relative changes (the delta
    method), so that its variance over patients and training is found from the same contributions
    as that of the rates. A rate of 0 or 1 has no relative change: the limits are then those of
    both rates at half the error each (Bonferroni).

    References
    ----------
    .. [1] Simel, Samsa, Matchar, "Likelihood ratios with confidence: sample size estimation for
       diagnostic test studies", Journal of Clinical Epidemiology 44 (1991),
       doi:10.1016/0895-4356(91)90128-V
    """
    sensitivity, specificity = found.mean, found_not.mean
    if 0 < sensitivity < 1 and 0 < specificity < 1:
        changes = [
            (1 / sensitivity, 1 / (1 - specificity)),
            (-1 / (1 - sensitivity), -1 / specificity),
        ]
        means = [sensitivity / (1 - specificity), (1 - sensitivity) / specificity]
        return [
            _on_log_scale(data, name, mean, change, confidence)
            for mean, change in zip(means, changes, strict=True)
        ]
    wide = [_rate(data, name, metric, (1 + confidence) / 2) for metric in RATES]
    method = "limits of both rates at half the error each"
    (_, low, high), (_, low_not, high_not) = ((r.mean, r.low, r.high) for r in wide)
    return [
        Interval(
            _divide(sensitivity, 1 - specificity),
            _divide(low, 1 - low_not),
            _divide(high, 1 - high_not),
            method,
        ),
        Interval(
            _divide(1 - sensitivity, specificity),
            _divide(1 - high, high_not),
            _divide(1 - low, low_not),
            method,
        ),
    ]


def _divide(part, whole):
    """Return a quotient that is infinite over 0, and nan for 0 / 0."""
    if whole:
        return part / whole
    return np.nan if part == 0 or np.isnan(part) else np.inf


def _on_log_scale(data, name, mean, change, confidence):
    """Return the Interval of a ratio by the relative `change` with each of RATES."""
    parts = [contributions(data, name, metric) for metric in RATES]
    joint = replace(
        parts[0],
        rows=sum(c * each.rows for c, each in zip(change, parts, strict=True)),
        repeats=sum(c * each.repeats for c, each in zip(change, parts, strict=True)),
    )
    values = sum(c * data.values(name, metric) for c, metric in zip(change, RATES, strict=True))
    reach, method = _reach(data, joint, values[np.isfinite(values)], confidence)
    return Interval(mean, float(mean * np.exp(-reach)), float(mean * np.exp(reach)), method)


def _reach(data, joint, values, confidence):
    """Return half the width of an interval, found as that of the rates: the wider of the two."""
    found = [(np.nan, "undefined")]
    if has_clusters(data, "sensitivity"):
        by_patient = spread(joint)
        reach = stats.t.ppf((1 + confidence) / 2, by_patient.freedom) * by_patient.error
        found.append((reach, cluster_method(data)))
    if len(values) > 1 and not pools_counts(data, "sensitivity"):
        error = corrected_error(values, holdout_ratio(data.splits))
        reach = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * error
        found.append((reach, "t interval over splits, corrected for overlap"))
    return max(found, key=lambda each: -np.inf if np.isnan(each[0]) else each[0])


def _frame_row(record):
    row = {"estimator": record.name, "prevalence": record.prevalence}
    for key in _TITLES:
        found = getattr(record, key)
        row |= {key: found.mean, f"{key} low": found.low, f"{key} high": found.high}
    return row | {"warnings": record.warnings}


def _printed_row(record):
    return [record.name, f"{record.prevalence:.1%}", *(_printed(record, key) for key in _TITLES)]


def _printed(record, key):
    found, digits = getattr(record, key), 2 if key.startswith("lr") else 3
    if np.isnan(found.mean):
        return "-"
    limits = f" [{found.low:.{digits}f}, {found.high:.{digits}f}]" if found.low == found.low else ""
    return f"{found.mean:.{digits}f}{limits}"


def _cell(found):
    return interval_cell(found.mean, found.low, found.high)
