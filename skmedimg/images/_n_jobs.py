"""Check `n_jobs`, and convert it to a number of threads."""

import multiprocessing
import os
from numbers import Integral

from skmedimg._sklearn import Interval, validate_parameter_constraints


class _Count(Interval):
    """scikit-learn constraint: an int other than 0."""

    def __init__(self):
        super().__init__(Integral, None, None, closed="neither")

    def is_satisfied_by(self, val):
        # bool is an Integral: n_jobs=True would silently mean one.
        return isinstance(val, Integral) and not isinstance(val, bool) and val != 0

    def __str__(self):
        return "an int other than 0 (-1 is one per core)"


N_JOBS = [_Count(), None]


def check_n_jobs(n_jobs, caller):
    """Return `n_jobs` if it is None or an int other than 0, else raise.

    Examples
    --------
    >>> from skmedimg.images._n_jobs import check_n_jobs
    >>> check_n_jobs(-1, "compare")
    -1
    """
    validate_parameter_constraints({"n_jobs": N_JOBS}, {"n_jobs": n_jobs}, caller)
    return n_jobs


def thread_count(n_jobs):
    """Return the number of threads that `n_jobs` stands for."""
    if n_jobs is None and multiprocessing.parent_process() is not None:
        return 1  # joblib starts a worker per core already
    # Containers and schedulers allow fewer cores than the machine has.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if n_jobs is None:
        return cores
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)  # as joblib counts: -1 is all
