"""Backbones of timm, by name."""

from torch import nn

TIMM = "timm:"


def timm_backbone(name):
    """Build a timm network without its head, with random weights.

    Parameters
    ----------
    name : str
        "timm:NAME"

    Returns
    -------
    network : nn.Module
        From images (n, 3, height, width) to (n, width, h, w), or to (n, width) where the
        architecture has a way of pooling of its own, as transformers have.
    facts : dict
        What a backbone has to know of it: mean, std, norms.
    """
    timm = _timm()
    plain = name.removeprefix(TIMM)
    if not timm.is_model(plain):
        close = ", ".join((timm.list_models(f"{plain}*") or timm.list_models(f"*{plain}*"))[:5])
        hint = f" Similar names: {close}." if close else ""
        raise ValueError(f"timm has no model {plain!r}.{hint}")
    model = timm.create_model(plain, pretrained=False, num_classes=0)
    facts = {"mean": model.default_cfg["mean"], "std": model.default_cfg["std"]}
    return _Features(model), facts | {"norms": "after" if _has_maps(model) else "before"}


def timm_tensors(name):
    """Return timm's published weights of a network; its own hub client fetches and checks them.

    Parameters
    ----------
    name : str
        "timm:NAME"

    Returns
    -------
    tensors : dict of str to Tensor
    """
    plain = name.removeprefix(TIMM)
    try:
        model = _timm().create_model(plain, pretrained=True, num_classes=0)
    except Exception as error:  # the hub client raises whatever its transport raises
        raise OSError(
            f"The weights of {name} are not on this machine and cannot be downloaded ({error}). "
            "Pass weights=PATH to a file of weights, or weights=None for random ones."
        ) from error
    return model.state_dict()


def timm_size(name):
    """Return (height, width) of the images that a timm network was made for.

    Parameters
    ----------
    name : str
        "timm:NAME"

    Returns
    -------
    size : tuple of int
    """
    return tuple(_timm().get_pretrained_cfg(name.removeprefix(TIMM)).input_size[1:])


class _Features(nn.Module):
    """A timm model whose own pooling is left out where it yields feature maps.

    Parameters
    ----------
    model : nn.Module
    """

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.has_maps = _has_maps(model)

    def forward(self, images):
        features = self.model.forward_features(images)
        return features if self.has_maps else self.model.forward_head(features, pre_logits=True)


def _has_maps(model):
    """Tell whether features come as (n, width, h, w); transformers yield tokens."""
    return str(getattr(model, "output_fmt", "NCHW")) == "NCHW" and not hasattr(model, "pos_embed")


def _timm():
    try:
        import timm
    except ImportError as error:
        raise ImportError(
            'backbones named "timm:..." need timm: pip install "skmedimg[timm]".'
        ) from error
    return timm
