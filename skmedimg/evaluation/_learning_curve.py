"""How the scores of models grow with the number of patients, and where they would go with more."""

from dataclasses import dataclass
from numbers import Real
from pathlib import Path

import numpy as np

from skmedimg._warnings import warn_user
from skmedimg.evaluation._compare import compare, draw_seed, name_estimators
from skmedimg.evaluation._text import counted, lay_out
from skmedimg.evaluation.splitting._folds import choose_repeats, make_splits
from skmedimg.evaluation.splitting._targets import check_targets
from skmedimg.evaluation.splitting._train_subsets import train_subsets
from skmedimg.evaluation.statistics._inverse_power_law import InversePowerLaw
from skmedimg.images._n_jobs import check_n_jobs

_FAR, _TOO_FAR = 3, 10  # times the largest training set


def learning_curve(
    estimators,
    X,
    y,
    *,
    groups=None,
    train_sizes=(0.15, 0.24, 0.39, 0.62, 1.0),
    cv=5,
    repeats=None,
    scoring=None,
    pos_label=None,
    n_jobs=None,
    error_score="raise",
    random_state=None,
    verbose=1,
    share=True,
    checkpoint=None,
):
    """Compare estimators on training sets of several sizes, tested on the same folds.

    The training sets of a split are drawn by patient and stratified by class, the smaller ones are
    parts of the larger ones, and they are the same for every estimator. The test sets stay whole.

    Parameters
    ----------
    estimators : dict of str to BaseEstimator, list of BaseEstimator, or BaseEstimator
        As of `compare`.
    X : array-like (n, n_features), (n, height, width) or (n, height, width, channels); paths; \
LazyImages
        Whatever the estimators take.
    y : array-like (n,), masks (n, height, width), or mask paths (n,)
        Labels or masks.
    groups : array-like (n,), default=None
        Patients. None takes each sample as one.
    train_sizes : array-like of shape (n_sizes,), default=(0.15, 0.24, 0.39, 0.62, 1.0)
        Fractions of the patients of the smallest training set, or numbers of patients. Each size
        needs patients of every class.
    cv : int, splitter or iterable of (train, test), default=5
        An integer stratifies by class, keeps patients together, and shuffles. Validation sets in a
        list of (train, validation, test) stay whole.
    repeats : int or None, default=None
        As of `compare`; every size is trained in every repeat.
    scoring : str, list of str or callable, or dict of str to str or callable, default=None
        As of `compare`; the first one is fitted by a law and printed.
    pos_label : label, default=None
        The positive one of two classes. None guesses, as `compare` does.
    n_jobs : int, default=None
        Fits side by side, through joblib.
    error_score : "raise" or float, default="raise"
        "raise" stops at a fit that raises an error. With a number it is missing.
    random_state : int, RandomState or None, default=None
        Seeds the folds, the training subsets, and each `random_state` of the estimators that is
        None.
    verbose : int, default=1
        1 shows one progress bar per size.
    share : bool, default=True
        As of `compare`.
    checkpoint : str or os.PathLike, default=None
        A folder that keeps every finished fit, in one folder per size.

    Returns
    -------
    curve : LearningCurve

    See Also
    --------
    compare : All estimators on whole training sets.
    Comparison.how_many : How many patients a test of two models needs.

    Notes
    -----
    A model that is trained on all of the data has seen more patients than those of the folds: with
    `cv=5`, a quarter more than the largest training set.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmedimg.evaluation import learning_curve
    >>> X, y = load_digits(n_class=4, return_X_y=True)
    >>> models = {"bayes": GaussianNB(), "neighbors": KNeighborsClassifier()}
    >>> curve = learning_curve(
    ...     models, X[:300], y[:300], scoring="accuracy", repeats=2, random_state=0, verbose=0
    ... )
    >>> curve.train_sizes
    array([ 36,  57,  93, 148, 240])
    >>> curve.predict(480).round(2)
               score   low  high
    estimator
    bayes       0.97  0.94  0.99
    neighbors   1.00  1.00  1.00
    """
    check_n_jobs(n_jobs, "learning_curve")
    named = name_estimators(estimators)
    targets = check_targets(named, X, y, groups, pos_label)
    seed = draw_seed(random_state)
    repeats = choose_repeats(repeats, cv, targets.groups, len(targets.y))
    splits = make_splits(cv, targets.task, targets.strata, targets.groups, repeats, seed)
    sizes, pairs = train_subsets(splits, train_sizes, targets.strata, targets.groups, seed)
    comparisons = tuple(
        compare(
            named,
            X,
            y,
            groups=groups,
            cv=pairs_of_size,
            scoring=scoring,
            pos_label=targets.pos_label,
            n_jobs=n_jobs,
            error_score=error_score,
            random_state=seed,
            verbose=verbose,
            baseline=False,
            audit=False,
            share=share,
            checkpoint=None if checkpoint is None else Path(checkpoint) / f"{size} patients",
        )
        for size, pairs_of_size in zip(sizes, pairs, strict=True)
    )
    curve = LearningCurve(comparisons[0].names, sizes, comparisons)
    for name in curve.names:
        _warn_without_law(name, curve.law(name))
    return curve


@dataclass(frozen=True, eq=False, repr=False)
class LearningCurve:
    """What `learning_curve` found: a comparison per training set size, and a law through them.

    The law is the inverse power law of Figueroa and colleagues [1]_.

    Attributes
    ----------
    names : tuple of str
        The estimators in the order given.
    train_sizes : ndarray of int of shape (n_sizes,)
        Patients trained on, or samples where there are no `groups`; rising.
    comparisons : tuple of Comparison
        One per size, without baseline and audit.

    See Also
    --------
    learning_curve : Makes one.
    LearningCurveBandDisplay : Draws it.

    References
    ----------
    .. [1] Figueroa, Zeng-Treitler, Kandula, Ngo, "Predicting sample size required for
       classification performance", BMC Medical Informatics and Decision Making 12:8 (2012),
       doi:10.1186/1472-6947-12-8

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmedimg.evaluation import learning_curve
    >>> X, y = load_digits(n_class=4, return_X_y=True)
    >>> curve = learning_curve(
    ...     {"neighbors": KNeighborsClassifier()}, X[:200], y[:200], scoring="accuracy",
    ...     repeats=2, random_state=0, verbose=0,
    ... )
    >>> curve
    accuracy, 1 estimator, 10 splits, by samples trained on
                  24     38     62     99    160       320 (predicted)
    neighbors  0.927  0.960  0.982  0.988  0.995  0.998 [0.981, 1.000]
    """

    names: tuple
    train_sizes: np.ndarray
    comparisons: tuple

    def __repr__(self):
        return _curve_text(self)

    @property
    def unit(self):
        """str: what is counted, "patients" or, without `groups`, "samples"."""
        return "samples" if self.comparisons[0].groups is None else "patients"

    def metric(self, name=None):
        """Return one of the metrics.

        Parameters
        ----------
        name : str, default=None
            None gives the first.

        Returns
        -------
        metric : Metric
        """
        return self.comparisons[0].metric(name)

    def test_scores(self, name, metric=None):
        """Return the scores of one estimator.

        Parameters
        ----------
        name : str
            Name of the model.
        metric : str, default=None
            None takes the first.

        Returns
        -------
        test_scores : ndarray of shape (n_sizes, n_splits)
            nan where the fit failed or the score is undefined.
        """
        return np.array([each.values(name, metric) for each in self.comparisons])

    def law(self, name, metric=None):
        """Fit the inverse power law score(n) = a - b * n**-c to the scores of one estimator.

        Parameters
        ----------
        name : str
            Name of the model.
        metric : str, default=None
            None takes the first.

        Returns
        -------
        law : InversePowerLaw
            With `a_`, the score that more and more patients lead to, `b_` and `c_`. They are nan
            where the scores do not determine them, and `reason_` says why. Where lower scores are
            better the law is a + b * n**-c.
        """
        metric = self.metric(metric)
        last = self.comparisons[-1]
        # Of whole training sets, whose overlap ties the splits together.
        test_to_train = np.mean(
            [len(split.test) / (len(last.y) - len(split.test)) for split in last.splits]
        )
        better = metric.higher_is_better if metric.target is None else None
        law = InversePowerLaw(better, metric.low, metric.high, last.random_state)
        return law.fit(self.train_sizes, self.test_scores(name, metric.name), test_to_train)

    def predict(self, n, metric=None, confidence=0.95):
        """Return the scores that the laws give for a number of training patients.

        The limits hold the score that the procedure is expected to have if the law goes on; whether
        it does, no data up to `train_sizes` can say. Beyond 3 times the largest training set there
        is a warning, beyond 10 times a ValueError.

        Parameters
        ----------
        n : int
            Patients to train on, or samples where there are no `groups`.
        metric : str, default=None
            None takes the first.
        confidence : float, default=0.95
            Confidence level of the limits.

        Returns
        -------
        predicted : DataFrame
            With `score`, `low` and `high` per estimator; nan where its scores determine no law.
        """
        import pandas as pd

        largest = int(self.train_sizes[-1])
        if not isinstance(n, Real) or not 1 <= n <= _TOO_FAR * largest:
            raise ValueError(
                f"n={n!r} needs a number of {self.unit} from 1 to {_TOO_FAR * largest}, "
                f"{_TOO_FAR} times the largest training set."
            )
        if not 0 < confidence < 1:
            raise ValueError(f"confidence={confidence} needs a value between 0 and 1.")
        if n > _FAR * largest:
            warn_user(
                f"n={n} is more than {_FAR} times the largest training set of {largest} "
                f"{self.unit}: the law may not hold that far."
            )
        rows = {}
        for name in self.names:
            law = self.law(name, metric)
            _warn_without_law(name, law)
            rows[name] = [each[0] for each in law.predict([n], confidence)]
        columns = ["score", "low", "high"]
        return pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("estimator")

    def summary(self, metric=None, confidence=0.95):
        """Tabulate mean scores and their intervals by estimator and training set size.

        Parameters
        ----------
        metric : str, default=None
            None takes the first.
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        summary : DataFrame
            With `score`, `low` and `high`, as of `Comparison.interval`.
        """
        import pandas as pd

        found = {
            (name, size): comparison.interval(name, metric, confidence)
            for name in self.names
            for size, comparison in zip(self.train_sizes, self.comparisons, strict=True)
        }
        index = pd.MultiIndex.from_tuples(found, names=["estimator", "train_size"])
        rows = [(each.mean, each.low, each.high) for each in found.values()]
        return pd.DataFrame(rows, index=index, columns=["score", "low", "high"])

    def to_frame(self):
        """Return all scores as a table.

        Returns
        -------
        frame : DataFrame
            One row per training set size, estimator, split and metric.
        """
        import pandas as pd

        frames = [each.to_frame() for each in self.comparisons]
        sizes = pd.Index(self.train_sizes, name="train_size")
        return pd.concat(frames, keys=sizes).reset_index("train_size").reset_index(drop=True)

    def plot(self, metric=None, *, ax=None):
        """Draw scores, laws and bands.

        Parameters
        ----------
        metric : str, default=None
            None takes the first.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: those of a new figure.

        Returns
        -------
        display : LearningCurveBandDisplay
        """
        from skmedimg.evaluation.displays._learning_curve_display import LearningCurveBandDisplay

        return LearningCurveBandDisplay.from_learning_curve(self, metric, ax=ax)


def _warn_without_law(name, law):
    if law.reason_:
        warn_user(f"No inverse power law was fitted to {name}: {law.reason_}.")


def _curve_text(curve):
    """Return the text a learning curve prints as."""
    metric, last = curve.metric(), curve.comparisons[-1]
    title = f"{metric.title}, {counted(curve.names, 'estimator')}, "
    title += f"{counted(last.splits, 'split')}, by {curve.unit} trained on"
    twice = 2 * int(curve.train_sizes[-1])
    head = ["", *(str(size) for size in curve.train_sizes), f"{twice} (predicted)"]
    rows, notes = [], []
    for name in curve.names:
        law = curve.law(name)
        means = [each.interval(name).mean for each in curve.comparisons]
        score, low, high = (each[0] for each in law.predict([twice]))
        limits = f" [{low:.3f}, {high:.3f}]" if np.isfinite(low) else ""
        predicted = f"{score:.3f}{limits}" if np.isfinite(score) else "-"
        rows.append([name, *(f"{mean:.3f}" for mean in means), predicted])
        if law.reason_:
            notes.append(f"{name}: {law.reason_}.")
    warnings = dict.fromkeys(str(note) for each in curve.comparisons for note in each.warnings)
    notes += [f"Warning: {text}" for text in warnings]
    return "\n".join([title, lay_out([head, *rows]), *notes])
