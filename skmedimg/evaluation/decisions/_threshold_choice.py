"""Choose a decision threshold from scores, under a constraint."""

from dataclasses import dataclass

import numpy as np

from skmedimg.evaluation.statistics._intervals import clopper_pearson


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, what it gives, and the lower bound of the constrained one of the two, if any."""

    threshold: float
    sensitivity: float
    specificity: float
    bound: float = None


def choose_threshold(
    positive,
    scores,
    *,
    sensitivity=None,
    specificity=None,
    cost=None,
    confidence=None,
    clusters=None,
):
    """Return the OperatingPoint that meets a constraint at the least loss of the other share.

    `positive` and `scores` have one entry per row; `clusters` are the patients. At most one of
    sensitivity, specificity and cost is given; none of them means Youden's index. With a
    confidence, the one-sided lower bound has to meet the constraint too.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.decisions._threshold_choice import choose_threshold
    >>> positive = np.array([False, False, True, False, True, True])
    >>> scores = np.array([0.1, 0.2, 0.3, 0.6, 0.8, 0.9])
    >>> choose_threshold(positive, scores, sensitivity=1.0).threshold
    0.25
    >>> choose_threshold(positive, scores, specificity=1.0).threshold
    0.7
    """
    _check_constraints(sensitivity, specificity, cost, confidence)
    # Thresholds rise: sensitivity (found) falls from
    # 1 to 0, specificity (cleared) rises from 0 to 1.
    thresholds = _thresholds(scores)
    found = _share_at_least(np.sort(scores[positive]), thresholds)
    cleared = 1 - _share_at_least(np.sort(scores[~positive]), thresholds)
    if sensitivity is not None:
        n = _n_clusters(positive, clusters)
        # The highest threshold that is sensitive enough is the most specific one.
        best, bound = _last_met(found, n, sensitivity, confidence, "sensitivity")
    elif specificity is not None:
        n = _n_clusters(~positive, clusters)
        # The other way round: reversed, specificity falls,
        # and the last one met is the lowest threshold.
        best, bound = _last_met(cleared[::-1], n, specificity, confidence, "specificity")
        best = len(thresholds) - 1 - best
    else:
        best, bound = _cheapest(positive, found, cleared, cost), None
    chosen = (float(values[best]) for values in (thresholds, found, cleared))
    return OperatingPoint(*chosen, bound)


def positives_needed(share, confidence):
    """Return how many cases, all found, raise the lower bound to a share; inf for a share of 1.

    Examples
    --------
    >>> from skmedimg.evaluation.decisions._threshold_choice import positives_needed
    >>> positives_needed(0.95, 0.95)
    59.0
    """
    # With n of n found, the one-sided Clopper-Pearson bound is (1 - confidence) ** (1 / n);
    # solved for n, rounded up. Without a miss among 59 cases, 95 % is shown with confidence 95 %.
    return np.inf if share == 1 else float(np.ceil(np.log(1 - confidence) / np.log(share)))


def _check_constraints(sensitivity, specificity, cost, confidence):
    if sum(each is not None for each in (sensitivity, specificity, cost)) > 1:
        raise ValueError(
            f"sensitivity={sensitivity}, specificity={specificity} and cost={cost} exclude each "
            "other: set one of them, or none for Youden's index."
        )
    if confidence is not None and sensitivity is None and specificity is None:
        raise ValueError(f"confidence={confidence} bounds a sensitivity or specificity: set one.")


def _thresholds(scores):
    """Return one threshold between any two adjacent scores, and one beyond either end."""
    values = np.unique(scores)
    if not np.isfinite(values).all():
        raise ValueError("The scores of the inner folds hold nan or infinity.")
    if len(values) < 2:
        raise ValueError(
            f"Every row got the score {values[0]:g} in the inner folds, so that no threshold can "
            "tell the classes apart: the estimator learned nothing."
        )
    between = (values[:-1] + values[1:]) / 2
    between = np.where(between > values[:-1], between, values[1:])  # adjacent floats have no middle
    # The lowest score calls every row positive, the float above the highest score none.
    return np.concatenate([values[:1], between, [np.nextafter(values[-1], np.inf)]])


def _share_at_least(ordered, thresholds):
    """Return the share of sorted scores at or above each threshold."""
    return 1 - np.searchsorted(ordered, thresholds, side="left") / len(ordered)


def _n_clusters(chosen, clusters):
    return int(chosen.sum()) if clusters is None else len(np.unique(clusters[chosen]))


def _last_met(shares, n, wanted, confidence, name):
    """Return the last position of falling shares that meets the constraint, and its bound."""
    if confidence is None:
        # 1e-12: 19 of 20 may come out as 0.9499999... and has to meet 0.95.
        return np.flatnonzero(shares >= wanted - 1e-12)[-1], None
    # Even a perfect model cannot show it with so few cases, whatever threshold is taken.
    if n < positives_needed(wanted, confidence):
        needed = positives_needed(wanted, confidence)
        way_out = "no number proves it" if np.isinf(needed) else f"it takes {needed:.0f}"
        raise ValueError(
            f"{name}={wanted} with confidence={confidence} cannot be shown by {n} independent "
            f"cases of that class ({way_out}): lower one of the two, or gather more."
        )
    # n counts patients: images of one patient are not independent, so the share of images is taken
    # as that of n patients (min: rounding must not make it more than n). An interval of level 2c -
    # 1 leaves 1 - c on either side, so its lower end is the one-sided bound at confidence c.
    bounds, _ = clopper_pearson(np.minimum(shares * n, n), n, 2 * confidence - 1)
    best = np.flatnonzero(bounds >= wanted - 1e-12)[-1]
    return best, float(bounds[best])


def _cheapest(positive, found, cleared, cost):
    """Return the position of the lowest total cost, or without a cost of Youden's index."""
    if cost is None:  # rounded, so that equal sums are ties in spite of floating point
        return np.argmax(np.round(found + cleared, 12))
    missed, alarms = (1 - found) * positive.sum(), (1 - cleared) * (~positive).sum()
    # Rounded for the same reason.
    return np.argmin(np.round(cost * missed + alarms, 9))
