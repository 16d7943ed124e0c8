"""Comparison: what a comparison of estimators found, kept whole and frozen."""

from dataclasses import dataclass
from importlib import import_module

from skmedimg.evaluation._by_patient import compare_patients
from skmedimg.evaluation._json import read_comparison, write_comparison
from skmedimg.evaluation._outcome import Outcome
from skmedimg.evaluation._tables import (
    class_counts,
    class_records,
    comparison_text,
    prediction_records,
    summarise,
    to_frame,
)
from skmedimg.evaluation.statistics._conclusions import run_tests
from skmedimg.evaluation.statistics._intervals import interval_of


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Outcome):
    """What `compare` found: scores, answers, costs and how to get them again.

    A comparison is frozen. It holds every out-of-fold answer, so intervals, tests, tables and
    plots are computed from it without fitting anything again, and `to_json` keeps all of it.

    Attributes
    ----------
    names : tuple of str
        The estimators in the order given, the baseline last.
    task : {"classification", "segmentation"}
    y : ndarray of shape (n_samples,) or (n_samples, height, width)
        Labels or masks, in the row order of X.
    classes : ndarray of shape (n_classes,) or None
        Column k of every ranking belongs to `classes[k]`; None for segmentation.
    pos_label : scalar or None
        The positive class of two; None for more classes.
    groups : ndarray of shape (n_samples,) or None
        Patients.
    splits : tuple of Split
        Named tuples `(repeat, fold, train, test)`; every estimator saw the same ones.
    metrics : tuple of Metric
        Named tuples `(name, title, higher_is_better, low, high)`; the first sorts the summary.
    scores : tuple of dict
        One record per estimator, split and metric, with the keys `estimator`, `repeat`, `fold`,
        `metric` and `value`.
    answers : dict of str to tuple of Answer
        Per estimator and split, `(predicted, ranking, probabilistic)` on the test rows; None
        where the fit failed.
    fit_times, score_times : dict of str to ndarray of shape (n_splits,)
        Seconds.
    shared_times : dict of str to float
        Seconds spent once, before the folds, on steps that learn nothing from the training set.
    memory : dict of str to ndarray of shape (n_splits,)
        Most memory a fit held above what was held before it, in MB; nan where not measured.
    parameters : dict of str to dict or None
        `{"trainable": int, "all": int}` where the fitted model can be counted.
    history : dict of str to tuple of (list of dict, or None)
        Per split, the records of the fitted model's epochs.
    estimators : dict of str to str
        How each unfitted estimator is written.
    baseline : str or None
        The name of the baseline.
    random_state : int
        The seed that gives this comparison again.
    versions : dict of str to str
    digest : str
        Fingerprint of X, y and groups.
    warnings : tuple of str
        What a reader has to know before believing the table.
    audit : Audit or None
        What was found wrong with the data themselves.

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
    ...     pos_label=0, random_state=0, verbose=0, audit=False,
    ... )
    >>> result.names
    ('bayes', 'tree', 'majority class')
    >>> result.confusion("bayes")
    array([[188,  24],
           [ 11, 346]])
    """

    def __repr__(self):
        return comparison_text(self)

    def confusion(self, name, repeat=0):
        """Count out-of-fold predictions by true class (rows) and predicted class (columns).

        Parameters
        ----------
        name : str
        repeat : int, default=0

        Returns
        -------
        counts : ndarray of shape (n_classes, n_classes)
            Both axes in the order of `classes`.
        """
        self._needs_classes("confusion")
        return class_counts(self.truth(repeat), self.predictions(name, repeat), self.classes)

    def report(self, name, repeat=0):
        """Tabulate precision, recall, F1 and support of every class.

        Parameters
        ----------
        name : str
        repeat : int, default=0

        Returns
        -------
        report : DataFrame of shape (n_classes, 4)
        """
        records = class_records(self.confusion(name, repeat), self.classes)
        return to_frame(records, index="class")

    def summary(self, metrics=None, confidence=0.95):
        """Tabulate mean scores and their intervals, the best estimator first.

        Without `groups` the interval is a t interval over the splits whose variance is corrected
        for the overlap of the training sets. With `groups`, or a single split, it is a bootstrap
        of the patients (or rows) within each split.

        Parameters
        ----------
        metrics : list of str, default=None
            None takes all; the first sorts the rows.
        confidence : float, default=0.95

        Returns
        -------
        summary : DataFrame
            Per metric the columns `<metric>`, `<metric> low` and `<metric> high`, then times,
            parameters, `baseline` and `warnings`; those of the whole are in `attrs["warnings"]`.
        """
        frame = to_frame(self.summary_records(metrics, confidence), index="estimator")
        frame.attrs["warnings"] = list(self.warnings)
        return frame

    def summary_records(self, metrics=None, confidence=0.95):
        """Return the rows of `summary` as plain dicts, for which pandas is not needed.

        Parameters
        ----------
        metrics : list of str, default=None
        confidence : float, default=0.95

        Returns
        -------
        records : list of dict
        """
        return summarise(self, metrics, confidence)

    def interval(self, name, metric=None, confidence=0.95):
        """Return the mean of a score and its confidence interval.

        Parameters
        ----------
        name : str
        metric : str, default=None
        confidence : float, default=0.95

        Returns
        -------
        interval : Interval
            Named tuple `(mean, low, high, method)`.
        """
        return interval_of(self, name, self.metric(metric).name, confidence)

    def tests(self, reference=None, metric=None):
        """Test pairs of estimators and say in words what may be claimed.

        Parameters
        ----------
        reference : str, default=None
            Compare everything with this one; None takes all pairs.
        metric : str, default=None
            The score the resampled t-test compares; None takes the first of `metrics`.

        Returns
        -------
        tests : Claims
            Prints the claims; `to_frame()` has every statistic.
        """
        return run_tests(self, reference, self.metric(metric).name)

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

    def plot(self, kind="scores", *, name=None, ax=None):
        """Draw one of the displays.

        Parameters
        ----------
        kind : {"scores", "curves", "confusion", "roc", "precision-recall", "calibration", "cost"}
        name : str, default=None
            The estimator, for the kinds that show one.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : object
            With `ax_` and `figure_`.
        """
        displays = import_module("skmedimg.evaluation.displays._draw")
        return displays.draw(self, kind, name=name, ax=ax)

    def to_html(self, path, *, X=None, models=None, image_shape=None, title=None):
        """Write a report: one file that needs nothing else.

        Parameters
        ----------
        path : str or os.PathLike
        X : any kind of X of the data contract, or None, default=None
            What was compared on, for the galleries; None takes what was audited.
        models : dict of str to estimator, or None, default=None
            Models fitted on the training rows of the first split, for tables of their layers, for
            explanations of images they never saw, and for what a search tried.
        image_shape : tuple of int or None, default=None
            Shape of one image where X holds rows.
        title : str or None, default=None
        """
        report = import_module("skmedimg.evaluation.report._page")
        report.write_report(self, path, X=X, models=models, image_shape=image_shape, title=title)

    def to_json(self, path):
        """Write everything this comparison holds as JSON.

        Parameters
        ----------
        path : str or os.PathLike
        """
        write_comparison(self, path)

    @classmethod
    def from_json(cls, path):
        """Read what `to_json` wrote.

        Parameters
        ----------
        path : str or os.PathLike

        Returns
        -------
        comparison : Comparison
        """
        return cls(**read_comparison(path))

    def to_frame(self, what="scores"):
        """Return scores or predictions as a pandas DataFrame.

        Parameters
        ----------
        what : {"scores", "predictions"}, default="scores"
            "scores": one row per estimator, split and metric. "predictions": one row per repeat
            and tested row of X, one column per estimator.

        Returns
        -------
        frame : DataFrame
        """
        records = {"scores": lambda _: list(self.scores), "predictions": prediction_records}
        if what not in records:
            raise ValueError(f"what={what!r} must be 'scores' or 'predictions'.")
        return to_frame(records[what](self))

    def _needs_classes(self, what):
        if self.task != "classification":
            raise ValueError(f"{what} counts classes; this comparison is of {self.task}.")
