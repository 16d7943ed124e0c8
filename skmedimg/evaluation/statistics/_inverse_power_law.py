"""An inverse power law through the scores at several training set sizes, and its band."""

import numpy as np
from scipy import optimize, stats

_FEWEST_SIZES = 4  # three parameters, and one size more to see whether the law fits
_ALPHA = 0.05
_EXPONENTS = np.geomspace(0.02, 5.0, 240)
_DRAWS = 1_000


class InversePowerLaw:
    """The law score(n) = a - b * n**-c of a score by the number n of training patients [1]_.

    The score approaches `a`, which stays within the range of the metric. Where lower is better it
    is the mirrored law a + b * n**-c; `b` and `c` are positive in both.

    The parameters are those of least squares on the mean scores, the k-th of m sizes weighted by
    k / m as in [1]_. The band comes from fits to scores drawn from the t distribution of the means,
    whose covariance is that over splits, corrected for their overlap [2]_. All sizes are tested on
    the same rows, so that their scores vary together.

    Parameters
    ----------
    higher_is_better : bool or None, default=True
        None where neither higher nor lower is better, so that there is no law.
    low, high : float or None, default=None
        Range of the metric; None where it is open.
    random_state : int, default=0
        Seeds the draws of the band.

    Attributes
    ----------
    a_, b_, c_ : float
        nan where the scores do not determine the law.
    reason_ : str
        Why they do not; empty where they do.
    largest_ : int
        The largest of the training set sizes.

    References
    ----------
    .. [1] Figueroa, Zeng-Treitler, Kandula, Ngo, "Predicting sample size required for
       classification performance", BMC Medical Informatics and Decision Making 12:8 (2012),
       doi:10.1186/1472-6947-12-8
    .. [2] Nadeau, Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003),
       doi:10.1023/A:1024068626366

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.statistics._inverse_power_law import InversePowerLaw
    >>> n = np.array([20, 40, 80, 160])
    >>> scores = 0.9 - 1.2 * n**-0.7 + np.array([[-0.02], [0.0], [0.02]])
    >>> law = InversePowerLaw(low=0.0, high=1.0).fit(n, scores.T)
    >>> print(f"{law.a_:.3f} - {law.b_:.3f} n^-{law.c_:.3f}")
    0.900 - 1.200 n^-0.700
    >>> score, low, high = law.predict([320])
    >>> print(f"{score[0]:.3f}, {low[0]:.3f} to {high[0]:.3f}")
    0.879, 0.832 to 0.931
    """

    def __init__(self, higher_is_better=True, low=None, high=None, random_state=0):
        self.higher_is_better = higher_is_better
        self.low = low
        self.high = high
        self.random_state = random_state

    def fit(self, train_sizes, test_scores, test_to_train=0.0):
        """Fit the law to scores (n_sizes, n_splits); a split without a score counts nowhere.

        `test_to_train` is the number of rows tested per row of a whole training set: by it the
        covariance of the means is corrected.
        """
        sizes = np.asarray(train_sizes, dtype=float)
        scores = np.asarray(test_scores, dtype=float)
        scores = self._sign * scores[:, np.isfinite(scores).all(0)]
        self.largest_ = int(sizes[-1])
        self.a_ = self.b_ = self.c_ = np.nan
        self.reason_ = _lacking(sizes, scores, test_to_train)
        if self.higher_is_better is None:
            self.reason_ = "neither a higher nor a lower score is better"
        if self.reason_:
            return self
        means, weights = scores.mean(1), np.arange(1, len(sizes) + 1) / len(sizes)
        a, b, c = _least_squares(sizes, means, weights, self._bounds[1])
        if not _EXPONENTS[0] * 1.01 < c < _EXPONENTS[-1] / 1.01:
            self.reason_ = (
                "the scores grow like the logarithm of the size, with no end in sight"
                if c < 1
                else "only the smallest training sets have a lower score"
            )
            return self
        self.a_, self.b_, self.c_ = self._sign * a, b, c
        drawn = _draw_means(scores, test_to_train, np.random.default_rng(self.random_state))
        self._drawn = None
        if drawn is not None:
            self._drawn = _grid_fits(sizes, drawn, weights, self._bounds[1])
        return self

    def predict(self, n, confidence=0.95):
        """Return the score at sizes n (n_predicted,) and its lower and upper limits.

        All are nan where the law is not determined; the limits also where there is a single split.
        """
        n = np.asarray(n, dtype=float)
        score = self._in_range(self._sign * self.a_ - self.b_ * n**-self.c_)
        if self.reason_ or self._drawn is None:
            low = high = np.full(len(n), np.nan)
        else:
            a, b, c = (each[:, None] for each in self._drawn)
            drawn = self._in_range(a - b * n**-c)
            low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
            low, high = np.minimum(low, score), np.maximum(high, score)
        if self._sign < 0:
            score, low, high = -score, -high, -low
        return score, low, high

    @property
    def _sign(self):
        return 1 if self.higher_is_better else -1

    @property
    def _bounds(self):
        """Range of the score where higher is better, infinite where it is open."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return (low, high) if self.higher_is_better else (-high, -low)

    def _in_range(self, score):
        return np.clip(score, *self._bounds)


def _lacking(sizes, scores, test_to_train):
    """Return why scores (n_sizes, n_splits) determine no law, or "" where they may."""
    if len(sizes) < _FEWEST_SIZES:
        return f"{len(sizes)} training set sizes are too few: it needs {_FEWEST_SIZES}"
    if not scores.shape[1]:
        return "no split has a score at every training set size"
    # A contrast of the means: the slope of a regression on the logarithm of the size.
    contrast = np.log(sizes) - np.log(sizes).mean()
    trend = contrast @ scores.mean(1)
    error = 0.0
    covariance = _covariance_of_means(scores, test_to_train)
    if covariance is not None:
        error = np.sqrt(max(contrast @ covariance @ contrast, 0.0))
        error *= stats.t.ppf(1 - _ALPHA, scores.shape[1] - 1)
    if trend <= max(error, 1e-9):
        return "the scores do not clearly get better with more patients"
    return ""


def _covariance_of_means(scores, test_to_train):
    """Return the covariance (n_sizes, n_sizes) of mean scores over splits, None of one split."""
    n_splits = scores.shape[1]
    if n_splits < 2:
        return None
    return (1 / n_splits + test_to_train) * np.atleast_2d(np.cov(scores))


def _draw_means(scores, test_to_train, rng):
    """Return mean scores (n_draws, n_sizes) as other data might give, None of a single split."""
    covariance = _covariance_of_means(scores, test_to_train)
    if covariance is None:
        return None
    freedom = scores.shape[1] - 1
    # By eigenvectors: with fewer splits than sizes the covariance has no Cholesky factor.
    variances, axes = np.linalg.eigh(covariance)
    normal = rng.standard_normal((_DRAWS, len(scores))) * np.sqrt(np.maximum(variances, 0.0))
    scale = np.sqrt(freedom / rng.chisquare(freedom, (_DRAWS, 1)))
    return scores.mean(1) + scale * (normal @ axes.T)


def _least_squares(sizes, means, weights, highest):
    """Return a, b and c of the law through mean scores (n_sizes,), where higher is better."""

    def loss(log_c):
        return _linear_fits(sizes, means[None], weights, np.exp([log_c]), highest)[2][0, 0]

    # The loss may have several minima in c: the grid finds the lowest, and a search between its
    # neighbors the exact place. For a given c the law is linear in a and b.
    best = _linear_fits(sizes, means[None], weights, _EXPONENTS, highest)[2][0].argmin()
    between = np.log(_EXPONENTS[[max(best - 1, 0), min(best + 1, len(_EXPONENTS) - 1)]])
    found = optimize.minimize_scalar(
        loss, bounds=between, method="bounded", options={"xatol": 1e-10}
    )
    c = float(np.exp(found.x))
    a, b, _ = _linear_fits(sizes, means[None], weights, np.array([c]), highest)
    return float(a[0, 0]), float(b[0, 0]), c


def _grid_fits(sizes, means, weights, highest):
    """Return a, b and c (n_draws,) each of the laws through mean scores (n_draws, n_sizes)."""
    a, b, losses = _linear_fits(sizes, means, weights, _EXPONENTS, highest)
    best = losses.argmin(1)
    draws = np.arange(len(means))
    return a[draws, best], b[draws, best], _EXPONENTS[best]


def _linear_fits(sizes, means, weights, exponents, highest):
    """Return a, b and weighted squared loss (n_draws, n_exponents) of a - b * n**-c, c given.

    a is at most `highest`, and b at least 0. Both limits are never needed at once: where b would
    be negative, a is the mean, so that each alone gives the constrained minimum.
    """
    weights = weights / weights.sum()
    # Sizes by the largest one: n**-5 of hundreds of patients would be tiny.
    x = (sizes / sizes[-1]) ** -exponents[:, None]
    x_mean, y_mean = x @ weights, means @ weights
    products = ((means - y_mean[:, None]) * weights) @ (x - x_mean[:, None]).T
    squares = ((x - x_mean[:, None]) ** 2) @ weights
    b = np.maximum(-products / squares, 0.0)
    a = y_mean[:, None] + b * x_mean
    b_at_limit = 0.0
    if np.isfinite(highest):
        b_at_limit = np.maximum(((highest - means) * weights) @ x.T / (x**2 @ weights), 0.0)
    b = np.where(a > highest, b_at_limit, b)
    a = np.minimum(a, highest)
    misses = means[:, None, :] - a[..., None] + b[..., None] * x
    return a, b * sizes[-1] ** exponents, (misses**2) @ weights
