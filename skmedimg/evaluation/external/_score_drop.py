"""How much a score loses from development to an external set, with its interval."""

import numpy as np

from skmedimg.evaluation._records import Interval

_METHOD = "of two independent samples, from the limits of both scores"


def score_drop(internal, external):
    """Return the Interval of one score minus another of independent samples.

    The distance of each limit from the difference is the root of the sum of the squared distances
    of the two scores from their own limits [1]_: the variances add, and limits that are further
    from the score on one side, as near the end of a range, keep their shape. Of two proportions
    with Wilson's limits this is Newcombe's interval [2]_.

    Parameters
    ----------
    internal, external : Interval

    References
    ----------
    .. [1] Zou, Donner, "Construction of confidence limits about effect measures: A general
       approach", Statistics in Medicine 27 (2008), doi:10.1002/sim.3095
    .. [2] Newcombe, "Interval estimation for the difference between independent proportions",
       Statistics in Medicine 17 (1998), method 10,
       doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> from skmedimg.evaluation._records import Interval
    >>> from skmedimg.evaluation.external._score_drop import score_drop
    >>> drop = score_drop(Interval(0.9, 0.85, 0.93, ""), Interval(0.8, 0.7, 0.88, ""))
    >>> print(f"{drop.mean:.2f}, {drop.low:.3f} to {drop.high:.3f}")
    0.10, 0.006 to 0.204
    """
    drop = internal.mean - external.mean
    below = np.hypot(internal.mean - internal.low, external.high - external.mean)
    above = np.hypot(internal.high - internal.mean, external.mean - external.low)
    method = _METHOD if np.isfinite(below + above) else "undefined"
    return Interval(float(drop), float(drop - below), float(drop + above), method)
