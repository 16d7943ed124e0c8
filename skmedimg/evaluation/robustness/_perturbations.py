"""Perturbations of images: each by a stated value, the same for every model."""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from skmedimg.images._pixels import pixel_limits

# Values of severity 1 to 5, what each value is, and the value that changes nothing.
PERTURBATIONS = {
    "brightness": ((1.1, 1.2, 1.3, 1.4, 1.5), "factor of all pixels", 1),
    "contrast": ((0.9, 0.8, 0.7, 0.6, 0.5), "factor of the distance from the mean", 1),
    "noise": ((0.02, 0.04, 0.06, 0.08, 0.1), "standard deviation, share of the range", 0),
    "blur": ((0.5, 1.0, 1.5, 2.0, 3.0), "standard deviation, pixels", 0),
    "JPEG": ((80, 60, 40, 20, 10), "quality", 100),
    "rotation": ((3, 6, 9, 12, 15), "degrees, clockwise", 0),
    "resolution": ((0.8, 0.6, 0.5, 0.4, 0.25), "factor of both sides", 1),
}
_LIMITS = {
    "brightness": (0, 100),
    "contrast": (0, 100),
    "noise": (0, 10),
    "blur": (0, 1000),
    "JPEG": (1, 100),
    "rotation": (-180, 180),
    "resolution": (0.001, 1),
}


def check_perturbations(perturbations, task):
    """Return {name: values} of a list of names or of a dict of values; None takes all."""
    known = list(PERTURBATIONS)
    if task == "segmentation":
        known.remove("rotation")  # the true masks would have to turn too
    if perturbations is None:
        perturbations = known
    if isinstance(perturbations, str):
        perturbations = [perturbations]
    if not isinstance(perturbations, dict):
        perturbations = dict.fromkeys(perturbations)
    found = {}
    for name, values in perturbations.items():
        if name not in known:
            what = " of masks" if task == "segmentation" else ""
            raise ValueError(
                f"perturbations names {name!r}, but the perturbations{what} are: "
                f"{', '.join(known)}."
            )
        found[name] = PERTURBATIONS[name][0] if values is None else _check_values(name, values)
    if not found:
        raise ValueError("perturbations needs at least one name, but is empty.")
    return found


def perturb_image(image, name, value, seed):
    """Return an image of the same shape and dtype, perturbed.

    Integers of 8 and 16 bits keep the range of their dtype, others that of the image. `seed` is
    that of the noise of this image.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.evaluation.robustness._perturbations import perturb_image
    >>> image = np.array([[0, 100], [200, 250]], dtype=np.uint8)
    >>> perturb_image(image, "brightness", 1.5, 0)
    array([[  0, 150],
           [255, 255]], dtype=uint8)
    """
    low, high = pixel_limits(image.dtype) or (float(image.min()), float(image.max()))
    if high == low:
        return image
    planes = (image.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    planes = planes[..., None] if image.ndim == 2 else planes
    changed = _CHANGES.get(name, _recolored)(planes, name, value, seed)
    changed = low + (high - low) * np.clip(changed, 0, 1).astype(np.float64)
    changed = np.rint(changed) if image.dtype.kind in "biu" else changed
    return changed.astype(image.dtype).reshape(image.shape)


def _check_values(name, values):
    """Return the stated values of a perturbation as a tuple of numbers."""
    low, high = _LIMITS[name]
    given = np.atleast_1d(np.asarray(values, dtype=object))
    numbers = [v for v in given.tolist() if isinstance(v, (int, float)) and low <= v <= high]
    if given.ndim != 1 or not len(given) or len(numbers) != len(given):
        raise ValueError(
            f"perturbations[{name!r}] needs values from {low} to {high} "
            f"({PERTURBATIONS[name][1]}), but is {values!r}."
        )
    return tuple(numbers)


def _recolored(planes, name, value, seed):
    """Change brightness or contrast, or add noise, as the augmentation does."""
    import torch

    from skmedimg.images._augment_ops import recolor

    generator = torch.Generator().manual_seed(seed)
    return _numpy(recolor(_tensor(planes), {name: torch.tensor([float(value)])}, generator))


def _rotated(planes, name, value, seed):
    """Turn about the center with bilinear interpolation; the edge is repeated."""
    import torch

    from skmedimg.images._augment_ops import move

    turned, _ = move(_tensor(planes), None, {name: torch.tensor([float(value)])}, "edge")
    return _numpy(turned)


def _blurred(planes, name, value, seed):
    return gaussian_filter(planes, (value, value, 0), mode="nearest")


def _compressed(planes, name, value, seed):
    """Save as a JPEG of 8 bits and read it again, with color as one file and other channels apart.

    Color keeps its full resolution, so that gray and color images lose the same.
    """
    pixels = np.rint(255 * np.clip(planes, 0, 1)).astype(np.uint8)
    parts = [pixels] if pixels.shape[2] == 3 else np.split(pixels, pixels.shape[2], axis=2)
    read = [_as_jpeg(part if part.shape[2] == 3 else part[..., 0], int(value)) for part in parts]
    return np.concatenate([np.atleast_3d(part) for part in read], axis=2) / np.float32(255)


def _as_jpeg(pixels, quality):
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
        file.seek(0)
        return np.asarray(Image.open(file))


def _coarser(planes, name, value, seed):
    """Make an image smaller, by the mean over each pixel's area, and bring it back bilinearly."""
    height, width = planes.shape[:2]
    small = max(1, round(width * value)), max(1, round(height * value))
    parts = [
        Image.fromarray(np.ascontiguousarray(planes[..., channel]))
        .resize(small, Image.Resampling.BOX)
        .resize((width, height), Image.Resampling.BILINEAR)
        for channel in range(planes.shape[2])
    ]
    return np.stack([np.asarray(part) for part in parts], axis=2)


def _tensor(planes):
    import torch

    return torch.from_numpy(np.ascontiguousarray(planes)).permute(2, 0, 1)[None]


def _numpy(images):
    return images[0].permute(1, 2, 0).numpy()


_CHANGES = {
    "rotation": _rotated,
    "blur": _blurred,
    "JPEG": _compressed,
    "resolution": _coarser,
}
