"""Changed copies of stored images: of which rows, and back into the dtype they are stored in."""

import numpy as np
import torch

from skmedimg._device import generator, resolve_precision
from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._paths import list_paths
from skmedimg.images._pixels import largest_value, to_device
from skmedimg.images._validate import check_images

_PIXELS_AT_ONCE = 1 << 21


def check_stack(augmenter, X):
    """Return X as images that copies can be added to."""
    if isinstance(X, LazyImages) or list_paths(X) is not None:
        raise TypeError(
            "Augmenter cannot add changed copies to files. Give it to a network as "
            "augment=Augmenter(...), which changes what it has decoded, or put ImageLoader(...), "
            "not lazy, before it."
        )
    return check_images(augmenter, X, reset=True, image_shape=augmenter.image_shape)


def check_pixel_labels(masks, images):
    """Return the masks as an array of labels that fits the images."""
    masks = np.asarray(masks)
    if masks.dtype.kind not in "biu":
        raise TypeError(f"masks need integer or boolean labels, got dtype {masks.dtype}.")
    if masks.shape != images.shape[:3]:
        raise ValueError(
            f"masks of shape {masks.shape} do not fit images of {images.shape[1]}x"
            f"{images.shape[2]}: they need the shape {images.shape[:3]}."
        )
    return masks


def choose_sources(y, copies, balance, seed):
    """Choose of which rows copies are made."""
    classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    goals = (1 + copies) * (np.full_like(counts, counts.max()) if balance else counts)
    missing = goals - counts
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(codes == code) for code in range(len(classes))]
    sources = [_repeat(*each, rng) for each in zip(rows, missing, strict=True)]
    added = dict(zip(classes.tolist(), missing.tolist(), strict=True))
    return np.sort(np.concatenate(sources)), added


def changed_copies(images, masks, sources, seed, augment_batch):
    """Return changed copies of the images (and masks) at `sources`."""
    random, device = generator(seed), torch.device("cpu")
    precision = resolve_precision(_precision_of(images.dtype), device)
    copies = np.empty((len(sources), *images.shape[1:]), images.dtype)
    moved = None if masks is None else np.empty(copies.shape[:3], masks.dtype)
    step = max(1, _PIXELS_AT_ONCE // images[0].size)
    for start in range(0, len(sources), step):
        part = slice(start, start + step)
        batch = to_device(images[sources[part]], device, precision)
        labels = None if masks is None else torch.from_numpy(masks[sources[part]].astype(np.int64))
        batch, labels = augment_batch(batch, labels, random)
        copies[part] = _as_stored(batch, images.dtype)
        if masks is not None:
            moved[part] = labels.numpy()
    return copies, moved


def _repeat(rows, missing, rng):
    """Return `missing` of the rows: each as often as the others, the rest drawn."""
    times, rest = divmod(missing, len(rows))
    return np.concatenate([np.tile(rows, times), rng.choice(rows, rest, replace=False)])


def _as_stored(batch, dtype):
    """Return a batch of tensors as an array (n, height, width, channels) of the stored dtype."""
    values = batch.permute(0, 2, 3, 1).numpy()
    if dtype.kind == "f":
        return values
    if dtype.kind == "b":
        return values >= 0.5
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values * (largest_value(dtype) or 1)), limits.min, limits.max)


def _precision_of(dtype):
    """Name the precision in which no stored value is lost."""
    return "float32" if dtype.itemsize <= 2 or dtype == np.float32 else "float64"
