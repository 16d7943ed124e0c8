"""Comparing models and saying how far the answer can be trusted."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "Audit": "skmedimg.evaluation._audit",
    "AuditDisplay": "skmedimg.evaluation._displays_audit",
    "Claims": "skmedimg.evaluation._tests",
    "Comparison": "skmedimg.evaluation._comparison",
    "ComparisonDisplay": "skmedimg.evaluation._displays_scores",
    "ConfusionDisplay": "skmedimg.evaluation._displays_confusion",
    "PatientAggregator": "skmedimg.evaluation._patients",
    "PrecisionRecallBandDisplay": "skmedimg.evaluation._displays_bands",
    "PredictionGallery": "skmedimg.evaluation._gallery",
    "RocBandDisplay": "skmedimg.evaluation._displays_bands",
    "ScoreVersusCost": "skmedimg.evaluation._displays_costs",
    "SegmentationDisplay": "skmedimg.evaluation._segmentation",
    "ThresholdAt": "skmedimg.evaluation._thresholds",
    "TrainingCurvesDisplay": "skmedimg.evaluation._displays_curves",
    "aggregate_patients": "skmedimg.evaluation._patients",
    "audit": "skmedimg.evaluation._audit",
    "compare": "skmedimg.evaluation._compare",
    "sensitivity_at_specificity": "skmedimg.evaluation._operating_points",
    "sensitivity_at_specificity_scorer": "skmedimg.evaluation._operating_points",
    "specificity_at_sensitivity": "skmedimg.evaluation._operating_points",
    "specificity_at_sensitivity_scorer": "skmedimg.evaluation._operating_points",
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
