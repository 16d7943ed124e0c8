"""Batches of images changed on their device, each image by numbers of its own.

torchvision.transforms.v2 takes one angle per call: a batch would be a Python loop over images.
Here the same matrices are built for the whole batch and sampled once; the tests compare every
operation with v2's functional kernels, image by image. Contrast alone differs: gray is that of
`images/_pixels.py`, where red counts .299 and not .2989.
"""

from numbers import Real

import torch
from torch.nn import functional

from skmedimg.images._pixels import LUMA

# The value of each operation that leaves an image unchanged.
NEUTRAL = {
    "rotation": 0.0,
    "zoom": 1.0,
    "shift": 0.0,
    "shear": 0.0,
    "brightness": 1.0,
    "contrast": 1.0,
    "noise": 0.0,
    "crop": 0.0,
}

# The limits of a pair (low, high), per operation.
_LIMITS = {
    "rotation": (-360, 360),
    "zoom": (0.05, 20),
    "shift": (-1, 1),
    "shear": (-80, 80),
    "brightness": (0, float("inf")),
    "contrast": (0, float("inf")),
    "noise": (0, float("inf")),
    "crop": (0, 0.95),
}

# The numbers an image draws, always all of them: switching one operation on or off then leaves
# the numbers of the others as they were.
_NUMBERS = {
    "rotation": "rotation",
    "zoom": "zoom",
    "shift_right": "shift",
    "shift_down": "shift",
    "shear": "shear",
    "brightness": "brightness",
    "contrast": "contrast",
    "noise": "noise",
    "crop": "crop",
}
# Coins decide whether an operation happens to an image, places where a crop lies and which axis
# is mirrored.
_COINS = (*NEUTRAL, "flip")
_PLACES = ("crop_right", "crop_down", "horizontal", "vertical")
# Operations that need interpolation; shift_down is drawn whenever shift_right is.
_GEOMETRY = ("rotation", "zoom", "shift_right", "shear", "crop")
# grid_sample's names for the values outside an image.
_PADDING = {"zero": "zeros", "edge": "border", "mirror": "reflection"}


def range_of(operation, value):
    """Return the range from which an operation draws its number."""
    if isinstance(value, Real):
        neutral = NEUTRAL[operation]
        # A deviation has no neutral value to spread around: every image gets this one.
        if operation == "noise":
            return value, value
        return (0.0 if operation == "crop" else neutral - value), neutral + value
    lowest, highest = _LIMITS[operation]
    if len(value) != 2 or not all(isinstance(side, Real) for side in value):
        raise ValueError(f"{operation} needs a number or a pair (low, high), got {value!r}.")
    if not lowest <= value[0] <= value[1] <= highest:
        raise ValueError(
            f"{operation} needs a pair with {lowest} <= low <= high <= {highest}, got {value!r}."
        )
    return tuple(value)


def draw_changes(n, ranges, flip, probability, generator):
    """Return the numbers of the active operations for n images, as a dict of tensors (n,)."""
    # One row per image, drawn at once: an image's numbers depend on its place in the batch alone.
    # Always float32, so that torch's default dtype does not change them.
    drawn = torch.rand(
        (n, len(_COINS) + len(_NUMBERS) + len(_PLACES)),
        generator=generator,
        device=generator.device,
        dtype=torch.float32,
    )
    coins, numbers, places = drawn.split([len(_COINS), len(_NUMBERS), len(_PLACES)], dim=1)
    happens = dict(zip(_COINS, (coins < probability).unbind(1), strict=True))
    places = dict(zip(_PLACES, places.unbind(1), strict=True))
    changes = _spread(numbers, ranges, happens)
    for axis in ("horizontal", "vertical"):
        if flip in (axis, "both"):
            changes[axis] = happens["flip"] & (places[axis] < 0.5)
    if "crop" in changes:
        # From -1, the window at the left or upper edge, to 1.
        changes |= {name: 2 * places[name] - 1 for name in ("crop_right", "crop_down")}
    return changes


def _spread(numbers, ranges, happens):
    """Return numbers from [0, 1) scaled to the ranges of the operations that change anything."""
    changes = {}
    for (name, operation), number in zip(_NUMBERS.items(), numbers.unbind(1), strict=True):
        (low, high), neutral = ranges[operation], NEUTRAL[operation]
        if not low == high == neutral:
            value = low + (high - low) * number
            changes[name] = torch.where(happens[operation], value, neutral)
    return changes


def move(images, masks, changes, fill="zero"):
    """Return images and masks moved by one affine map per image, each interpolated once."""
    if not any(name in changes for name in _GEOMETRY):
        return _mirror(images, masks, changes)
    changes = {name: value.to(images.device) for name, value in changes.items()}
    grid = _grid(_matrices(changes, *images.shape[2:]).to(images.dtype), *images.shape[2:])
    moved = _sample(images, grid, "bilinear", fill)
    if masks is not None:
        # grid_sample wants the dtype of the grid; bfloat16 holds labels up to 256 exactly.
        planes = masks[:, None].to(images.dtype)
        masks = _sample(planes, grid, "nearest", fill)[:, 0].to(masks.dtype)
    return moved, masks


def recolor(images, changes, generator, overwrite=False):
    """Return images with changed brightness and contrast, and with noise."""
    active = [name for name in ("brightness", "contrast", "noise") if name in changes]
    if not active:
        return images
    changes = {name: changes[name].to(images.device, images.dtype) for name in active}
    # Values stay in [0, 1], or in the image's own range where that is wider.
    low = images.amin((1, 2, 3), keepdim=True).clamp_(max=0)
    high = images.amax((1, 2, 3), keepdim=True).clamp_(min=1)
    changed = images if overwrite else images.clone()
    if active != ["noise"]:
        _relight(changed, changes)
    if "noise" in changes:
        changed += _noise(images, generator).mul_(_per_image(changes["noise"]))
    # clamp_ with a bound per image takes three times as long as these two.
    return torch.minimum(torch.maximum(changed, low, out=changed), high, out=changed)


def _mirror(images, masks, changes):
    """Return images and masks flipped by copying pixels, which is exact."""
    for axis, side in (("horizontal", -1), ("vertical", -2)):
        if axis in changes:
            flipped = changes[axis].to(images.device)[:, None, None]
            images = torch.where(flipped[:, None], images.flip(side), images)
            masks = None if masks is None else torch.where(flipped, masks.flip(side), masks)
    return images, masks


def _matrices(changes, height, width):
    """Return affine matrices (n, 2, 3) from places in the output to places in the input.

    Both are in [-1, 1], as grid_sample counts them. Flip, crop and shift act on the output place
    first, then the inverse of rotation, zoom and shear.
    """
    zero = torch.zeros_like(next(iter(changes.values())), dtype=torch.float32)
    numbers = {name: changes.get(name, zero) for name in (*_NUMBERS, *_PLACES)}
    along_x, along_y = _inverse_turn(numbers, changes.get("zoom", zero + 1))
    # A side is 2 long in these coordinates, hence the factor of the shift.
    to_x = numbers["crop"] * numbers["crop_right"] - 2 * numbers["shift_right"]
    to_y = numbers["crop"] * numbers["crop_down"] - 2 * numbers["shift_down"]
    # Rotation and shear mix x and y, which have units of different lengths where an image is not
    # square; the ratio converts one into the other.
    kept, ratio = 1 - numbers["crop"], height / width
    across = torch.where(numbers["horizontal"].bool(), -kept, kept)
    down = torch.where(numbers["vertical"].bool(), -kept, kept)
    rows = [
        (xx * across, xy * down, xx * to_x + xy * to_y)
        for xx, xy in (
            (along_x[0], along_x[1] * ratio),
            (along_y[0] / ratio, along_y[1]),
        )
    ]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _inverse_turn(numbers, zoom):
    """Return the inverse of rotation * zoom * shear, in the order of torchvision's affine."""
    angle = torch.deg2rad(numbers["rotation"])
    sine, cosine = angle.sin() / zoom, angle.cos() / zoom
    slope = torch.deg2rad(numbers["shear"]).tan()
    return (cosine - sine * slope, cosine * slope + sine), (-sine, cosine)


def _grid(matrices, height, width):
    """Return where each pixel is taken from, (n, height, width, 2).

    torch's affine_grid multiplies matrices instead of adding a row and a column, and takes ten
    times as long; grid_sample reads x and y fastest where they lie apart, as here.
    """
    # Centers of pixels, as align_corners=False counts them.
    x = (2 * torch.arange(width, device=matrices.device) + 1).to(matrices.dtype) / width - 1
    y = (2 * torch.arange(height, device=matrices.device) + 1).to(matrices.dtype) / height - 1
    along_x = matrices[:, :, 0, None] * x
    along_y = matrices[:, :, 1, None] * y + matrices[:, :, 2, None]
    return (along_y[:, :, :, None] + along_x[:, :, None, :]).permute(0, 2, 3, 1)


def _sample(images, grid, mode, fill):
    return functional.grid_sample(
        images, grid, mode=mode, padding_mode=_PADDING[fill], align_corners=False
    )


def _relight(images, changes):
    """Change brightness and contrast in place.

    With brightness b and contrast c a pixel x becomes c * (b * x) + (1 - c) * mean(b * gray).
    """
    one = images.new_ones(len(images))
    brightness, contrast = changes.get("brightness", one), changes.get("contrast", one)
    mean = _mean_gray(images) if "contrast" in changes else one
    images *= _per_image(brightness * contrast)
    if "contrast" in changes:
        images += _per_image((1 - contrast) * brightness * mean)


def _mean_gray(images):
    """Return the mean of each image's gray version, (n,)."""
    means = images.mean((2, 3))
    if images.shape[1] == 3:
        return means @ means.new_tensor(LUMA)
    return means.mean(1)


def _noise(images, generator):
    noise = torch.randn(
        images.shape, generator=generator, device=generator.device, dtype=images.dtype
    )
    return noise.to(images.device)


def _per_image(values):
    return values[:, None, None, None]
