"""Clean predicted masks: keep the largest components, fill holes, remove small ones."""

from numbers import Integral

import numpy as np
from scipy import ndimage
from skimage.measure import label
from sklearn.base import BaseEstimator, TransformerMixin


def clean_masks(masks, *, largest=None, fill_holes=False, min_size=0):
    """Return masks with small components removed and holes filled, class by class.

    Parameters
    ----------
    masks : ndarray (n, height, width)
        Class labels; 0 is the background.
    largest : int or None, default=None
        Number of connected components to keep per image and class, the largest ones (2 for lungs).
        Corners connect.
    fill_holes : bool, default=False
        Give background that a class encloses to that class.
    min_size : int, default=0
        Components of fewer pixels become background.

    Returns
    -------
    cleaned : ndarray (n, height, width)
        In the dtype of `masks`.

    See Also
    --------
    CleanMasks
        Remove small components from masks and fill holes, for `postprocess=` of a
        segmenter.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images import clean_masks
    >>> clean_masks(np.array([[[1, 1, 1, 0, 1], [1, 0, 1, 0, 0], [1, 1, 1, 0, 0]]]),
    ...             largest=1, fill_holes=True)
    array([[[1, 1, 1, 0, 0],
            [1, 1, 1, 0, 0],
            [1, 1, 1, 0, 0]]])
    """
    masks = np.asarray(masks)
    if masks.ndim != 3:
        raise ValueError(
            f"masks needs shape (n, height, width), but has {masks.shape}. Reshape rows first."
        )
    kind = masks.dtype.kind
    if kind not in "biuf" or (kind == "f" and (masks != masks.round()).any()):
        raise ValueError(
            f"masks needs class labels, but holds fractions of dtype {masks.dtype}. Threshold "
            "probabilities first: masks > 0.5."
        )
    _check_count("largest", 1 if largest is None else largest, least=1)
    _check_count("min_size", min_size, least=0)
    cleaned = np.zeros_like(masks)
    for before, after in zip(masks, cleaned, strict=True):
        for value in np.unique(before[before != 0]):
            kept = _keep_components(before == value, largest, min_size)
            after[kept] = value
        # After all classes are written: a hole of one class may hold a component of another.
        if fill_holes:
            _fill(after)
    return cleaned


class CleanMasks(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Remove small components from masks and fill holes, for `postprocess=` of a segmenter.

    Parameters
    ----------
    largest : int or None, default=None
        Number of connected components to keep per image and class, the largest ones (2 for lungs).
        Corners connect.
    fill_holes : bool, default=False
        Give background that a class encloses to that class.
    min_size : int, default=0
        Components of fewer pixels become background.

    See Also
    --------
    clean_masks : The function that does the work.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg import CleanMasks
    >>> CleanMasks(min_size=2).transform(np.array([[[1, 1, 0, 1]]]))
    array([[[1, 1, 0, 0]]])
    """

    def __init__(self, largest=None, *, fill_holes=False, min_size=0):
        self.largest = largest
        self.fill_holes = fill_holes
        self.min_size = min_size

    def fit(self, masks, y=None):
        """Return self: there is nothing to learn.

        Parameters
        ----------
        masks : ndarray (n, height, width)
            Class number of each pixel.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : CleanMasks
        """
        return self

    def transform(self, masks):
        """Return the masks with small components removed and holes filled.

        Parameters
        ----------
        masks : ndarray (n, height, width)
            Class number of each pixel.

        Returns
        -------
        cleaned : ndarray (n, height, width)
        """
        return clean_masks(
            masks, largest=self.largest, fill_holes=self.fill_holes, min_size=self.min_size
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _check_count(name, count, least):
    if not isinstance(count, Integral) or count < least:
        raise ValueError(f"{name} needs to be an integer of at least {least}, but is {count!r}.")


def _keep_components(mask, largest, min_size):
    """Return the pixels of a boolean mask that belong to components to keep."""
    if largest is None and min_size <= 1:
        return mask
    components = label(mask, connectivity=2)
    sizes = np.bincount(components.ravel())
    # Label 0 is the background, which is never among the largest.
    sizes[0] = 0
    kept = sizes >= max(min_size, 1)
    if largest is not None:
        # Stable, so that of components of one size the first in reading order stay.
        kept[np.argsort(-sizes, kind="stable")[largest:]] = False
    return kept[components]


def _fill(mask):
    """Give enclosed background to the class around it, in place."""
    free = mask == 0
    for value in np.unique(mask[~free]):
        mask[ndimage.binary_fill_holes(mask == value) & free] = value
