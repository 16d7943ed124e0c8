"""Backbones: the table, the weights, the cut and what stays frozen."""

import urllib.error
import urllib.request

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from skmedimg.networks import (
    BACKBONES,
    Backbone,
    StochasticDepth,
    TransferNetwork,
    build_backbone,
    fill_backbone,
    mlp,
    probe_shapes,
    read_weights,
    set_generator,
    steps_of,
)
from skmedimg.networks._backbone_facts import backbone_facts

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# One of each family, with the side of the images it is tried on.
FAMILIES = {
    "resnet18": 40,
    "densenet121": 32,
    "mobilenet_v2": 40,
    "mobilenet_v3_small": 40,
    "efficientnet_b0": 40,
    "convnext_tiny": 40,
    "regnet_y_400mf": 40,
    "shufflenet_v2_x0_5": 40,
    "inception_v3": 80,
    "swin_t": 56,
}

pytestmark = pytest.mark.usefixtures("torch_generator_put_back")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def filled(network):
    """Give a network without memory random weights that keep activations in range."""
    network.to_empty(device="cpu")
    draws = generator()
    for name, value in network.state_dict().items():
        if name.endswith(("running_var", "norm.weight")) or value.ndim == 1:
            value.fill_(1 if not name.endswith(("bias", "running_mean")) else 0.1)
        elif value.is_floating_point():
            value.normal_(0, 2 / max(1, value[0].numel()) ** 0.5, generator=draws)
    return network.eval()


def published(name, **options):
    """A torchvision network, head and all, with random weights of ours."""
    if name in ("regnet_y_400mf", "swin_t"):  # they compute with tensors while they are built
        return models.get_model(name, weights=None, **options).eval()
    with torch.device("meta"):
        network = models.get_model(name, weights=None, **options)
    return filled(network)


def normalized(images, constants=IMAGENET):
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in constants)
    return (images - mean) / std


def ours(name, network, tmp_path, **options):
    """Our backbone with the weights of a torchvision network, by way of a file."""
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    backbone = build_backbone(name, init_weights=False, **options)
    fill_backbone(backbone, read_weights(tmp_path / "weights.pth", name))
    return backbone


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_pooled_features_are_what_torchvision_hands_to_its_own_head(name, tmp_path):
    options = {"transform_input": True, "init_weights": False} if name == "inception_v3" else {}
    network = published(name, **options)
    seen = []
    head = network.get_submodule(BACKBONES[name].head)
    head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    images = torch.rand(2, 3, FAMILIES[name], FAMILIES[name], generator=generator()).double()
    backbone = ours(name, network, tmp_path).double()
    with torch.no_grad():
        network.double()(normalized(images))
        features = backbone.pool(backbone(images), "avg")
    scale = seen[0].abs().max()
    assert scale > 0
    torch.testing.assert_close(features / scale, seen[0] / scale, atol=1e-6, rtol=0)


def test_the_steps_of_a_vision_transformer_are_what_it_computes():
    network = models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=5).eval()
    nn.init.normal_(network.heads.head.weight)
    nn.init.normal_(network.encoder.pos_embedding)
    stages = BACKBONES["vit_b_16"].stages
    backbone = Backbone(network, steps_of(network, stages), norms="before")
    images = torch.rand(2, 3, 32, 32)
    tokens = backbone.pool(backbone(images), "cls")
    torch.testing.assert_close(network.heads(tokens), network(images))
    # 5 by 3 patches and the class token
    assert backbone(torch.rand(2, 3, 40, 24)).shape == (2, 16, 16)


@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
def test_feature_maps_are_those_of_torchvisions_features(name, tmp_path):
    network = published(name)
    images = torch.rand(2, 3, 40, 40, generator=generator())
    backbone = ours(name, network, tmp_path)
    with torch.no_grad():
        maps, expected = backbone(images), network.features(normalized(images))
    torch.testing.assert_close(maps, expected, rtol=0, atol=1e-5 * expected.max().item())


def test_vgg_is_built_and_drawn_like_torchvisions_without_its_head():
    backbone = build_backbone("vgg11_bn")
    with torch.device("meta"):
        features = models.vgg11_bn(weights=None).features
    names = {f"features.{name}": value.shape for name, value in features.state_dict().items()}
    assert {name: v.shape for name, v in backbone.network.state_dict().items()} == names
    deepest = backbone.network.features[25].weight
    assert deepest.std().item() == pytest.approx((2 / (9 * 512)) ** 0.5, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_every_row_runs_at_its_minimum_size_and_yields_its_width(name):
    side = BACKBONES[name].minimum
    (_, n_features) = probe_shapes(name, (side, side, 3))
    assert n_features == BACKBONES[name].width


@pytest.mark.parametrize("name", [name for name, row in BACKBONES.items() if row.minimum > 1])
def test_smaller_images_than_the_minimum_are_refused(name):
    side = BACKBONES[name].minimum
    with pytest.raises(ValueError, match=f"{side}x{side}, but X has {side - 1}x{side}"):
        probe_shapes(name, (side - 1, side, 3))


def test_every_row_names_a_published_network_and_its_normalization():
    of_torchvision = {name: row for name, row in BACKBONES.items() if not row.package}
    assert len(of_torchvision) == len(BACKBONES) - 1
    for name, row in of_torchvision.items():
        weights = models.get_model_weights(name).DEFAULT
        assert weights.transforms().crop_size == [row.size]
        if name != "inception_v3":
            assert (tuple(weights.transforms().mean), tuple(weights.transforms().std)) == IMAGENET


@pytest.mark.slow
def test_the_costs_of_every_row_were_measured_on_this_architecture():
    facts = backbone_facts()
    assert [each.name for each in facts] == list(BACKBONES)
    for each in facts:
        backbone = build_backbone(each.name, init_weights=False)
        assert each.parameters == sum(p.numel() for p in backbone.network.parameters())
        assert 0 < each.seconds < 100
        # four bytes per parameter, and the classifier, which is large in VGG only
        assert each.megabytes > each.parameters * 3.9 / 2**20


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_the_weight_layers_hold_every_parameter_once(name):
    backbone = build_backbone(name, init_weights=False)
    held = [id(p) for layer in backbone.last_layers("all") for p in layer]
    assert sorted(held) == sorted(map(id, backbone.network.parameters()))


@pytest.mark.parametrize(
    ("name", "layers"), [("vgg16", 13), ("resnet50", 53), ("mobilenet_v2", 52)]
)
def test_weight_layers_are_as_many_as_the_papers_count(name, layers):
    assert len(build_backbone(name, init_weights=False).last_layers("all")) == layers


def counts(name, hidden, outputs, trainable_layers=0, width=1.0, shape=(224, 224, 3)):
    """(trainable, all, all with running statistics) of a backbone with a head."""
    cut_shape, n_features = probe_shapes(name, shape, width=width)
    backbone = build_backbone(name, width=width, init_weights=False).freeze(trainable_layers)
    network = TransferNetwork(backbone, mlp(n_features, hidden, outputs), "avg", cut_shape)
    every = sum(p.numel() for p in network.parameters())
    running = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
    opened = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return opened, every, every + running


def test_vgg16_with_its_head_has_the_published_counts():
    assert counts("vgg16", (256, 128), 1) == (164_353, 14_879_041, 14_879_041)


@pytest.mark.parametrize(("depth", "opened"), [(0, 1_838_596), (1, 2_045_956), (2, 2_123_076)])
def test_mobilenet_v2_of_half_width_has_the_published_counts(depth, opened):
    trainable, _, with_running = counts("mobilenet_v2", (1024, 512), 4, depth, 0.5)
    assert (trainable, with_running) == (opened, 2_544_820)


def opened(backbone):
    return [name for name, p in backbone.network.named_parameters() if p.requires_grad]


def test_a_norm_after_its_layer_is_opened_with_it():
    backbone = build_backbone("mobilenet_v2", init_weights=False).freeze(1)
    assert opened(backbone) == [
        "features.18.0.weight", "features.18.1.weight", "features.18.1.bias"
    ]  # fmt: skip


def test_a_norm_before_its_layer_is_opened_with_it():
    backbone = build_backbone("densenet121", init_weights=False).freeze(1)
    layer = "features.denseblock4.denselayer16"
    assert opened(backbone) == [
        f"{layer}.norm2.weight", f"{layer}.norm2.bias", f"{layer}.conv2.weight",
        "features.norm5.weight", "features.norm5.bias",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("depth", "layers"),
    [
        *[(0.0, 0), (0.5, 10), (1.0, 20), ("all", 20)],
        *[(np.int64(2), 2), (np.float32(0.5), 10), (np.str_("all"), 20)],
    ],
)
def test_a_share_of_the_depth_opens_that_share_of_the_layers(depth, layers):
    backbone = build_backbone("resnet18", init_weights=False).freeze(depth)
    weights = [name for name in opened(backbone) if "conv" in name or "downsample.0" in name]
    assert len(weights) == layers
    assert (backbone.cut == 0) == (layers == 20)


def test_more_layers_than_there_are_is_an_error_that_counts_them():
    with pytest.raises(ValueError, match="trainable_layers=14 .* 13 weight layers"):
        build_backbone("vgg16", init_weights=False).freeze(14)


def test_the_cut_does_not_change_what_is_computed():
    backbone = build_backbone("resnet18").eval()
    images = torch.rand(2, 3, 40, 40, generator=generator())
    with torch.no_grad():
        whole = backbone(images)
        for depth in (1, 3, 0.5, "all"):
            backbone.freeze(depth)
            assert torch.equal(backbone.forward_trainable(backbone.forward_frozen(images)), whole)


def test_frozen_parts_stay_bit_equal_while_the_rest_is_trained():
    backbone = build_backbone("resnet18").freeze(2).train()
    frozen = {n: v.clone() for n, v in backbone.state_dict().items() if "layer4.1" not in n}
    images = torch.rand(4, 3, 40, 40, generator=generator())
    before = backbone.forward_frozen(images)
    optimizer = torch.optim.SGD([p for p in backbone.parameters() if p.requires_grad], lr=1.0)
    for _ in range(2):
        backbone.train()
        backbone(images).sum().backward()
        optimizer.step()
    assert torch.equal(backbone.forward_frozen(images), before)
    assert all(torch.equal(backbone.state_dict()[name], value) for name, value in frozen.items())
    moved = backbone.network.layer4[1].bn2
    assert moved.num_batches_tracked == 2
    assert moved.running_mean.abs().max() > 0


def test_a_frozen_batch_norm_between_open_layers_stays_in_evaluation_mode():
    backbone = build_backbone("mobilenet_v2", init_weights=False).freeze(2).train()
    last = backbone.network.features[17].conv
    assert [part.training for part in last] == [False, False, True, True]
    assert last[0][1].training is False
    backbone.eval()
    assert not any(part.training for part in backbone.modules())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "densenet121", "squeezenet1_1", "swin_t"])
def test_summed_and_repeated_gray_give_the_same_up_to_rounding(name, tmp_path):
    network = published(name)
    images = torch.rand(2, 1, 48, 48, generator=generator())
    backbones = [ours(name, network, tmp_path, gray=gray) for gray in ("repeat", "sum")]
    with torch.no_grad():
        repeated, summed = (backbone(images) for backbone in backbones)
        assert torch.equal(backbones[0](images.expand(-1, 3, -1, -1)), repeated)
    torch.testing.assert_close(summed, repeated, rtol=0, atol=3e-5 * repeated.abs().max().item())


def test_summed_gray_keeps_the_published_names_and_takes_color_too():
    backbone = build_backbone("resnet18", gray="sum")
    assert backbone.network.conv1.weight.shape == (64, 3, 7, 7)
    assert backbone(torch.zeros(1, 3, 32, 32)).shape == backbone(torch.zeros(1, 1, 32, 32)).shape


def test_stochastic_depth_draws_from_its_own_generator_and_keeps_the_mean():
    skip = StochasticDepth(0.25).train()
    set_generator(skip, generator(3))
    rows = skip(torch.ones(8000, 1))
    assert sorted(rows.unique().tolist()) == pytest.approx([0, 4 / 3])
    assert rows.mean().item() == pytest.approx(1, abs=0.03)
    assert torch.equal(skip.eval()(rows), rows)


def test_an_open_backbone_draws_nothing_from_the_global_generator():
    backbone = build_backbone("efficientnet_b0", init_weights=False).freeze("all").train()
    assert any(isinstance(part, StochasticDepth) and part.p > 0 for part in backbone.modules())
    state = torch.get_rng_state()
    set_generator(backbone, generator())
    backbone(torch.zeros(2, 3, 32, 32))
    assert torch.equal(torch.get_rng_state(), state)


def test_frozen_parts_share_the_memory_of_the_weights_and_open_parts_copy_them():
    tensors = {n: v.clone() for n, v in build_backbone("resnet18").network.state_dict().items()}
    backbone = build_backbone("resnet18", init_weights=False).freeze(1)
    fill_backbone(backbone, tensors)
    own = backbone.network.state_dict()
    shared = {name for name in own if own[name].data_ptr() == tensors[name].data_ptr()}
    last = {name for name in own if name.startswith(("layer4.1.conv2", "layer4.1.bn2"))}
    assert set(own) - shared == last
    assert all(torch.equal(own[name], tensors[name]) for name in own)


# Weights ---------------------------------------------------------------------------------------


@pytest.fixture
def squeezenet():
    return {n: v.clone() for n, v in build_backbone("squeezenet1_1").network.state_dict().items()}


def loaded(path):
    return read_weights(path, "squeezenet1_1")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensors: tensors,
        lambda tensors: {"state_dict": tensors, "epoch": 3},
        lambda tensors: {"model": {f"module.{name}": v for name, v in tensors.items()}},
    ],
    ids=["plain", "checkpoint", "data parallel"],
)
def test_weights_are_found_in_what_training_scripts_save(wrap, squeezenet, tmp_path):
    torch.save(wrap(squeezenet), tmp_path / "mine.pt")
    found = loaded(tmp_path / "mine.pt")
    assert found.keys() == squeezenet.keys()
    assert all(torch.equal(found[name], squeezenet[name]) for name in found)


def test_safetensors_are_read(squeezenet, tmp_path):
    save_file(squeezenet, tmp_path / "mine.safetensors")
    found = loaded(tmp_path / "mine.safetensors")
    assert all(torch.equal(found[name], squeezenet[name]) for name in squeezenet)


def test_half_precision_files_fill_a_full_precision_backbone(squeezenet):
    backbone = build_backbone("squeezenet1_1", init_weights=False)
    fill_backbone(backbone, {name: value.half() for name, value in squeezenet.items()})
    assert backbone.network.features[0].weight.dtype == torch.float32


def test_missing_unexpected_and_misshapen_weights_are_named(squeezenet):
    squeezenet["stem.weight"] = squeezenet.pop("features.0.weight")
    squeezenet["features.0.bias"] = torch.zeros(7)
    backbone = build_backbone("squeezenet1_1", init_weights=False)
    with pytest.raises(
        ValueError, match="missing: features.0.weight; unexpected: stem.weight"
    ) as e:
        fill_backbone(backbone, squeezenet)
    assert "features.0.bias (7,) instead of (64,)" in str(e.value)


def test_a_head_of_another_size_is_left_out_with_a_notice(squeezenet, tmp_path):
    squeezenet["classifier.1.weight"] = torch.zeros(7, 512, 1, 1)
    torch.save(squeezenet, tmp_path / "seven.pth")
    with pytest.warns(UserWarning, match="classifier of 7 outputs"):
        found = loaded(tmp_path / "seven.pth")
    assert "classifier.1.weight" not in found


def test_the_published_head_is_left_out_without_a_word(squeezenet, tmp_path):
    squeezenet["classifier.1.weight"] = torch.zeros(1000, 512, 1, 1)
    torch.save(squeezenet, tmp_path / "thousand.pth")
    assert "classifier.1.weight" not in loaded(tmp_path / "thousand.pth")


def test_old_densenet_files_are_understood(tmp_path):
    tensors = build_backbone("densenet121").network.state_dict()
    old = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
        for name, value in tensors.items()
        if not name.endswith("num_batches_tracked")
    }
    assert not old.keys() <= tensors.keys()
    torch.save(old, tmp_path / "old.pth")
    backbone = build_backbone("densenet121", init_weights=False)
    fill_backbone(backbone, read_weights(tmp_path / "old.pth", "densenet121"))
    assert torch.equal(backbone.network.features.norm5.bias, tensors["features.norm5.bias"])


def test_a_file_that_would_run_code_is_refused(tmp_path):
    torch.save({"code": np.linalg.norm}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="not a file of tensors alone"):
        loaded(tmp_path / "evil.pth")


def test_a_damaged_file_is_refused_by_name(tmp_path):
    (tmp_path / "half.pth").write_bytes(b"PK\x03\x04 half of a file")
    with pytest.raises(ValueError, match="half.pth"):
        loaded(tmp_path / "half.pth")


def test_a_changed_byte_is_found(squeezenet, tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(squeezenet, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mine\.pth' is not a complete file .* is damaged"):
        loaded(path)


def test_a_truncated_file_is_not_said_to_run_code(squeezenet, tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(squeezenet, path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ValueError, match=r"mine\.pth' is not a complete file of tensors"):
        loaded(path)


@pytest.mark.filterwarnings("ignore:Validating sparse tensor invariants")
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda value: value * torch.nan, "holds NaN or infinite numbers"),
        (lambda value: value.to(torch.complex64), "holds torch.complex64"),
        (lambda value: value.to_sparse(), "is sparse"),
        (lambda value: value[:1, :1, :1, :1].clone().expand(value.shape), "repeats numbers"),
    ],
    ids=["nan", "complex", "sparse", "stride 0"],
)
def test_tensors_that_are_no_weights_are_named(damage, fault, squeezenet, tmp_path):
    squeezenet["features.0.weight"] = damage(squeezenet["features.0.weight"])
    torch.save(squeezenet, tmp_path / "mine.pth")
    with pytest.raises(ValueError, match=rf"mine\.pth' .* 'features\.0\.weight' {fault}"):
        loaded(tmp_path / "mine.pth")


def test_integers_are_no_weights(squeezenet):
    squeezenet["features.0.weight"] = squeezenet["features.0.weight"].to(torch.int8)
    with pytest.raises(ValueError, match=r"another dtype: features\.0\.weight torch\.int8"):
        fill_backbone(build_backbone("squeezenet1_1"), squeezenet)


def test_files_of_weights_are_not_mapped(squeezenet, tmp_path):
    save_file(squeezenet, tmp_path / "mine.safetensors")
    found = loaded(tmp_path / "mine.safetensors")
    # A mapped file that is shortened would kill the process here.
    (tmp_path / "mine.safetensors").write_bytes(b"")
    assert torch.equal(found["features.0.weight"], squeezenet["features.0.weight"])


@pytest.mark.parametrize("content", [b"", b"no header of safetensors at all"])
def test_a_damaged_safetensors_file_is_refused_by_name(content, tmp_path):
    (tmp_path / "half.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="half.safetensors' is not a complete safetensors file"):
        loaded(tmp_path / "half.safetensors")


@pytest.mark.parametrize("saved", [torch.zeros(3), [torch.zeros(3)], {("a", 1): torch.zeros(3)}])
def test_a_file_of_tensors_without_names_is_refused_by_name(saved, tmp_path):
    torch.save(saved, tmp_path / "loose.pth")
    with pytest.raises(ValueError, match=r"loose.pth' holds a \w+, not tensors by name"):
        loaded(tmp_path / "loose.pth")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        loaded(tmp_path / "nowhere.pth")


def test_a_file_written_anew_is_read_anew(squeezenet, tmp_path):
    torch.save(squeezenet, tmp_path / "mine.pth")
    assert loaded(tmp_path / "mine.pth") is loaded(tmp_path / "mine.pth")
    squeezenet["features.0.bias"].fill_(5)
    squeezenet["features.0.weight"] = squeezenet["features.0.weight"].double()
    torch.save(squeezenet, tmp_path / "mine.pth")
    assert loaded(tmp_path / "mine.pth")["features.0.bias"].max() == 5


def test_an_unknown_name_of_weights_lists_the_published_ones():
    with pytest.raises(ValueError, match=r"neither a file nor .* \(DEFAULT, IMAGENET1K_V1\)"):
        loaded("IMAGENET9K")


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Play a machine without a network connection and without files of weights."""

    def unreachable(request, timeout):
        assert timeout <= 10
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))


@pytest.mark.usefixtures("no_network")
def test_without_network_the_error_names_the_file_and_where_to_put_it(tmp_path):
    with pytest.raises(OSError, match="no route") as error:
        loaded("DEFAULT")
    target = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    assert str(target) in str(error.value)
    assert "weights=None" in str(error.value)


def test_a_published_file_put_in_place_is_used(monkeypatch, tmp_path, squeezenet):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(squeezenet, folder / "squeezenet1_1-b8a52dc0.pth")
    assert loaded("DEFAULT").keys() == squeezenet.keys()


def test_published_weights_of_another_width_do_not_exist():
    with pytest.raises(ValueError, match="of width 1.0, and width is 0.5"):
        read_weights("DEFAULT", "mobilenet_v2", width=0.5)
    with pytest.raises(ValueError, match="mobilenet_v2 alone"):
        build_backbone("resnet18", width=0.5)


def test_an_unknown_backbone_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'resnet1' is unknown. Known are vgg11, .*timm:NAME"):
        build_backbone("resnet1")


# Other people's networks -----------------------------------------------------------------------


class Stem(nn.Module):
    mean, std = (0.5,), (0.25,)

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(1, 4, 3)

    def forward(self, images):
        return self.body(images)


def test_a_network_of_ones_own_is_copied_and_normalized_by_what_it_says():
    network = Stem()
    backbone = build_backbone(network)
    images = torch.rand(2, 1, 8, 8, generator=generator())
    assert torch.equal(backbone(images), network((images - 0.5) / 0.25))
    assert backbone.network is not network


def test_a_sequential_network_is_cut_between_its_parts():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 4, 3))
    assert build_backbone(network).freeze(1).cut == 2
    assert probe_shapes(network, (8, 8, 1), trainable_layers=1) == ((2, 6, 6), 4)


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (nn.Conv2d(2, 4, 3), "2 channels"),
        (nn.Flatten(0), "two images became"),
        (nn.LSTM(8, 2), "LSTM cannot take 8x8x1 images"),
    ],
)
def test_a_network_that_is_no_backbone_is_told_what_it_has_to_offer(network, says):
    with pytest.raises(
        ValueError, match=r"\(n, channels, height, width\) to \(n, width, h, w\)"
    ) as e:
        probe_shapes(network, (8, 8, 1))
    assert says in str(e.value)


@pytest.mark.parametrize(
    ("name", "n_features", "last", "cut"),
    [
        ("timm:resnet10t", 512, ("model.layer4.0.",), 0),
        ("timm:vit_tiny_patch16_224", 192, ("model.blocks.11.", "model.norm."), 12),
    ],
)
def test_timm_networks_are_backbones_too(name, n_features, last, cut):
    pytest.importorskip("timm")
    assert probe_shapes(name, (224, 224, 1))[1] == n_features
    backbone = build_backbone(name).freeze(1)
    names = [name for name, _ in backbone.network.named_parameters()]
    assert opened(backbone) == [name for name in names if name.startswith(last)]
    assert backbone.cut == cut


def test_a_file_of_a_timm_network_fills_it_but_for_its_head(tmp_path):
    timm = pytest.importorskip("timm")
    network = timm.create_model("resnet10t", num_classes=7).eval()
    backbone = build_backbone("timm:resnet10t")
    images = torch.rand(2, 3, 64, 64)
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    with pytest.warns(UserWarning, match="classifier of 7 outputs"):
        fill_backbone(backbone, read_weights(tmp_path / "mine.pth", "timm:resnet10t"))
    with torch.inference_mode():
        maps = network.forward_features(backbone.normalize(images))
        torch.testing.assert_close(backbone(images), maps)


@pytest.mark.usefixtures("no_network")
def test_without_network_a_timm_network_is_asked_for_once():
    pytest.importorskip("timm")
    with pytest.raises(OSError, match="no route") as error:
        read_weights("DEFAULT", "timm:resnet10t")
    assert "/timm/resnet10t" in str(error.value)
    assert "model.safetensors elsewhere and pass weights=PATH to it" in str(error.value)


def test_an_unknown_timm_network_is_answered_with_similar_names():
    pytest.importorskip("timm")
    with pytest.raises(ValueError, match="no model 'resnet10'. Similar names: resnet10t"):
        build_backbone("timm:resnet10")
