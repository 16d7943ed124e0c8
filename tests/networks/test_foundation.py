"""Foundation models: tiny ones with random weights give what their authors' code gives."""

import argparse
import hashlib
import json
import pickle
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torchvision import models

from skmedimg import BackboneFeatures, TransferClassifier, UNetSegmenter
from skmedimg.datasets import make_lesions
from skmedimg.networks import FOUNDATION, build_backbone, fill_backbone, read_weights
from skmedimg.networks._backbone_classifier import _probe_named
from skmedimg.saving import read_card, save

timm = pytest.importorskip("timm")

TINY = {"embed_dim": 32, "depth": 2, "num_heads": 2}
WIDTHS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}

pytestmark = pytest.mark.usefixtures("torch_generator_put_back")


@pytest.fixture
def tiny(monkeypatch):
    """Make the network of a row tiny, and return the row."""

    def shrink(name, **options):
        row = FOUNDATION[name]
        row = row._replace(options={**row.options, **TINY, **options})
        monkeypatch.setitem(FOUNDATION, name, row)
        _probe_named.cache_clear()
        return row

    yield shrink
    _probe_named.cache_clear()  # shapes of the tiny network


def random_images(side, n=2):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def drawn(tensors):
    """Random numbers for all tensors: new networks have zeros and ones in many places."""
    draws = torch.Generator().manual_seed(1)
    return {
        name: torch.rand(value.shape, generator=draws) * 0.4 + 0.1
        for name, value in tensors.items()
    }


def normalized(images, row):
    mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (row.mean, row.std))
    return (images - mean) / std


def features(name, path, images, pooling="auto"):
    """The features that our backbone computes with the weights of a file."""
    backbone = build_backbone(name).eval()
    fill_backbone(backbone, read_weights(path, name))
    with torch.no_grad():
        return backbone.pool(backbone(images), pooling)


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5 * max(1, theirs.abs().max().item()))


# What the authors' code computes ----------------------------------------------------------------


def plain_vit(row, **options):
    """timm's own network of a row, which takes images of its native size alone."""
    given = {**row.options, **options, "num_classes": 0}
    return timm.create_model(row.network.removeprefix("timm:"), **given).eval()


@pytest.mark.parametrize("name", ["dinov2_vits14", "dinov2_vits14_reg", "rad_dino"])
def test_dinov2_files_of_meta_are_read_as_timm_reads_them(name, tiny, tmp_path):
    row = tiny(name, img_size=28)
    model = plain_vit(row)
    tensors = drawn(model.state_dict())
    tensors["mask_token"] = torch.ones(1, 32)
    if name.endswith("reg"):
        tensors["register_tokens"] = tensors.pop("reg_token")
        tensors["pos_embed"] = torch.rand(1, 5, 32)
    torch.save(tensors, tmp_path / "meta.pth")
    model.load_state_dict(timm.models.vision_transformer.checkpoint_filter_fn(dict(tensors), model))
    images = random_images(28)
    with torch.no_grad():
        tokens = model.forward_features(normalized(images, row))
    close(features(name, tmp_path / "meta.pth", images, "cls"), tokens[:, 0])
    patches = tokens[:, model.num_prefix_tokens :].mean(1)
    close(features(name, tmp_path / "meta.pth", images, "avg"), patches)
    both = torch.cat([tokens[:, 0], patches], 1)
    auto = features(name, tmp_path / "meta.pth", images)
    close(auto, tokens[:, 0] if name == "rad_dino" else both)


@pytest.mark.parametrize("name", ["dinov2_vits14", "dinov2_vitb14_reg", "rad_dino"])
def test_dinov2_files_of_transformers_give_its_features(name, tiny, tmp_path):
    transformers = pytest.importorskip("transformers")
    row = tiny(name, img_size=28)
    reg = "WithRegisters" if name.endswith("reg") else ""
    config = getattr(transformers, f"Dinov2{reg}Config")(**WIDTHS, image_size=28, patch_size=14)
    model = getattr(transformers, f"Dinov2{reg}Model")(config).eval()
    model.load_state_dict(drawn(model.state_dict()))
    model.save_pretrained(tmp_path)
    images = random_images(28)
    with torch.no_grad():
        tokens = model(normalized(images, row)).last_hidden_state
    path = tmp_path / "model.safetensors"
    close(features(name, path, images, "cls"), tokens[:, 0])
    close(features(name, path, images, "avg"), tokens[:, 5 if reg else 1 :].mean(1))


def test_dinov3_files_of_meta_are_read_as_timm_reads_them(tiny, tmp_path):
    row = tiny("dinov3_vits16", img_size=32)
    model = plain_vit(row)
    tensors = {}
    for name, value in drawn(model.state_dict()).items():
        if name.endswith("q_bias"):
            stem = name.removesuffix("q_bias")
            tensors[f"{stem}qkv.bias"] = torch.rand(96)
            tensors[f"{stem}qkv.bias_mask"] = torch.ones(96)
        elif not name.endswith("v_bias"):
            new = name.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma")
            tensors[new.replace("reg_token", "storage_tokens")] = value
    tensors |= {"mask_token": torch.ones(1, 32), "rope_embed.periods": torch.ones(4)}
    torch.save(tensors, tmp_path / "meta.pth")
    model.load_state_dict(timm.models.eva.checkpoint_filter_fn(dict(tensors), model), strict=False)
    images = random_images(48)  # rotary positions suit any size
    with torch.no_grad():
        tokens = model.forward_features(normalized(images, row))
    expected = torch.cat([tokens[:, 0], tokens[:, 5:].mean(1)], 1)
    close(features("dinov3_vits16", tmp_path / "meta.pth", images), expected)


def test_dinov3_files_of_transformers_give_its_features(tiny, tmp_path):
    transformers = pytest.importorskip("transformers")
    row = tiny("dinov3_vits16", img_size=32)
    config = transformers.DINOv3ViTConfig(
        **WIDTHS, image_size=32, patch_size=16, intermediate_size=128, num_register_tokens=4
    )
    model = transformers.DINOv3ViTModel(config).eval()
    model.load_state_dict(drawn(model.state_dict()))
    model.save_pretrained(tmp_path)
    images = random_images(48)
    with torch.no_grad():
        tokens = model(normalized(images, row)).last_hidden_state
    expected = torch.cat([tokens[:, 0], tokens[:, 5:].mean(1)], 1)
    close(features("dinov3_vits16", tmp_path / "model.safetensors", images), expected)


def test_dinov3_files_of_timm_lack_the_biases_that_are_zero(tiny, tmp_path):
    row = tiny("dinov3_vits16", img_size=32)
    model = plain_vit(row._replace(network="timm:vit_small_patch16_dinov3"))
    model.load_state_dict(drawn(model.state_dict()))
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    images = random_images(32)
    with torch.no_grad():
        tokens = model.forward_features(normalized(images, row))
    path = tmp_path / "model.safetensors"
    close(features("dinov3_vits16", path, images, "cls"), tokens[:, 0])


def test_medsiglip_gives_the_pooled_output_of_the_image_tower_of_transformers(tiny, tmp_path):
    transformers = pytest.importorskip("transformers")
    row = tiny("medsiglip", img_size=28)
    tower = {**WIDTHS, "intermediate_size": 119}
    config = transformers.SiglipConfig(
        text_config={**tower, "vocab_size": 9, "bos_token_id": 1, "eos_token_id": 2},
        vision_config={**tower, "image_size": 28, "patch_size": 14},
    )
    model = transformers.SiglipModel(config).eval()
    model.load_state_dict(drawn(model.state_dict()))
    model.save_pretrained(tmp_path)
    images = random_images(28)
    with torch.no_grad():
        outputs = model.vision_model(normalized(images, row))
    path = tmp_path / "model.safetensors"
    close(features("medsiglip", path, images), outputs.pooler_output)
    close(features("medsiglip", path, images, "avg"), outputs.last_hidden_state.mean(1))


def test_biomedclip_is_the_image_tower_of_a_file_of_open_clip(tiny, tmp_path):
    row = tiny("biomedclip", img_size=32)
    model = plain_vit(row)
    tensors = {f"visual.trunk.{name}": v for name, v in drawn(model.state_dict()).items()}
    tensors |= {"visual.head.proj.weight": torch.rand(8, 32), "logit_scale": torch.tensor(1.0)}
    tensors["text.transformer.embeddings.word_embeddings.weight"] = torch.rand(9, 4)
    torch.save(tensors, tmp_path / "open_clip_pytorch_model.bin")
    model.load_state_dict(timm.models.vision_transformer.checkpoint_filter_fn(dict(tensors), model))
    images = random_images(32)
    with torch.no_grad():
        expected = model(normalized(images, row))
    close(features("biomedclip", tmp_path / "open_clip_pytorch_model.bin", images), expected)


def test_uni_has_the_names_and_the_features_of_timm(tiny, tmp_path):
    row = tiny("uni", img_size=32)
    model = plain_vit(row)
    model.load_state_dict(drawn(model.state_dict()))
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    images = random_images(32)
    with torch.no_grad():
        close(
            features("uni", tmp_path / "pytorch_model.bin", images), model(normalized(images, row))
        )


def test_retfound_is_the_encoder_of_its_autoencoder_pooled_before_the_norm(tiny, tmp_path):
    row = tiny("retfound_cfp", img_size=32)
    model = plain_vit(row, global_pool="token")
    model.load_state_dict(drawn(model.state_dict()))
    encoder = model.state_dict()
    decoder = {"decoder_pos_embed": torch.rand(1, 5, 8), "decoder_embed.weight": torch.rand(8, 32)}
    settings = argparse.Namespace(epochs=800)
    saved = {"model": {**encoder, **decoder, "mask_token": torch.rand(1, 1, 8)}, "args": settings}
    torch.save(saved, tmp_path / "RETFound_mae_natureCFP.pth")
    images = random_images(32)
    model.norm = nn.Identity()
    with torch.no_grad():
        pooled = model.forward_features(normalized(images, row))[:, 1:].mean(1)
    expected = functional.layer_norm(pooled, (32,), eps=1e-6)
    close(features("retfound_cfp", tmp_path / "RETFound_mae_natureCFP.pth", images), expected)


class Published(nn.Module):
    """RadImageNet's networks, as pytorch_example.ipynb builds them."""

    def __init__(self, network, n_children):
        super().__init__()
        self.backbone = nn.Sequential(*list(network.children())[:n_children])


@pytest.mark.parametrize(("kind", "n_children"), [("resnet50", 9), ("densenet121", 1)])
def test_radimagenet_gives_the_features_of_its_authors(kind, n_children, tmp_path):
    network = getattr(models, kind)(weights=None)
    published = Published(network, n_children).eval()
    torch.save(published.state_dict(), tmp_path / "published.pt")
    images = random_images(32)
    with torch.no_grad():
        maps = published.backbone((images * 255 - 127.5) * 2 / 255)
        if kind == "densenet121":
            maps = functional.relu(maps)  # torchvision's forward does that
    expected = functional.adaptive_avg_pool2d(maps, 1).flatten(1)
    close(features(f"radimagenet_{kind}", tmp_path / "published.pt", images), expected)


def test_torchxrayvision_takes_one_channel_from_minus_1024_to_1024(tmp_path):
    network = models.densenet121(weights=None, num_classes=18)
    network.features.conv0 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    tensors = {**network.eval().state_dict(), "op_threshs": torch.rand(18)}
    torch.save(tensors, tmp_path / "xrv.pth")
    gray = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        maps = functional.relu(network.features((2 * gray - 1) * 1024))
    expected = functional.adaptive_avg_pool2d(maps, 1).flatten(1)
    name = "torchxrayvision_densenet121"
    close(features(name, tmp_path / "xrv.pth", gray), expected)
    close(features(name, tmp_path / "xrv.pth", gray.expand(-1, 3, -1, -1)), expected)


@pytest.mark.parametrize(
    "name", [name for name, row in FOUNDATION.items() if row.network.startswith("timm:")]
)
def test_every_row_is_built_and_says_what_it_is(name, tiny):
    row = tiny(name)
    backbone = build_backbone(name, init_weights=False).to("meta").eval()
    maps = backbone(torch.zeros(1, 3, row.minimum, row.minimum, device="meta"))
    assert backbone.pool(maps, "auto").ndim == 2
    assert "https://" in row.citation
    assert row.files
    assert all(file.startswith(("hf:", "https://")) for file in row.files)


def test_the_guide_lists_every_row_with_size_license_and_pooling():
    page = (Path(__file__).parents[2] / "docs/guide/how_deep_to_freeze.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith('| `"')]
    for name, row in FOUNDATION.items():
        (line,) = [line for line in lines if f'`"{name}"`' in line and " MB " in line]
        assert f"| {row.size} |" in line
        assert f"| {row.megabytes} MB |" in line
        license = line.split("|")[-2].strip()
        assert row.license.startswith(license)
        assert f'"{row.pooling}"' in line or row.pooling == "own"


# Sizes -----------------------------------------------------------------------------------------


def test_a_network_of_timm_takes_any_size_and_is_timms_own_at_its_native_one():
    backbone = build_backbone("timm:vit_tiny_patch16_224").eval()
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0).eval()
    model.load_state_dict(backbone.network.model.state_dict())
    images = random_images(224, n=1)
    with torch.no_grad():
        close(backbone.pool(backbone(images), "auto"), model(backbone.normalize(images)))
        assert backbone(random_images(50, n=1)).shape == (1, 1 + 4 * 4, 192)


def test_dinov2_takes_224_pixels(tiny):
    tiny("dinov2_vits14")  # its 37 by 37 positions are those of 518 pixels
    images = make_lesions(3, size=224, random_state=0).images
    rows = BackboneFeatures("dinov2_vits14", weights=None, random_state=0).fit_transform(images)
    assert rows.shape == (3, 64)
    assert len(np.unique(rows.round(5), axis=0)) == 3


def test_a_network_of_one_size_says_which_images_it_cannot_take():
    with pytest.raises(ValueError, match=r"timm:pit_ti_224 cannot take images of 96x96") as e:
        BackboneFeatures("timm:pit_ti_224", weights=None).fit(np.zeros((2, 96, 96), np.uint8))
    assert "\n" not in str(e.value)


def test_images_below_one_patch_are_refused():
    with pytest.raises(ValueError, match="at least 14x14, but X has 10x10"):
        BackboneFeatures("dinov2_vits14", weights=None).fit(np.zeros((2, 10, 10), np.uint8))


def test_images_of_four_channels_are_refused():
    with pytest.raises(ValueError, match="1 or 3 channels, but X has 4"):
        BackboneFeatures("timm:vit_tiny_patch16_224").fit(np.zeros((2, 32, 32, 4), np.uint8))


def test_a_transformer_is_no_encoder_of_a_u_net():
    images = np.zeros((2, 64, 64), np.uint8)
    images[:, :9] = 255
    with pytest.raises(ValueError, match="dinov2_vits14 cannot be an encoder"):
        UNetSegmenter(backbone="dinov2_vits14", weights=None).fit(images, images > 0)


# Depth -----------------------------------------------------------------------------------------


def trainable(backbone):
    return [name for name, p in backbone.network.named_parameters() if p.requires_grad]


def test_a_transformer_is_frozen_by_blocks_and_its_last_norm_goes_with_the_last(tiny):
    tiny("dinov2_vits14", img_size=28, depth=3)
    backbone = build_backbone("dinov2_vits14")
    assert len(backbone.last_layers("all")) == 4  # the patches' embedding and three blocks
    backbone.freeze(1)
    assert {name.split(".")[1] for name in trainable(backbone)} == {"blocks", "norm"}
    assert {name.split(".")[2] for name in trainable(backbone) if "blocks" in name} == {"2"}
    assert backbone.cut == 3
    with pytest.raises(ValueError, match="trainable_layers=5 is more than the 4 blocks"):
        backbone.freeze(5)


@pytest.mark.parametrize(("name", "blocks"), [("vit_b_16", 13), ("swin_t", 16)])
def test_transformers_of_torchvision_count_blocks(name, blocks):
    assert len(build_backbone(name, init_weights=False).last_layers("all")) == blocks


def test_the_cut_between_blocks_changes_nothing(tiny):
    tiny("dinov2_vits14_reg", img_size=28)
    backbone = build_backbone("dinov2_vits14_reg").eval()
    images = random_images(42)
    with torch.no_grad():
        whole = backbone(images)
        for depth in (1, 2, "all"):
            backbone.freeze(depth)
            assert torch.equal(backbone.forward_trainable(backbone.forward_frozen(images)), whole)


def test_statistics_of_frozen_norms_of_timm_stay_put():
    backbone = build_backbone("timm:test_efficientnet").freeze(1).train()
    before = {name: v.clone() for name, v in backbone.network.state_dict().items()}
    backbone(random_images(48, n=4)).sum().backward()
    after = backbone.network.state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    modules = dict(backbone.network.named_modules())
    norms = {name.rpartition(".")[0] for name in moved}
    assert norms
    assert all(modules[name].weight.requires_grad for name in norms)
    frozen = [m for m in modules.values() if getattr(m, "running_mean", None) is not None]
    assert len(frozen) > len(norms)


def test_rates_decay_from_block_to_block():
    images = make_lesions(8, size=32, random_state=0)
    model = TransferClassifier(
        "timm:test_vit",
        weights=None,
        trainable_layers="all",
        backbone_learning_rate=(0.1, 0.5),
        learning_rate=1e-2,
        schedule="constant",
        max_epochs=1,
        random_state=0,
    ).fit(images.images, images.target)
    groups = model.net_.groups[1:]
    assert [group["lr"] for group in groups] == pytest.approx([1e-3 * 0.5**k for k in range(7)])
    names = {id(p): name for name, p in model.net_.module_.backbone.network.named_parameters()}
    blocks = [{names[id(p)].split(".")[2] for p in g["params"]} for g in groups[1:6]]
    assert blocks == [{"4"}, {"3"}, {"2"}, {"1"}, {"0"}]


# Pooling ---------------------------------------------------------------------------------------


class ToRows(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, images):
        return self.conv(images).mean((2, 3))


@pytest.mark.parametrize(
    ("backbone", "pooling", "lacks"),
    [
        ("resnet18", "cls", "a class token, which resnet18 does not have"),
        ("timm:resnet10t", "cls+avg", "a class token"),
        ("timm:test_vit3", "cls", "a class token"),
        (ToRows(), "max", "feature maps, which the backbone ToRows does not have"),
    ],
)
def test_a_pooling_that_a_backbone_has_not_is_refused(backbone, pooling, lacks):
    images = np.zeros((2, 48, 48), np.uint8)
    with pytest.raises(ValueError, match=lacks) as error:
        BackboneFeatures(backbone, weights=None, pooling=pooling).fit(images)
    assert '"auto"' in str(error.value)


def test_poolings_of_a_transformer_are_different_features():
    images = make_lesions(4, size=32, random_state=0).images
    kinds = {}
    for pooling in ("auto", "avg", "max", "cls", "cls+avg", "flatten"):
        model = BackboneFeatures("timm:test_vit", weights=None, pooling=pooling, random_state=0)
        kinds[pooling] = model.fit_transform(images)
    np.testing.assert_array_equal(kinds["auto"], kinds["cls"])  # timm's own of this network
    both = np.concatenate([kinds["cls"], kinds["avg"]], 1)
    np.testing.assert_array_equal(kinds["cls+avg"], both)
    assert not np.allclose(kinds["avg"], kinds["cls"])
    assert (kinds["max"] >= kinds["avg"]).all()


def test_gray_images_are_repeated_for_a_network_of_ones_own():
    gray = make_lesions(4, size=32, random_state=0).images
    color = np.repeat(gray[..., None], 3, axis=3)
    network = ToRows()
    rows = [BackboneFeatures(network).fit_transform(images) for images in (gray, color)]
    np.testing.assert_array_equal(*rows)


def test_auto_and_what_it_means_share_cached_features(tmp_path):
    images = make_lesions(4, size=32, random_state=0).images
    for pooling in ("auto", "avg"):
        model = BackboneFeatures(
            "squeezenet1_1", weights=None, pooling=pooling, cache=tmp_path, random_state=0
        )
        model.fit_transform(images)
    assert len(list(tmp_path.iterdir())) == 1


# Files -----------------------------------------------------------------------------------------


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    """A machine without weights and without a network."""

    def unreachable(request, timeout):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("SKMEDIMG_WEIGHTS", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", FOUNDATION)
def test_missing_weights_are_named_with_size_license_and_place(name, nothing_here):
    row = FOUNDATION[name]
    with pytest.raises(FileNotFoundError, match=f"{name} .*{row.megabytes} MB") as error:
        read_weights("DEFAULT", name)
    told = str(error.value)
    assert row.license in told
    assert "SKMEDIMG_WEIGHTS" in told
    assert str(nothing_here / "torch") in told
    assert row.terms in told
    assert "\n" not in told


def test_weights_are_found_in_the_folder_that_the_environment_names(tiny, monkeypatch, tmp_path):
    tiny("uni", img_size=32)
    tensors = build_backbone("uni").network.model.state_dict()
    torch.save(tensors, tmp_path / "uni.pth")
    monkeypatch.setenv("SKMEDIMG_WEIGHTS", str(tmp_path))
    assert read_weights("DEFAULT", "uni").keys() == {f"model.{name}" for name in tensors}


def hub_folder(root, repository):
    """An empty folder of huggingface's cache for one commit of a repository."""
    folder = root / "hub" / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    snapshot = folder / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    return snapshot


def test_weights_are_found_in_the_caches_of_torch_and_huggingface(tiny, nothing_here):
    tiny("dinov2_vits14", img_size=28)
    tensors = build_backbone("dinov2_vits14").network.model.state_dict()
    folder = nothing_here / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(tensors, folder / "dinov2_vits14_pretrain.pth")
    assert len(read_weights("DEFAULT", "dinov2_vits14")) == len(tensors)
    tiny("rad_dino", img_size=28)
    save_file(tensors, hub_folder(nothing_here, "microsoft/rad-dino") / "model.safetensors")
    assert len(read_weights("DEFAULT", "rad_dino")) == len(tensors)


def test_a_file_of_another_network_names_the_first_tensors_that_differ(tiny, tmp_path):
    tiny("uni", img_size=32)
    torch.save(build_backbone("squeezenet1_1").network.state_dict(), tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"missing: model.blocks.0.*and \d+ more; unexpected"):
        BackboneFeatures("uni", weights=tmp_path / "other.pth").fit(np.zeros((2, 32, 32), np.uint8))


def test_a_file_of_half_precision_is_computed_in_full(tiny, tmp_path):
    row = tiny("uni", img_size=32)
    tensors = {name: v.half() for name, v in drawn(plain_vit(row).state_dict()).items()}
    save_file(tensors, tmp_path / "half.safetensors")
    read = read_weights(tmp_path / "half.safetensors", "uni")
    assert {value.dtype for value in read.values()} == {torch.float32}


def test_truncated_and_pickled_files_are_refused(tmp_path):
    torch.save({"a": torch.rand(1000)}, tmp_path / "whole.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:900])
    with pytest.raises(ValueError, match="not a complete file"):
        read_weights(tmp_path / "cut.pth", "uni")
    with open(tmp_path / "evil.pth", "wb") as file:
        pickle.dump({"a": print}, file, protocol=4)
    with pytest.raises(ValueError, match="not a file of tensors alone"):
        read_weights(tmp_path / "evil.pth", "uni")


# Networks of huggingface.co --------------------------------------------------------------------


def test_a_network_of_huggingface_is_built_and_filled_from_the_cache(nothing_here):
    snapshot = hub_folder(nothing_here, "owner/net")
    config = {
        "architecture": "vit_tiny_patch16_224",
        "model_args": {"depth": 2, "init_values": 1e-5, "checkpoint_path": "/etc/passwd"},
        "pretrained_cfg": {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1], "input_size": [3, 224, 224]},
    }
    (snapshot / "config.json").write_text(json.dumps(config))
    model = timm.create_model("vit_tiny_patch16_224", depth=2, init_values=1e-5, num_classes=0)
    save_file(drawn(model.state_dict()), snapshot / "model.safetensors")
    model.load_state_dict(drawn(model.state_dict()))
    images = random_images(224, n=1)
    backbone = build_backbone("timm:hf-hub:owner/net").eval()
    fill_backbone(backbone, read_weights("DEFAULT", "timm:hf-hub:owner/net"))
    with torch.no_grad():
        expected = model.eval()(images - torch.tensor([0.1, 0.2, 0.3]).reshape(1, 3, 1, 1))
        close(backbone.pool(backbone(images), "auto"), expected)


@pytest.mark.parametrize("name", ["nonesuch", "a/b/c", "../b", "owner/", "own er/net"])
def test_a_name_that_is_no_repository_is_refused(name):
    with pytest.raises(ValueError, match="timm:hf-hub:OWNER/NAME"):
        build_backbone(f"timm:hf-hub:{name}")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (404, "has no config.json"),
        (401, "does not exist, or its terms have to be accepted"),
        (403, "does not exist, or its terms have to be accepted"),
        (500, "HTTP 500"),
        (None, "no route"),
    ],
)
def test_a_repository_that_cannot_be_had_is_one_line(code, says, nothing_here, monkeypatch):
    def refuse(request, timeout):
        assert timeout <= 10
        if code is None:
            raise urllib.error.URLError("no route")
        raise urllib.error.HTTPError(request.full_url, code, "refused", None, None)

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(OSError, match=says) as error:
        BackboneFeatures("timm:hf-hub:owner/net").fit(np.zeros((2, 32, 32), np.uint8))
    assert "\n" not in str(error.value)
    assert "owner/net" in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{}", "{", '{"architecture": 3}'),
        '{"architecture": "vit_tiny_patch16_224", "mean": "abc"}',
        '{"architecture": "vit_tiny_patch16_224", "input_size": [3, 9e9, 1]}',
        '{"architecture": "vit_tiny_patch16_224", "model_args": {"depth": {}}}',
    ],
)
def test_a_config_that_is_no_network_of_timm_is_refused(text, nothing_here):
    (hub_folder(nothing_here, "owner/net") / "config.json").write_text(text)
    with pytest.raises(ValueError, match="owner/net is not a network of timm"):
        build_backbone("timm:hf-hub:owner/net")


# The model card --------------------------------------------------------------------------------


def test_the_digest_of_the_weights_is_in_the_model_card(tiny, tmp_path):
    row = tiny("uni", img_size=32)
    torch.save(drawn(plain_vit(row).state_dict()), tmp_path / "uni.pth")
    data = make_lesions(6, size=32, random_state=0)
    model = TransferClassifier("uni", weights=tmp_path / "uni.pth", max_epochs=1, random_state=0)
    model.fit(data.images, data.target)
    digest = hashlib.sha256((tmp_path / "uni.pth").read_bytes()).hexdigest()
    facts = {"file": "uni.pth", "sha256": digest, "license": row.license}
    assert model.weights_ == facts
    card = read_card(save(model, tmp_path / "model.skmed"))
    assert card.weights == {"TransferClassifier": facts}
    assert digest in str(card)
    assert model.set_params(weights=None).fit(data.images, data.target).weights_ == {}
