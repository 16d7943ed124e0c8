"""Backbones: published networks without their heads, to be cut, frozen, fed and pooled."""

import copy
import functools

import torch
from torch import nn
from torchvision import models

from skmedimg.networks._backbone_steps import GreyConv2d, own_stochastic_depth, steps_of
from skmedimg.networks._backbone_table import ROWS
from skmedimg.networks._blocks import own_dropout
from skmedimg.networks._freeze import count_trainable, weight_layers
from skmedimg.networks._timm import TIMM, timm_backbone


class Backbone(nn.Module):
    """A network from images to a feature map, in steps, of which the first may be frozen.

    Parameters
    ----------
    network : nn.Module
        Owner of all parameters, under their published names.
    steps : list of nn.Module
        Parts of the network in running order.
    norms : {"after", "before"}, default="after"
        On which side of a weight layer its own norm stands.
    mean, std : tuple of float or None, default=None
        What normalises images in [0, 1]; None leaves them, and their channels, as they are.
    grey : {"repeat", "sum"}, default="repeat"
        How grey images meet three channels.
    neck : str, default=""
        Part of the network that is applied to the pooled features.
    """

    def __init__(
        self, network, steps, *, norms="after", mean=None, std=None, grey="repeat", neck=""
    ):
        super().__init__()
        self.network = network
        self.steps = steps  # a plain list: the parts are registered once, in the network
        self.norms = norms
        self.grey = grey
        self.neck = neck
        for constant, values in (("mean", mean), ("std", std)):
            channels = None if values is None else torch.tensor(values).reshape(1, -1, 1, 1)
            self.register_buffer(constant, channels, persistent=False)
        self.source = None  # what identifies the weights in this process, if anything does
        self.is_held = False
        self.freeze(0)

    def freeze(self, trainable_layers):
        """Leave only the last weight layers open to training, each with its own norm.

        Parameters
        ----------
        trainable_layers : int, float or "all"
            So many of them; a float is a share of all.

        Returns
        -------
        backbone : Backbone
            Itself. `cut` is the first step that holds an open parameter.
        """
        self.network.requires_grad_(
            bool(trainable_layers == "all")
        )  # numpy.bool is no bool to torch
        for parameter in [p for layer in self.last_layers(trainable_layers) for p in layer]:
            parameter.requires_grad_(True)
        self._opened = [p for p in self.network.parameters() if p.requires_grad]
        opened = [k for k, step in enumerate(self.steps) if _flags(step) - {False}]
        self.cut = min(opened, default=len(self.steps))
        self._awake = [
            part for step in self.steps[self.cut :] for part in step.modules()
            if _flags(part) != {False}
        ]  # fmt: skip
        self.network.eval()
        return self.train(self.training)

    def hold(self, held=True):
        """Keep what is open from being trained for a while, and its statistics from moving.

        Parameters
        ----------
        held : bool, default=True
            False lets go.
        """
        self.is_held = held
        for parameter in self._opened:
            parameter.requires_grad_(not held)
        self.train(self.training)

    def last_layers(self, trainable_layers):
        """Return the parameters of the last weight layers, first to last.

        Parameters
        ----------
        trainable_layers : int, float or "all"

        Returns
        -------
        layers : list of list of nn.Parameter
        """
        layers = weight_layers(self.network, self.norms)
        return layers[len(layers) - count_trainable(trainable_layers, len(layers)) :]

    def train(self, mode=True):
        """Switch to training what is open; what is frozen stays in evaluation mode."""
        self.training = mode
        for part in self._awake:
            part.training = mode and not self.is_held
        return self

    def settle(self, height, width):
        """Keep from now on to images of one size: what depends on it alone becomes a constant.

        Parameters
        ----------
        height, width : int
        """
        for step in self.steps:
            if hasattr(step, "settle"):
                step.settle(height, width)

    def forward(self, images):
        """Return the feature map (n, width, h, w) of images (n, channels, height, width)."""
        return self.finish(self.begin(images))

    def begin(self, images):
        """Return what the steps before the cut make of images."""
        if self.cut == 0:
            return self.normalise(images)
        with torch.no_grad():
            return _run(self.steps[: self.cut], self.normalise(images))

    def finish(self, activation):
        """Return the feature map, from the activation at the cut."""
        return _run(self.steps[self.cut :], activation)

    def pool(self, maps, pooling):
        """Return rows of features (n, n_features) of feature maps.

        Parameters
        ----------
        maps : Tensor (n, width, h, w) or (n, width)
        pooling : {"avg", "max", "flatten"}

        Returns
        -------
        rows : Tensor (n, n_features)
        """
        if pooling != "flatten" and maps.ndim == 4:
            reduce = torch.mean if pooling == "avg" else torch.amax
            maps = reduce(maps, (2, 3), keepdim=True)
        return (self.network.get_submodule(self.neck)(maps) if self.neck else maps).flatten(1)

    def normalise(self, images):
        """Return images as the first step takes them."""
        if self.mean is None:
            return images
        if images.shape[1] == 1 and self.grey == "sum":
            return images  # the first convolution does it
        return (images - self.mean) / self.std


def build_backbone(backbone, *, width=1.0, grey="repeat", drawn=True):
    """Return a published architecture without its head, or a network of one's own, all frozen.

    Parameters
    ----------
    backbone : str or nn.Module
        A row of the table, "timm:NAME", or a network, which is copied.
    width : float, default=1.0
        Multiplier of the number of channels, of mobilenet_v2 alone.
    grey : {"repeat", "sum"}, default="repeat"
    drawn : bool, default=True
        Draw the weights from torch's global generator; False leaves them to be filled.

    Returns
    -------
    backbone : Backbone

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks._backbones import build_backbone
    >>> backbone = build_backbone("squeezenet1_1", drawn=False)
    >>> backbone(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 512, 3, 3])
    """
    if isinstance(backbone, nn.Module):
        return _own_backbone(backbone)
    if backbone.startswith(TIMM):
        network, facts = timm_backbone(backbone)
        return Backbone(own_dropout(network), [network], **facts)
    row = backbone_row(backbone)
    network = _network(backbone, row, width, drawn)
    if grey == "sum":
        first = network.get_submodule(row.first)
        network.set_submodule(row.first, GreyConv2d(first, row.mean, row.std))
    own_stochastic_depth(network)
    return Backbone(
        network, steps_of(network, row.stages), norms=row.norms,
        mean=row.mean, std=row.std, grey=grey, neck=row.neck,
    )  # fmt: skip


def backbone_row(name):
    """Return the row of a backbone of the table.

    Parameters
    ----------
    name : str

    Returns
    -------
    row : Row
    """
    if name not in ROWS:
        raise ValueError(
            f'backbone={name!r} is unknown. Known are {", ".join(ROWS)}; "timm:NAME" with '
            'pip install "skmedimg[timm]"; or pass a torch.nn.Module of your own.'
        )
    return ROWS[name]


def _network(name, row, width, drawn):
    """Return a torchvision network without its head; without drawing that takes milliseconds."""
    vgg = name.startswith("vgg")  # its head, left out, has seven times the weights of the rest
    if drawn and not vgg:
        return _headless(name, row, width, drawn)
    network = copy.deepcopy(_blueprint(name, row, width)).to_empty(device="cpu")
    return network.apply(_draw_like_vgg) if drawn else network


@functools.lru_cache(maxsize=16)
def _blueprint(name, row, width):
    """Build a network without memory, once for all fits."""
    with torch.device("meta"):
        return _headless(name, row, width, drawn=False)


def _headless(name, row, width, drawn):
    if name == "regnet_y_400mf":
        with torch.device("cpu"):  # computes its widths with tensors
            widths = _regnet_widths()
        network = models.RegNet(widths)
    else:
        network = models.get_model(name, **_options(name, width, drawn))
    for part in filter(None, (row.head, row.spare)):
        network.set_submodule(part, nn.Identity())
    return own_dropout(network)


def _options(name, width, drawn):
    if width != 1.0 and name != "mobilenet_v2":
        raise ValueError(f"width={width} is for mobilenet_v2 alone; {name} needs width=1.0.")
    options = {"weights": None}
    if name == "mobilenet_v2":
        options["width_mult"] = width
    if name == "inception_v3":
        options |= {"init_weights": drawn, "transform_input": False}
    return options


def _regnet_widths():
    """Compute the widths of RegNet-Y 400MF, which needs tensors with memory."""
    return models.regnet.BlockParams.from_init_params(
        depth=16, w_0=48, w_a=27.89, w_m=2.09, group_width=8, se_ratio=0.25
    )


def _draw_like_vgg(module):
    """Draw weights as torchvision's VGG does."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()


def _own_backbone(network):
    network = own_dropout(nn.Sequential(copy.deepcopy(network)))
    inner = network[0]
    plain = type(inner).forward is nn.Sequential.forward
    steps = list(inner) if plain else [inner]
    mean, std = (getattr(inner, name, None) for name in ("mean", "std"))
    return Backbone(inner, steps, mean=mean, std=std)


def _run(steps, values):
    for step in steps:
        values = step(values)
    return values


def _flags(module):
    """Collect whether the parameters of a module are open."""
    return {p.requires_grad for p in module.parameters()}
