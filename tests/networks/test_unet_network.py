"""The U-Net has the published size, takes any image and keeps what must stay where it is."""

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from skmedimg.networks import BackboneEncoder, UNet, UNetEncoder, build_backbone

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

pytestmark = pytest.mark.usefixtures("torch_generator_put_back")


def unet(filters=(32, 64, 128), channels=3, out_channels=1, *, up="transpose", norm=None, convs=2):
    encoder = UNetEncoder(channels, filters, norm=norm, convs_per_block=convs)
    return UNet(encoder, out_channels, filters, up=up, norm=norm, convs_per_block=convs)


def random(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_network_has_466529_parameters():
    assert count(unet()) == 466_529


def test_layers_are_those_of_the_published_listing():
    net = unet()
    kinds = [type(part).__name__ for part in net.modules() if not list(part.children())]
    assert kinds.count("Conv2d") == 2 * 5 + 1
    assert kinds.count("ConvTranspose2d") == 2
    assert [step.enlarge.kernel_size for step in net.decoder.steps] == [(2, 2), (2, 2)]
    assert net.head.kernel_size == (1, 1)


def test_forward_is_the_plain_composition_of_torch_layers():
    net = unet((4, 6), channels=1)
    fine, coarse = net.encoder.blocks
    step = net.decoder.steps[0]
    images = random(2, 1, 8, 12)
    bridge = fine(images)
    below = coarse(nn.MaxPool2d(2)(bridge))
    expected = net.head(step.block(torch.cat([bridge, step.enlarge(below)], 1)))
    torch.testing.assert_close(net(images), expected, rtol=0, atol=0)


@pytest.mark.parametrize("up", ["transpose", "bilinear"])
@pytest.mark.parametrize("norm", [None, "batch", "group"])
@pytest.mark.parametrize("size", [(1, 1), (1, 16), (7, 5), (33, 20), (16, 16)])
def test_logits_have_the_size_of_any_image(up, norm, size):
    net = unet((4, 8, 16), out_channels=3, up=up, norm=norm)
    assert net(random(2, 3, *size)).shape == (2, 3, *size)


def test_padding_repeats_the_edge():
    net = unet((4, 8, 16))
    images = random(1, 3, 13, 15)
    padded = torch.cat([images, images[..., -1:]], dim=3)
    padded = torch.cat([padded] + [padded[:, :, -1:]] * 3, dim=2)
    torch.testing.assert_close(net(images), net(padded)[..., :13, :15], rtol=0, atol=0)


def test_bilinear_doubling_is_the_same_before_or_after_its_convolution():
    net = unet((4, 8), up="bilinear")
    convolution, doubling = net.decoder.steps[0].enlarge
    values = random(1, 8, 5, 6)
    torch.testing.assert_close(doubling(convolution(values)), convolution(doubling(values)))


def test_more_convolutions_per_block_and_norms_are_there():
    assert count(unet((4, 8), convs=3)) > count(unet((4, 8), convs=2))
    kinds = {type(part) for part in unet((4, 8), norm="group").modules()}
    assert nn.GroupNorm in kinds
    batch = unet((4, 8), norm="batch")
    normed = [part for part in batch.modules() if isinstance(part, nn.Conv2d)]
    assert [conv.bias is None for conv in normed] == [True] * 6 + [False]


def test_weights_keep_the_variance_of_what_passes():
    net = unet((64,), channels=64, convs=4)
    images = torch.randn((2, 64, 24, 24), generator=torch.Generator().manual_seed(0))
    (last,) = net.encoder(images)
    assert 0.6 < last[..., 4:-4, 4:-4].pow(2).mean() < 1.6


def test_every_parameter_gets_a_gradient():
    net = unet((4, 8, 16), norm="group")
    net(random(2, 3, 16, 16)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in net.parameters())


def backbone_encoder(name, channels=3, trainable_layers="all"):
    backbone = build_backbone(name)
    return BackboneEncoder(backbone.freeze(trainable_layers), (64, 64, channels))


def test_a_resnet_encoder_gives_the_stages_that_torchvision_extracts():
    encoder = backbone_encoder("resnet18").eval()
    nodes = ["relu", "layer1", "layer2", "layer3", "layer4"]
    network = models.resnet18(weights=None)
    network.load_state_dict(encoder.backbone.network.state_dict(), strict=False)
    images = random(2, 3, 64, 96)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in IMAGENET)
    expected = create_feature_extractor(network.eval(), nodes)((images - mean) / std)
    found = encoder(images)
    assert encoder.strides == (2, 4, 8, 16, 32)
    for name, values in zip(nodes, found, strict=True):
        torch.testing.assert_close(values, expected[name])


@pytest.mark.parametrize("name", ["resnet10t", "convnext_atto", "mobilenetv3_small_050"])
def test_a_timm_encoder_gives_the_maps_that_timm_extracts(name):
    timm = pytest.importorskip("timm")
    theirs = timm.create_model(name, features_only=True).eval()
    encoder = backbone_encoder(f"timm:{name}").eval()
    ours = list(encoder.backbone.network.state_dict().values())
    for own, value in zip(ours, theirs.state_dict().values(), strict=False):
        own.copy_(value)  # under other names, in the same order
    images = random(2, 3, 64, 96)
    with torch.no_grad():
        expected = theirs(encoder.backbone.normalize(images))
        found = encoder(images)
    assert encoder.strides == tuple(theirs.feature_info.reduction())
    assert encoder.channels == tuple(theirs.feature_info.channels())
    for ours, values in zip(found, expected, strict=True):
        assert values.abs().max() > 0
        torch.testing.assert_close(ours, values)


@pytest.mark.parametrize(
    "name", ["squeezenet1_1", "mobilenet_v3_small", "densenet121", "efficientnet_lite0"]
)
def test_backbones_of_any_rounding_make_a_unet(name):
    encoder = backbone_encoder(name, channels=1)
    net = UNet(encoder, 2, (4, 8, 12)).eval()
    with torch.no_grad():
        assert net(random(1, 1, 70, 45)).shape == (1, 2, 70, 45)
    widths = [step.enlarge.out_channels for step in net.decoder.steps]
    assert widths == [12] * (len(widths) - 2) + [8, 4]


def test_frozen_parts_of_an_encoder_get_no_gradient():
    encoder = backbone_encoder("resnet18", trainable_layers=5)
    net = UNet(encoder, 1, (4, 8))
    net(random(2, 3, 32, 32)).sum().backward()
    network = encoder.backbone.network
    assert network.conv1.weight.grad is None
    assert network.layer4[1].conv2.weight.grad is not None
    assert all(p.grad is not None for p in net.decoder.parameters())


@pytest.mark.parametrize("name", ["vit_b_16", "swin_t"])
def test_backbones_without_a_pyramid_of_maps_are_refused(name):
    backbone = build_backbone(name, init_weights=False).freeze("all")
    with pytest.raises(ValueError, match="too few sizes for a U-Net"):
        BackboneEncoder(backbone, (64, 64, 3))
    with pytest.raises(ValueError, match="1 or 3 channels, but X has 2"):
        BackboneEncoder(backbone, (64, 64, 2))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vit_tiny_patch16_224", "be an encoder: .* maps of 1/16 .* too few sizes"),
        ("convmixer_768_32", "maps of 1/7 of the image's side, .* needs powers of two"),
        ("maxvit_rmlp_pico_rw_256", r"take images of 96x96 \(.*divisible"),
    ],
)
def test_networks_of_timm_that_are_no_encoders_are_refused(name, says):
    pytest.importorskip("timm")
    name = f"timm:{name}"
    backbone = build_backbone(name, init_weights=False).freeze("all")
    with pytest.raises(ValueError, match=f"{name} cannot .*{says}") as error:
        BackboneEncoder(backbone, (96, 96, 3), name=name)
    assert "\n" not in str(error.value)


def test_strides_that_are_no_powers_of_two_are_refused():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 4, 2, stride=3), nn.Conv2d(4, 4, 2, stride=2)
    )
    with pytest.raises(ValueError, match="maps of 1/6 of the image's side"):
        BackboneEncoder(build_backbone(network), (96, 96, 3))


@pytest.mark.parametrize("given", ["vgg16", "timm:resnet34"])
def test_a_refusal_does_not_recommend_what_was_given(given):
    network = nn.Conv2d(3, 4, 3)  # computes maps of one size
    with pytest.raises(ValueError, match=f"^{given} cannot be an encoder") as error:
        BackboneEncoder(build_backbone(network), (64, 64, 3), name=given)
    assert str(error.value).count(given.removeprefix("timm:")) == 1
    assert "efficientnet_lite0" in str(error.value)
