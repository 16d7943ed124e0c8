"""Published backbones as encoders of a U-Net."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional

from skmedimg.networks._timm import TIMM, TimmNetwork
from skmedimg.networks._timm_maps import timm_maps, timm_strides

# Height and width of what is run through a backbone to learn its shapes; a multiple of every
# stride there is, and not square, so that axes in another order are noticed. The second one is
# larger by this much: what a side grows by shows the stride, whatever unpadded convolutions lose.
_PROBE = (256, 384)
_GROWTH = 1536
_ALTERNATIVES = ("resnet34", "efficientnet_lite0", "vgg16")


class BackboneEncoder(nn.Module):
    """Encoder of a U-Net: the last feature map of each size that a backbone computes.

    Parameters
    ----------
    backbone : Backbone
        The pretrained network.
    image_shape : tuple of int (height, width, channels)
        Shape of one image.
    name : str, default="this backbone"
        What error messages call it.

    See Also
    --------
    UNet
        U-Net, from images of any size to logits per pixel: encoder, decoder, 1x1
        convolution.

    Examples
    --------
    >>> from skmedimg.networks import BackboneEncoder, build_backbone
    >>> BackboneEncoder(build_backbone("resnet18", init_weights=False), (64, 64, 3)).strides
    (2, 4, 8, 16, 32)
    """

    def __init__(self, backbone, image_shape, *, name="this backbone"):
        super().__init__()
        if image_shape[2] not in (1, 3):
            raise ValueError(
                f"Backbones take images of 1 or 3 channels, but X has {image_shape[2]}. Choose one "
                "or three of them before, or leave backbone=None."
            )
        self.backbone = backbone
        self.taps, self.channels, self.strides = _taps(backbone, image_shape, name)

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
    if isinstance(backbone.network, TimmNetwork):
        yield from timm_maps(backbone.network, values)
        return
    for number, step in enumerate(backbone.steps):
        with torch.set_grad_enabled(torch.is_grad_enabled() and number >= backbone.cut):
            values = step(values)
        yield values


def _taps(backbone, image_shape, name):
    """Return {step: stride} of the encoder's maps, their channels and their strides."""
    is_timm = isinstance(backbone.network, TimmNetwork)
    shapes, strides = (_timm_shapes if is_timm else _own_shapes)(backbone, image_shape, name)
    # Later steps overwrite earlier ones: the last map of each size has seen the most layers.
    last = {stride: number for number, stride in enumerate(strides) if stride}
    _check_strides(sorted(last), name)
    strides = tuple(sorted(last))
    channels = tuple(shapes[last[stride]][1] for stride in strides)
    return {last[stride]: stride for stride in strides}, channels, strides


def _timm_shapes(backbone, image_shape, name):
    """Return the shapes of the maps of a timm network, and the strides that timm names."""
    height, width, channels = image_shape
    strides = timm_strides(backbone.network)
    _check_strides(sorted(set(strides)), name)
    try:
        # Not larger than the images: some transformers take images of one size only.
        shapes = _shapes(backbone, channels, (height, width))
    except Exception as error:  # networks of timm raise whatever they like
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(
            f"{name} cannot take images of {height}x{width} ({reason}). Resize them, or take a "
            f"convolutional network, such as {_alternatives(name)}."
        ) from error
    return shapes, strides


def _own_shapes(backbone, image_shape, name):
    """Return the shapes of the outputs of all steps, and their strides; None where none is."""
    height, width = _PROBE
    shapes = _shapes(backbone, image_shape[2], _PROBE)
    larger = _shapes(backbone, image_shape[2], (height + _GROWTH, width + _GROWTH))
    strides = [
        _nearest_stride(_GROWTH / (grown[-1] - shape[-1])) if _is_map(shape) else None
        for shape, grown in zip(shapes, larger, strict=True)
    ]
    return shapes, strides


def _shapes(backbone, channels, size):
    """Return the shapes of the outputs of all steps for two images of one size."""
    # On the meta device shapes are computed without memory or time.
    shadow = copy.deepcopy(backbone).to("meta").eval()
    images = torch.zeros(2, channels, *size, device="meta")
    with torch.no_grad():
        return [tuple(values.shape) for values in _run(shadow, images)]


def _check_strides(strides, name):
    """Raise unless maps have at least three sizes, each a power of two times smaller."""
    odd = [stride for stride in strides if stride & (stride - 1)]
    if odd:
        raise ValueError(
            f"{name} cannot be an encoder: it computes maps of 1/{odd[0]} of the image's side, and "
            "the decoder of a U-Net, which doubles maps step by step, needs powers of two. "
            f"Take another backbone, such as {_alternatives(name)}."
        )
    if len(strides) < 3:
        sizes = " and ".join(f"1/{stride}" for stride in strides) or "no part"
        raise ValueError(
            f"{name} cannot be an encoder: it computes maps of {sizes} of the image's side, as "
            "transformers of patches do, and these are too few sizes for a U-Net. Take one that "
            f"halves the image step by step, such as {_alternatives(name)}."
        )


def _alternatives(name):
    """Return names of backbones that are encoders, without the one that was given."""
    return ", ".join(n for n in _ALTERNATIVES if n != name.removeprefix(TIMM))


def _is_map(shape):
    """Return whether a shape is (n, channels, height, width) with the proportions of the image."""
    if len(shape) != 4 or min(shape[2:]) < 2:
        return False
    # Tokens and channels-last maps have other proportions.
    return abs(shape[3] / shape[2] - _PROBE[1] / _PROBE[0]) < 0.3


def _nearest_stride(reduction):
    """Return a measured stride as a whole number; the sides of maps are rounded."""
    stride = round(reduction)
    power = 1 << max(0, round(math.log2(reduction)))
    return power if abs(reduction / power - 1) < 0.05 else stride


def _fit(values, size):
    """Return maps interpolated to a size."""
    # Convolutions without padding yield maps that are a pixel or two smaller than the stride says.
    if tuple(values.shape[-2:]) == size:
        return values
    return functional.interpolate(values, size, mode="bilinear", align_corners=False)
