"""Grad-CAM: the regions of an image that raise a convolutional network's score of a class."""

from numbers import Integral

import numpy as np

from skmedimg._sklearn import Interval, final_estimator, transform_before, validate_params
from skmedimg.inspection._unwrap import (
    inference_copy,
    network_of,
    stack_of,
    standardized,
    target_columns,
)


@validate_params(
    {"layer": [str, None], "batch_size": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def grad_cam(model, X, *, target=None, layer=None, batch_size=16):
    """Map the regions of each image that raise a convolutional network's score of a class.

    Grad-CAM [1]_: the feature maps of one layer are weighted by the mean gradient of the class's
    logit with respect to each and added up; negative sums become 0. Regions that lower the score
    are not shown. Several threads may explain one model, and predict with it, at the same time.

    Parameters
    ----------
    model : fitted network estimator, pipeline that ends in one, or torch.nn.Module
        The model to explain.
    X : any kind of X of the data contract
        Images.
    target : label or None, default=None
        The class to explain; None takes the predicted one of each image.
    layer : str or None, default=None
        Name of the layer, as `parameter_table` prints it; None takes the last one whose
        maps are as large as those of the last convolution.
    batch_size : int, default=16
        Images per forward and backward pass.

    Returns
    -------
    maps : ndarray (n, height, width) of float32
        In [0, 1], the largest value of each map is 1; zeros where no region raises the score. They
        fit the images that the network gets: decoded, cropped and resized by earlier steps.

    See Also
    --------
    occlusion : Works with every classifier, and needs no gradients.

    References
    ----------
    .. [1] R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra. "Grad-CAM:
           Visual Explanations from Deep Networks via Gradient-Based Localization". ICCV 2017,
           618-626. https://doi.org/10.1109/ICCV.2017.74

    Examples
    --------
    >>> from skmedimg import ScratchCNN
    >>> from skmedimg.datasets import make_lesions
    >>> from skmedimg.inspection import grad_cam
    >>> data = make_lesions(20, size=32, random_state=0)
    >>> model = ScratchCNN((4, 8), max_epochs=1).fit(data.images, data.target)
    >>> grad_cam(model, data.images[:5]).shape
    (5, 32, 32)
    """
    import torch

    final = final_estimator(model)
    # A copy, because hooks on the module itself would see the batches of other threads.
    module = inference_copy(network_of(final))
    images = stack_of(final, transform_before(model, X))
    first = _inputs(final, module, images[:1])
    watched = _layer(module, layer, first, type(final).__name__)
    maps = [
        _maps(final, module, watched, images[at : at + batch_size], target)
        for at in range(0, len(images), batch_size)
    ]
    resized = torch.nn.functional.interpolate(
        torch.cat(maps)[:, None], size=images.shape[1:3], mode="bilinear", align_corners=False
    )
    maps = resized[:, 0].cpu().numpy()
    largest = maps.max(axis=(1, 2), keepdims=True)
    return (maps / np.where(largest > 0, largest, 1)).astype(np.float32)


def _layer(module, name, first, owner):
    """Return the layer asked for, or the last one with maps as large as the last convolution's."""
    from torch import nn

    layers = dict(module.named_modules())
    if name is not None and name not in layers:
        raise ValueError(f"layer={name!r} is not a layer; parameter_table lists them.")
    if name is not None:
        return layers[name]
    if not any(isinstance(part, nn.Conv2d) for part in layers.values()):
        raise TypeError(
            f"Grad-CAM needs a convolution, and {owner} has none. occlusion() explains any "
            "classifier, hog_map() one on HOG features."
        )
    # The last convolution and the layers of its size behind it, normalization and activation: the
    # paper weights activated maps.
    finished = _finished(module, first)
    sizes = [shape for part, shape in finished if isinstance(part, nn.Conv2d)]
    return [part for part, shape in finished if shape == sizes[-1]][-1]


def _finished(module, first):
    """Return the layers of a network that give maps, in the order they run, with their sizes."""
    import torch

    finished = []

    def note(layer, inputs, output):
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            finished.append((layer, tuple(output.shape[2:])))

    hooks = [part.register_forward_hook(note) for part in module.modules()]
    with torch.no_grad():
        module(first)
    for hook in hooks:
        hook.remove()
    return finished


def _maps(final, module, layer, images, target):
    """Return the maps of one batch, (n, rows, columns) of the layer."""
    import torch

    kept = []

    def start_here(layer, inputs, output):
        # Frozen parts run under no_grad; from this layer on gradients are needed.
        torch.set_grad_enabled(True)
        # A leaf of its own: the backward pass ends here, and computes nothing for earlier layers.
        kept.append(output.detach().clone().requires_grad_())
        return kept[-1].clone()  # the next layer may change it in place

    hook = layer.register_forward_hook(start_here)
    with torch.enable_grad():
        logits = module(_inputs(final, module, images))
        # The sum gives each image its own gradient: in inference mode images do not influence each
        # other.
        scores = _chosen(final, logits, target)
        [gradient] = torch.autograd.grad(scores.sum(), kept[-1])
    hook.remove()
    if kept[-1].ndim != 4:
        raise ValueError(f"layer {layer} gives no maps: its output has shape {kept[-1].shape}.")
    # Equations 1 and 2 of the paper: relu(sum of a_k A_k), a_k being the mean gradient of map A_k.
    weights = gradient.float().mean(dim=(2, 3), keepdim=True)
    return (weights * kept[-1].detach().float()).sum(dim=1).clamp_min(0)


def _inputs(final, module, images):
    """Return images as a tensor of the module's dtype, on its device, standardized as in `fit`."""
    from skmedimg._device import resolve_precision
    from skmedimg.images._pixels import to_device

    sample = next(module.parameters())
    tensor = to_device(np.array(images), sample.device, resolve_precision("float32", sample.device))
    return standardized(final, tensor.to(sample.dtype))


def _chosen(final, logits, target):
    """Return the logit of the class each image is explained for."""
    import torch

    if logits.ndim == 4:
        raise TypeError(
            f"grad_cam explains classifiers, but {type(final).__name__} predicts a class per "
            "pixel: look at its predict_proba instead."
        )
    if logits.ndim != 2:
        raise TypeError("Grad-CAM explains classifiers: one row of logits per image.")
    # One logit for two classes: its negative is that of the first.
    if logits.shape[1] == 1:
        logits = torch.cat([-logits, logits], dim=1)
    columns = target_columns(final, target, logits.detach().float().cpu().numpy())
    return logits[torch.arange(len(logits)), torch.as_tensor(columns)]
