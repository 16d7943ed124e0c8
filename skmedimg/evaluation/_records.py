"""The records a comparison is made of."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


# eq=False: the fields are arrays, whose == gives an array and not a bool.
@dataclass(frozen=True, eq=False)
class Split:
    """One training set and one test set.

    Attributes
    ----------
    repeat, fold : int
        Within one repeat every row is tested at most once.
    train, test : ndarray of int
        Rows of X.
    validation : ndarray of int or None
        Rows that networks watch during training, for early stopping and the history.
    name : str or None
        What is tested, such as the hospital that is left out; None where folds have no names.
    """

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray
    validation: np.ndarray = None
    name: str = None

    @property
    def label(self):
        """str: the name or, without one, repeat and fold, counted from 1."""
        return f"{self.repeat + 1}.{self.fold + 1}" if self.name is None else self.name


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """What one fitted estimator predicted on the test rows of one split, in their order.

    Attributes
    ----------
    predicted : ndarray of shape (n_test,) or (n_test, height, width)
        Labels or masks.
    decision_scores : ndarray of shape (n_test, n_classes) or None
        Probabilities or, where there are none, decision values.
    probabilistic : bool
        Whether `decision_scores` holds probabilities.
    """

    predicted: np.ndarray
    decision_scores: np.ndarray = None
    probabilistic: bool = False

    @cached_property
    def image_scores(self):
        """dict: scores of each image that were computed already, by metric and labels of masks."""
        return {}


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What came of fitting one estimator on one split.

    Attributes
    ----------
    name : str
        The estimator.
    split : Split
        The training and test samples.
    predictions : FoldPredictions or None
        None where the fit failed.
    scores : dict of str to float
        By name of the metric.
    fit_time, score_time : float
        Seconds of fitting and of predicting.
    memory : float
        Most memory the fit held above what was held before it, in MB; nan where not measured.
    parameters : dict or None
        `{"trainable": int, "all": int}` where the fitted model can be counted.
    history : list of dict or None
        One record per epoch of the fitted model.
    failure : str or None
        The error that ended the fit.
    undefined : dict of str to int or None
        By name of the metric, in how many test images a distance between masks is infinite because
        one of them is empty; the score is the mean over the other images.
    model : object or None
        The fitted model, on its way to `KeptModels`; a comparison holds none here.
    """

    name: str
    split: Split
    predictions: FoldPredictions
    scores: dict
    fit_time: float = np.nan
    score_time: float = np.nan
    memory: float = np.nan
    parameters: dict = None
    history: list = None
    failure: str = None
    undefined: dict = None
    model: object = None

    @property
    def failed(self):
        """bool: whether the fit ended in an error."""
        return self.predictions is None

    @property
    def has_decision_scores(self):
        """bool: whether there are probabilities or decision values."""
        return not self.failed and self.predictions.decision_scores is not None

    @property
    def has_probabilities(self):
        """bool: whether there are probabilities."""
        return not self.failed and self.predictions.probabilistic


@dataclass(frozen=True)
class Metric:
    """A metric of a comparison.

    Attributes
    ----------
    name, title : str
        Its key, and how it is printed.
    higher_is_better : bool
        Whether larger values are better.
    low, high : float or None
        Range of its values; None where it is open.
    from_scorer : bool
        Whether a scorer that saw the estimator gave the values, so that they cannot be computed
        again from predictions.
    target : float or None
        The best value where neither higher nor lower is better.
    """

    name: str
    title: str
    higher_is_better: bool = True
    low: float = None
    high: float = None
    from_scorer: bool = False
    target: float = None


@dataclass(frozen=True)
class Interval:
    """A mean score and its confidence interval.

    Attributes
    ----------
    mean, low, high : float
        Mean of the score, and the limits of the interval.
    method : str
        How the interval was found.
    """

    mean: float
    low: float
    high: float
    method: str


@dataclass(frozen=True)
class Costs:
    """What one estimator costs: medians over the splits.

    Attributes
    ----------
    fit_time, score_time : float
        Seconds of one fit, and of predicting one test set.
    shared_time : float
        Seconds spent once, before the folds, on steps that learn nothing from the training set.
    memory : float
        MB of one fit; nan where not measured.
    parameters, trainable : int or None
        Of the first fitted model that can be counted.
    """

    fit_time: float
    score_time: float
    shared_time: float
    memory: float
    parameters: int
    trainable: int


@dataclass(frozen=True)
class WarningRecord:
    """What a reader has to know before believing a comparison.

    Attributes
    ----------
    text : str
    source : {"splits", "model", "audit", "patients"}
        Whether the splits, a model, the audit of the data or the change to patients is the reason.
    name : str or None
        The estimator, where the source is a model.
    """

    text: str
    source: str
    name: str = None

    def __str__(self):
        return self.text
