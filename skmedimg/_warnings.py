"""Warnings that name the line of the user's code, however deep inside the package they arise."""

import sys
import warnings

# Packages between the user's line and the warning: skmedimg, what calls its estimators, and what
# decorators and worker threads put in between. No constant stacklevel holds for all of them.
_IN_BETWEEN = {
    *("skmedimg", "sklearn", "imblearn", "joblib", "skorch", "optuna", "torch"),
    *("concurrent", "contextlib", "functools", "multiprocessing", "threading"),
}


def warn_user(message, category=UserWarning):
    """Issue a warning at the line of the user's code that called skmedimg."""
    # From Python 3.12 on, skip_file_prefixes of warnings.warn could walk the stack instead.
    frame, level = sys._getframe(1), 2
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] in _IN_BETWEEN:
        frame, level = frame.f_back, level + 1
    # A worker process has no line of the user's: the line in skmedimg is named there.
    warnings.warn(message, category, stacklevel=level if frame else 2)
