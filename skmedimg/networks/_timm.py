"""Networks of timm as backbones: at any image size, in steps, by blocks."""

import functools
import inspect

import torch
from torch import nn

from skmedimg.networks._backbone_table import IMAGENET
from skmedimg.networks._blocks import own_dropout
from skmedimg.networks._download import check_reachable
from skmedimg.networks._hub import cached_file, hub_config, hub_file, parse_repository

TIMM = "timm:"
_HUB = "hf-hub:"
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def timm_backbone(name, options=None):
    """Return a timm network without its head, its steps, and its facts as `Backbone` takes them.

    `options` are keyword arguments of `timm.create_model`.
    """
    architecture, arguments, config = _source(name)
    arguments |= options or {}
    size = tuple(config.get("input_size") or (3, 224, 224))
    kind, flexible = _inspected(architecture, tuple(sorted(arguments.items())), size)
    # num_classes=0 leaves the classifier out
    model = _create(architecture, {**flexible, **arguments})
    network = own_dropout(TimmNetwork(model, kind))
    facts = {
        "mean": tuple(config.get("mean") or IMAGENET[0]),
        "std": tuple(config.get("std") or IMAGENET[1]),
        "norms": "after" if kind == "maps" else "before",
        "pooling": "avg" if kind == "maps" else "own",
        "channels": 1 if size[0] == 1 else None,
        "blocks": _blocks(model),
    }
    n_prefix = getattr(model, "num_prefix_tokens", None)
    if kind == "tokens" and n_prefix is not None:
        facts["n_prefix"] = n_prefix
        facts["has_class"] = getattr(model, "cls_token", None) is not None
        # a norm of pooled features instead of the norm of all tokens
        facts["neck"] = "model.fc_norm" if hasattr(model, "fc_norm") else ""
    return network, _steps(network), facts


def timm_tensors(name):
    """Return the published tensors of a timm network by name, downloaded by its hub client."""
    plain = name.removeprefix(TIMM)
    _check_hub_file(name)
    try:
        model = _timm().create_model(plain, pretrained=True, num_classes=0)
    except Exception as error:  # the hub client raises whatever its transport raises
        # One kind of error for every missing download, so that callers can catch it.
        raise OSError(
            f"The weights of {name} cannot be downloaded ({error}). Pass weights=PATH to a file "
            "of weights, or weights=None for random ones."
        ) from error
    return model.state_dict()


def timm_file(name):
    """Return the file of weights of "timm:hf-hub:OWNER/NAME", None for networks timm knows."""
    plain = name.removeprefix(TIMM)
    if not plain.startswith(_HUB):
        return None
    repository, revision = parse_repository(plain.removeprefix(_HUB), name)
    return hub_file(repository, _HUB_FILES, name, revision)


def timm_cached(name):
    """Return the file that timm's client fetched for a network, or None."""
    config = _source(name)[2]
    repository, file = config.get("hf_hub_id"), config.get("hf_hub_filename")
    files = [file] if file else _HUB_FILES
    paths = [cached_file(repository, file) for file in files] if repository else []
    return next(filter(None, paths), None)


def timm_head(name):
    """Return the names of the classifiers in timm's published weights of a network."""
    found = _source(name)[2].get("classifier") or ()
    return (found,) if isinstance(found, str) else tuple(found)


def timm_size(name):
    """Return (height, width) of the images that a timm network was made for."""
    return tuple(_source(name)[2].get("input_size") or (3, 224, 224))[1:]


class TimmNetwork(nn.Module):
    """A timm model that returns feature maps (n, width, h, w) or tokens (n, n_tokens, width).

    `kind` is "maps", "maps last" (of channels last, which are moved), "tokens", or "other": then
    it returns what the model pools.
    """

    def __init__(self, model, kind):
        super().__init__()
        self.model = model
        self.kind = kind

    def forward(self, images):
        features = self.model.forward_features(images)
        if self.kind == "maps last":
            return features.movedim(-1, 1)
        return self.pool(features) if self.kind == "other" else features

    def pool(self, features):
        """Return rows (n, width) by the model's own pooling."""
        if self.kind == "maps last":
            features = features.movedim(1, -1)
        return self.model.forward_head(features, pre_logits=True)


class TimmTokens(nn.Module):
    """From images to the tokens that the first block of timm's VisionTransformer takes."""

    def __init__(self, model):
        super().__init__()
        self.patch_embed = model.patch_embed
        self.pos_drop = model.pos_drop
        self.patch_drop = model.patch_drop
        self.norm_pre = model.norm_pre
        self._model = [model]  # in a list: its other parts are not parts of this step

    def parameters(self, recurse=True):
        """Yield the parameters that this step uses; some of them belong to the model."""
        model = self._model[0]
        yield from super().parameters(recurse)
        yield from (p for p in (model.cls_token, model.reg_token, model.pos_embed) if p is not None)

    def fix_image_size(self, height, width):
        """Interpolate the positions for images of one size once, and change the model to it."""
        from timm.layers import resample_abs_pos_embed

        model = self._model[0]
        if not model.dynamic_img_size or model.pos_embed is None:
            return
        sides = zip((height, width), self.patch_embed.patch_size, strict=True)
        positions = resample_abs_pos_embed(
            model.pos_embed,
            new_size=tuple(-(-side // patch) for side, patch in sides),
            old_size=self.patch_embed.grid_size,
            num_prefix_tokens=0 if model.no_embed_class else model.num_prefix_tokens,
        )
        model.pos_embed = nn.Parameter(positions.detach(), requires_grad=False)
        model.dynamic_img_size = False

    def forward(self, images):
        """Return tokens (n, n_tokens, width)."""
        model, patches = self._model[0], self.patch_embed(images)
        if patches.ndim == 4 and not model.dynamic_img_size:
            patches = patches.flatten(1, 2)
        return self.norm_pre(self.patch_drop(model._pos_embed(patches)))


def _blocks(model):
    """Return the names of parameters by blocks, first to last; None where timm names no blocks.

    They are timm's groups for layer-wise learning rates.
    """
    try:
        names = _timm().models.group_parameters(model, model.group_matcher(coarse=False))
    except AttributeError:
        return None
    return [[f"model.{name}" for name in names[k]] for k in sorted(names)]


def _steps(network):
    """Return the parts of a network that run one after another, so that some may be frozen."""
    from timm.models.vision_transformer import VisionTransformer

    model = network.model
    if type(model) is not VisionTransformer:
        return [network]
    return [TimmTokens(model), *model.blocks, model.norm]


def _source(name):
    """Return (architecture, arguments of timm.create_model, configuration of its weights)."""
    timm, plain = _timm(), name.removeprefix(TIMM)
    if plain.startswith(_HUB):
        repository, revision = parse_repository(plain.removeprefix(_HUB), name)
        config = hub_config(repository, name, revision)
        architecture = config["architecture"]
        # what create_model itself takes could name files of this machine
        own = inspect.signature(timm.create_model).parameters
        arguments = {k: v for k, v in config["model_args"].items() if k not in own}
        config = config["pretrained_cfg"]
    else:
        architecture, arguments = plain, {}
        config = timm.get_pretrained_cfg(plain)
        config = {} if config is None else config.to_dict()
    if not timm.is_model(architecture):
        close = timm.list_models(f"{architecture}*") or timm.list_models(f"*{architecture}*")
        hint = f" Similar names: {', '.join(close[:5])}." if close else ""
        raise ValueError(f"timm has no model {architecture!r}.{hint}")
    return architecture, arguments, config


@functools.lru_cache(maxsize=64)
def _inspected(architecture, arguments, size):
    """Return the kind of a model's features, and the arguments that let it take any image size."""
    model, features = _tried(architecture, dict(arguments), size)
    takes = inspect.signature(type(model).__init__).parameters
    wanted = {"dynamic_img_size": True, "dynamic_img_pad": True, "strict_img_size": False}
    flexible = {key: value for key, value in wanted.items() if key in takes}
    if "dynamic_img_size" in flexible:
        flexible.pop("strict_img_size", None)
    ndim = features.ndim if isinstance(features, torch.Tensor) else 0
    last = str(getattr(model, "output_fmt", "NCHW")) == "NHWC"
    kind = {3: "tokens", 4: "maps last" if last else "maps"}.get(ndim, "other")
    return kind, flexible


def _tried(architecture, arguments, size):
    """Return a model and its features of one image, without memory where it can run so."""
    sides = arguments.get("img_size", size[1:])
    sides = (sides, sides) if isinstance(sides, int) else sides
    for device in ("meta", "cpu"):
        try:
            with torch.device(device), torch.no_grad():
                model = _create(architecture, arguments).eval()
                return model, model.forward_features(torch.zeros(1, size[0], *sides))
        except Exception as error:  # networks of timm raise whatever they like
            if device == "cpu":
                first = str(error).partition("\n")[0]
                raise ValueError(f"timm cannot build {architecture!r} ({first}).") from error


def _create(architecture, arguments):
    return _timm().create_model(architecture, pretrained=False, num_classes=0, **arguments)


def _check_hub_file(name):
    """Raise an OSError if the weights of a timm network cannot be downloaded."""
    # timm's hub client would try twelve times, for a minute.
    from huggingface_hub import hf_hub_url

    config = _source(name)[2]
    repository = config.get("hf_hub_id")
    if repository and timm_cached(name) is None:
        file = config.get("hf_hub_filename") or _HUB_FILES[0]
        check_reachable(hf_hub_url(repository, file), name, "pass weights=PATH to it")


def _timm():
    try:
        import timm
    except ImportError as error:
        raise ImportError(
            "backbones of timm, as most foundation models are, need timm: "
            'pip install "skmedimg[timm]".'
        ) from error
    return timm
