"""Evaluation: fitted models on a set that none of them was trained on."""

from dataclasses import dataclass, replace

import numpy as np

from skmedimg._provenance import fingerprint
from skmedimg.evaluation._comparison import Comparison
from skmedimg.evaluation._html_tables import metrics_shown
from skmedimg.evaluation._records import FoldPredictions
from skmedimg.evaluation._tables import with_limits
from skmedimg.evaluation._text import counted, lay_out
from skmedimg.evaluation.clinical._natural_frequencies import natural_frequencies
from skmedimg.evaluation.external._external_set import (
    external_fields,
    external_warnings,
    score_external_set,
)
from skmedimg.evaluation.external._recalibration import recalibrate
from skmedimg.evaluation.external._set_shift import ShiftRow
from skmedimg.evaluation.scores._score_table import score_fold
from skmedimg.evaluation.subgroups._source_files import file_names

_SHOWN = 4  # scores in the printed form; the rest is in summary()
# What an evaluation has from the comparison whose models it scores.
_SAME = ("names", "task", "classes", "metrics", "pos_label", "ignore_label", "estimators")
_SAME += ("baseline", "random_state", "versions")


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Comparison):
    """Fitted models on a set that none of them was trained on, such as another hospital's.

    It is a `Comparison` with a single test set and no training set: `interval`, `summary`,
    `confusion`, `tests`, `by_patient`, `plot`, `to_html` and `to_json` are those of `Comparison`.
    Intervals are over the patients of this set, for the models as they were fitted.

    Attributes
    ----------
    set_name : str
        What the set is called.
    shift : tuple of ShiftRow
        How the set differs from the development data; `shift_table()` is the table of it.

    See Also
    --------
    evaluate : Makes one of a fitted or saved model.
    compare : Makes one per set of `external`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.evaluation import evaluate
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = GaussianNB().fit(X[:300], y[:300])
    >>> found = evaluate(model, X[300:], y[300:], pos_label=0, scoring=["roc_auc", "accuracy"])
    >>> found
    test set: 269 samples, 0: 66, 1: 203
    GaussianNB finds 63 of 66 samples labeled 0 and takes 6 of 203 labeled 1 for 0.
                             ROC AUC              accuracy
    GaussianNB  0.997 [0.991, 0.999]  0.967 [0.937, 0.983]
    >>> found.confusion("GaussianNB")
    array([[ 63,   3],
           [  6, 197]])
    """

    set_name: str = "test set"
    shift: tuple = ()

    def __repr__(self):
        return evaluation_text(self)

    def shift_table(self):
        """Return how this set differs from the development data.

        Returns
        -------
        shift : DataFrame
            One row per fact: `development` and `external`, the standard deviations of means, and
            `difference`, external minus development in standard deviations. Without development
            data, as of `evaluate`, it is empty.
        """
        import pandas as pd

        columns = [name for name in ShiftRow.__dataclass_fields__ if name not in ("name", "kind")]
        rows = {row.name: [getattr(row, name) for name in columns] for row in self.shift}
        return pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("fact")

    def recalibrate(self, random_state=0):
        """Return this evaluation with probabilities that were recalibrated on this set.

        Intercept and slope of a logistic recalibration are fitted in folds of this set, by patient,
        and applied to the patients left out, so that the scores of the result are not those of
        patients that were recalibrated on. The predicted class is the more probable one.

        Parameters
        ----------
        random_state : int, default=0
            Shuffles the folds.

        Returns
        -------
        evaluation : Evaluation
            Of the estimators with probabilities. Where a model separates the classes no finite line
            fits, and its scores are missing.
        """
        self._needs_two_classes("recalibrate")
        data = rescored(self, self._probabilistic(), self.metrics)
        positive = self.y == self.pos_label
        results = {}
        for name in data.names:
            (result,) = data.fold_results[name]
            chance = result.predictions.decision_scores[:, self.positive_column]
            chance = recalibrate(positive, chance, self.groups, random_state)
            predictions = _of_chance(self, chance) if np.isfinite(chance).all() else None
            failure = None if predictions else "no finite line recalibrates its probabilities"
            results[name] = (replace(result, predictions=predictions, failure=failure),)
        metrics = tuple(metric for metric in self.metrics if not metric.from_scorer)
        return rescored(replace(data, fold_results=results), data.names, metrics)

    def _probabilistic(self):
        """Return the names of the models with probabilities, without the baseline."""
        names = [name for name in self.names if name != self.baseline]
        found = [n for n in names if all(each.has_probabilities for each in self.fold_results[n])]
        if not found:
            raise ValueError(
                f"{' and '.join(names)} gave no probabilities here: wrap a model without "
                "predict_proba in CalibratedClassifierCV."
            )
        return found

    def _needs_two_classes(self, what):
        if self.task != "classification" or self.pos_label is None:
            raise ValueError(f"{what} needs two classes, one of them positive.")


def evaluate_set(data, models, given, shift=()):
    """Return the Evaluation of KeptModels on an ExternalSet.

    `data` has the fields of a Comparison that say what is scored and how, such as `metrics`.
    """
    results = score_external_set(data, models, given)
    return Evaluation(
        **{name: getattr(data, name) for name in _SAME},
        **external_fields(given),
        splits=(results[data.names[0]][0].split,),
        fold_results=results,
        files=file_names(given.X),
        digest=fingerprint(given.X, given.y, given.groups),
        warnings=tuple(external_warnings(data, given)),
        set_name=given.name,
        shift=shift,
    )


def rescored(evaluation, names, metrics):
    """Return an Evaluation of some estimators by other Metrics, from its predictions."""
    results = {name: evaluation.fold_results[name] for name in names}
    data = replace(evaluation, names=tuple(names), fold_results=results)
    scored = {}
    for name, (result,) in results.items():
        scores = {metric.name: np.nan for metric in metrics}
        if not result.failed:
            scores |= score_fold(data, result.split, result.predictions, metrics)[0]
        scored[name] = (replace(result, scores=scores),)
    baseline = data.baseline if data.baseline in names else None
    return replace(data, metrics=metrics, fold_results=scored, baseline=baseline)


def evaluation_text(evaluation):
    """Return the text an evaluation prints as."""
    metrics = metrics_shown(evaluation)[:_SHOWN]
    rows = [["", *(metric.title for metric in metrics)]]
    for name in evaluation.ranked():
        words = f"{name} (baseline)" if name == evaluation.baseline else name
        cells = [with_limits(evaluation.interval(name, metric.name)) for metric in metrics]
        rows.append([words, *cells])
    notes = [f"Warning: {warning}" for warning in evaluation.warnings]
    lines = [evaluation_title(evaluation), natural_frequencies(evaluation), lay_out(rows), *notes]
    return "\n".join(line for line in lines if line)


def evaluation_title(evaluation):
    """Return name and size of a set in a line."""
    words = f"{evaluation.set_name}: {counted(evaluation.y, 'sample')}"
    if evaluation.groups is not None:
        words += f" of {counted(np.unique(evaluation.groups), 'patient')}"
    for label in () if evaluation.classes is None else evaluation.classes:
        words += f", {label}: {(evaluation.y == label).sum()}"
    return words


def _of_chance(evaluation, chance):
    """Return the FoldPredictions of probabilities of the positive class."""
    columns = np.column_stack([chance, 1 - chance])
    columns = columns if evaluation.positive_column == 0 else columns[:, ::-1]
    return FoldPredictions(evaluation.classes[columns.argmax(1)], columns, True)
