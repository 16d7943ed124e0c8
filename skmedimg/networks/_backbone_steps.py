"""A backbone as steps that run one after another, any number of which may be frozen."""

import torch
from torch import nn
from torch.nn import functional
from torchvision import models, ops


def steps_of(network, stages):
    """Cut a torchvision network into steps that run one after another.

    Parameters
    ----------
    network : torch.nn.Module
        Such as torchvision.models.resnet18().
    stages : sequence of str
        Names of its parts in the order in which they run, as in `BACKBONES`. Sequential parts are
        cut further; a block with a residual connection is one step.

    Returns
    -------
    steps : list of torch.nn.Module

    Examples
    --------
    >>> from torchvision.models import resnet18
    >>> from skmedimg.networks import BACKBONES, steps_of
    >>> len(steps_of(resnet18(weights=None), BACKBONES["resnet18"].stages))
    12
    """
    steps = [step for name in stages for step in _split(network.get_submodule(name))]
    if isinstance(network, models.DenseNet):
        # torchvision's DenseNet applies this ReLU in its forward, where no child of it shows.
        return [*steps, nn.ReLU()]
    if isinstance(network, models.VisionTransformer):
        # What a ViT does before its encoder is in its forward too.
        return [PatchEmbedding(network), *steps]
    return steps


def _split(module):
    """Return a module as a list of steps; a block with a residual connection is one step."""
    if isinstance(module, models.densenet._DenseBlock):
        # A dense block concatenates all outputs so far:
        # layer by layer, so that the cut may be inside it.
        return [_Append(layer) for layer in module.children()]
    if isinstance(module, nn.Sequential):
        return [step for child in module for step in _split(child)]
    return [module]


class _Append(nn.Module):
    """A layer of a dense block: returns its input with its output concatenated."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, maps):
        return torch.cat([maps, self.layer(maps)], 1)


class PatchEmbedding(nn.Module):
    """From images of any size to tokens of patches, with position embeddings added."""

    def __init__(self, network):
        super().__init__()
        self.project = network.conv_proj
        self._network = [network]  # in a list: its other parts are not parts of this step
        self._fixed_positions = None

    def parameters(self, recurse=True):
        """Yield the parameters that this step uses; two of them belong to other parts."""
        network = self._network[0]
        yield from self.project.parameters()
        yield from (network.class_token, network.encoder.pos_embedding)

    def fix_image_size(self, height, width):
        """Compute the positions for images of one size once, as constants."""
        down, across = self.project.stride
        self._fixed_positions = self._positions_on(height // down, width // across).detach()

    def forward(self, images):
        """Return tokens (n, 1 + n_patches, width), the class token first."""
        patches = self.project(images)
        tokens = patches.flatten(2).transpose(1, 2)
        first = self._network[0].class_token.expand(images.shape[0], -1, -1)
        positions = self._fixed_positions
        if positions is None:
            # int(): a trace would record the sizes otherwise
            positions = self._positions_on(*map(int, patches.shape[2:]))
        return torch.cat([first, tokens], 1) + positions

    def _positions_on(self, height, width):
        """Return the position embeddings for a grid of patches."""
        # They were learned on one square grid; on another they are interpolated.
        positions = self._network[0].encoder.pos_embedding
        first, grid = positions[:, :1], positions[:, 1:]
        side = round(int(grid.shape[1]) ** 0.5)
        if (side, side) == (height, width):
            return positions
        grid = grid.unflatten(1, (side, side)).permute(0, 3, 1, 2)
        grid = functional.interpolate(grid, (height, width), mode="bicubic", antialias=True)
        return torch.cat([first, grid.flatten(2).transpose(1, 2)], 1)


class StochasticDepth(nn.Module):
    """Stochastic depth with its own generator: drop the residual branch of an image.

    Parameters
    ----------
    p : float
        Chance of an image to lose its branch, in training.

    Attributes
    ----------
    generator : torch.Generator or None
        What it draws from; None means torch's global generator. See `set_generator`.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import StochasticDepth
    >>> StochasticDepth(0.5).eval()(torch.ones(2, 3)).sum().item()
    6.0
    """

    def __init__(self, p):
        super().__init__()
        self.p = p
        self.generator = None

    def forward(self, branch):
        """Return the branch (n, ...), in training zero for some images, larger for the others."""
        if not self.training or self.p == 0:
            return branch
        # One draw per image, the same for all of its values;
        # dividing by 1 - p keeps the expected value.
        kept = branch.new_empty(len(branch), *[1] * (branch.ndim - 1))
        return branch * kept.bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)


def own_stochastic_depth(module):
    """Replace torchvision's stochastic depth, which uses the global generator, in place."""
    for name, child in module.named_children():
        if isinstance(child, ops.StochasticDepth):
            setattr(module, name, StochasticDepth(child.p))
        else:
            own_stochastic_depth(child)


class GrayConv2d(nn.Conv2d):
    """A first convolution of three channels that takes gray images without repeating them."""

    # A gray image repeated to three channels, normalized and convolved is linear in the image, so
    # the weights can be summed over the channels first: a third of the multiplications. The mean's
    # part is a convolution too and not a constant, because padding comes after normalization.

    def __init__(self, convolution, mean, std):
        like = convolution
        super().__init__(
            3,
            like.out_channels,
            like.kernel_size,
            like.stride,
            like.padding,
            like.dilation,
            bias=like.bias is not None,
            # The weights of the given convolution are used: none are allocated here.
            device="meta",
        )
        self.weight, self.bias = like.weight, like.bias
        self._kind = type(like)  # which knows how to pad
        for name, values in (("mean", mean), ("std", std)):
            channels = torch.tensor(values).reshape(1, 3, 1, 1)
            self.register_buffer(name, channels, persistent=False)

    def forward(self, images):
        """Return the maps of images (n, 1, height, width) in [0, 1], or of normalized color."""
        if images.shape[1] != 1:
            return super().forward(images)
        scaled = self.weight / self.std
        maps = self._convolve(images, scaled.sum(1, keepdim=True), self.bias)
        # conv((x - mean) / std) = conv(x / std) - conv(mean
        # / std): an image of ones gives the second part.
        flat = torch.ones_like(images[:1])
        return maps - self._convolve(flat, (scaled * self.mean).sum(1, keepdim=True), None)

    def _convolve(self, images, weight, bias):
        return self._kind._conv_forward(self, images, weight, bias)
