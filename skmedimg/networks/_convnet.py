"""The plain convolutional network: blocks of convolutions and pooling, then dense layers."""

from dataclasses import dataclass

from torch import nn

from skmedimg.networks._blocks import INCREASING_ACTIVATIONS, Dropout, new_activation, norm_2d
from skmedimg.networks._mlp_network import mlp

POOLS = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}

PARTS = ("conv", "norm", "act", "pool")


@dataclass(frozen=True)
class ConvBlock:
    """The settings of one block of convolutions.

    Parameters
    ----------
    filters : int
        Channels of its output.
    kernel_size : int
        Side of the filters, in pixels.
    convs : int
        Number of convolutions.
    padding : {"same", "valid"}
        "same" keeps the size of the image; "valid" shrinks it at the borders.
    pool : {"max", "avg"}
        Pooling over 2x2 pixels.
    dropout : float
        Share of the values that are dropped at its end, in training.

    Examples
    --------
    >>> from skmedimg.networks import ConvBlock
    >>> ConvBlock(32, 3, 1, "valid", "max", 0.0).output_size((64, 64))
    (31, 31)
    """

    filters: int
    kernel_size: int
    convs: int
    padding: str
    pool: str
    dropout: float

    def after_convolutions(self, size):
        """Return (height, width) after the convolutions."""
        lost = self.convs * (self.kernel_size - 1) if self.padding == "valid" else 0
        return tuple(side - lost for side in size)

    def window(self, size):
        """Return the pooling window: 2, or 1 along a side that is only 1 pixel long."""
        return tuple(min(2, side) for side in self.after_convolutions(size))

    def output_size(self, size):
        """Return (height, width) after the whole block."""
        sides = zip(self.after_convolutions(size), self.window(size), strict=True)
        return tuple(side // window for side, window in sides)


def convnet(
    image_shape,
    n_outputs,
    blocks,
    *,
    activation,
    norm,
    block_order,
    global_pool,
    dense_units,
    dropout,
):
    """Build a convolutional network, from images (n, channels, height, width) to logits.

    Parameters
    ----------
    image_shape : tuple of int (height, width, channels)
        Shape of one image.
    n_outputs : int
        Number of logits: classes, or 1 for two classes.
    blocks : sequence of ConvBlock
        The convolutional blocks, from the image on.
    activation : str or callable
        As in `mlp`.
    norm : {"batch", "group"} or None
        Kind of normalization layers; None leaves them out.
    block_order : sequence of str
        Order of "conv", "norm", "act" and "pool" in a block; "norm" may be left out. What stands
        before "pool" is repeated for each convolution.
    global_pool : bool
        Whether the mean over each channel of the last map goes on, or all of its pixels.
    dense_units : sequence of int
        Units of the dense layers before the logits.
    dropout : sequence of float
        Share dropped behind each dense layer; an empty one drops nothing.

    Returns
    -------
    network : torch.nn.Sequential
        The blocks, pooling and the dense layers.

    See Also
    --------
    mlp : Build a multi-layer perceptron, from rows (n, n_inputs) to logits (n, n_outputs).

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import ConvBlock, convnet
    >>> network = convnet(
    ...     (32, 32, 1), 3, [ConvBlock(8, 3, 1, "same", "max", 0.0)],
    ...     activation="relu", norm=None, block_order=("conv", "act", "pool"),
    ...     global_pool=False, dense_units=(16,), dropout=(),
    ... )
    >>> network(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 3])
    """
    *size, channels = image_shape
    body = []
    for number, block in enumerate(blocks, start=1):
        _refuse_vanishing(image_shape, size, block, number)
        body.append(
            _block_layers(channels, block, block.window(size), activation, norm, block_order)
        )
        size, channels = block.output_size(size), block.filters
    pooled = [nn.AdaptiveAvgPool2d(1)] if global_pool else []
    features = channels if global_pool else channels * size[0] * size[1]
    head = mlp(features, dense_units, n_outputs, activation=activation, dropout=dropout)
    return nn.Sequential(nn.Sequential(*body), *pooled, nn.Flatten(), head)


def _block_layers(channels, block, window, activation, norm, block_order):
    pool_at = block_order.index("pool")
    layers = []
    # Pooling, and what follows it in the order, comes once, after the last convolution of a block.
    for number in range(1, block.convs + 1):
        last = number == block.convs
        for part in _fast_order(block_order, block, activation) if last else block_order[:pool_at]:
            layers += _part(part, channels, block, window, activation, norm)
        channels = block.filters
    return nn.Sequential(*layers, *([Dropout(block.dropout)] if block.dropout else []))


def _fast_order(block_order, block, activation):
    """Return the order of layers with "act" after "pool" where that gives the same numbers."""
    # Max-pooling keeps the largest value before or after an increasing activation, and the gradient
    # reaches the same pixel; activating the quarter that is left saves a tenth of a step.
    order = "-".join(block_order)
    if block.pool == "max" and activation in INCREASING_ACTIVATIONS:
        order = order.replace("act-pool", "pool-act")
    return order.split("-")


def _part(part, channels, block, window, activation, norm):
    if part == "conv":
        return [nn.Conv2d(channels, block.filters, block.kernel_size, padding=block.padding)]
    if part == "norm":
        return norm_2d(norm, block.filters)
    return [new_activation(activation)] if part == "act" else [POOLS[block.pool](window)]


def _refuse_vanishing(image_shape, size, block, number):
    """Raise if the convolutions of a block leave nothing of images of a size."""
    if min(block.after_convolutions(size)) < 1:
        raise ValueError(
            f"Images of {image_shape[0]}x{image_shape[1]} are too small: block {number} gets "
            f"{size[0]}x{size[1]} and its {block.convs} convolution(s) of {block.kernel_size}x"
            f"{block.kernel_size} with padding='valid' leave nothing. Use larger images, fewer "
            "filters (blocks) or padding='same'."
        )
