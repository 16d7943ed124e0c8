"""The small records a comparison is made of."""

from collections import namedtuple

Split = namedtuple("Split", "repeat fold train test")
Split.__doc__ = """One training and one test set.

repeat, fold : int; train, test : ndarray of int, rows of X. Within one repeat every row is
tested at most once.
"""

Answer = namedtuple("Answer", "predicted ranking probabilistic")
Answer.__doc__ = """What a fitted estimator answered on the test rows of one split, in their order.

predicted : ndarray of shape (n_test,) or (n_test, height, width), labels or masks
ranking : ndarray of shape (n_test, n_classes) or None, probabilities or decision values
probabilistic : bool, whether `ranking` holds probabilities
"""

Metric = namedtuple("Metric", "name title higher_is_better low high")
Metric.__doc__ = """A score: its key, its name in print, its direction, its range (None: open)."""

Interval = namedtuple("Interval", "mean low high method")
Interval.__doc__ = """A mean, its confidence limits and, in words, how they were found."""
