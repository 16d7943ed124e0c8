"""HOG maps: the contribution of the edges in each cell to the score of a class."""

import numpy as np

from skmedimg._sklearn import final_estimator, steps_before
from skmedimg.inspection._unwrap import (
    before_step,
    inference_copy,
    network_of,
    standardized,
    target_columns,
)

# The gradient before a fitted scaler, from the gradient behind it. Scalers divide by `scale_`;
# MinMaxScaler alone multiplies.
_BACK = {
    "MaxAbsScaler": lambda step, gradient: gradient / step.scale_,
    "MinMaxScaler": lambda step, gradient: gradient * step.scale_,
    "RobustScaler": lambda step, gradient: gradient / (1 if step.scale_ is None else step.scale_),
    "StandardScaler": lambda step, gradient: gradient / (1 if step.scale_ is None else step.scale_),
}


def hog_map(model, X, *, target=None):
    """Map the contribution of the edges in each cell to the score of a class.

    Each feature is multiplied by the gradient of the class's logit with respect to it, which for
    a linear model is its weight; the products are added up over orientations and blocks, cell by
    cell. For a linear model the map adds up to the logit without its intercept.

    Parameters
    ----------
    model : fitted pipeline
        Ends in HOG, optionally scalers, and a network or a linear model.
    X : any kind of X of the data contract
        Images.
    target : label or None, default=None
        The class to explain; None takes the predicted one of each image.

    Returns
    -------
    maps : ndarray (n, height, width) of float32
        Negative where edges lower the score.

    See Also
    --------
    occlusion : For all other models.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmedimg import HOG, Pipeline
    >>> from skmedimg.inspection import hog_map
    >>> X, y = load_digits(return_X_y=True)
    >>> hog = HOG(pixels_per_cell=4, cells_per_block=1)
    >>> model = Pipeline([hog, LogisticRegression(max_iter=1000)]).fit(X, y)
    >>> hog_map(model, X[:3]).shape
    (3, 8, 8)
    """
    hog, scalers, final = _parts(model)
    features = hog.transform(before_step(model, X, "HOG"))
    scaled = features
    for scaler in scalers:
        scaled = scaler.transform(scaled)
    gradient = _gradient(final, scaled, target)
    for scaler in reversed(scalers):
        gradient = _BACK[type(scaler).__name__](scaler, gradient)
    # Gradient times input, with respect to the features before any scaler.
    return _to_pixels(features * gradient, hog)


def _parts(model):
    """Return the HOG step, the scalers behind it and the final estimator."""
    # Samplers act in fit alone.
    steps = [step for step in steps_before(model) if not hasattr(step, "fit_resample")]
    kinds = [type(step).__name__ for step in steps]
    if "HOG" not in kinds:
        raise TypeError("hog_map needs a pipeline with a HOG step; occlusion() explains any other.")
    at = kinds.index("HOG")
    unknown = [kind for kind in kinds[at + 1 :] if kind not in _BACK]
    if unknown:
        raise TypeError(
            f"hog_map cannot go back through {unknown[0]}, only through {', '.join(_BACK)}. "
            "occlusion() explains the whole pipeline."
        )
    return steps[at], steps[at + 1 :], final_estimator(model)


def _gradient(final, rows, target):
    """Return the gradient of the logit of each row's class, (n, n_features)."""
    if hasattr(final, "coef_"):
        weights, intercepts = np.atleast_2d(final.coef_), np.ravel(final.intercept_)
        if len(weights) == 1:  # of two classes scikit-learn stores the second alone
            weights = np.concatenate([-weights, weights])
            intercepts = np.concatenate([-intercepts, intercepts])
        columns = target_columns(final, target, rows @ weights.T + intercepts)
        return weights[columns]
    return _network_gradient(final, rows, target)


def _network_gradient(final, rows, target):
    """Return the gradient of the logit of each row's class through a network, (n, n_features)."""
    import torch

    module = inference_copy(network_of(final))
    sample = next(module.parameters())
    inputs = torch.as_tensor(np.array(rows), dtype=sample.dtype, device=sample.device)
    with torch.enable_grad():
        logits = module(standardized(final, inputs.requires_grad_()))
        # One logit for two classes: its negative is that of the first.
        if logits.shape[1] == 1:
            logits = torch.cat([-logits, logits], dim=1)
        columns = target_columns(final, target, logits.detach().float().cpu().numpy())
        chosen = logits[torch.arange(len(logits)), torch.as_tensor(columns)]
        [gradient] = torch.autograd.grad(chosen.sum(), inputs)
    return gradient.float().cpu().numpy()


def _to_pixels(contributions, hog):
    """Return maps (n, height, width): contributions added up by cell, evenly over its pixels."""
    height, width = hog.image_shape_[:2]
    settings = hog._settings()  # sizes as pairs
    (rows, columns), (down, across) = settings.pixels_per_cell, settings.cells_per_block
    grid = height // rows, width // columns
    blocks = contributions.reshape(
        -1, grid[0] - down + 1, grid[1] - across + 1, down, across, hog.orientations
    ).sum(axis=-1)
    cells = np.zeros((len(blocks), *grid))
    # Blocks overlap: the cell at (r, c) of a block gets that part of every block that holds it.
    for r, c in np.ndindex(down, across):
        cells[:, r : r + blocks.shape[1], c : c + blocks.shape[2]] += blocks[:, :, :, r, c]
    maps = np.zeros((len(cells), height, width), dtype=np.float32)
    # Divided by the pixels, so that a map adds up to the logit. Pixels that fill no cell get 0.
    spread = cells.repeat(rows, axis=1).repeat(columns, axis=2) / (rows * columns)
    maps[:, : spread.shape[1], : spread.shape[2]] = spread
    return maps
