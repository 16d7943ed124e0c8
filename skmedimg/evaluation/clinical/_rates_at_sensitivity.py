"""The specificity at a given sensitivity, from out-of-fold probabilities."""

import numpy as np
from scipy import special

from skmedimg.evaluation._records import Interval
from skmedimg.evaluation.clinical._pooled_rows import fitted_repeats
from skmedimg.evaluation.clinical._two_classes import (
    chance,
    check_share,
    check_two_classes,
    models_with_probabilities,
    notes_on,
    rates,
)
from skmedimg.evaluation.decisions._threshold_planning import positives_needed
from skmedimg.evaluation.scores._operating_points import point_at_sensitivity
from skmedimg.evaluation.statistics._intervals import clopper_pearson, interval_of
from skmedimg.evaluation.statistics._variance import patients_of


def specificity_frame(comparison, sensitivity, name=None, confidence=0.95):
    """Return the DataFrame of `Comparison.specificity_at`."""
    import pandas as pd

    check_two_classes(comparison, "specificity_at")
    asked = np.atleast_1d(sensitivity).tolist()
    for each in asked:
        check_share("sensitivity", each)
    has = models_with_probabilities(comparison, name, "specificity_at")
    rows = [
        _row(comparison, each, share, known, confidence)
        for each, known in has.items()
        for share in asked
    ]
    return pd.DataFrame(rows).set_index(["estimator", "sensitivity"])


def _row(comparison, name, share, known, confidence):
    """Return the row of one model and sensitivity as a dict."""
    row = {"estimator": name, "sensitivity": share}
    notes = [notes_on(comparison, name, known)]
    repeats = list(_scored_repeats(comparison, name)) if known else []
    if not repeats:
        nothing = dict.fromkeys(["threshold", "reached", "specificity", "low", "high"], np.nan)
        return row | nothing | {"warnings": notes[0]}
    points = [point_at_sensitivity(*each, share) for _, *each in repeats]
    threshold, reached, _ = np.mean(points, axis=0)
    found = _interval(comparison, name, repeats, points, share, confidence)
    needed, there = positives_needed(share), _positives(comparison)
    if there < needed:
        unit = "samples" if comparison.groups is None else "patients"
        shown = f"cannot show a sensitivity of {share:.0%}, which takes {needed}"
        notes.append(f"{there} positive {unit} {shown}")
    row |= {"threshold": threshold, "reached": reached, "specificity": found.mean}
    row |= {"low": found.low, "high": found.high}
    return row | {"warnings": "; ".join(note for note in notes if note)}


def _interval(comparison, name, repeats, points, share, confidence):
    """Return the Interval of the specificity: of itself, and of the sensitivity that was reached.

    Limits at a fixed threshold, and the specificities at the limits of the sensitivity, are joined
    by their squared distances from the estimate (MOVER [1]_), positives and negatives being
    different patients. Fewer positives than `positives_needed` do not tell where the sensitivity
    is reached, which may be below all of them: the lower limit is 0 then.

    References
    ----------
    .. [1] Zou, Donner, "Construction of confidence limits about effect measures: a general
       approach", Statistics in Medicine 27 (2008), doi:10.1002/sim.3095
    """
    thresholds = {repeat: point[0] for (repeat, *_), point in zip(repeats, points, strict=True)}
    data = rates(comparison, thresholds)
    found, fixed = (
        interval_of(data, name, metric, confidence) for metric in ("sensitivity", "specificity")
    )
    mean = float(np.mean([point[2] for point in points]))
    # If the sensitivity of these thresholds is truly lower, a higher one has to be asked for.
    n_positives = _positives(comparison)
    asked = [_moved(share, found.mean, limit, n_positives) for limit in (found.low, found.high)]
    higher, lower = (
        np.mean([point_at_sensitivity(*each, level)[2] for _, *each in repeats]) for level in asked
    )
    low = mean - np.hypot(fixed.mean - fixed.low, mean - min(higher, mean))
    high = mean + np.hypot(fixed.high - fixed.mean, max(lower, mean) - mean)
    low = 0.0 if n_positives < positives_needed(share) else max(low, 0.0)
    return Interval(mean, float(low), float(min(high, 1.0)), fixed.method)


def _moved(share, found, limit, n_positives):
    """Return the sensitivity to ask for if that of a threshold is `limit` instead of `found`.

    It is moved by as many log odds, which keeps it below 1. Where every positive was found, nothing
    says how far below the sensitivity is reached; above, where so many would hardly be missed.
    """
    if found < 1:
        return special.expit(special.logit(share) + special.logit(found) - special.logit(limit))
    if limit < 1:
        return 2.0
    counts = np.arange(n_positives + 1)
    return counts[clopper_pearson(counts, n_positives)[1] >= share][0] / n_positives


def _scored_repeats(comparison, name):
    """Yield (repeat, is positive, probability) of the fits that succeeded; both classes needed."""
    for rows, results in fitted_repeats(comparison, name):
        positive = comparison.y[rows] == comparison.pos_label
        if 0 < positive.mean() < 1:
            scores = np.concatenate([chance(comparison, each) for each in results])
            yield results[0].split.repeat, positive, scores


def _positives(comparison):
    """Return how many patients with positives were tested."""
    rows = comparison.rows()
    return len(np.unique(patients_of(comparison, rows[comparison.truth() == comparison.pos_label])))
