"""Resize one image of any dtype without aliasing."""

import numpy as np
from PIL import Image

ASPECTS = ("stretch", "pad", "crop", "shorter")
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resize_image(image, size, *, aspect="stretch", interpolation="bilinear"):
    """Resize one image to (height, width), antialiased: the filter is as wide as the reduction.

    Parameters
    ----------
    image : ndarray (height, width) or (height, width, channels), or PIL.Image.Image
        bool, integers or floats; a picture of mode L or RGB.
    size : tuple of int
        (height, width) wanted.
    aspect : {"stretch", "pad", "crop", "shorter"}, default="stretch"
        What happens to the proportions. "stretch": both sides are made to fit. "pad": the whole
        image, on black. "crop": the largest central part of the wanted proportions. "shorter":
        the shorter side becomes the smaller of `size`, the other follows; the result is as long
        as the image's proportions make it.
    interpolation : {"nearest", "box", "bilinear", "bicubic", "lanczos"}, default="bilinear"
        Filter. Labels and masks need "nearest".

    Returns
    -------
    resized : ndarray (height, width) or (height, width, channels)
        In the dtype of `image`.

    See Also
    --------
    ImageLoader : Load images from paths, and convert them to one color and size.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images import resize_image
    >>> image = np.full((100, 50), 200, dtype=np.uint8)
    >>> resize_image(image, (32, 32)).shape
    (32, 32)
    >>> resize_image(image, (32, 32), aspect="shorter").shape
    (64, 32)
    >>> resize_image(image, (4, 4), aspect="pad")
    array([[  0, 200, 200,   0],
           [  0, 200, 200,   0],
           [  0, 200, 200,   0],
           [  0, 200, 200,   0]], dtype=uint8)
    """
    size = check_size(size)
    for name, value, known in (
        ("aspect", aspect, ASPECTS),
        ("interpolation", interpolation, tuple(INTERPOLATIONS)),
    ):
        if value not in known:
            raise ValueError(f"{name} needs to be one of {known}, but is {value!r}.")
    sides = image.size[::-1] if isinstance(image, Image.Image) else check_one_image(image).shape[:2]
    if sides == size:
        return np.array(image) if isinstance(image, Image.Image) else image
    shape, inner, box = _geometry(sides, size, aspect)
    resized = _resample(image, inner, box, INTERPOLATIONS[interpolation])
    return resized if inner == shape else _on_black(resized, shape)


def covered_box(sides, size, aspect):
    """Return what `resize_image` to `size` fills of the result, and of which part of the source.

    Both are (rows, columns) as slices; the source has `sides`, and its part is rounded to pixels.
    """
    shape, inner, box = _geometry(sides, size, aspect)
    starts = [(outer - side) // 2 for outer, side in zip(shape, inner, strict=True)]
    filled = tuple(slice(a, a + side) for a, side in zip(starts, inner, strict=True))
    left, top, right, bottom = (round(edge) for edge in box)
    return filled, (slice(top, bottom), slice(left, right))


def check_one_image(image):
    """Return one image as an array of numbers."""
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.size == 0 or image.dtype.kind not in "buif":
        raise ValueError(
            "image needs numbers of shape (height, width) or (height, width, channels), but has "
            f"shape {image.shape} and dtype {image.dtype}. Of a stack, pass one after the other."
        )
    return image


def check_size(size, name="size"):
    """Return `size` as None or (height, width)."""
    if size is None:
        return None
    sides = tuple(size) if np.ndim(size) == 1 else (size, size)
    if len(sides) != 2 or not all(isinstance(s, (int, np.integer)) and s > 0 for s in sides):
        raise ValueError(f"{name} needs to be (height, width), positive integers, but is {size!r}.")
    return int(sides[0]), int(sides[1])


def _geometry(sides, size, aspect):
    """Return the shape of the result, that of the resized part, and the box of the source."""
    height, width = sides
    whole = (0, 0, width, height)
    scales = size[0] / height, size[1] / width
    if aspect == "stretch":
        return size, size, whole
    if aspect == "crop":
        return size, size, _central_box(sides, size, max(scales))
    if aspect == "pad":
        return size, _scaled(sides, min(scales), size), whole
    shape = _scaled(sides, min(size) / min(sides))
    return shape, shape, whole


def _central_box(sides, size, scale):
    """Return the largest central box of the proportions of `size`, in fractions of pixels."""
    height, width = min(size[0] / scale, sides[0]), min(size[1] / scale, sides[1])
    top, left = (sides[0] - height) / 2, (sides[1] - width) / 2
    return left, top, left + width, top + height


def _scaled(sides, scale, limit=None):
    """Return sides times scale, rounded to at least 1 and at most `limit`."""
    scaled = [max(1, round(side * scale)) for side in sides]
    return tuple(map(min, scaled, limit)) if limit else tuple(scaled)


def _resample(image, size, box, filter):
    """Return the box of an image resized, plane by plane where Pillow has no mode for it."""
    if isinstance(image, Image.Image):
        # The gap reduces by a whole number first, as Image.thumbnail does: half the work. Values
        # move by 0.2 levels on average, by 2 at most.
        return np.array(image.resize(size[::-1], filter, box, reducing_gap=2.0))
    if image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2] == 3):
        return _resample(Image.fromarray(np.ascontiguousarray(image)), size, box, filter)
    if image.ndim == 3:
        planes = [_resample(image[..., k], size, box, filter) for k in range(image.shape[2])]
        return np.stack(planes, axis=-1)
    return _resample_exact(image, size, box, filter)


def _resample_exact(plane, size, box, filter):
    """Return one plane resized in 32-bit floats, which hold 16-bit values exactly."""
    picture = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    values = np.asarray(picture.resize(size[::-1], filter, box))
    if plane.dtype == bool:
        return values >= 0.5
    if plane.dtype.kind in "iu":
        # Bicubic and Lanczos filters overshoot. In float32 the limit 2**31 - 1 would be rounded up,
        # and the cast to int32 would wrap around.
        limits = np.iinfo(plane.dtype)
        values = np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max)
    return values.astype(plane.dtype)


def _on_black(image, shape):
    """Return an image in the middle of a black one of `shape`."""
    top, left = ((outer - inner) // 2 for outer, inner in zip(shape, image.shape, strict=False))
    padded = np.zeros((*shape, *image.shape[2:]), dtype=image.dtype)
    padded[top : top + image.shape[0], left : left + image.shape[1]] = image
    return padded
