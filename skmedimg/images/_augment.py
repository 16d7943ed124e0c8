"""The function `augment`: randomly changed copies of a stack of images and of their masks."""

import numpy as np

from skmedimg._device import seed_from
from skmedimg.images._augment_copies import changed_copies, check_pixel_labels, check_stack
from skmedimg.images._augmenter import Augmenter


def augment(
    images,
    masks=None,
    *,
    rotation=0,
    zoom=0,
    shift=0,
    shear=0,
    flip=None,
    brightness=0,
    contrast=0,
    noise=0,
    crop=0,
    probability=1.0,
    fill="zero",
    random_state=None,
):
    """Return randomly changed copies of images, and of their masks.

    Parameters
    ----------
    images : array-like of shape (n, height, width) or (n, height, width, channels)
        The images. Booleans and integers of 8 or 16 bits are divided by the largest value of their
        dtype while they are changed; floats and wider integers are not scaled.
    masks : array-like of int or bool, shape (n, height, width), default=None
        Labels of the pixels. They move with their images and are never interpolated; pixels from
        outside are 0 with ``fill="zero"``.
    rotation, zoom, shift, shear, flip, brightness, contrast, noise, crop, probability, fill : \
object
        The operations, as for :class:`Augmenter`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same changes at every call.

    Returns
    -------
    images : ndarray of the shape and dtype of `images`
        The changed images, in the same order.
    masks : ndarray of the shape and dtype of `masks`
        Only where `masks` are given.

    See Also
    --------
    Augmenter : The same as a parameter of a network, or as a step of a Pipeline.

    Examples
    --------
    >>> from skmedimg.images import augment
    >>> from skmedimg.datasets import make_lesions
    >>> data = make_lesions(8, size=32, random_state=0)
    >>> images, masks = augment(data.images, data.masks, rotation=20, flip="horizontal",
    ...                         random_state=0)
    >>> images.shape, images.dtype, masks.shape
    ((8, 32, 32), dtype('uint8'), (8, 32, 32))
    """
    augmenter = Augmenter(
        rotation=rotation,
        zoom=zoom,
        shift=shift,
        shear=shear,
        flip=flip,
        brightness=brightness,
        contrast=contrast,
        noise=noise,
        crop=crop,
        probability=probability,
        fill=fill,
        random_state=random_state,
    )
    if np.ndim(images) not in (3, 4):
        raise ValueError(
            "augment needs images (n, height, width) or (n, height, width, channels), got "
            f"{np.ndim(images)} dimensions. Pass a single image as image[None]."
        )
    stack = check_stack(augmenter, images)
    masks = None if masks is None else check_pixel_labels(masks, stack)
    stack, masks = changed_copies(
        stack, masks, np.arange(len(stack)), seed_from(random_state), augmenter.augment_batch
    )
    # Validation has added an axis of channels to gray images.
    stack = stack.reshape(np.shape(images))
    return stack if masks is None else (stack, masks)
