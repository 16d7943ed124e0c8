"""Turn a comparison of images into one of patients."""

from dataclasses import replace

import numpy as np

from skmedimg.evaluation._records import FoldPredictions, Split, WarningRecord
from skmedimg.evaluation._text import counted
from skmedimg.evaluation.decisions._patient_aggregator import HOW, aggregate_patients, patient_means
from skmedimg.evaluation.scores._positive_label import code_labels
from skmedimg.evaluation.scores._score_table import score_fold
from skmedimg.evaluation.subgroups._patient_columns import columns_of_patients


def compare_patients(comparison, how):
    """Return a Comparison whose rows are patients."""
    if comparison.groups is None or comparison.task != "classification":
        raise ValueError("by_patient needs labels, and the patients: pass groups= to compare.")
    if how not in HOW:
        raise ValueError(f"how={how!r} needs one of {', '.join(HOW)}.")
    # Only what can be computed from predictions; a
    # scorer needs the fitted models, which are not kept.
    metrics = tuple(metric for metric in comparison.metrics if not metric.from_scorer)
    if not metrics:
        raise ValueError(
            "by_patient needs a metric of predictions: scorers of estimators see images."
        )
    patients, patient = np.unique(comparison.groups, return_inverse=True)
    splits = tuple(
        Split(
            s.repeat, s.fold, np.unique(patient[s.train]), np.unique(patient[s.test]), name=s.name
        )
        for s in comparison.splits
    )
    columns, differing = comparison.columns, []
    if columns is not None:
        columns, differing = columns_of_patients(columns, patient, len(patients))
    # The same comparison with the labels of patients, by which their predictions are scored.
    data = replace(
        comparison,
        y=_labels(comparison, patients, patient),
        # Kept, so that intervals and tests are of the same kind as those of the images.
        groups=patients,
        metrics=metrics,
        columns=columns,
        files=None,
        warnings=(*_warnings(comparison, metrics, how, differing), *comparison.warnings),
    )
    fold_results = {
        name: tuple(
            _aggregate_fold(data, result, split, patient[result.split.test], how)
            for result, split in zip(comparison.fold_results[name], splits, strict=True)
        )
        for name in comparison.names
    }
    # Models see images, not patients: none are kept.
    external = {
        name: compare_patients(each, how)
        for name, each in comparison.external.items()
        if each.groups is not None
    }
    return replace(data, splits=splits, fold_results=fold_results, external=external, models=None)


def _labels(comparison, patients, patient):
    """Return one label per patient: positive if any image is; of more classes they must agree."""
    codes = code_labels(comparison.y, comparison.classes)
    # A patient whose lowest and highest class differ has images of several classes.
    low, high = np.full(len(patients), len(comparison.classes)), np.full(len(patients), -1)
    np.minimum.at(low, patient, codes)
    np.maximum.at(high, patient, codes)
    mixed = np.flatnonzero(low != high)
    if len(mixed) and comparison.pos_label is None:
        raise ValueError(
            f"{counted(mixed, 'patient', ('has', 'have'))} images of several classes (such as "
            f"{patients[mixed[0]]!r}), so that by_patient cannot give one class to each."
        )
    # One image that shows the disease makes the patient ill.
    high[mixed] = comparison.positive_column
    return comparison.classes[high]


def _aggregate_fold(data, result, split, patient, how):
    """Return a FoldResult of patients; a fit that failed has no scores."""
    if result.failed:
        scores = {metric.name: np.nan for metric in data.metrics}
        return replace(result, split=split, scores=scores)
    predictions = _aggregate(data, result.predictions, patient, how)
    scores, _ = score_fold(data, split, predictions, data.metrics)
    return replace(result, split=split, predictions=predictions, scores=scores)


def _aggregate(data, given, patient, how):
    """Return the FoldPredictions of patients from those of their images."""
    positive = 1 if data.pos_label is None else data.positive_column
    if not given.probabilistic:
        # Decision values are not probabilities: only their mean means something.
        scores = given.decision_scores
        if scores is not None:
            scores = patient_means(scores, np.unique(patient, return_inverse=True)[1])
        return FoldPredictions(_vote(data, given.predicted, patient, how), scores)
    _, probabilities = aggregate_patients(given.decision_scores, patient, how, positive)
    # Where the labels are those of the most probable class, patients follow the same rule. A model
    # with a threshold of its own (ThresholdAt) labels otherwise, and its patients vote instead.
    most_probable = data.classes[given.decision_scores.argmax(1)]
    if np.array_equal(most_probable, given.predicted):
        predicted = data.classes[probabilities.argmax(1)]
    else:
        predicted = _vote(data, given.predicted, patient, how)
    return FoldPredictions(predicted, probabilities, True)


def _vote(data, predicted, patient, how):
    """Return the labels of patients by the labels of their images, which a threshold may set."""
    hot = np.eye(len(data.classes))[code_labels(predicted, data.classes)]
    votes = aggregate_patients(hot, patient, "mean")[1]
    if how != "mean" and data.pos_label is not None:
        votes[:, data.positive_column] *= len(hot)  # one positive image decides
    return data.classes[votes.argmax(1)]


def _warnings(comparison, metrics, how, differing):
    """Yield what changed with the step from images to patients."""
    pairs = set(zip(comparison.groups.tolist(), comparison.y.tolist(), strict=True))
    mixed = len(pairs) - len(np.unique(comparison.groups))
    left_out = [metric.title for metric in comparison.metrics if metric not in metrics]
    yield WarningRecord(f"One row per patient: the {how} over the patient's images.", "patients")
    if mixed:
        words = counted(mixed, "patient", ("has", "have"))
        count = "counts" if mixed == 1 else "count"
        yield WarningRecord(f"{words} images of both classes and {count} as positive.", "patients")
    if left_out:
        yield WarningRecord(f"{', '.join(left_out)} cannot be computed per patient.", "patients")
    if differing:
        names = ", ".join(differing)
        text = f"{names} differ between images of a patient, and are missing for that patient."
        yield WarningRecord(text, "patients")
