"""Scorers of the metrics, for scikit-learn's searches."""

from functools import partial

from sklearn.metrics import make_scorer

from skmedimg.metrics._cl_dice import cl_dice
from skmedimg.metrics._decisions import sensitivity, specificity
from skmedimg.metrics._objects import (
    object_average_precision,
    object_f1,
    object_precision,
    object_recall,
    panoptic_quality,
)
from skmedimg.metrics._overlap import dice, iou
from skmedimg.metrics._pixel_counts import pixel_f1, pixel_precision, pixel_recall
from skmedimg.metrics._surface import (
    average_surface_distance,
    boundary_f1,
    hausdorff_distance,
    surface_dice,
)
from skmedimg.metrics._volume import volume_error, volumetric_similarity

_HIGHER_IS_BETTER = (
    boundary_f1,
    cl_dice,
    dice,
    iou,
    object_average_precision,
    object_f1,
    object_precision,
    object_recall,
    panoptic_quality,
    pixel_f1,
    pixel_precision,
    pixel_recall,
    sensitivity,
    specificity,
    surface_dice,
    volumetric_similarity,
)
_LOWER_IS_BETTER = (average_surface_distance, hausdorff_distance, volume_error)
_METRICS = _HIGHER_IS_BETTER + _LOWER_IS_BETTER
_BY_NAME = {metric.__name__: metric for metric in _HIGHER_IS_BETTER}
# An infinite value in one fold would leave a search nothing to compare.
_BY_NAME |= {
    metric.__name__: partial(metric, missing="diagonal")
    for metric in (average_surface_distance, hausdorff_distance)
}
_BY_NAME["volume_error"] = partial(volume_error, missing=1.0)


def as_scorer(metric):
    """Return the scorer of a metric of this module, for `scoring=` of every scikit-learn search.

    Distances and errors become negative, since searches look for the largest score. By name,
    distances count a class that only one of the masks holds as the image's diagonal, and
    `volume_error` counts one that only the predicted mask holds as 1.

    Parameters
    ----------
    metric : str or callable
        A metric of `skmedimg.metrics`, its name, or a `functools.partial` of it that fixes
        parameters.

    Returns
    -------
    scorer : callable
        `scorer(estimator, X, y)` returns a float.

    See Also
    --------
    skmedimg.evaluation.compare
        Compare estimators on the same folds and keep everything that is needed to judge
        them.

    Examples
    --------
    >>> from functools import partial
    >>> from skmedimg.metrics import as_scorer, hausdorff_distance
    >>> as_scorer("dice")
    make_scorer(dice, response_method='predict')
    >>> scorer = as_scorer(partial(hausdorff_distance, percentile=100, missing="diagonal"))
    """
    if isinstance(metric, str):
        if metric not in _BY_NAME:
            raise ValueError(f"metric needs one of {sorted(_BY_NAME)}, got {metric!r}.")
        metric = _BY_NAME[metric]
    # Whether large values are good is known of the function, below any fixed parameters.
    innermost = metric
    while isinstance(innermost, partial):
        innermost = innermost.func
    if innermost not in _METRICS:
        raise ValueError(
            f"metric={metric!r} is not a metric of skmedimg.metrics; make a scorer of your own "
            "function with sklearn.metrics.make_scorer."
        )
    return make_scorer(metric, greater_is_better=innermost in _HIGHER_IS_BETTER)
