"""Loading the weights that a parameter names: published, a file, or a fitted estimator's."""

import os

from sklearn.base import BaseEstimator
from torch import nn

from skmedimg._warnings import warn_user
from skmedimg.networks._backbones import Backbone
from skmedimg.networks._pretrained import fill_backbone, find_weights, read_source, weights_facts

WEIGHTS = [str, os.PathLike, BaseEstimator, None]


def needs_random_init(weights):
    """Return whether `weights` leaves some weights of a new backbone randomly initialized."""
    return weights is None or isinstance(weights, BaseEstimator)


def load_into(backbone, weights, name, width=1.0):
    """Put the weights that a parameter names into a new backbone; return facts of their file."""
    own = isinstance(name, nn.Module)
    if weights is None or (own and isinstance(weights, str) and weights == "DEFAULT"):
        return {}
    if isinstance(weights, BaseEstimator):
        fill_backbone(backbone, _tensors_of(weights, backbone))
        return {}
    source = find_weights(weights, "" if own else name, width)
    fill_backbone(backbone, read_source(source))
    # Identifies the weights, so that keys of the feature store are made without hashing them.
    backbone.source = source
    return dict(weights_facts(source))


def _tensors_of(estimator, backbone):
    """Return copies of the tensors of a fitted estimator's backbone, or of a U-Net's encoder."""
    estimator = getattr(estimator, "estimator", estimator)  # FrozenEstimator holds one
    module = _module_of(estimator)
    for part in module.modules():
        if isinstance(part, Backbone):
            # Copies: training must not change the estimator that the weights come from.
            return {key: value.clone() for key, value in part.network.state_dict().items()}
    if hasattr(module, "encoder"):
        return _encoder_tensors(module.encoder, backbone.network)
    raise ValueError(
        f"weights={type(estimator).__name__}(...) has neither a backbone nor an encoder. Pass a "
        "TransferClassifier, BackboneFeatures or UNetSegmenter."
    )


def _module_of(estimator):
    if hasattr(estimator, "net_"):
        return estimator.net_.module_
    if hasattr(estimator, "network_"):
        return estimator.network_
    raise ValueError(
        f"weights={type(estimator).__name__}(...) is not fitted. Fit it, and wrap it as "
        "sklearn.frozen.FrozenEstimator(estimator): scikit-learn's clone, which cross-validation "
        "calls, gives back estimators that are not fitted."
    )


def _encoder_tensors(encoder, network):
    """Pair the convolutions in order and take those whose shapes agree."""
    tensors = dict(network.state_dict())
    # Names differ between networks, the order of convolutions does not.
    pairs = list(zip(_convolutions(network), _convolutions(encoder), strict=False))
    fitting = [(name, other) for (name, own), (_, other) in pairs if _alike(own, other)]
    if not fitting:
        raise ValueError(
            "No convolution of the encoder has the shape of the backbone's. A vgg13 has that of "
            "UNetSegmenter(filters=(64, 128, 256, 512, 512)) on images of 3 channels."
        )
    if len(fitting) < len(pairs):
        warn_user(
            f"{len(fitting)} of the {len(pairs)} convolutions of the encoder fit the backbone; "
            "the others start from random weights.",
        )
    for name, other in fitting:
        tensors |= {f"{name}.{key}": value.clone() for key, value in other.state_dict().items()}
    return tensors


def _convolutions(module):
    return [(name, part) for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]


def _alike(own, other):
    shapes = [{name: v.shape for name, v in part.state_dict().items()} for part in (own, other)]
    return shapes[0] == shapes[1]
