"""Backbones: published networks without their heads, frozen up to a step that can be chosen."""

import copy
import functools

import torch
from torch import nn
from torchvision import models

from skmedimg.networks._backbone_steps import GrayConv2d, own_stochastic_depth, steps_of
from skmedimg.networks._backbone_table import BACKBONES
from skmedimg.networks._blocks import own_dropout
from skmedimg.networks._efficientnet_lite import efficientnet_lite0
from skmedimg.networks._foundation_table import FOUNDATION
from skmedimg.networks._freeze import block_layers, count_trainable, weight_layers
from skmedimg.networks._pooling import pooled_parts
from skmedimg.networks._timm import TIMM, timm_backbone


class Backbone(nn.Module):
    """A network from images to a feature map, in steps, of which the first may be frozen.

    Parameters
    ----------
    network : torch.nn.Module
        The whole pretrained network.
    steps : list of torch.nn.Module
        Its parts, which run one after another; see `steps_of`.
    norms : {"after", "before"}, default="after"
        On which side of a weight layer its own norm stands.
    mean, std : sequence of float or None, default=None
        Subtracted from, and divided into, each channel of images in [0, 1].
    gray : {"repeat", "sum"}, default="repeat"
        "sum": the first convolution takes images of one channel.
    neck : str, default=""
        Name of a norm behind pooling that belongs to the features.
    channels : int or None, default=None
        Channels that the first step takes, where they are not those of `mean`: one channel is
        repeated to three, three become one.
    pooling : {"avg", "cls", "cls+avg", "own"}, default="avg"
        What "auto" means: what the authors take; "own" is `network.pool(features)`.
    n_prefix : int or None, default=None
        Where the steps return tokens: how many of them belong to no patch and come first.
    has_class : bool, default=False
        Whether the first token is a class token.
    blocks : list of lists of str or None, default=None
        Names of the parameters that are frozen as a whole, first to last; None counts weight
        layers.

    Attributes
    ----------
    cut : int
        Number of steps that are frozen.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import build_backbone
    >>> backbone = build_backbone("resnet18").freeze(1)
    >>> maps = backbone(torch.zeros(2, 1, 64, 64))
    >>> maps.shape, backbone.pool(maps, "avg").shape
    (torch.Size([2, 512, 2, 2]), torch.Size([2, 512]))
    """

    def __init__(
        self,
        network,
        steps,
        *,
        norms="after",
        mean=None,
        std=None,
        gray="repeat",
        neck="",
        channels=None,
        pooling="avg",
        n_prefix=None,
        has_class=False,
        blocks=None,
    ):
        super().__init__()
        self.network = network
        self.steps = steps  # a plain list: the parts are registered once, in the network
        self.norms = norms
        self.gray = gray
        self.neck = neck
        self.channels = channels
        self.pooling = pooling
        self.n_prefix = n_prefix
        self.has_class = has_class
        self.blocks = blocks
        for constant, values in (("mean", mean), ("std", std)):
            channels = None if values is None else torch.tensor(values).reshape(1, -1, 1, 1)
            self.register_buffer(constant, channels, persistent=False)
        self.source = None  # what identifies the weights in this process, if anything does
        self.is_paused = False
        self.freeze(0)

    def freeze(self, trainable_layers):
        """Freeze all but the last weight layers or blocks, and return the backbone.

        `cut` becomes the first step that has a trainable parameter.
        """
        # bool(): torch refuses the numpy.bool that comparing a numpy string gives
        self.network.requires_grad_(bool(trainable_layers == "all"))
        for parameter in [p for layer in self.last_layers(trainable_layers) for p in layer]:
            parameter.requires_grad_(True)
        self._trainable_params = [p for p in self.network.parameters() if p.requires_grad]
        trainable = [k for k, step in enumerate(self.steps) if True in _flags(step)]
        self.cut = min(trainable, default=len(self.steps))
        # Parts without parameters belong to the trainable ones too: dropout acts in training alone.
        self._trainable_modules = [
            part
            for step in self.steps[self.cut :]
            for part in step.modules()
            if _flags(part) != {False}
        ]
        # Frozen BatchNorm uses its running statistics in training too; see train().
        self.network.eval()
        return self.train(self.training)

    def pause_training(self, paused=True):
        """Freeze the trainable layers too, running statistics included, or unfreeze them again."""
        self.is_paused = paused
        for parameter in self._trainable_params:
            parameter.requires_grad_(not paused)
        self.train(self.training)

    def last_layers(self, trainable_layers):
        """Return the parameters of the last weight layers or blocks, first to last."""
        if self.blocks is None:
            layers, unit = weight_layers(self.network, self.norms), "weight layers"
        else:
            layers, unit = block_layers(self.network, self.blocks), "blocks"
        return layers[len(layers) - count_trainable(trainable_layers, len(layers), unit) :]

    def train(self, mode=True):
        """Switch the trainable parts to training; the frozen ones stay in evaluation mode."""
        self.training = mode
        for part in self._trainable_modules:
            part.training = mode and not self.is_paused
        return self

    def fix_image_size(self, height, width):
        """Compute what depends on the image size alone once, for images of this size only."""
        for step in self.steps:
            if hasattr(step, "fix_image_size"):
                step.fix_image_size(height, width)

    def forward(self, images):
        """Return the feature map (n, width, h, w) of images (n, channels, height, width)."""
        return self.forward_trainable(self.forward_frozen(images))

    def forward_frozen(self, images):
        """Return the activation at the cut, from images (n, channels, height, width)."""
        if self.cut == 0:
            return self.normalize(images)
        # No graph is kept for what is never trained.
        with torch.no_grad():
            return _run(self.steps[: self.cut], self.normalize(images))

    def forward_trainable(self, activation):
        """Return the feature map (n, width, h, w), from the activation at the cut."""
        return _run(self.steps[self.cut :], activation)

    def pool(self, maps, pooling):
        """Return rows of features (n, n_features) of feature maps or tokens."""
        if pooling == "auto":
            pooling = self.pooling
        if pooling == "own":
            return self.network.pool(maps)
        parts = pooled_parts(maps, pooling, self.n_prefix)
        if self.neck:
            # ConvNeXt's LayerNorm2d needs maps, of one pixel here
            parts = [self.network.get_submodule(self.neck)(part) for part in parts]
        return torch.cat([part.flatten(1) for part in parts], 1)

    def normalize(self, images):
        """Return images with mean and std of the published weights subtracted and divided."""
        images = _as_channels(images, self.channels)
        if self.mean is None:
            return images
        if images.shape[1] == 1 and self.gray == "sum":
            return images  # the first convolution does it
        return (images - self.mean) / self.std


def build_backbone(backbone, *, width=1.0, gray="repeat", init_weights=True):
    """Build a published architecture without its head, or take one's own network, all frozen.

    Parameters
    ----------
    backbone : str or torch.nn.Module
        A name of `BACKBONES` or `FOUNDATION`, "timm:NAME", or a network from images to a feature
        map, which is copied.
    width : float, default=1.0
        Width of mobilenet_v2.
    gray : {"repeat", "sum"}, default="repeat"
        How images of one channel are taken; "sum" is faster and rounds differently.
    init_weights : bool, default=True
        False: the weights hold anything, for `fill_backbone` to replace.

    Returns
    -------
    backbone : Backbone
        With random weights; `fill_backbone` and `read_weights` put published ones in.

    Examples
    --------
    >>> from skmedimg.networks import build_backbone
    >>> backbone = build_backbone("mobilenet_v2", width=0.5)
    >>> len(backbone.last_layers("all"))
    52
    """
    if isinstance(backbone, nn.Module):
        return _own_backbone(backbone)
    _check_width(backbone, width)
    if backbone.startswith(TIMM):
        network, steps, facts = timm_backbone(backbone)
        return Backbone(network, steps, **facts)
    if backbone in FOUNDATION:
        return _foundation_backbone(FOUNDATION[backbone], gray, init_weights)
    return _table_backbone(backbone, backbone_row(backbone), width, gray, init_weights)


def backbone_row(name):
    """Return the row of a backbone of the table."""
    if name not in BACKBONES:
        raise ValueError(
            f"backbone={name!r} is unknown. Known are {', '.join([*BACKBONES, *FOUNDATION])}; "
            '"timm:NAME" with pip install "skmedimg[timm]"; or pass a torch.nn.Module of your own.'
        )
    return BACKBONES[name]


def _table_backbone(name, row, width, gray, init_weights, **facts):
    network = _network(name, row, width, init_weights)
    if facts.get("channels") == 1:
        network.set_submodule(row.first, _of_one_channel(network.get_submodule(row.first)))
    elif gray == "sum":
        # In place: the published names of the weights stay.
        first = network.get_submodule(row.first)
        network.set_submodule(row.first, GrayConv2d(first, row.mean, row.std))
        facts["gray"] = gray
    own_stochastic_depth(network)
    steps = steps_of(network, row.stages)
    has_class = row.pooling == "cls"
    facts = {"pooling": row.pooling, "has_class": has_class, **facts}
    return Backbone(
        network,
        steps,
        norms=row.norms,
        mean=row.mean,
        std=row.std,
        neck=row.neck,
        n_prefix=1 if has_class else None,
        blocks=_names_of_steps(network, steps) if row.counts_blocks else None,
        **facts,
    )


def _foundation_backbone(row, gray, init_weights):
    facts = {"pooling": row.pooling}
    if row.channels == 1:
        facts["channels"] = 1
    if row.network.startswith(TIMM):
        network, steps, known = timm_backbone(row.network, row.options)
        return Backbone(network, steps, **{**known, **facts, "mean": row.mean, "std": row.std})
    base = BACKBONES[row.network]._replace(mean=row.mean, std=row.std)
    return _table_backbone(row.network, base, 1.0, gray, init_weights, **facts)


def _of_one_channel(convolution):
    """Return a convolution like another, from one channel."""
    like = convolution
    return nn.Conv2d(
        *(1, like.out_channels, like.kernel_size, like.stride, like.padding),
        bias=like.bias is not None,
    )


def _names_of_steps(network, steps):
    """Return the names of the parameters of each step."""
    names = {id(p): name for name, p in network.named_parameters()}
    return [[names[id(p)] for p in step.parameters()] for step in steps]


def _network(name, row, width, init_weights):
    """Return a network of the table without its head; uninitialized it takes milliseconds."""
    vgg = name.startswith("vgg")  # its head, left out, has seven times the weights of the rest
    if init_weights and not vgg:
        return _headless(name, row, width, init_weights)
    # Copying a network without memory is much faster than building one.
    network = copy.deepcopy(_blueprint(name, row, width)).to_empty(device="cpu")
    return network.apply(_init_like_vgg) if init_weights else network


@functools.lru_cache(maxsize=16)
def _blueprint(name, row, width):
    """Build a network without memory, once for all fits."""
    with torch.device("meta"):
        return _headless(name, row, width, init_weights=False)


def _headless(name, row, width, init_weights):
    options = _options(name, width, init_weights)
    if name == "efficientnet_lite0":
        return efficientnet_lite0()  # torchvision has none; ours is built without a head
    if name == "regnet_y_400mf":
        with torch.device("cpu"):  # its widths are computed with tensors, which need memory
            widths = _regnet_widths()
        network = models.RegNet(widths)
    else:
        network = models.get_model(name, **options)
    # Identity in their place: the names of all other tensors stay those of the published files.
    for part in filter(None, (row.head, row.spare)):
        network.set_submodule(part, nn.Identity())
    return own_dropout(network)


def _check_width(name, width):
    if width != 1.0 and name != "mobilenet_v2":
        raise ValueError(f"width={width} is for mobilenet_v2 alone; {name} needs width=1.0.")


def _options(name, width, init_weights):
    options = {"weights": None}
    if name == "mobilenet_v2":
        options["width_mult"] = width
    if name == "inception_v3":
        # Left out, torchvision warns and initializes slowly; and images are
        # normalized in `Backbone`, so that the network must not do it once more.
        options |= {"init_weights": init_weights, "transform_input": False}
    return options


def _regnet_widths():
    """Compute the widths of RegNet-Y 400MF, which needs tensors with memory."""
    return models.regnet.BlockParams.from_init_params(
        depth=16, w_0=48, w_a=27.89, w_m=2.09, group_width=8, se_ratio=0.25
    )


def _init_like_vgg(module):
    """Initialize the weights of a module as torchvision's VGG does, in place."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()


def _own_backbone(network):
    network = own_dropout(nn.Sequential(copy.deepcopy(network)))
    # own_dropout replaces children, so the container allows for a network that is a Dropout.
    inner = network[0]
    # A Sequential with a forward of its own may not run its children in order.
    plain = type(inner).forward is nn.Sequential.forward
    steps = list(inner) if plain else [inner]
    mean, std = (getattr(inner, name, None) for name in ("mean", "std"))
    first = next((part for part in inner.modules() if isinstance(part, nn.Conv2d)), None)
    channels = 3 if first is not None and first.in_channels == 3 else None
    return Backbone(inner, steps, mean=mean, std=std, channels=channels)


# Of red, green and blue in gray, as in `skmedimg.images` (ITU-R 601).
_LUMA = (0.299, 0.587, 0.114)


def _as_channels(images, channels):
    """Return images with one channel repeated to three, or three made gray, where that is asked."""
    if channels == 3 and images.shape[1] == 1:
        return images.expand(-1, 3, -1, -1)
    if channels == 1 and images.shape[1] == 3:
        return (images * images.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return images


def _run(steps, values):
    for step in steps:
        values = step(values)
    return values


def _flags(module):
    """Return the values of `requires_grad` that the parameters of a module have."""
    return {p.requires_grad for p in module.parameters()}
