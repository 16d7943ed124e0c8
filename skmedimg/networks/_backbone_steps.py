"""A backbone as steps that run one after another, so that it can be cut between any two."""

import torch
from torch import nn
from torch.nn import functional
from torchvision import models
from torchvision.ops import StochasticDepth


def steps_of(network, stages):
    """Return the steps of a torchvision network, as fine as its residuals allow."""
    steps = [step for name in stages for step in _split(network.get_submodule(name))]
    if isinstance(network, models.DenseNet):
        return [*steps, nn.ReLU()]
    if isinstance(network, models.VisionTransformer):
        return [PatchEmbedding(network), *steps, ClassToken()]
    return steps


def _split(module):
    """Cut containers into their parts; a block with a residual stays whole."""
    if isinstance(module, models.densenet._DenseBlock):
        return [_Append(layer) for layer in module.children()]
    if isinstance(module, nn.Sequential):
        return [step for child in module for step in _split(child)]
    return [module]


class _Append(nn.Module):
    """A layer of a dense block: its output is put behind its input."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, maps):
        return torch.cat([maps, self.layer(maps)], 1)


class PatchEmbedding(nn.Module):
    """Images to tokens with their positions, for images of any size.

    The positions were learnt on one grid of patches; on another they are interpolated.
    """

    def __init__(self, network):
        super().__init__()
        self.project = network.conv_proj
        self._network = [network]  # in a list: its other parts are not parts of this step
        self._fixed_positions = None

    def parameters(self, recurse=True):
        """Yield what this step computes with."""
        network = self._network[0]
        yield from self.project.parameters()
        yield from (network.class_token, network.encoder.pos_embedding)

    def fix_image_size(self, height, width):
        """Compute the positions for images of one size once, as constants."""
        down, across = self.project.stride
        self._fixed_positions = self._positions_on(height // down, width // across).detach()

    def forward(self, images):
        patches = self.project(images)
        tokens = patches.flatten(2).transpose(1, 2)
        first = self._network[0].class_token.expand(images.shape[0], -1, -1)
        positions = self._fixed_positions
        if positions is None:
            positions = self._positions_on(*map(int, patches.shape[2:]))  # no part of a trace
        return torch.cat([first, tokens], 1) + positions

    def _positions_on(self, height, width):
        positions = self._network[0].encoder.pos_embedding
        first, grid = positions[:, :1], positions[:, 1:]
        side = round(int(grid.shape[1]) ** 0.5)
        if (side, side) == (height, width):
            return positions
        grid = grid.unflatten(1, (side, side)).permute(0, 3, 1, 2)
        grid = functional.interpolate(grid, (height, width), mode="bicubic", antialias=True)
        return torch.cat([first, grid.flatten(2).transpose(1, 2)], 1)


class ClassToken(nn.Module):
    """Tokens to a feature map of one pixel: the class token, which the published head reads."""

    def forward(self, tokens):
        return tokens[:, 0, :, None, None]


class SkipRows(nn.Module):
    """Stochastic depth with its own generator: a branch is left out, image by image."""

    def __init__(self, p):
        super().__init__()
        self.p = p
        self.generator = None

    def forward(self, branch):
        if not self.training or self.p == 0:
            return branch
        kept = branch.new_empty(len(branch), *[1] * (branch.ndim - 1))
        return branch * kept.bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)


def own_stochastic_depth(module):
    """Replace torchvision's stochastic depth, which draws from the global generator, by ours."""
    for name, child in module.named_children():
        if isinstance(child, StochasticDepth):
            setattr(module, name, SkipRows(child.p))
        else:
            own_stochastic_depth(child)


class GrayConv2d(nn.Conv2d):
    """A first convolution that takes gray images as they are, with the weights of three channels.

    What it computes is the convolution of the gray image, repeated to three channels and
    normalized. As that is linear, the weights are summed over the channels first: a third of
    the products. The mean's share is a convolution too, for padding sets in after normalization.
    """

    def __init__(self, convolution, mean, std):
        like = convolution
        super().__init__(
            3, like.out_channels, like.kernel_size, like.stride, like.padding, like.dilation,
            bias=like.bias is not None, device="meta",
        )  # fmt: skip
        self.weight, self.bias = like.weight, like.bias
        for name, values in (("mean", mean), ("std", std)):
            channels = torch.tensor(values).reshape(1, 3, 1, 1)
            self.register_buffer(name, channels, persistent=False)

    def forward(self, images):
        """Return the maps of images (n, 1, height, width) in [0, 1], or of normalized color."""
        if images.shape[1] != 1:
            return super().forward(images)
        scaled = self.weight / self.std
        maps = self._convolve(images, scaled.sum(1, keepdim=True), self.bias)
        flat = torch.ones_like(images[:1])
        return maps - self._convolve(flat, (scaled * self.mean).sum(1, keepdim=True), None)

    def _convolve(self, images, weight, bias):
        return functional.conv2d(images, weight, bias, self.stride, self.padding, self.dilation)
