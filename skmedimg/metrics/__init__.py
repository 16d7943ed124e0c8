"""Figures of merit of masks and of decisions, per image and per class, and scorers made of them."""

from skmedimg.metrics._decisions import sensitivity, specificity
from skmedimg.metrics._overlap import dice, iou, volumetric_similarity
from skmedimg.metrics._pixels import pixel_f1, pixel_precision, pixel_recall
from skmedimg.metrics._scorers import as_scorer
from skmedimg.metrics._surface import average_surface_distance, boundary_f1, hausdorff_distance

__all__ = [
    "as_scorer",
    "average_surface_distance",
    "boundary_f1",
    "dice",
    "hausdorff_distance",
    "iou",
    "pixel_f1",
    "pixel_precision",
    "pixel_recall",
    "sensitivity",
    "specificity",
    "volumetric_similarity",
]
