"""How many run side by side: what n_jobs may be, and the threads it means."""

import multiprocessing
import os
from numbers import Integral

from skmedimg._sklearn import Interval, validate_parameter_constraints


class _Count(Interval):
    """An int other than 0, in scikit-learn's language of constraints."""

    def __init__(self):
        super().__init__(Integral, None, None, closed="neither")

    def is_satisfied_by(self, val):
        return isinstance(val, Integral) and not isinstance(val, bool) and val != 0

    def __str__(self):
        return "an int other than 0 (-1 is one per core)"


N_JOBS = [_Count(), None]


def check_n_jobs(n_jobs, caller):
    """Return `n_jobs`, refusing what is no number of jobs.

    Examples
    --------
    >>> from skmedimg.images._n_jobs import check_n_jobs
    >>> check_n_jobs(-1, "compare")
    -1
    """
    validate_parameter_constraints({"n_jobs": N_JOBS}, {"n_jobs": n_jobs}, caller)
    return n_jobs


def thread_count(n_jobs):
    """Return how many threads to decode in."""
    if n_jobs is None and multiprocessing.parent_process() is not None:
        return 1  # the workers of joblib fill the cores already
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if n_jobs is None:
        return cores
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)
