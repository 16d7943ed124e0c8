"""One test of one pair, before it is corrected for the number of pairs."""

from dataclasses import dataclass, replace

import numpy as np

from skmedimg.evaluation._records import Metric
from skmedimg.evaluation.statistics._difference_tests import Difference

TRAINING, FITTED = "how the models are trained", "the models as fitted"


@dataclass(frozen=True, eq=False)
class UnadjustedTest:
    """A test, its Difference, and what is needed to correct it.

    `pattern` is what the difference varies by, over patients and repeats or over splits: patterns
    of two pairs are as correlated as their statistics. `again` returns the Difference at another
    confidence where limits are exact.
    """

    test: str
    metric: Metric
    about: str
    difference: Difference
    pattern: np.ndarray = None
    p_of_repeats: tuple = (np.nan, np.nan)
    reason: str = None
    again: object = None

    @property
    def about_training(self):
        """Whether the test answers for training again."""
        return self.about == TRAINING

    def limits(self, confidence):
        """Return the limits of the difference at a confidence, cut at what two scores can have."""
        if self.again is not None:
            exact = self.again(confidence)
            low, high = exact.low, exact.high
        elif np.isfinite(self.difference.error):
            low, high = self.difference.limits(confidence)
        else:
            low, high = self.difference.low, self.difference.high
        found = self.cut(replace(self.difference, low=low, high=high))
        return found.low, found.high

    def cut(self, difference):
        """Return a Difference cut at what two scores can differ by: t limits may go beyond."""
        if self.metric.low is None or self.metric.high is None:
            return difference
        most = self.metric.high - self.metric.low
        low, high = np.clip([difference.low, difference.high], -most, most).tolist()
        return replace(difference, low=low, high=high)
