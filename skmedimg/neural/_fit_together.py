"""`fit_together`, public here: networks that are fitted at the same time train as one."""

from skmedimg._training.concurrent_fits import fit_together

__all__ = ["fit_together"]
