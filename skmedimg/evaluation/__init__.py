"""Comparing models and saying how far the answer can be trusted."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "Audit": "skmedimg.evaluation._audit",
    "Claims": "skmedimg.evaluation._tests",
    "Comparison": "skmedimg.evaluation._comparison",
    "PatientAggregator": "skmedimg.evaluation._patients",
    "ThresholdAt": "skmedimg.evaluation._thresholds",
    "aggregate_patients": "skmedimg.evaluation._patients",
    "audit": "skmedimg.evaluation._audit",
    "compare": "skmedimg.evaluation._compare",
    "sensitivity_at_specificity": "skmedimg.evaluation._thresholds",
    "sensitivity_at_specificity_scorer": "skmedimg.evaluation._thresholds",
    "specificity_at_sensitivity": "skmedimg.evaluation._thresholds",
    "specificity_at_sensitivity_scorer": "skmedimg.evaluation._thresholds",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'skmedimg.evaluation' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
