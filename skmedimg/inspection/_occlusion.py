"""Occlusion: how much a prediction suffers when a patch of the image is covered."""

import numpy as np

from skmedimg.inspection._unwrap import image_shape_of, split_where_images_end, target_columns


def occlusion(model, X, *, target=None, patch=None, stride=None, fill="mean", image_shape=None):
    """Cover patch after patch of each image and map by how much the class becomes less probable.

    Works with every classifier, and shows what the whole of it reacts to, scaling, features and
    all. It costs one prediction per patch.

    Parameters
    ----------
    model : fitted classifier or pipeline
    X : any kind of X of the data contract
    target : label or None, default=None
        The class to explain; None takes the predicted one of each image.
    patch : int or None, default=None
        Side of the covering square; None takes an eighth of the shorter side.
    stride : int or None, default=None
        Step from patch to patch; None takes half a patch.
    fill : float or "mean", default="mean"
        Value that covers; "mean" is the mean of the image, in each channel.
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
    scores = _scores(rest, images)
    columns = target_columns(rest, target, scores)
    before = scores[np.arange(len(images)), columns]
    maps = [
        _map(rest, image, before[row], columns[row], shape, patch, stride, fill)
        for row, image in enumerate(images)
    ]
    return np.array(maps, dtype=np.float32)


def _check(patch, stride, shape):
    if not 1 <= patch <= min(shape[:2]):
        side = min(shape[:2])
        raise ValueError(f"patch={patch!r} needs to lie between 1 and the image's {side}.")
    if not 1 <= stride <= patch:
        raise ValueError(f"stride={stride!r} needs to lie between 1 and patch={patch}.")


def _map(model, image, before, column, shape, patch, stride, fill):
    """Return the mean drop at every pixel of one image."""
    places = [
        (top, left) for top in _starts(shape[0], patch, stride)
        for left in _starts(shape[1], patch, stride)
    ]  # fmt: skip
    covered = np.stack([_cover(image, shape, place, patch, fill) for place in places])
    drops = before - _scores(model, covered)[:, column]
    total, times = np.zeros(shape[:2]), np.zeros(shape[:2])
    for (top, left), drop in zip(places, drops, strict=True):
        total[top : top + patch, left : left + patch] += drop
        times[top : top + patch, left : left + patch] += 1
    return total / times


def _starts(side, patch, stride):
    """Return where patches start, the last one flush with the edge."""
    return sorted({*range(0, side - patch + 1, stride), side - patch})


def _cover(image, shape, place, patch, fill):
    copy = image.copy()
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
