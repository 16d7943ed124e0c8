"""Comparison: the frozen result of comparing estimators."""

from dataclasses import dataclass, field

import numpy as np

from skmedimg.evaluation._by_patient import compare_patients
from skmedimg.evaluation._clinical_questions import ClinicalQuestions
from skmedimg.evaluation._external_sets import ExternalSets
from skmedimg.evaluation._json import read_comparison, write_comparison
from skmedimg.evaluation._out_of_fold import OutOfFoldPredictions
from skmedimg.evaluation._paper_outputs import PaperOutputs
from skmedimg.evaluation._patient_questions import PatientQuestions
from skmedimg.evaluation._tables import (
    comparison_frame,
    comparison_html,
    comparison_text,
    estimator_costs,
    ranked_names,
    summary_frame,
)
from skmedimg.evaluation.scores._positive_label import positive_column
from skmedimg.evaluation.statistics._intervals import interval_of
from skmedimg.evaluation.statistics._pairwise_tests import run_tests
from skmedimg.evaluation.statistics._planning import how_many


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(
    ClinicalQuestions, ExternalSets, PatientQuestions, PaperOutputs, OutOfFoldPredictions
):
    """What `compare` found: predictions, scores, costs and how to get them again.

    A comparison is frozen. It holds every out-of-fold prediction, so intervals, tests, tables and
    plots are computed from it without fitting anything again, and `to_json` keeps all of it.

    Attributes
    ----------
    names : tuple of str
        The estimators in the order given, the baseline last.
    task : {"classification", "segmentation"}
        What the models predict: a class per image, or per pixel.
    y : ndarray of shape (n_samples,) or (n_samples, height, width)
        Labels or masks, in the row order of X.
    classes : ndarray of shape (n_classes,) or None
        Column k of all decision scores belongs to `classes[k]`; None for segmentation.
    pos_label : scalar or None
        The positive class of two; None for more classes.
    groups : ndarray of shape (n_samples,) or None
        Patients.
    ignore_label : int or None
        Value of masks whose pixels count in no score.
    spacing : ndarray of shape (n_samples, 2) or None
        Size of a pixel of each mask; None measures distances in pixels.
    columns : DataFrame of n_samples rows or None
        Facts about the patients, such as age and sex.
    files : ndarray of shape (n_samples,) or None
        Names of the image files below the folder that holds them all, where X was paths.
    load_report : LoadReport or None
        What the loader kept and left out.
    splits : tuple of Split
        With `repeat`, `fold`, `train` and `test`.
    metrics : tuple of Metric
        With `name`, `title`, `higher_is_better`, `low` and `high`; the first sorts the summary.
    fold_results : dict of str to tuple of FoldResult
        Per estimator, in the order of `splits`: `predictions`, `scores`, `fit_time`, `score_time`,
        `memory`, `parameters`, `history` and `failure` of one fit.
    shared_times : dict of str to float
        Seconds spent once, before the folds, on steps that learn nothing from the training set.
    estimators : dict of str to str
        How each unfitted estimator is written.
    baseline : str or None
        The name of the baseline.
    error_score : float
        What a failed fit counts as where models are sorted, unless other scores are worse.
    random_state : int
        The seed that gives this comparison again.
    versions : dict of str to str
        Versions of Python, of this package and of the libraries it ran on.
    digest : str
        Fingerprint of X, y and groups.
    call : str
        The Python code that gives this comparison again, where X, y and `groups` are as they were.
    warnings : tuple of WarningRecord
        What a reader has to know before believing the table: `text`, its `source` ("splits",
        "model", "audit" or "patients") and the `name` of the estimator concerned, if any.
    audit : Audit or None
        Findings about the data; None where no audit was made.
    external : dict of str to Evaluation
        Sets of other hospitals, scored by models fitted on all samples of X.
    models : KeptModels or None
        Fitted models, where they were to be kept; never written to a file.

    See Also
    --------
    compare : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmedimg import compare
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> result = compare(
    ...     {"bayes": GaussianNB(), "tree": DecisionTreeClassifier()}, X, y,
    ...     repeats=1, pos_label=0, random_state=0, verbose=0, audit=False,
    ... )
    >>> result.confusion("bayes")
    array([[188,  24],
           [ 11, 346]])
    >>> [round(fold.scores["accuracy"], 3) for fold in result.fold_results["bayes"]]
    [0.921, 0.965, 0.912, 0.939, 0.956]
    """

    names: tuple
    task: str
    y: np.ndarray
    classes: np.ndarray
    splits: tuple
    metrics: tuple
    fold_results: dict
    pos_label: object = None
    groups: np.ndarray = None
    ignore_label: object = None
    spacing: np.ndarray = None
    columns: object = None
    files: np.ndarray = None
    load_report: object = None
    shared_times: dict = field(default_factory=dict)
    estimators: dict = field(default_factory=dict)
    baseline: str = None
    error_score: float = np.nan
    random_state: int = 0
    versions: dict = field(default_factory=dict)
    digest: str = ""
    call: str = ""
    warnings: tuple = ()
    audit: object = None
    external: dict = field(default_factory=dict)
    models: object = None

    def __post_init__(self):
        if set(self.fold_results) != set(self.names):
            raise ValueError(
                f"fold_results needs results of {list(self.names)}, but has those of "
                f"{list(self.fold_results)}."
            )
        # Tests pair the results of two estimators by position: all need the same splits in order.
        for name, results in self.fold_results.items():
            if [(r.name, r.split) for r in results] != [(name, split) for split in self.splits]:
                raise ValueError(f"fold_results[{name!r}] needs one result of it per split.")

    def __repr__(self):
        return comparison_text(self)

    def _repr_html_(self):
        return comparison_html(self)

    @property
    def positive_column(self):
        """int or None: the position of the positive class in `classes`."""
        return positive_column(self.classes, self.pos_label)

    @property
    def best(self):
        """str: the estimator with the best mean of the first metric, the baseline aside."""
        return next(name for name in self.ranked() if name != self.baseline)

    def ranked(self, metric=None):
        """Return the names of the estimators, the best mean score first.

        Parameters
        ----------
        metric : str, default=None
            None takes the first of `metrics`.

        Returns
        -------
        names : list of str, those without a score last
        """
        return ranked_names(self, self.metric(metric))

    def costs(self, name):
        """Return times, memory (medians over the splits) and parameters of an estimator.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.

        Returns
        -------
        costs : Costs
        """
        return estimator_costs(self, name)

    def histories(self, name):
        """Return the training histories of an estimator's fits that kept one.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.

        Returns
        -------
        histories : list of list of dict, one record per epoch
        """
        self._check_name(name)
        return [each.history for each in self.fold_results[name] if each.history]

    def metric(self, name=None):
        """Return one of `metrics`.

        Parameters
        ----------
        name : str, default=None
            None gives the first, by which the summary is sorted.

        Returns
        -------
        metric : Metric
        """
        known = {metric.name: metric for metric in self.metrics}
        if name is not None and name not in known:
            raise ValueError(f"metric={name!r} was not computed; there are: {', '.join(known)}.")
        return self.metrics[0] if name is None else known[name]

    def values(self, name, metric):
        """Return one score per split.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.
        metric : str
            Name of the score.

        Returns
        -------
        values : ndarray of shape (n_splits,)
            In the order of `splits`; nan where the fit failed or the score is undefined.
        """
        self._check_name(name)
        metric = self.metric(metric).name
        return np.array([each.scores[metric] for each in self.fold_results[name]])

    def interval(self, name, metric=None, confidence=0.95):
        """Return the mean of a score and its confidence interval.

        Parameters
        ----------
        name : str
            Name of the model in the comparison.
        metric : str, default=None
            Name of the score. None: the first one, the primary metric.
        confidence : float, default=0.95
            Confidence level of the interval.

        Returns
        -------
        interval : Interval
            With `mean`, `low`, `high` and `method`.
        """
        return interval_of(self, name, self.metric(metric).name, confidence)

    def tests(self, reference=None, metric=None, *, margin=None, method="auto"):
        """Test pairs of estimators and say what may be concluded.

        Parameters
        ----------
        reference : str, default=None
            Compare everything with this one; None takes all pairs.
        metric : str, default=None
            None takes the first of `metrics`, the primary one.
        margin : float, default=None
            The largest difference that does not matter, fixed before looking: models may then be
            found equivalent within it, or one not worse than the other by it.
        method : {"auto", "clustered", "corrected"}, default="auto"
            "clustered" takes the variance over patients and repeats, "corrected" that over splits,
            corrected for their overlap by Nadeau and Bengio. "auto" is "clustered" where there are
            several repeats or a single test set, else "corrected"; for accuracy, sensitivity and
            other scores that move with the threshold it is the one with the larger p-value. Both
            are in `to_frame()`.

        Returns
        -------
        tests : PairwiseTests
            Prints its `conclusions`; `to_frame()` has every statistic.
        """
        return run_tests(self, reference, self.metric(metric).name, margin, method)

    def how_many(self, difference, reference=None, metric=None, *, power=0.8):
        """Return how many patients a study needs to find a true difference.

        Parameters
        ----------
        difference : float
            The smallest difference in the metric that matters.
        reference : str, default=None
            Only pairs with this estimator; None takes all pairs of models, or the pair with the
            baseline of a single one.
        metric : str, default=None
            None takes the first of `metrics`.
        power : float, default=0.8
            How often such a study finds the difference if it is there.

        Returns
        -------
        needed : Series of int
            By pair of estimators: patients, or samples where there are no `groups`, with images as
            here. The variance over patients and over training sets is that of this comparison, and
            falls as one over the number of patients. Missing where a pair cannot be tested.
        """
        return how_many(self, difference, reference, self.metric(metric).name, power)

    def by_patient(self, how="mean"):
        """Return this comparison with one row per patient instead of one per image.

        Parameters
        ----------
        how : {"mean", "max", "noisy-or"}, default="mean"
            How the probabilities of a patient's images become one.

        Returns
        -------
        comparison : Comparison
        """
        return compare_patients(self, how)

    def summary(self, metrics=None, confidence=0.95):
        """Tabulate mean scores and their 95 % intervals, the best estimator first.

        With several repeats the interval holds the expected score of the procedure, trained on as
        many other patients and tested on new ones: its variance is that over patients (samples
        without `groups`) and over training. With one repeat it is the t interval over splits,
        corrected for the overlap of training sets; with one test set it is that of the models as
        fitted. `interval(name).method` says which.

        Parameters
        ----------
        metrics : list of str, default=None
            Names of the scores to include. None: all of them.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        summary : DataFrame
            Per metric the columns `<metric>`, `<metric> low` and `<metric> high`, then times,
            parameters, `baseline` and `warnings`; those of the whole are in `attrs["warnings"]`.
        """
        return summary_frame(self, metrics, confidence)

    def to_frame(self, what="scores"):
        """Return scores, fits, predictions or the patients of segmenters as a table.

        Parameters
        ----------
        what : {"scores", "fits", "predictions", "patients"}, default="scores"
            "scores": one row per estimator, split and metric. "fits": one row per estimator and
            split, with times, memory, parameters, epochs and failure. "predictions": one row per
            repeat and tested row of X, one column per estimator. "patients": one row per segmenter
            and patient, with the mean of each metric over the patient's images and the repeats.

        Returns
        -------
        frame : DataFrame
        """
        return comparison_frame(self, what)

    def plot(self, kind="scores", *, name=None, ax=None):
        """Draw one of the displays.

        Parameters
        ----------
        kind : {"scores", "curves", "confusion", "roc", "precision-recall", "calibration", \
"net benefit", "cost"}
            What to draw: the scores with intervals, training curves, one confusion
            matrix, ROC, precision-recall, reliability or decision curves, or scores against
            costs.
        name : str, default=None
            The estimator, for the kinds that show one; None takes the best.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : object
            With `ax_` and `figure_`.
        """
        from skmedimg.evaluation.displays._draw import draw

        return draw(self, kind, name=name, ax=ax)

    def to_html(
        self,
        path,
        *,
        X=None,
        models=None,
        image_shape=None,
        title=None,
        command="",
        loading="",
        robustness=None,
    ):
        """Write a report: one file that needs nothing else.

        Parameters
        ----------
        path : str or os.PathLike
            File to write.
        X : any kind of X of the data contract, or None, default=None
            What was compared on, for the galleries; None takes what was audited.
        models : dict of str to estimator, or None, default=None
            Fitted on the training rows of the first split, for tables of layers, explanations of
            images they did not see, and what a search tried.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        title : str or None, default=None
            Title of the report. None: one that names the models.
        command : str, default=""
            The command that was typed, for "How to get this again".
        loading : str, default=""
            Lines of Python that load X, y and groups, for the same section.
        robustness : Robustness or None, default=None
            What `robustness()` returned, for the section "Robustness".
        """
        from skmedimg.evaluation.report._page import write_report

        write_report(
            self,
            path,
            X=X,
            models=models,
            image_shape=image_shape,
            title=title,
            command=command,
            loading=loading,
            robustness=robustness,
        )

    def to_json(self, path):
        """Write everything this comparison holds as JSON.

        Parameters
        ----------
        path : str or os.PathLike
            File to write.
        """
        write_comparison(self, path)

    @classmethod
    def from_json(cls, path):
        """Read what `to_json` wrote.

        Parameters
        ----------
        path : str or os.PathLike
            File that :meth:`to_json` wrote.

        Returns
        -------
        comparison : Comparison
        """
        return read_comparison(path, cls)
