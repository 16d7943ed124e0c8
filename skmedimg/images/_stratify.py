"""Labels to stratify masks by: the classes in an image, and the area of its foreground."""

from numbers import Integral

import numpy as np

from skmedimg.images._mask_files import list_mask_paths, read_mask


def stratify_masks(masks, *, bins=3, ignore_label=None):
    """Return a label per mask to stratify a split by, so that every fold holds every class.

    Images with the same foreground classes are ranked by how much foreground they show and cut
    into bins of equal number.

    Parameters
    ----------
    masks : array-like (n, height, width) or (n, height * width), or paths (n,)
        Class labels; 0 is the background.
    bins : int, default=3
        Number of sizes; a set of classes with fewer than twice as many images is not divided.
    ignore_label : int or None, default=None
        Label of pixels that do not count.

    Returns
    -------
    labels : ndarray (n,) of int64
        For `StratifiedKFold.split(X, labels)` or `train_test_split(..., stratify=labels)`.

    See Also
    --------
    load_masks : Read mask files into one array of class labels.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images import stratify_masks
    >>> masks = np.zeros((6, 4, 4), dtype=int)
    >>> for k in range(1, 5):
    ...     masks[k, :k] = 1
    >>> stratify_masks(masks, bins=2)
    array([0, 1, 1, 2, 2, 0])
    """
    if not isinstance(bins, Integral) or bins < 1:
        raise ValueError(f"bins needs to be at least 1, and an integer, but is {bins!r}.")
    kinds, shares = _summaries(masks, ignore_label)
    if not kinds:
        raise ValueError("masks is empty; it needs the mask of at least one image.")
    labels = np.empty(len(kinds), dtype=np.int64)
    used = 0
    for kind in sorted(set(kinds)):
        rows = np.array([row for row, other in enumerate(kinds) if other == kind])
        # Every label needs two images, one for each side of a split. Empty masks have no sizes.
        cut = bins if kind and len(rows) >= 2 * bins else 1
        # Twice argsort gives ranks; bins of equal number follow even where areas are equal.
        ranks = np.argsort(np.argsort(shares[rows], kind="stable"))
        labels[rows] = used + ranks * cut // len(rows)
        used += cut
    return labels


def _summaries(masks, ignore_label):
    """Return the foreground classes of each image, and the share of the foreground."""
    paths = list_mask_paths(masks)
    read = map(read_mask, paths) if paths is not None else map(np.asarray, masks)
    kinds, shares = [], []
    for mask in read:
        if mask.ndim == 0:
            raise ValueError("masks needs one mask per image, but holds single labels.")
        counted = mask if ignore_label is None else mask[mask != ignore_label]
        kinds.append(tuple(np.unique(counted[counted != 0]).tolist()))
        shares.append(np.count_nonzero(counted) / max(counted.size, 1))
    return kinds, np.array(shares)
