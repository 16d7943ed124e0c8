"""Robustness of a comparison: its scores on perturbed test images."""

import os
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from tqdm import tqdm

from skmedimg._sklearn import num_samples, take_rows
from skmedimg.evaluation._records import Interval
from skmedimg.evaluation._text import counted, lay_out
from skmedimg.evaluation.robustness._perturbations import check_perturbations, perturb_image
from skmedimg.evaluation.running._fit_folds import predict_test_set
from skmedimg.evaluation.scores._score_table import score_fold
from skmedimg.evaluation.statistics._difference_tests import t_test
from skmedimg.evaluation.statistics._intervals import (
    corrected_interval,
    has_clusters,
    holdout_ratio,
)
from skmedimg.evaluation.statistics._variance import contributions, spread
from skmedimg.images._for_display import image_at
from skmedimg.images._paths import list_paths


@dataclass(frozen=True, eq=False, repr=False)
class Robustness:
    """Scores of the models of the folds on perturbed test images.

    Attributes
    ----------
    comparison : Comparison
        Of the images as they are.
    perturbed : dict of (str, float) to Comparison
        By perturbation and its value: the same models and splits on perturbed test images.
    values : dict of str to tuple of float
        The values of each perturbation, in the order given.

    See Also
    --------
    Comparison.robustness : Makes one.
    RobustnessDisplay : Draws it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import compare
    >>> rng = np.random.RandomState(0)
    >>> X, y = rng.randint(0, 200, (60, 16, 16)).astype(np.uint8), np.arange(60) % 2
    >>> X[y == 1, 6:9, 6:9] = 230  # a bright spot
    >>> rows = X.reshape(60, -1)
    >>> result = compare(
    ...     {"logistic": LogisticRegression(C=1e-6)}, rows, y, scoring="roc_auc", cv=3, repeats=1,
    ...     random_state=0, verbose=0, keep_models=True,
    ... )
    >>> found = result.robustness(rows, {"blur": (1, 4)}, image_shape=(16, 16), verbose=0)
    >>> found
    ROC AUC of 1 estimator by severity
                     none      1      2
    logistic, blur  1.000  1.000  0.933
    to_frame() has values, intervals and drops.
    """

    comparison: object
    perturbed: dict
    values: dict

    def __repr__(self):
        return _text(self)

    def to_frame(self, metric=None, confidence=0.95):
        """Return one row per estimator, perturbation and value.

        Parameters
        ----------
        metric : str, default=None
            None takes the first.
        confidence : float, default=0.95
            Level of the intervals.

        Returns
        -------
        frame : DataFrame
            With `estimator`, `perturbation`, `severity` (from 1), `value`, `score`, `low`, `high`,
            and `drop`, the score without perturbation minus this one, with its limits: both are of
            the same models and patients.
        """
        import pandas as pd

        metric = self.comparison.metric(metric).name
        return pd.DataFrame(
            [
                _row(self, name, perturbation, severity, value, metric, confidence)
                for name in self.names
                for perturbation, values in self.values.items()
                for severity, value in enumerate(values, 1)
            ]
        )

    @property
    def names(self):
        """tuple of str: the estimators, without the baseline."""
        return next(iter(self.perturbed.values())).names

    def plot(self, metric=None):
        """Draw the scores by severity.

        Parameters
        ----------
        metric : str, default=None
            None takes the first.

        Returns
        -------
        display : RobustnessDisplay
        """
        from skmedimg.evaluation.robustness._robustness_display import RobustnessDisplay

        return RobustnessDisplay(self, metric).plot()


def measure_robustness(comparison, X, perturbations, image_shape=None, seed=0, verbose=1):
    """Return the Robustness of a Comparison that keeps the models of its folds."""
    values = check_perturbations(perturbations, comparison.task)
    if num_samples(X) != len(comparison.y):
        raise ValueError(
            f"X needs the {len(comparison.y)} samples that were compared on, but has "
            f"{num_samples(X)}."
        )
    rows = np.unique(np.concatenate([split.test for split in comparison.splits]))
    tasks = [(name, value) for name, each in values.items() for value in each]
    perturbed = {}
    for name, value in tqdm(tasks, desc="Perturbing", disable=not verbose):
        with TemporaryDirectory() as folder:
            changed = _perturb_all(X, rows, name, value, image_shape, seed, folder)
            perturbed[name, value] = _compare_on(comparison, changed, rows)
    return Robustness(comparison, perturbed, values)


def check_robustness(robustness, comparison):
    """Refuse what is no Robustness of a Comparison; None is none."""
    if robustness is None:
        return
    if not isinstance(robustness, Robustness):
        raise TypeError(
            "robustness needs what result.robustness() returned, but is of type "
            f"{type(robustness).__name__}."
        )
    own = robustness.comparison
    if (own.digest, own.names) != (comparison.digest, comparison.names):
        raise ValueError(
            f"robustness is of another comparison, of {list(own.names)}: pass that of this one, "
            "result.robustness()."
        )


def paired_drop(comparison, perturbed, name, metric, confidence=0.95):
    """Return the Interval of a score minus that of the same models on perturbed images."""
    before, after = comparison.values(name, metric), perturbed.values(name, metric)
    known = np.isfinite(before) & np.isfinite(after)
    drop = comparison.interval(name, metric).mean - perturbed.interval(name, metric).mean
    if has_clusters(comparison, metric) and known.all():
        found = spread(
            contributions(comparison, name, metric) - contributions(perturbed, name, metric)
        )
        if np.isfinite(found.error) and found.error > 0:
            low, high = t_test(drop, found.error, found.freedom).limits(confidence)
            return Interval(drop, low, high, "t interval of paired patients")
    if known.sum() > 1:
        ratio = holdout_ratio(comparison.splits)
        _, low, high = corrected_interval((before - after)[known], ratio, confidence)
        return Interval(drop, float(low), float(high), "t interval over splits, corrected")
    return Interval(drop, np.nan, np.nan, "undefined")


def _perturb_all(X, rows, name, value, image_shape, seed, folder):
    """Return X of some rows, perturbed: an array, or files below a folder where X holds paths."""
    paths = None if hasattr(X, "load") else list_paths(X)
    images = []
    for row in rows:
        # Of the row and not of its place: the noise of an image does not depend on the others.
        own_seed = int(np.random.SeedSequence([seed, int(row)]).generate_state(1)[0])
        image = perturb_image(np.asarray(image_at(X, row, image_shape)), name, value, own_seed)
        images.append(image if paths is None else _write(image, folder, row))
    if paths is not None:
        return np.array(images, dtype=object)
    if len({image.shape for image in images}) > 1:
        return images  # a loader brings them to one size
    stack = np.stack(images)
    return stack.reshape(len(rows), -1) if np.ndim(X) == 2 else stack


def _write(image, folder, row):
    """Write an image losslessly and return its path."""
    if image.dtype not in (np.uint8, np.uint16) or (image.ndim == 3 and image.dtype != np.uint8):
        raise ValueError(
            f"Files of {image.dtype} pixels with {image.ndim} axes cannot be written back: pass X "
            "as an array, and compare on that."
        )
    path = os.path.join(folder, f"{row}.png")
    Image.fromarray(image).save(path)
    return path


def _compare_on(comparison, X, rows):
    """Return the Comparison of the kept models on other images of the tested rows."""
    names = tuple(name for name in comparison.names if name != comparison.baseline)
    results = {
        name: tuple(
            _score(comparison, result, model, X, rows)
            for result, model in zip(
                comparison.fold_results[name], comparison.models.folds[name], strict=True
            )
        )
        for name in names
    }
    own = {"baseline": None, "audit": None, "external": {}, "models": None}
    return replace(comparison, names=names, fold_results=results, **own)


def _score(comparison, result, model, X, rows):
    """Return the FoldResult of one kept model on perturbed images."""
    if result.failed:
        return result
    split = result.split
    part = take_rows(X, np.searchsorted(rows, split.test))
    shape = comparison.y.shape[1:]
    found = predict_test_set(model, part, classes=comparison.classes, shape=shape)
    own, undefined = score_fold(comparison, split, found, comparison.metrics)
    for name, scorer in comparison.models.scorers.items():
        own[name] = float(scorer(model, part, comparison.y[split.test]))
    scores = {metric.name: own[metric.name] for metric in comparison.metrics}
    return replace(result, predictions=found, scores=scores, undefined=undefined)


def _row(found, name, perturbation, severity, value, metric, confidence):
    """Return one row of the table."""
    perturbed = found.perturbed[perturbation, value]
    interval = perturbed.interval(name, metric, confidence)
    drop = paired_drop(found.comparison, perturbed, name, metric, confidence)
    return {
        "estimator": name,
        "perturbation": perturbation,
        "severity": severity,
        "value": value,
        "score": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "drop": drop.mean,
        "drop low": drop.low,
        "drop high": drop.high,
    }


def _text(found):
    """Return the text a robustness prints as: one line per estimator and perturbation."""
    metric = found.comparison.metric()
    n_most = max(map(len, found.values.values()))
    rows = [["", "none", *(str(place) for place in range(1, n_most + 1))]]
    for name in found.names:
        before = f"{found.comparison.interval(name).mean:.3f}"
        for perturbation, values in found.values.items():
            means = [found.perturbed[perturbation, value].interval(name).mean for value in values]
            cells = [f"{mean:.3f}" for mean in means] + [""] * (n_most - len(means))
            rows.append([f"{name}, {perturbation}", before, *cells])
    title = f"{metric.title} of {counted(found.names, 'estimator')} by severity"
    return "\n".join([title, lay_out(rows), "to_frame() has values, intervals and drops."])
