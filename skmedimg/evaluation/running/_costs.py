"""What a fit cost: memory, parameters, epochs."""

import threading
from contextlib import suppress
from numbers import Real
from pathlib import Path

import numpy as np

from skmedimg._sklearn import final_estimator

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_PEAK_OF_MEMORY = "5"  # what the kernel wants written to forget the peak so far


class MemoryWatch:
    """Measure the most memory held inside a `with` block above what was held before, in MB.

    Linux keeps the peak of a process and can be told to forget it, which costs nothing; where
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
    """Count the parameters of a fitted estimator's last step.

    Parameters
    ----------
    estimator : BaseEstimator
        Pipelines, searches and other wrappers are opened.

    Returns
    -------
    counts : dict or None
        `{"trainable": int, "all": int}`; None where there is nothing to count.

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


def epochs_of(estimator):
    """Return the records of a fitted estimator's epochs.

    Parameters
    ----------
    estimator : BaseEstimator

    Returns
    -------
    records : list of dict or None
        From `history_`, or from the `loss_curve_` of scikit-learn's networks.
    """
    model = final_estimator(estimator)
    if hasattr(model, "history_"):
        return [_numbers(record) for record in model.history_]
    losses = getattr(model, "loss_curve_", None)
    if losses is None:
        return None
    return [{"epoch": i + 1, "train_loss": float(loss)} for i, loss in enumerate(losses)]


def _counts(trainable, total):
    return {"trainable": int(trainable), "all": int(total)}


def _as_list(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _numbers(record):
    kept = {key: value for key, value in dict(record).items() if isinstance(value, Real)}
    return {key: value if isinstance(value, int) else float(value) for key, value in kept.items()}


def _status(field):
    for line in _STATUS.read_text("ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return np.nan
