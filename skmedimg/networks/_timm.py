"""Backbones of timm, by name."""

from torch import nn

from skmedimg.networks._download import check_reachable

TIMM = "timm:"
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def timm_backbone(name):
    """Return a timm network without its head, with random weights, and its normalization."""
    timm = _timm()
    plain = name.removeprefix(TIMM)
    if not timm.is_model(plain):
        close = ", ".join((timm.list_models(f"{plain}*") or timm.list_models(f"*{plain}*"))[:5])
        hint = f" Similar names: {close}." if close else ""
        raise ValueError(f"timm has no model {plain!r}.{hint}")
    # num_classes=0 leaves the classifier out.
    model = timm.create_model(plain, pretrained=False, num_classes=0)
    facts = {"mean": model.default_cfg["mean"], "std": model.default_cfg["std"]}
    return _Features(model), facts | {"norms": "after" if _has_maps(model) else "before"}


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


def timm_head(name):
    """Return the names of the classifiers in timm's published weights of a network."""
    found = _published(name).classifier or ()
    return (found,) if isinstance(found, str) else tuple(found)


def timm_size(name):
    """Return (height, width) of the images that a timm network was made for."""
    return tuple(_published(name).input_size[1:])


class _Features(nn.Module):
    """A timm model whose own pooling is left out where it yields feature maps."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.has_maps = _has_maps(model)

    def forward(self, images):
        # Tokens of a transformer have no rows and columns to pool: the model's own pooling does it.
        features = self.model.forward_features(images)
        return features if self.has_maps else self.model.forward_head(features, pre_logits=True)


def _check_hub_file(name):
    """Raise an OSError if the weights of a timm network cannot be downloaded."""
    # timm's hub client would try twelve times, for a minute.
    from huggingface_hub import hf_hub_url, try_to_load_from_cache

    facts = _published(name)
    if not facts.hf_hub_id:
        return
    files = [facts.hf_hub_filename] if facts.hf_hub_filename else _HUB_FILES
    if not any(isinstance(try_to_load_from_cache(facts.hf_hub_id, file), str) for file in files):
        check_reachable(hf_hub_url(facts.hf_hub_id, files[0]), name, "pass weights=PATH to it")


def _has_maps(model):
    """Return whether features are maps (n, width, h, w); those of transformers are tokens."""
    return str(getattr(model, "output_fmt", "NCHW")) == "NCHW" and not hasattr(model, "pos_embed")


def _published(name):
    """Return timm's configuration of the published weights of a network."""
    timm = _timm()
    return timm.get_pretrained_cfg(name.removeprefix(TIMM)) or timm.models.PretrainedCfg()


def _timm():
    try:
        import timm
    except ImportError as error:
        raise ImportError(
            'backbones named "timm:..." need timm: pip install "skmedimg[timm]".'
        ) from error
    return timm
