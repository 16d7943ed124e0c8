"""Scikit-learn compatible classification and segmentation of medical images."""

from importlib import import_module

__version__ = "0.1.0"

# Public name -> the module that holds it, imported only when the name is first used.
_EXPORTS = {
    "Audit": "skmedimg.evaluation._audit",
    "Augmenter": "skmedimg.images._augmenter",
    "BackboneFeatures": "skmedimg.features._embedding",
    "CleanMasks": "skmedimg.images._clean_masks",
    "Comparison": "skmedimg.evaluation._comparison",
    "CropForeground": "skmedimg.images._crop",
    "DegenerateOutputWarning": "skmedimg.neural._classifier",
    "FeatureStore": "skmedimg.features._store",
    "HOG": "skmedimg.features._hog",
    "Haralick": "skmedimg.features._haralick",
    "ImageLoader": "skmedimg.images._loader",
    "IntensityHistogram": "skmedimg.features._intensity",
    "LBP": "skmedimg.features._lbp",
    "LazyImages": "skmedimg.images._lazy",
    "OptunaSearch": "skmedimg.search._optuna",
    "PatientAggregator": "skmedimg.evaluation._patients",
    "Pipeline": "skmedimg.pipeline",
    "Resample": "skmedimg.images._resample",
    "ScratchCNN": "skmedimg.neural._scratch",
    "ShallowMLP": "skmedimg.neural._shallow",
    "ThresholdAt": "skmedimg.evaluation._thresholds",
    "TransferClassifier": "skmedimg.neural._transfer",
    "UNetSegmenter": "skmedimg.neural._unet",
    "audit": "skmedimg.evaluation._audit",
    "augment": "skmedimg.images._augment",
    "clean_masks": "skmedimg.images._clean_masks",
    "compare": "skmedimg.evaluation._compare",
    "embed": "skmedimg.features._embedding",
    "fit_together": "skmedimg._together",
    "load_image_folder": "skmedimg.datasets._folder",
    "load_image_table": "skmedimg.datasets._table",
    "load_masks": "skmedimg.images._mask_files",
    "lr_find": "skmedimg.neural._lr_find",
    "read_image": "skmedimg.images._read",
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
