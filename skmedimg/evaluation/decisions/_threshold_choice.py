"""Choose a decision threshold from scores, under a constraint."""

from dataclasses import dataclass

import numpy as np

from skmedimg.evaluation.decisions._threshold_planning import positives_needed
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
    weights=None,
):
    """Return the OperatingPoint that meets a constraint at the least loss of the other share.

    `positive`, `scores` and `weights` have one entry per row; `clusters` are the patients. At most
    one of sensitivity, specificity and cost is given; none of them means Youden's index. With a
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
    check_constraints(sensitivity, specificity, cost, confidence)
    weights = np.ones(len(scores)) if weights is None else weights
    thresholds, found, cleared = threshold_curve(positive, scores, weights)
    if sensitivity is not None:
        n = independent_cases(positive, clusters, weights)
        # The highest threshold that is sensitive enough is the most specific one.
        best, bound = _last_met(found, n, sensitivity, confidence, "sensitivity")
    elif specificity is not None:
        n = independent_cases(~positive, clusters, weights)
        # The other way round: reversed, specificity falls,
        # and the last one met is the lowest threshold.
        best, bound = _last_met(cleared[::-1], n, specificity, confidence, "specificity")
        best = len(thresholds) - 1 - best
    else:
        best, bound = _cheapest(positive, found, cleared, cost, weights), None
    chosen = (float(values[best]) for values in (thresholds, found, cleared))
    return OperatingPoint(*chosen, bound)


def threshold_curve(positive, scores, weights):
    """Return rising thresholds with their (falling) sensitivity and (rising) specificity."""
    thresholds = _thresholds(scores)
    found = 1 - _share_below(scores[positive], weights[positive], thresholds)
    cleared = _share_below(scores[~positive], weights[~positive], thresholds)
    return thresholds, found, cleared


def independent_cases(chosen, clusters, weights):
    """Return how many patients the chosen rows are, as Kish's effective number where weighted.

    Weights tell how much a patient stands for, not how often it was seen: n patients of equal
    weight are n, and (sum w)^2 / sum w^2 otherwise. A patient's weight is the mean of its images.
    """
    if clusters is None:
        mean_weights = weights[chosen]
    else:
        _, patient = np.unique(clusters[chosen], return_inverse=True)
        mean_weights = np.bincount(patient, weights[chosen]) / np.bincount(patient)
    n = mean_weights.sum() ** 2 / (mean_weights**2).sum()
    # Equal weights give a whole number, up to rounding.
    return float(round(n)) if np.isclose(n, round(n), rtol=1e-12) else float(n)


def share_interval(hit, clusters, weights, confidence=0.95):
    """Return a confidence interval (low, high) of the weighted share of rows that are hits [1]_.

    Images of one patient are alike to an unknown degree: the interval is Clopper and Pearson's of
    the number of independent images that has the same variance as the patients show.

    References
    ----------
    .. [1] Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small
       expected number of positive counts estimated from survey data. Survey Methodology, 24,
       193-201.
    """
    _, patient = np.unique(clusters, return_inverse=True)
    share = float(np.sum(weights * hit) / weights.sum())
    n_patients = independent_cases(np.ones(len(hit), dtype=bool), clusters, weights)
    deviations = np.bincount(patient, weights * (hit - share))
    n_clusters = len(deviations)
    variance = np.sum(deviations**2) / weights.sum() ** 2 * n_clusters / max(n_clusters - 1, 1)
    # Without a spread nothing is known of how alike the images are: the patients count.
    n = n_patients if variance <= 0 else min(share * (1 - share) / variance, len(hit))
    low, high = clopper_pearson(min(share * n, n), n, confidence)
    return float(low), float(high)


def check_constraints(sensitivity, specificity, cost, confidence):
    """Raise ValueError where constraints contradict each other."""
    if sum(each is not None for each in (sensitivity, specificity, cost)) > 1:
        raise ValueError(
            f"sensitivity={sensitivity}, specificity={specificity} and cost={cost} exclude each "
            "other: set one of them, or none for Youden's index."
        )
    if confidence is not None and sensitivity is None and specificity is None:
        raise ValueError(f"confidence={confidence} bounds a sensitivity or specificity: set one.")
    for name, share in (("sensitivity", sensitivity), ("specificity", specificity)):
        if confidence is not None and share == 1:
            raise ValueError(
                f"{name}=1.0 with confidence={confidence} cannot be shown: no number proves it. "
                f"Set {name} below 1, or leave confidence out."
            )


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


def _share_below(scores, weights, thresholds):
    """Return the weighted share of scores below each threshold."""
    order = np.argsort(scores)
    below = np.concatenate([[0.0], np.cumsum(weights[order])])
    return below[np.searchsorted(scores[order], thresholds, side="left")] / below[-1]


def _last_met(shares, n, wanted, confidence, name):
    """Return the last position of falling shares that meets the constraint, and its bound."""
    if confidence is None:
        # 1e-12: 19 of 20 may come out as 0.9499999... and has to meet 0.95.
        return np.flatnonzero(shares >= wanted - 1e-12)[-1], None
    # Even a perfect model cannot show it with so few cases, whatever threshold is taken.
    needed = positives_needed(wanted, confidence)
    if n < needed:
        raise ValueError(
            f"{name}={wanted} with confidence={confidence} cannot be shown by {n:.4g} independent "
            f"cases of that class (it takes {needed}): lower one of the two, or gather more."
        )
    # The bound falls with the share, so the last position is found by halving. With every case
    # found, as at the first position, n cases suffice.
    best, beyond = 0, len(shares)
    while beyond - best > 1:
        middle = (best + beyond) // 2
        if _lower_bound(shares[middle], n, confidence) >= wanted - 1e-12:
            best = middle
        else:
            beyond = middle
    return best, _lower_bound(shares[best], n, confidence)


def _lower_bound(share, n, confidence):
    """Return the one-sided Clopper-Pearson bound of a share of n patients."""
    # n counts patients: images of one patient are not independent, so the share of images is taken
    # as that of n patients (min: rounding must not make it more than n). An interval of level 2c -
    # 1 leaves 1 - c on either side, so its lower end is the one-sided bound at confidence c.
    return float(clopper_pearson(min(share * n, n), n, 2 * confidence - 1)[0])


def _cheapest(positive, found, cleared, cost, weights):
    """Return the position of the lowest total cost, or without a cost of Youden's index."""
    if cost is None:  # rounded, so that equal sums are ties in spite of floating point
        return np.argmax(np.round(found + cleared, 12))
    missed = (1 - found) * weights[positive].sum()
    alarms = (1 - cleared) * weights[~positive].sum()
    # Rounded for the same reason.
    return np.argmin(np.round(cost * missed + alarms, 9))
