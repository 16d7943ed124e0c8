"""Scikit-learn compatible classification and segmentation of medical images."""

from importlib import import_module

__version__ = "0.1.0"

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "Audit": "skmedimg.evaluation.auditing._audit",
    "Augmenter": "skmedimg.images._augmenter",
    "BackboneFeatures": "skmedimg.transfer._backbone_features",
    "CleanMasks": "skmedimg.images._clean_masks",
    "Comparison": "skmedimg.evaluation._comparison",
    "CropForeground": "skmedimg.images._crop_foreground",
    "DegenerateOutputWarning": "skmedimg.neural._network_classifier",
    "FeatureStore": "skmedimg.transfer._feature_store",
    "HOG": "skmedimg.features._hog",
    "Haralick": "skmedimg.features._haralick",
    "ImageLoader": "skmedimg.images._image_loader",
    "IntensityHistogram": "skmedimg.features._intensity",
    "LBP": "skmedimg.features._lbp",
    "LazyImages": "skmedimg.images._lazy_images",
    "OptunaSearch": "skmedimg.search._optuna_search",
    "PatientAggregator": "skmedimg.evaluation.decisions._patient_aggregator",
    "Pipeline": "skmedimg.pipeline",
    "Resample": "skmedimg.images._resample",
    "ScratchCNN": "skmedimg.neural._scratch_cnn",
    "ShallowMLP": "skmedimg.neural._shallow_mlp",
    "ThresholdAt": "skmedimg.evaluation.decisions._threshold_at",
    "TransferClassifier": "skmedimg.neural._transfer_classifier",
    "UNetSegmenter": "skmedimg.neural._unet_segmenter",
    "audit": "skmedimg.evaluation.auditing._audit",
    "augment": "skmedimg.images._augment",
    "clean_masks": "skmedimg.images._clean_masks",
    "compare": "skmedimg.evaluation._compare",
    "embed": "skmedimg.transfer._backbone_features",
    "fit_together": "skmedimg._training.concurrent_fits",
    "load_image_folder": "skmedimg.datasets._image_folder",
    "load_image_table": "skmedimg.datasets._image_table",
    "load_masks": "skmedimg.images._mask_files",
    "lr_find": "skmedimg.neural._lr_find",
    "read_image": "skmedimg.images._read_image",
    "stratify_masks": "skmedimg.images._stratify",
}

# Rooms that are public as modules: `skmedimg.datasets.make_lesions`.
_MODULES = [
    "datasets",
    "evaluation",
    "features",
    "images",
    "inspection",
    "metrics",
    "recipes",
    "saving",
    "search",
]

__all__ = sorted([*_EXPORTS, *_MODULES])


def __getattr__(name):
    if name in _EXPORTS:
        value = getattr(import_module(_EXPORTS[name]), name)
    elif name in _MODULES:
        value = import_module(f"skmedimg.{name}")
    else:
        raise AttributeError(f"module 'skmedimg' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
