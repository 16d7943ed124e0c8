"""Functions that a user gives as `augment`: torchvision's transforms, kornia's, or own ones."""

import torch

from skmedimg._device import fresh_weights

_MAX_SEED = 2**31 - 1


class OwnAugment:
    """A function of the user as an augmentation of training batches."""

    def __init__(self, function):
        self.function = function

    def augment_batch(self, images, masks, generator):
        """Return images (n, channels, height, width) and masks (n, height, width), changed."""
        device = generator.device
        seed = int(torch.randint(_MAX_SEED, (1,), generator=generator, device=device))
        # Such functions draw from torch's global generator; it is seeded and put back.
        with fresh_weights(seed, device):
            changed = self._call(images, masks)
        self._check(changed, images, masks)
        return changed

    def try_on(self, image_shape, with_masks, device, dtype):
        """Refuse a function that does not fit, on two images of zeros."""
        height, width, channels = image_shape
        images = torch.zeros(2, channels, height, width, device=device, dtype=dtype)
        masks = torch.zeros(2, height, width, device=device, dtype=torch.uint8)
        given = "images, masks" if with_masks else "images"
        try:
            changed = self.augment_batch(
                images, masks if with_masks else None, torch.Generator(device).manual_seed(0)
            )
        except _Unfitting:
            raise
        except Exception as error:  # a function of the user may raise anything
            raise ValueError(
                f"augment={self._name()} cannot be called with ({given}), a batch of shape "
                f"{tuple(images.shape)}: {error}"
            ) from error
        self._check(changed, images, masks if with_masks else None)

    def _call(self, images, masks):
        if masks is None:
            return self.function(images), None
        from torchvision import tv_tensors

        # torchvision moves masks with their images, if it is told what is what; to other
        # functions these are tensors like any others.
        found = self.function(tv_tensors.Image(images), tv_tensors.Mask(masks))
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise _Unfitting(f"augment={self._name()} needs to return (images, masks).")
        return tuple(
            value.as_subclass(torch.Tensor) if isinstance(value, torch.Tensor) else value
            for value in found
        )

    def _check(self, changed, images, masks):
        for name, value, given in zip(("images", "masks"), changed, (images, masks), strict=True):
            if given is None:
                continue
            # Images keep their floats; class numbers may be any integers.
            kind = given.dtype if name == "images" else getattr(value, "dtype", None)
            fits = isinstance(value, torch.Tensor) and value.shape == given.shape
            if not fits or value.dtype != kind or (name == "masks" and kind.is_floating_point):
                got = f"{value.dtype} {tuple(value.shape)}" if hasattr(value, "dtype") else value
                raise _Unfitting(
                    f"augment={self._name()} needs to return {name} of shape {tuple(given.shape)} "
                    f"and dtype {given.dtype}, but returned {got}."
                )

    def _name(self):
        return getattr(self.function, "__name__", type(self.function).__name__)


class _Unfitting(ValueError):
    """What a function of the user returned does not fit."""


def as_augment(given):
    """Return an Augmenter or None as they are, and a function as an OwnAugment."""
    if given is None or hasattr(given, "augment_batch"):
        return given
    if hasattr(given, "get_params"):
        name = type(given).__name__
        raise TypeError(
            f"augment={name} has a method get_params that scikit-learn takes for its own, so that "
            f"the model could not be cloned: put it into torchvision.transforms.v2.Compose([{name}"
            "(...)]), or into a function."
        )
    return OwnAugment(given)
