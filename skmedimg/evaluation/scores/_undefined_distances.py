"""Distances between masks that are infinite, because one of the two masks is empty.

A mean cannot hold them, and without them a model that finds nothing on every second image has the
mean of the images on which it finds something. So they are counted beside the mean.
"""

from skmedimg.evaluation.scores._score_table import MASK_METRICS


def undefined_distances(results, metric=None):
    """Return (title, "undefined in n of N images") of the distances of FoldResults, or of one."""
    fitted = [each for each in results if not each.failed]
    # Every repeat predicts the same images again.
    n_images = sum(len(each.split.test) for each in fitted)
    counts = {}
    for each in fitted:
        for name, n in (each.undefined or {}).items():
            counts[name] = counts.get(name, 0) + n
    return [
        (MASK_METRICS[name].title, f"undefined in {n} of {n_images} images")
        for name, n in counts.items()
        if metric in (None, name)
    ]
