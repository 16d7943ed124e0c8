"""A comparison of images turned into one of patients."""

from dataclasses import replace

import numpy as np

from skmedimg.evaluation._records import Answer, Split
from skmedimg.evaluation.decisions._patient_aggregator import HOW, aggregate_patients
from skmedimg.evaluation.running._fit_one import Cell
from skmedimg.evaluation.running._scheduler import values_of
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.scores._score_table import LABEL_SCORES


def compare_patients(comparison, how):
    """Return a comparison whose rows are patients.

    Parameters
    ----------
    comparison : Comparison
    how : {"mean", "max", "noisy-or"}

    Returns
    -------
    comparison : Comparison
    """
    if comparison.groups is None or comparison.task != "classification":
        raise ValueError("by_patient needs labels, and the patients: pass groups= to compare.")
    if how not in HOW:
        raise ValueError(f"how={how!r} needs one of {', '.join(HOW)}.")
    patients, patient = np.unique(comparison.groups, return_inverse=True)
    answers = {
        name: tuple(
            None if answer is None else _aggregate(comparison, answer, patient[split.test], how)
            for split, answer in zip(comparison.splits, comparison.answers[name], strict=True)
        )
        for name in comparison.names
    }
    splits = tuple(
        Split(s.repeat, s.fold, np.unique(patient[s.train]), np.unique(patient[s.test]))
        for s in comparison.splits
    )
    metrics = tuple(metric for metric in comparison.metrics if metric.name in LABEL_SCORES)
    if not metrics:
        raise ValueError("by_patient needs a score of ours: scorers of estimators see images.")
    found = replace(
        comparison, y=_labels(comparison, patients, patient), groups=None, splits=splits,
        answers=answers, metrics=metrics, scores=(), warnings=_warnings(comparison, metrics, how),
    )  # fmt: skip
    return replace(found, scores=tuple(_records(found)))


def _labels(comparison, patients, patient):
    """A patient of two labels is positive; of more classes there is no telling."""
    codes = code_labels(comparison.y, comparison.classes)
    low, high = np.full(len(patients), len(comparison.classes)), np.full(len(patients), -1)
    np.minimum.at(low, patient, codes)
    np.maximum.at(high, patient, codes)
    mixed = np.flatnonzero(low != high)
    if len(mixed) and comparison.pos_label is None:
        raise ValueError(
            f"{len(mixed)} patients have images of several classes (such as "
            f"{patients[mixed[0]]!r}), so that they have no class of their own."
        )
    high[mixed] = _positive(comparison)
    return comparison.classes[high]


def _aggregate(comparison, answer, patient, how):
    positive = _positive(comparison)
    if answer.probabilistic:
        _, ranking = aggregate_patients(answer.ranking, patient, how, positive)
        best = comparison.classes[answer.ranking.argmax(1)]
        if np.array_equal(best, answer.predicted):
            return Answer(comparison.classes[ranking.argmax(1)], ranking, True)
        return Answer(_vote(comparison, answer.predicted, patient, how), ranking, True)
    ranking = answer.ranking
    if ranking is not None:  # decision values have no chance to multiply
        ranking = aggregate_patients(ranking, patient, "mean")[1]
    return Answer(_vote(comparison, answer.predicted, patient, how), ranking, False)


def _vote(comparison, predicted, patient, how):
    """Decide by the labels of the images, which a threshold may have set."""
    hot = np.eye(len(comparison.classes))[code_labels(predicted, comparison.classes)]
    votes = aggregate_patients(hot, patient, "mean")[1]
    if how != "mean" and comparison.pos_label is not None:
        votes[:, _positive(comparison)] *= len(hot)  # one positive image decides
    return comparison.classes[votes.argmax(1)]


def _positive(comparison):
    if comparison.pos_label is None:
        return 1
    return comparison.classes.tolist().index(comparison.pos_label)


def _records(comparison):
    for name in comparison.names:
        for split, answer in zip(comparison.splits, comparison.answers[name], strict=True):
            cell = Cell(answer, {}, *[None] * 6)
            values = values_of(cell, comparison, split, comparison.metrics, np.nan)
            for metric, value in values.items():
                yield {"estimator": name, "repeat": split.repeat, "fold": split.fold,
                       "metric": metric, "value": value}  # fmt: skip


def _warnings(comparison, metrics, how):
    pairs = set(zip(comparison.groups.tolist(), comparison.y.tolist(), strict=True))
    mixed = len(pairs) - len(np.unique(comparison.groups))
    left_out = [metric.title for metric in comparison.metrics if metric not in metrics]
    notes = [f"One row per patient: the {how} over the patient's images."]
    if mixed:
        notes.append(f"{mixed} patients have images of both classes and count as positive.")
    if left_out:
        notes.append(f"{', '.join(left_out)} cannot be computed per patient.")
    return (*notes, *comparison.warnings)
