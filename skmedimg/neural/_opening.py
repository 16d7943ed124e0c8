"""Whether the trained layers of a backbone will open at all."""

from skmedimg._warnings import warn_user


def warn_if_shut(model, epochs):
    """Warn where a fit ends before the layers open that it was asked to train.

    Parameters
    ----------
    model : TransferClassifier
    epochs : int
        How many the fit has: those asked for, or those after which it stopped.
    """
    opens, most = model.unfreeze_after, model.max_epochs
    if not model.trainable_layers or epochs > opens:
        return
    end, more = f"max_epochs={most} ends before that", f"max_epochs above {opens}"
    if epochs < most:
        end = f"this fit stopped after {epochs} of max_epochs={most}"
        more = "let it train longer (n_iter_no_change)"
    warn_user(
        f"The layers of trainable_layers={model.trainable_layers!r} never open: the head is "
        f"trained alone for unfreeze_after={opens} epochs, and {end}. Set unfreeze_after below "
        f"{epochs}, or {more}.",
    )
