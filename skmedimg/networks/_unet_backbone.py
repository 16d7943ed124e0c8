"""Published backbones as encoders of a U-Net."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional

# Height and width of what is run through a backbone to learn its shapes; a multiple of every
# stride there is, and not square, so that axes in another order are noticed.
_PROBE = (256, 384)


class BackboneEncoder(nn.Module):
    """Encoder of a U-Net: the last feature map of each size that a backbone computes.

    Parameters
    ----------
    backbone : Backbone
    image_shape : tuple of int (height, width, channels)

    Examples
    --------
    >>> from skmedimg.networks import BackboneEncoder, build_backbone
    >>> BackboneEncoder(build_backbone("resnet18", init_weights=False), (64, 64, 3)).strides
    (2, 4, 8, 16, 32)
    """

    def __init__(self, backbone, image_shape):
        super().__init__()
        if image_shape[2] not in (1, 3):
            raise ValueError(
                f"Backbones take images of 1 or 3 channels, but X has {image_shape[2]}. Choose one "
                "or three of them before, or leave backbone=None."
            )
        self.backbone = backbone
        self.taps, self.channels, self.strides = _taps(backbone, image_shape[2])

    def forward(self, images):
        """Return one feature map per stride, finest first."""
        height, width = images.shape[-2:]
        maps = dict.fromkeys(self.strides)
        for number, values in enumerate(_run(self.backbone, images)):
            if number in self.taps:
                maps[self.taps[number]] = values
        return [_fit(maps[s], (height // s, width // s)) for s in self.strides]


def _run(backbone, images):
    """Yield the output of each step of a backbone; of frozen steps without gradients."""
    values = backbone.normalize(images)
    for number, step in enumerate(backbone.steps):
        with torch.set_grad_enabled(torch.is_grad_enabled() and number >= backbone.cut):
            values = step(values)
        yield values


def _taps(backbone, in_channels):
    """Return {step: stride} of the encoder's maps, their channels and their strides."""
    # On the meta device shapes are computed without memory or time.
    shadow = copy.deepcopy(backbone).to("meta").eval()
    images = torch.zeros(2, in_channels, *_PROBE, device="meta")
    with torch.no_grad():
        shapes = [tuple(values.shape) for values in _run(shadow, images)]
    # Later steps overwrite earlier ones: the last map of each size has seen the most layers.
    last = {_stride(shape): number for number, shape in enumerate(shapes) if _is_map(shape)}
    strides = tuple(sorted(last))
    if len(strides) < 3:
        raise ValueError(
            "This backbone computes feature maps of too few sizes for a U-Net. Take one that "
            "halves the image step by step, as resnet34, efficientnet_b0 or vgg16 do."
        )
    channels = tuple(shapes[last[stride]][1] for stride in strides)
    return {last[stride]: stride for stride in strides}, channels, strides


def _is_map(shape):
    """Return whether a shape is (n, channels, height, width) with the proportions of the image."""
    if len(shape) != 4 or min(shape[2:]) < 2:
        return False
    # Tokens and channels-last maps have other proportions.
    return abs(shape[3] / shape[2] - _PROBE[1] / _PROBE[0]) < 0.3


def _stride(shape):
    """Return the power of two nearest to the reduction of a map."""
    reduction = _PROBE[1] / shape[-1]
    # Unpadded convolutions lose some pixels, so the reduction is not a power of two exactly.
    return 1 << max(0, round(math.log2(reduction)))


def _fit(values, size):
    """Return maps interpolated to a size."""
    # Convolutions without padding yield maps that are a pixel or two smaller than the stride says.
    if tuple(values.shape[-2:]) == size:
        return values
    return functional.interpolate(values, size, mode="bilinear", align_corners=False)
