"""Changed copies of stored images: which rows are copied, and how copies get the stored dtype."""

import numpy as np
import torch

from skmedimg._device import generator, resolve_precision
from skmedimg.images._lazy_images import LazyImages, lazy_if_stored
from skmedimg.images._paths import list_paths
from skmedimg.images._pixels import largest_value, to_device
from skmedimg.images._validate import check_images

# Values changed at once: 8 MB of float32.
_PIXELS_AT_ONCE = 1 << 21


def check_stack(augmenter, X):
    """Return X as images that copies can be added to."""
    if isinstance(lazy_if_stored(X), LazyImages) or list_paths(X) is not None:
        raise TypeError(
            "Augmenter needs images in memory to add changed copies, but X holds files. Pass "
            "augment=Augmenter(...) to a network, which decodes them, or put ImageLoader(...) with "
            "lazy=False before it."
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
    """Return the rows to copy, sorted, and the number of copies of each class."""
    classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    # Images per class in the end: 1 + copies of each, or as many as the largest class will have.
    goals = (1 + copies) * (np.full_like(counts, counts.max()) if balance else counts)
    missing = goals - counts
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(codes == code) for code in range(len(classes))]
    sources = [_repeat(*each, rng) for each in zip(rows, missing, strict=True)]
    added = dict(zip(classes.tolist(), missing.tolist(), strict=True))
    return np.sort(np.concatenate(sources)), added


def changed_copies(images, masks, sources, seed, augment_batch):
    """Return changed copies of the images (and masks) at `sources`."""
    # A CPU generator draws the same numbers on every machine, one of a GPU draws others.
    random, device = generator(seed), torch.device("cpu")
    # float32 holds every value of 16 bits exactly; wider integers need float64.
    narrow = images.dtype.itemsize <= 2 or images.dtype == np.float32
    precision = resolve_precision("float32" if narrow else "float64", device)
    copies = np.empty((len(sources), *images.shape[1:]), images.dtype)
    moved = None if masks is None else np.empty(copies.shape[:3], masks.dtype)
    step = max(1, _PIXELS_AT_ONCE // images[0].size)
    for start in range(0, len(sources), step):
        part = slice(start, start + step)
        batch = to_device(images[sources[part]], device, precision)
        # int64, because torch knows few unsigned dtypes.
        labels = None if masks is None else torch.from_numpy(masks[sources[part]].astype(np.int64))
        batch, labels = augment_batch(batch, labels, random)
        copies[part] = _as_stored(batch, images.dtype)
        if masks is not None:
            moved[part] = labels.numpy()
    return copies, moved


def _repeat(rows, missing, rng):
    """Return `missing` rows: all of them equally often, the remainder drawn without repeats."""
    times, rest = divmod(missing, len(rows))
    return np.concatenate([np.tile(rows, times), rng.choice(rows, rest, replace=False)])


def _as_stored(batch, dtype):
    """Return a batch (n, channels, height, width) as an array, channels last, in a stored dtype."""
    values = batch.permute(0, 2, 3, 1).numpy()
    if dtype.kind == "f":
        return values
    if dtype.kind == "b":
        return values >= 0.5
    # Wide integers were not scaled. Clipped, because a cast would wrap around.
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values * (largest_value(dtype) or 1)), limits.min, limits.max)
