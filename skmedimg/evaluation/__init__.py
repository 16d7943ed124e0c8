"""Comparing models and saying how far the answer can be trusted."""

from importlib import import_module

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "Audit": "skmedimg.evaluation.auditing._audit",
    "AuditDisplay": "skmedimg.evaluation.auditing._audit_display",
    "Claims": "skmedimg.evaluation.statistics._conclusions",
    "Comparison": "skmedimg.evaluation._comparison",
    "ComparisonDisplay": "skmedimg.evaluation.displays._comparison_display",
    "ConfusionDisplay": "skmedimg.evaluation.displays._confusion_display",
    "PatientAggregator": "skmedimg.evaluation.decisions._patient_aggregator",
    "PrecisionRecallBandDisplay": "skmedimg.evaluation.displays._roc_pr",
    "PredictionGallery": "skmedimg.evaluation.displays._gallery",
    "RocBandDisplay": "skmedimg.evaluation.displays._roc_pr",
    "ScoreVersusCost": "skmedimg.evaluation.displays._score_versus_cost",
    "SegmentationDisplay": "skmedimg.evaluation.displays._segmentation_display",
    "ThresholdAt": "skmedimg.evaluation.decisions._threshold_at",
    "TrainingCurvesDisplay": "skmedimg.evaluation.displays._training_curves",
    "aggregate_patients": "skmedimg.evaluation.decisions._patient_aggregator",
    "audit": "skmedimg.evaluation.auditing._audit",
    "compare": "skmedimg.evaluation._compare",
    "sensitivity_at_specificity": "skmedimg.evaluation.scores._operating_points",
    "sensitivity_at_specificity_scorer": "skmedimg.evaluation.scores._operating_points",
    "specificity_at_sensitivity": "skmedimg.evaluation.scores._operating_points",
    "specificity_at_sensitivity_scorer": "skmedimg.evaluation.scores._operating_points",
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
