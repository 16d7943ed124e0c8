"""Mean and standard deviation of training images, by which networks standardize their inputs."""

import numpy as np

from skmedimg.images._lazy_images import LazyImages
from skmedimg.images._pixels import largest_value

# More images, evenly spaced among all, would hardly change mean and deviation, and files are read
# once more for this.
_MAX_IMAGES = 1000
_LOADED_AT_ONCE = 32


def input_statistics(images, weights, flat):
    """Return mean and deviation of weighted images as scaled: per channel, or per column."""
    n, are_pixels = images.shape[0], len(images.shape) > 2
    chosen = np.linspace(0, n - 1, _MAX_IMAGES).astype(int) if n > _MAX_IMAGES else np.arange(n)
    # Image by image, because a float64 copy of all of them may not fit into memory.
    each = [
        (pixels.mean(0, dtype=np.float64), pixels.var(0, dtype=np.float64))
        for pixels in _pixel_lists(images, chosen, flat)
    ]
    means, variances = map(np.array, zip(*each, strict=True))
    shares = weights[chosen] / weights[chosen].sum()
    mean = shares @ means
    std = np.sqrt(shares @ (variances + (means - mean) ** 2))
    scale = largest_value(images.dtype)
    if flat and (are_pixels or scale is not None):
        # Divided by its own deviation, a pixel that is seldom lit would outweigh all others.
        std[:] = np.sqrt((std**2).mean())
    # What is constant is shifted and not scaled; equal floats deviate by what their sum rounds.
    std[std <= 1e-9 * np.abs(mean)] = scale or 1.0
    return mean / (scale or 1.0), std / (scale or 1.0)


def _pixel_lists(images, chosen, flat):
    """Yield the pixels (n_pixels, n_channels) of each chosen image, or its one row."""
    for start in range(0, len(chosen), _LOADED_AT_ONCE):
        part = images[chosen[start : start + _LOADED_AT_ONCE]]
        for image in part.load() if isinstance(part, LazyImages) else part:
            yield image.reshape(1, -1) if flat else image.reshape(-1, image.shape[-1])
