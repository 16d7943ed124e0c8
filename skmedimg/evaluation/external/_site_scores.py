"""Scores of every site that was left out, and what they say of a new one."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from skmedimg.evaluation._records import Interval, Metric
from skmedimg.evaluation._text import counted, lay_out
from skmedimg.evaluation.statistics._intervals import interval_of
from skmedimg.evaluation.statistics._random_effects import RandomEffects, random_effects
from skmedimg.evaluation.statistics._variance import contributions, patients_of, spread

_ON_SCALE = ("mean", "low", "high", "new_low", "new_high")


@dataclass(frozen=True)
class SiteScore:
    """The score of a model at the site that it was not trained on.

    Attributes
    ----------
    site : str
    n_samples, n_patients : int
        Without `groups` every sample counts as a patient.
    interval : Interval
        Over the patients of the site, for the model as fitted.
    effect, variance : float
        What is pooled: the score on its scale and its variance; nan where it is not.
    """

    site: str
    n_samples: int
    n_patients: int
    interval: Interval
    effect: float = np.nan
    variance: float = np.nan


@dataclass(frozen=True, eq=False, repr=False)
class SiteScores:
    """The scores of one model at the sites that were left out, and their random-effects summary.

    Scores with a range, such as ROC AUC, are pooled as log odds of their share of the range, and
    the limits are given as scores again.

    Attributes
    ----------
    estimator : str
        The name of the model.
    metric : Metric
        The score.
    sites : tuple of SiteScore
        With `site`, `n_samples`, `n_patients` and `interval`.
    pooled : RandomEffects or None
        Mean over sites with its interval, prediction interval of a new site, and how much sites
        differ; None with fewer than two sites that have a score.
    notes : tuple of str
        What is missing, and why.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg import compare
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> hospital = np.array(["Cairo", "Lima", "Lyon", "Oslo"])[np.arange(len(y)) % 4]
    >>> result = compare(
    ...     {"bayes": GaussianNB()}, X, y, site=hospital, scoring="roc_auc", pos_label=0,
    ...     random_state=0, verbose=0,
    ... )
    >>> result.sites("bayes")
    ROC AUC of bayes at 4 sites, each left out of training
                   samples  patients               ROC AUC
    Cairo              143       143  0.970 [0.929, 0.988]
    Lima               142       142  0.987 [0.967, 0.995]
    Lyon               142       142  0.997 [0.982, 0.999]
    Oslo               142       142  0.986 [0.955, 0.996]
    mean of sites                     0.986 [0.950, 0.996]
    a new site                        0.986 [0.754, 0.999]
    Between sites: Q = 5.6, p = 0.134; I2 = 46%, tau2 = 0.363 (log odds).
    """

    estimator: str
    metric: Metric
    sites: tuple
    pooled: RandomEffects = None
    notes: tuple = ()

    def __repr__(self):
        return _text(self)

    def to_frame(self):
        """Return one row per site.

        Returns
        -------
        frame : DataFrame
            With `samples`, `patients`, `score`, `low` and `high`.
        """
        import pandas as pd

        rows = {
            each.site: (
                each.n_samples,
                each.n_patients,
                each.interval.mean,
                each.interval.low,
                each.interval.high,
            )
            for each in self.sites
        }
        columns = ["samples", "patients", "score", "low", "high"]
        return pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("site")

    def plot(self, ax=None):
        """Draw a forest plot of the sites, their mean and the prediction interval.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SiteForestDisplay
        """
        from skmedimg.evaluation.external._site_display import SiteForestDisplay

        return SiteForestDisplay(self).plot(ax)


def site_scores(comparison, name, metric, confidence=0.95):
    """Return the SiteScores of one estimator of a Comparison whose splits are sites."""
    if any(split.name is None for split in comparison.splits):
        raise ValueError(
            "sites needs splits that leave out one site each: call compare(..., site=hospital)."
        )
    metric = comparison.metric(metric)
    sites = tuple(
        _site_score(comparison, place, name, metric, confidence)
        for place in range(len(comparison.splits))
    )
    known = [each for each in sites if np.isfinite(each.variance) and each.variance > 0]
    pooled, notes = None, []
    if len(known) > 1:
        effects, variances = (
            np.array([getattr(each, field) for each in known]) for field in ("effect", "variance")
        )
        found = random_effects(effects, variances, confidence)
        pooled = replace(
            found, **{field: _score_of(metric, getattr(found, field)) for field in _ON_SCALE}
        )
    left_out = [each.site for each in sites if each not in known]
    if left_out:
        notes.append(
            f"Not pooled: {', '.join(left_out)}, where {metric.title} has no variance: "
            "a class is missing or has a single patient, or the score cannot vary."
        )
    if len(known) < 2:
        notes.append("A mean over sites needs two sites or more with a score.")
    elif len(known) < 3:
        notes.append("What a new site may have needs three sites or more with a score.")
    return SiteScores(name, metric, sites, pooled, tuple(notes))


def _site_score(comparison, place, name, metric, confidence):
    split = comparison.splits[place]
    # The comparison of this site alone: a single test set, with the variance over its patients.
    alone = replace(
        comparison,
        splits=(split,),
        fold_results={each: (comparison.fold_results[each][place],) for each in comparison.names},
        external={},
    )
    n_patients = len(np.unique(patients_of(comparison, split.test)))
    interval = interval_of(alone, name, metric.name, confidence)
    effect, variance = _effect(alone, name, metric, interval.mean)
    return SiteScore(split.name, len(split.test), n_patients, interval, effect, variance)


def _effect(alone, name, metric, mean):
    """Return a score on the scale on which it is pooled, and its variance."""
    if not np.isfinite(mean) or metric.from_scorer:
        return np.nan, np.nan
    error = spread(contributions(alone, name, metric.name)).error
    if not _has_odds(metric):
        return mean, error**2
    share = (mean - metric.low) / (metric.high - metric.low)
    if 0 < share < 1:
        return logit(share), (error / (metric.high - metric.low) / (share * (1 - share))) ** 2
    # Half a patient right and half a patient wrong are added, as to a table with an empty cell.
    n = _fewest_patients(alone)
    share = (n * share + 0.5) / (n + 1)
    return logit(share), 1 / ((n + 1) * share * (1 - share))


def _fewest_patients(alone):
    """Return the patients of the class that has the fewest."""
    rows = alone.rows()
    patients = patients_of(alone, rows)
    if alone.task != "classification":
        return len(np.unique(patients))
    labels = alone.y[rows]
    return min(len(np.unique(patients[labels == label])) for label in np.unique(labels))


def _has_odds(metric):
    return metric.low is not None and metric.high is not None


def _score_of(metric, effect):
    """Return what is pooled as a score again."""
    if not _has_odds(metric):
        return effect
    return float(metric.low + (metric.high - metric.low) * expit(effect))


def _text(found):
    """Return the text site scores print as."""
    title = found.metric.title
    rows = [["", "samples", "patients", title]]
    for each in found.sites:
        limits = _limits(each.interval.mean, each.interval.low, each.interval.high)
        rows.append([each.site, str(each.n_samples), str(each.n_patients), limits])
    pooled = found.pooled
    if pooled is not None:
        rows.append(["mean of sites", "", "", _limits(pooled.mean, pooled.low, pooled.high)])
        if np.isfinite(pooled.new_low):
            limits = _limits(pooled.mean, pooled.new_low, pooled.new_high)
            rows.append(["a new site", "", "", limits])
    lines = [
        f"{title} of {found.estimator} at {counted(found.sites, 'site')}, each left out of training"
    ]
    return "\n".join([*lines, lay_out(rows), *heterogeneity(found), *found.notes])


def heterogeneity(found):
    """Yield a sentence on how much SiteScores differ between sites."""
    if found.pooled is not None:
        scale = " (log odds)" if _has_odds(found.metric) else ""
        yield (
            f"Between sites: Q = {found.pooled.q:.1f}, p = {found.pooled.q_p_value:.3f}; "
            f"I2 = {found.pooled.i2:.0%}, tau2 = {found.pooled.tau2:.3f}{scale}."
        )


def _limits(mean, low, high):
    if not np.isfinite(mean):
        return "-"
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]" if np.isfinite(low) else f"{mean:.3f}"
