"""The public home of `fit_together`, which trains networks of one shape as one stack."""

from skmedimg._training.concurrent_fits import fit_together

__all__ = ["fit_together"]
