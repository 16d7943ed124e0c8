"""U-Net: an encoder that halves the size, a decoder that doubles it, and skip connections."""

import torch
from torch import nn
from torch.nn import functional

from skmedimg.networks._blocks import new_activation, norm_2d

UPS = ("transpose", "bilinear")


class UNet(nn.Module):
    """U-Net [1]_, from images of any size to logits per pixel: encoder, decoder, 1x1 convolution.

    Images whose sides the encoder cannot halve often enough are padded by repeating their edge,
    and the logits cropped back.

    Parameters
    ----------
    encoder : UNetEncoder or BackboneEncoder
        Contracting half of the network.
    out_channels : int
        Number of logits per pixel: classes, or 1 for two classes.
    filters : sequence of int
        Channels of the decoder's maps, finest first.
    up : {"transpose", "bilinear"}, default="transpose"
        How a map is doubled: transposed convolution, or interpolation and a 1x1 convolution.
    norm : {"batch", "group"} or None, default=None
        Kind of normalization layers; None leaves them out.
    convs_per_block : int, default=2
        Convolutions in each block.
    activation : str or callable, default="relu"
        As in `mlp`.

    See Also
    --------
    UNetEncoder : Encoder of a U-Net: blocks of 3x3 convolutions with 2x2 max-pooling between them.
    BackboneEncoder
        Encoder of a U-Net: the last feature map of each size that a backbone computes.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox. "U-Net: Convolutional Networks for Biomedical Image
           Segmentation". MICCAI 2015, 234-241. https://doi.org/10.1007/978-3-319-24574-4_28

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import UNet, UNetEncoder
    >>> network = UNet(UNetEncoder(1, (8, 16)), 1, (8, 16))
    >>> network(torch.zeros(2, 1, 33, 20)).shape
    torch.Size([2, 1, 33, 20])
    """

    def __init__(
        self,
        encoder,
        out_channels,
        filters,
        *,
        up="transpose",
        norm=None,
        convs_per_block=2,
        activation="relu",
    ):
        super().__init__()
        self.encoder = encoder
        self.decoder = Decoder(encoder, filters, up, norm, convs_per_block, activation)
        self.head = nn.Conv2d(self.decoder.out_channels, out_channels, 1)
        self.multiple = encoder.strides[-1]
        init_convolutions(self.decoder, activation)
        init_convolutions(self.head, "identity")

    def forward(self, images):
        """Return logits (n, out_channels, height, width) of images (n, channels, height, width)."""
        height, width = images.shape[-2:]
        # Sides that the encoder cannot halve often enough are padded, and the logits cropped back.
        below, right = -height % self.multiple, -width % self.multiple
        if below or right:
            images = functional.pad(images, (0, right, 0, below), mode="replicate")
        logits = self.head(self.decoder(self.encoder(images)))
        return logits[..., :height, :width]


class UNetEncoder(nn.Module):
    """Encoder of a U-Net: blocks of 3x3 convolutions with 2x2 max-pooling between them.

    Parameters
    ----------
    in_channels : int
        Channels of the images.
    filters : sequence of int
        Channels of each block, finest first.
    norm : {"batch", "group"} or None, default=None
        Kind of normalization layers; None leaves them out.
    convs_per_block : int, default=2
        Convolutions in each block.
    activation : str or callable, default="relu"
        As in `mlp`.

    See Also
    --------
    UNet
        U-Net, from images of any size to logits per pixel: encoder, decoder, 1x1
        convolution.

    Examples
    --------
    >>> import torch
    >>> from skmedimg.networks import UNetEncoder
    >>> [maps.shape[1:] for maps in UNetEncoder(1, (8, 16))(torch.zeros(2, 1, 32, 32))]
    [torch.Size([8, 32, 32]), torch.Size([16, 16, 16])]
    """

    def __init__(self, in_channels, filters, *, norm=None, convs_per_block=2, activation="relu"):
        super().__init__()
        self.channels = tuple(filters)
        self.strides = tuple(2**level for level in range(len(filters)))
        widths = (in_channels, *filters)
        self.blocks = nn.ModuleList(
            conv_block(before, after, norm, convs_per_block, activation)
            for before, after in zip(widths, filters, strict=False)
        )
        init_convolutions(self, activation)

    def forward(self, images):
        """Return one feature map per level, finest first."""
        found = []
        for block in self.blocks:
            images = block(functional.max_pool2d(images, 2) if found else images)
            found.append(images)
        return found


class Decoder(nn.Module):
    """From the encoder's feature maps to one map of the size of the image."""

    def __init__(self, encoder, filters, up, norm, convs_per_block, activation):
        super().__init__()
        steps, coarse = [], encoder.channels[-1]
        for skip, width in _decoder_widths(encoder.channels, encoder.strides, filters):
            steps.append(Step(coarse, skip, width, up, norm, convs_per_block, activation))
            coarse = width
        self.steps = nn.ModuleList(steps)
        self.out_channels = coarse

    def forward(self, features):
        """Return a feature map of the image's size."""
        *finer, values = features
        for step in self.steps:
            values = step(values, finer.pop() if step.skip else None)
        return values


class Step(nn.Module):
    """From a feature map to one of twice the size, with the encoder's map of that size joined."""

    def __init__(self, coarse, skip, width, up, norm, convs_per_block, activation):
        super().__init__()
        self.skip = skip
        if up == "transpose":
            self.enlarge = nn.ConvTranspose2d(coarse, width, 2, stride=2)
        else:
            # The 1x1 convolution commutes with the interpolation and is cheaper before it.
            doubled = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
            self.enlarge = nn.Sequential(nn.Conv2d(coarse, width, 1), doubled)
        self.block = conv_block(width + skip, width, norm, convs_per_block, activation)

    def forward(self, values, finer):
        """Return values at twice the size; `finer` is None where there is no skip connection."""
        values = self.enlarge(values)
        return self.block(values if finer is None else torch.cat([finer, values], 1))


def conv_block(before, after, norm, convs, activation):
    """Return a block of `convs` 3x3 convolutions, each with norm and activation."""
    layers = []
    for channels in [before] + [after] * (convs - 1):
        # A norm has a bias of its own.
        layers.append(nn.Conv2d(channels, after, 3, padding=1, bias=norm is None))
        layers += [*norm_2d(norm, after), new_activation(activation)]
    return nn.Sequential(*layers)


def init_convolutions(module, activation):
    """Initialize convolutions by He before rectifying activations, else by Glorot, in place."""
    rectified = activation not in ("tanh", "sigmoid", "identity")
    for part in module.modules():
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            # A convolution that no rectifying activation follows keeps the variance by Glorot.
            doubling = isinstance(part, nn.ConvTranspose2d)
            if rectified and not doubling and part.kernel_size != (1, 1):
                nn.init.kaiming_uniform_(part.weight, nonlinearity="relu")
            else:
                nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _decoder_widths(channels, strides, filters):
    """Return (channels of the skip connection, width) of every doubling, coarsest first."""
    # A size of which the encoder has no map (that of the image in a ResNet) is
    # reached without a skip connection; levels beyond `filters` take its last width.
    skips = dict(zip(strides, channels, strict=True))
    levels = reversed(range(strides[-1].bit_length() - 1))
    return [(skips.get(2**k, 0), filters[min(k, len(filters) - 1)]) for k in levels]
