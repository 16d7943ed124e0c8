"""Feature maps of every size of timm's networks, for encoders: those of `features_only=True`."""


def timm_maps(network, images):
    """Return the feature maps (n, channels, h, w) of a timm network, finest first."""
    # features_only=True computes the same, but renames the tensors, so that files would not fit.
    return _model(network).forward_intermediates(images, intermediates_only=True)


def timm_strides(network):
    """Return how many times smaller than the image each of these maps is."""
    info = _model(network).feature_info
    # Transformers name their maps in a list, convolutional networks in an object around one.
    return [entry["reduction"] for entry in getattr(info, "info", info)]


def _model(network):
    model = network.model
    if not hasattr(model, "forward_intermediates"):
        raise ValueError(
            f"this version of timm has no feature maps of {type(model).__name__}: "
            "pip install --upgrade timm."
        )
    return model
