"""Names of the tensors in published files of foundation models, mapped to those of our networks."""

import re

import torch


def renamed(tensors, layouts):
    """Return tensors under the names of our network, from the first of some layouts they are in."""
    for layout in layouts:
        mark, convert = KEY_MAPS[layout]
        if mark in tensors:
            return convert(dict(tensors))
    return tensors


def _dinov2(tensors):
    # github.com/facebookresearch/dinov2: timm's names but for two. With registers, timm adds the
    # positions to the patches alone, so that of the class token becomes a part of the token.
    tensors.pop("mask_token", None)
    if "register_tokens" in tensors:
        tensors["reg_token"] = tensors.pop("register_tokens")
        positions = tensors["pos_embed"]
        tensors["cls_token"] = tensors["cls_token"] + positions[:, :1]
        tensors["pos_embed"] = positions[:, 1:]
    return tensors


def _transformers_dinov2(tensors):
    # Dinov2Model and Dinov2WithRegistersModel of transformers, with the names that files have.
    rules = (
        (r"embeddings\.(cls_token|mask_token|register_tokens)", r"\1"),
        (r"embeddings\.position_embeddings", "pos_embed"),
        (r"embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
        (r"encoder\.layer\.", "blocks."),
        (r"attention\.attention\.query\.", "attn.qkv.0."),
        (r"attention\.attention\.key\.", "attn.qkv.1."),
        (r"attention\.attention\.value\.", "attn.qkv.2."),
        (r"attention\.output\.dense\.", "attn.proj."),
        (r"layer_scale(\d)\.lambda1", r"ls\1.gamma"),
        (r"^layernorm\.", "norm."),
    )
    return _dinov2(_joined(_by_rules(tensors, rules)))


def _dinov3(tensors):
    # github.com/facebookresearch/dinov3. The bias of the keys is masked there, and rotary
    # frequencies are computed by timm.
    rules = (
        (r"^storage_tokens$", "reg_token"),
        (r"^mask_token$|^rope_embed\..*|.*bias_mask$|^local_cls_norm\..*", ""),
        (r"\.ls(\d)\.gamma$", r".gamma_\1"),
    )
    tensors = _by_rules(tensors, rules)
    for name in [name for name in tensors if name.endswith("attn.qkv.bias")]:
        stem = name.removesuffix("qkv.bias")
        tensors[f"{stem}q_bias"], _, tensors[f"{stem}v_bias"] = tensors.pop(name).chunk(3)
    return tensors


def _transformers_dinov3(tensors):
    # DINOv3ViTModel of transformers; keys have no bias.
    rules = (
        (r"^embeddings\.mask_token$", ""),
        (r"^embeddings\.register_tokens$", "reg_token"),
        (r"^embeddings\.cls_token$", "cls_token"),
        (r"^embeddings\.patch_embeddings\.", "patch_embed.proj."),
        (r"^(?:model\.)?layer\.", "blocks."),
        (r"attention\.([qv])_proj\.bias$", r"attn.\1_bias"),
        (r"attention\.q_proj\.", "attn.qkv.0."),
        (r"attention\.k_proj\.", "attn.qkv.1."),
        (r"attention\.v_proj\.", "attn.qkv.2."),
        (r"attention\.o_proj\.", "attn.proj."),
        (r"mlp\.up_proj\.", "mlp.fc1."),
        (r"mlp\.down_proj\.", "mlp.fc2."),
        (r"layer_scale(\d)\.lambda1$", r"gamma_\1"),
    )
    return _joined(_by_rules(tensors, rules))


def _timm_dinov3(tensors):
    # timm's files leave out the biases of queries and values, which are zero.
    for name in [name for name in tensors if name.endswith("attn.qkv.weight")]:
        for bias in ("q_bias", "v_bias"):
            width = tensors[name].shape[1]
            tensors.setdefault(name.replace("qkv.weight", bias), torch.zeros(width))
    return tensors


def _transformers_siglip(tensors):
    # The vision tower of transformers' SiglipModel. Attention in its pooling layer is torch's,
    # whose projections of query, key and value are one tensor.
    rules = (
        (r"^(?!vision_model\.).*", ""),
        (r"^vision_model\.", ""),
        (r"^embeddings\.patch_embedding\.", "patch_embed.proj."),
        (r"^embeddings\.position_embedding\.weight$", "pos_embed"),
        (r"^encoder\.layers\.", "blocks."),
        (r"\.layer_norm(\d)\.", r".norm\1."),
        (r"self_attn\.q_proj\.", "attn.qkv.0."),
        (r"self_attn\.k_proj\.", "attn.qkv.1."),
        (r"self_attn\.v_proj\.", "attn.qkv.2."),
        (r"self_attn\.out_proj\.", "attn.proj."),
        (r"^post_layernorm\.", "norm."),
        (r"^head\.probe$", "attn_pool.latent"),
        (r"^head\.attention\.in_proj_", "attn_pool.in."),
        (r"^head\.attention\.out_proj\.", "attn_pool.proj."),
        (r"^head\.layernorm\.", "attn_pool.norm."),
        (r"^head\.mlp\.", "attn_pool.mlp."),
    )
    tensors = _joined(_by_rules(tensors, rules))
    for kind in ("weight", "bias"):
        joint = tensors.pop(f"attn_pool.in.{kind}", None)
        if joint is not None:
            width = len(joint) // 3
            tensors[f"attn_pool.q.{kind}"] = joint[:width]
            tensors[f"attn_pool.kv.{kind}"] = joint[width:]
    if tensors["pos_embed"].ndim == 2:
        tensors["pos_embed"] = tensors["pos_embed"][None]
    return tensors


def _open_clip(tensors):
    # The image tower of open_clip's CustomTextCLIP, a network of timm; its projection into the
    # space that it shares with texts is left out.
    return _by_rules(tensors, ((r"^(?!visual\.trunk\.).*", ""), (r"^visual\.trunk\.", "")))


def _mae(tensors):
    # github.com/facebookresearch/mae: encoder and decoder. The encoder's norm acted before the
    # decoder; classifiers take the mean of the patches and a norm of their own, without weights
    # as long as it is not trained.
    tensors = _by_rules(tensors, ((r"^decoder_.*|^mask_token$|^norm\..*", ""),))
    width = tensors["patch_embed.proj.bias"].shape
    tensors["fc_norm.weight"], tensors["fc_norm.bias"] = torch.ones(width), torch.zeros(width)
    return tensors


def _radimagenet_resnet(tensors):
    # nn.Sequential(*list(torchvision's resnet50().children())[:9]), held as `backbone`
    children = {0: "conv1", 1: "bn1", 4: "layer1", 5: "layer2", 6: "layer3", 7: "layer4"}
    rules = [(rf"^backbone\.{k}\.", f"{name}.") for k, name in children.items()]
    return _by_rules(tensors, rules)


def _radimagenet_densenet(tensors):
    # the same of torchvision's densenet121, whose first child is its `features`
    return _by_rules(tensors, ((r"^backbone\.0\.", "features."),))


def _torchxrayvision(tensors):
    # torchvision's names; thresholds of its 18 findings are left out with the classifier
    return _by_rules(tensors, ((r"^op_threshs$", ""),))


# Layout -> (a tensor that its files have, function to our names)
KEY_MAPS = {
    "dinov2": ("mask_token", _dinov2),
    "transformers dinov2": ("embeddings.patch_embeddings.projection.weight", _transformers_dinov2),
    "dinov3": ("storage_tokens", _dinov3),
    "transformers dinov3": ("embeddings.patch_embeddings.weight", _transformers_dinov3),
    "timm dinov3": ("reg_token", _timm_dinov3),
    "transformers siglip": ("vision_model.head.probe", _transformers_siglip),
    "open_clip": ("visual.trunk.patch_embed.proj.weight", _open_clip),
    "mae": ("decoder_pos_embed", _mae),
    "radimagenet resnet": ("backbone.0.weight", _radimagenet_resnet),
    "radimagenet densenet": ("backbone.0.conv0.weight", _radimagenet_densenet),
    "torchxrayvision": ("features.conv0.weight", _torchxrayvision),
}


def _by_rules(tensors, rules):
    """Return tensors renamed by all rules (pattern, replacement) in turn; "" leaves them out."""
    found = {}
    for name, value in tensors.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        if name:
            found[name] = value
    return found


def _joined(tensors):
    """Return tensors with those named `attn.qkv.0`, `.1` and `.2` as one, in this order."""
    found = {}
    for name, value in tensors.items():
        start, part, kind = name.partition(".qkv.0.")
        if part:
            pieces = [tensors.get(f"{start}.qkv.{k}.{kind}") for k in range(3)]
            if all(piece is not None for piece in pieces):
                value = torch.cat(pieces)
            name = f"{start}.qkv.{kind}"
        elif re.search(r"\.qkv\.[12]\.", name):
            continue
        found[name] = value
    return found
