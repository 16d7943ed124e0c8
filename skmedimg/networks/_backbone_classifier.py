"""A backbone with a head, which takes images or the outputs of its frozen part."""

import functools
from contextlib import nullcontext

import torch
from torch import nn

from skmedimg.networks._backbone_table import BACKBONES
from skmedimg.networks._backbones import build_backbone
from skmedimg.networks._foundation_table import FOUNDATION
from skmedimg.networks._pooling import check_pooling


class TransferNetwork(nn.Module):
    """Backbone, pooling and head.

    An input of four axes is images; one of two axes is rows of `forward_frozen`, computed before.

    Parameters
    ----------
    backbone : Backbone
        The pretrained network.
    head : torch.nn.Module
        From features (n, n_features) to logits.
    pooling : {"auto", "avg", "max", "flatten", "cls", "cls+avg"}
        How feature maps become one row of features per image.
    cut_shape : tuple of int
        Shape of the frozen part's output for one image, as from `probe_shapes`.
    exact : bool, default=True
        Compute the frozen part in float32 under autocast too, so that it can be stored and shared.

    See Also
    --------
    build_backbone
        Build a published architecture without its head, or take one's own network, all
        frozen.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import TransferNetwork, build_backbone, mlp, probe_shapes
    >>> cut_shape, n_features = probe_shapes("resnet18", (64, 64, 1))
    >>> network = TransferNetwork(
    ...     build_backbone("resnet18"), mlp(n_features, (), 3), "avg", cut_shape
    ... )
    >>> network(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 3])
    """

    def __init__(self, backbone, head, pooling, cut_shape, *, exact=True):
        super().__init__()
        self.backbone = backbone
        self.head = head
        # what "auto" means is a part of the names of cached features
        self.pooling = backbone.pooling if pooling == "auto" else pooling
        self.exact = exact
        self.cut_shape = cut_shape

    @property
    def is_pooled(self):
        """Whether rows are pooled features: all of the backbone is frozen."""
        return self.backbone.cut == len(self.backbone.steps)

    def forward(self, inputs):
        """Return logits of images (n, channels, height, width) or of rows (n, d)."""
        activation = self._restore(inputs) if inputs.ndim == 2 else self._frozen_activation(inputs)
        if not self.is_pooled:
            maps = self.backbone.forward_trainable(activation)
            activation = self.backbone.pool(maps, self.pooling)
        return self.head(activation)

    def forward_frozen(self, images):
        """Return the frozen part's output (n, d) for images, flattened with channels last."""
        return self._frozen_activation(images).movedim(1, -1).flatten(1)

    def _frozen_activation(self, images):
        """Return pooled features where all of the backbone is frozen, else the map at the cut."""
        # Frozen features are kept and shared; bfloat16 would move them by some per cent.
        exactly = torch.autocast(images.device.type, enabled=False)
        with exactly if self.exact and self.backbone.cut else nullcontext():
            activation = self.backbone.forward_frozen(images)
            return self.backbone.pool(activation, self.pooling) if self.is_pooled else activation

    def _restore(self, rows):
        """Return the activation at the cut that was flattened to rows."""
        if self.is_pooled:
            return rows
        # Rows are flattened with channels last, the memory layout of the activations.
        channels, *sides = self.cut_shape
        return rows.unflatten(1, (*sides, channels)).movedim(-1, 1)


def probe_shapes(backbone, image_shape, *, trainable_layers=0, pooling="auto", width=1.0):
    """Return the shapes inside a backbone for images of one shape, which is checked.

    Parameters
    ----------
    backbone : str or torch.nn.Module
        As in `build_backbone`.
    image_shape : tuple of int (height, width, channels)
        Shape of one image.
    trainable_layers : int, float or "all", default=0
        As in `Backbone.freeze`.
    pooling : {"auto", "avg", "max", "flatten", "cls", "cls+avg"}, default="auto"
        How feature maps become one row of features per image.
    width : float, default=1.0
        Width of mobilenet_v2.

    Returns
    -------
    cut_shape : tuple of int
        Shape of the frozen part's output for one image.
    n_features : int
        Number of pooled features.

    Examples
    --------
    >>> from skmedimg.networks import probe_shapes
    >>> probe_shapes("resnet18", (64, 64, 1))
    ((512,), 512)
    >>> probe_shapes("resnet18", (64, 64, 1), trainable_layers=2)
    ((512, 2, 2), 512)
    """
    image_shape = tuple(image_shape)
    if not isinstance(backbone, str):
        return _probe_own(backbone, trainable_layers, image_shape, pooling)
    _check_image_shape(backbone, image_shape)
    # 1 and 1.0 are equal keys but different depths
    kind = type(trainable_layers)
    # Cached: a search asks for the same few shapes hundreds of times.
    return _probe_named(backbone, width, kind, trainable_layers, image_shape, pooling)


def _check_image_shape(name, image_shape):
    height, width, channels = image_shape
    if channels not in (1, 3):
        raise ValueError(
            f"{name} takes images of 1 or 3 channels, but X has {channels}. Choose one or three "
            "of them before."
        )
    row = BACKBONES.get(name) or FOUNDATION.get(name)
    if row is not None and min(height, width) < row.minimum:
        raise ValueError(
            f"{name} takes images of at least {row.minimum}x{row.minimum}, but X has "
            f"{height}x{width}. Resize them before, or take a backbone with a smaller minimum, "
            "resnet18 for one."
        )


@functools.lru_cache(maxsize=64)
def _probe_named(name, width, kind, trainable_layers, image_shape, pooling):
    """Run the network on nothing, on the device without memory where it can."""
    if name in BACKBONES or (name in FOUNDATION and FOUNDATION[name].network in BACKBONES):
        backbone = build_backbone(name, width=width, init_weights=False).to("meta")
        return _probe(backbone.freeze(trainable_layers), image_shape, pooling, name)
    for device in ("meta", "cpu"):
        backbone = _built_on(device, name, width, trainable_layers)
        try:
            values = _values(backbone, image_shape)
        except Exception as error:  # networks of timm raise whatever they like
            if device == "cpu":
                size = "x".join(map(str, image_shape[:2]))
                raise ValueError(
                    f"{name} cannot take images of {size} ({_first_line(error)}). Resize them to "
                    "those that it was trained on, as skmedimg.images.ImageLoader does."
                ) from error
        else:
            return _shapes_of(backbone, *values, pooling, name)


def _built_on(device, name, width, trainable_layers):
    """Return a backbone on a device; where it cannot be built without memory, on the CPU."""
    try:
        with torch.device(device):
            return build_backbone(name, width=width, init_weights=False).freeze(trainable_layers)
    except (ImportError, OSError, ValueError):
        raise
    except Exception:  # not every network of timm can be built on the meta device
        return build_backbone(name, width=width, init_weights=False).freeze(trainable_layers)


def _first_line(error):
    return str(error).partition("\n")[0] or type(error).__name__


def _probe_own(network, trainable_layers, image_shape, pooling):
    backbone = build_backbone(network).freeze(trainable_layers)
    name = type(network).__name__
    try:
        values = _values(backbone, image_shape)
    except Exception as error:  # the network is the user's: it may raise anything
        size = "x".join(map(str, image_shape))
        raise ValueError(
            f"The backbone {name} cannot take {size} images: it has to map a float tensor "
            "(n, channels, height, width) to (n, width, h, w) or (n, width). "
            f"It says: {error}"
        ) from error
    return _shapes_of(backbone, *values, pooling, f"the backbone {name}")


def _probe(backbone, image_shape, pooling, name):
    return _shapes_of(backbone, *_values(backbone, image_shape), pooling, name)


@torch.no_grad()
def _values(backbone, image_shape):
    """Return the activation at the cut and the last map of two images of nothing."""
    like = next(backbone.parameters(), torch.zeros(0))
    height, width, channels = image_shape
    # Two images, so that a network that mixes up batch and channels is noticed.
    images = torch.zeros(2, channels, height, width, device=like.device, dtype=like.dtype)
    activation = backbone.eval().forward_frozen(images)
    maps = backbone.forward_trainable(activation)
    known = (2, 4) if backbone.n_prefix is None and backbone.pooling != "own" else (2, 3, 4)
    if maps.ndim not in known or len(maps) != 2 or not maps.is_floating_point():
        raise ValueError(f"two images became {maps.dtype} of shape {tuple(maps.shape)}.")
    return activation, maps


@torch.no_grad()
def _shapes_of(backbone, activation, maps, pooling, name):
    check_pooling(pooling, maps, name, n_prefix=backbone.n_prefix, has_class=backbone.has_class)
    n_features = backbone.pool(maps, pooling).shape[1]
    is_pooled = backbone.cut == len(backbone.steps)
    return (n_features,) if is_pooled else tuple(activation.shape[1:]), n_features
