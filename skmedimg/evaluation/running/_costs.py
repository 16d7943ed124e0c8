"""Memory and number of parameters of a fit."""

import threading
from contextlib import suppress
from pathlib import Path

import numpy as np

from skmedimg._sklearn import final_estimator

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_PEAK_OF_MEMORY = "5"  # resets the peak, see /proc/pid/clear_refs in proc(5)


class MemoryWatch:
    """Measure the most memory held inside a `with` block above what was held before, in MB.

    Linux keeps the peak of a process and resets it on request, which costs nothing; where
    that is not to be had, or other threads share the process's peak, `peak` stays nan.

    Examples
    --------
    >>> from skmedimg.evaluation.running._costs import MemoryWatch
    >>> with MemoryWatch() as watch:
    ...     block = b"x" * 60_000_000
    >>> watch.peak > 40 or watch.peak != watch.peak
    True
    """

    peak = np.nan

    def __enter__(self):
        self.before = np.nan
        # Fits in threads share one process, whose peak belongs to none of them.
        if threading.current_thread() is threading.main_thread():
            with suppress(OSError):
                _RESET.write_text(_PEAK_OF_MEMORY)
                self.before = _status("VmRSS")
        return self

    def __exit__(self, *error):
        if np.isfinite(self.before):
            with suppress(OSError):
                self.peak = max(_status("VmHWM") - self.before, 0.0)


def count_parameters(estimator):
    """Return {"trainable": int, "all": int} of a fitted estimator's last step, or None.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skmedimg.evaluation.running._costs import count_parameters
    >>> mlp = MLPClassifier(hidden_layer_sizes=(10,), max_iter=300, tol=1, random_state=0)
    >>> count_parameters(mlp.fit(*load_iris(return_X_y=True)))
    {'trainable': 83, 'all': 83}
    """
    model = final_estimator(estimator)
    # Networks have a torch module; linear models and networks of scikit-learn have arrays.
    module = getattr(getattr(model, "net_", None), "module_", None)
    if module is not None:
        sizes = [(p.numel(), p.requires_grad) for p in module.parameters()]
        return _counts(sum(n for n, free in sizes if free), sum(n for n, _ in sizes))
    arrays = [
        array
        for name in ("coefs_", "intercepts_", "coef_", "intercept_")
        for array in _as_list(getattr(model, name, ()))
    ]
    total = sum(np.size(array) for array in arrays)
    return _counts(total, total) if total else None


def _counts(trainable, total):
    return {"trainable": int(trainable), "all": int(total)}


def _as_list(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _status(field):
    for line in _STATUS.read_text("ascii").splitlines():
        if line.startswith(field):
            # The kernel writes kB.
            return int(line.split()[1]) / 1024
    return np.nan
