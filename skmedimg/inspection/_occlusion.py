"""Occlusion: the drop of a predicted probability where a patch of the image is covered."""

from numbers import Integral, Real

import numpy as np

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.inspection._unwrap import image_shape_of, split_where_images_end, target_columns


@validate_params(
    {
        "patch": [Integral, None],
        "stride": [Integral, None],
        "fill": [StrOptions({"mean"}), Interval(Real, None, None, closed="neither")],
        "image_shape": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def occlusion(model, X, *, target=None, patch=None, stride=None, fill="mean", image_shape=None):
    """Map the drop of the predicted probability of a class where each image is covered.

    Each image is covered patch by patch (occlusion sensitivity [1]_). This works with every
    classifier, and explains a whole pipeline: preprocessing, features and classifier. It costs one
    prediction per patch.

    Parameters
    ----------
    model : fitted classifier or pipeline
        The model to explain.
    X : any kind of X of the data contract
        Images.
    target : label or None, default=None
        The class to explain; None takes the predicted one of each image.
    patch : int or None, default=None
        Side of the covering square; None takes an eighth of the shorter side.
    stride : int or None, default=None
        Step from patch to patch; None takes half a patch.
    fill : float or "mean", default="mean"
        Pixel value of the covering patch; "mean" is the mean of the image, channel by channel.
    image_shape : tuple of int or None, default=None
        Shape of one image where X holds rows.

    Returns
    -------
    maps : ndarray (n, height, width) of float32
        Mean drop of the probability (or decision value) over the patches that cover each pixel;
        negative where covering helps.

    See Also
    --------
    grad_cam : For convolutional networks: finer, and one pass.

    References
    ----------
    .. [1] M. D. Zeiler, R. Fergus. "Visualizing and Understanding Convolutional Networks". ECCV
           2014, 818-833. https://doi.org/10.1007/978-3-319-10590-1_53

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmedimg.inspection import occlusion
    >>> X, y = load_digits(return_X_y=True)
    >>> model = GaussianNB().fit(X, y)
    >>> occlusion(model, X[:2], patch=2).shape
    (2, 8, 8)
    """
    images, rest = split_where_images_end(model, X)
    shape = image_shape_of(images, image_shape)
    patch = max(1, min(shape[:2]) // 8) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    _check(patch, stride, shape)
    _check_fill(fill, images.dtype)
    scores = _scores(rest, images)
    if scores.ndim != 2:
        raise TypeError(
            f"occlusion explains classifiers, but {type(rest).__name__} predicts a class per "
            "pixel: look at its predict_proba instead."
        )
    columns = target_columns(rest, target, scores)
    before = scores[np.arange(len(images)), columns]
    maps = [
        _map(rest, image, before[row], columns[row], shape, patch, stride, fill)
        for row, image in enumerate(images)
    ]
    return np.array(maps, dtype=np.float32)


def _check(patch, stride, shape):
    """Raise where patches do not fit, or where pixels between them would never be covered."""
    if not 1 <= patch <= min(shape[:2]):
        side = min(shape[:2])
        raise ValueError(f"patch needs to be from 1 to {side}, the side of the image, got {patch}.")
    if not 1 <= stride <= patch:
        raise ValueError(f"stride needs to be from 1 to patch={patch}, got {stride}.")


def _check_fill(fill, dtype):
    """Raise where integer pixels cannot hold `fill`: numpy would wrap it around."""
    if isinstance(fill, str) or dtype.kind not in "iu":
        return
    limits = np.iinfo(dtype)
    if not limits.min <= np.rint(fill) <= limits.max:
        raise ValueError(
            f"fill={fill!r} does not fit the {dtype} pixels of X, which hold {limits.min} to "
            f"{limits.max}."
        )


def _map(model, image, before, column, shape, patch, stride, fill):
    """Return the mean drop at every pixel of one image."""
    tops, lefts = _starts(shape[0], patch, stride), _starts(shape[1], patch, stride)
    places = [(top, left) for top in tops for left in lefts]
    # All covered copies of one image in one call: a batch is faster than single images, and the
    # memory is that of one image times its patches.
    covered = np.stack([_cover(image, shape, place, patch, fill) for place in places])
    drops = before - _scores(model, covered)[:, column]
    # Patches overlap, so every pixel gets the mean of those that cover it.
    total, times = np.zeros(shape[:2]), np.zeros(shape[:2])
    for (top, left), drop in zip(places, drops, strict=True):
        total[top : top + patch, left : left + patch] += drop
        times[top : top + patch, left : left + patch] += 1
    return total / times


def _starts(side, patch, stride):
    """Return where patches start, the last one flush with the edge."""
    return sorted({*range(0, side - patch + 1, stride), side - patch})


def _cover(image, shape, place, patch, fill):
    """Return a copy of an image, or of a row that holds one, with one patch filled."""
    copy = image.copy()
    # A view: writing to it changes the copy, which keeps the layout that the model takes.
    view = copy.reshape(shape)
    top, left = place
    value = view.mean(axis=(0, 1)) if isinstance(fill, str) else fill
    if view.dtype.kind in "ui":
        value = np.rint(value)
    view[top : top + patch, left : left + patch] = value
    return copy


def _scores(model, images):
    """Return probabilities, or decision values, with one column per class."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(images)
    values = model.decision_function(images)
    return values if values.ndim == 2 else np.column_stack([-values, values])
