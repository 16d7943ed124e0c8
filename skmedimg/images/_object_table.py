"""The objects of masks: connected parts of a class, numbered, with their places and sizes."""

import math
from numbers import Real

import numpy as np
from scipy import ndimage

# Corners connect, as in CleanMasks and in the metrics of objects.
_CONNECTED = np.ones((3, 3))


def label_objects(mask):
    """Return a mask whose connected parts have a number each.

    Parameters
    ----------
    mask : ndarray (height, width)
        Class labels; 0 is the background.

    Returns
    -------
    numbers : ndarray (height, width) of int32
        0 in the background, else the number of the object from 1, class by class and each from the
        top. Corners connect.

    See Also
    --------
    object_table : Tabulate the objects of masks: their classes, places and sizes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images import label_objects
    >>> label_objects(np.array([[1, 0, 2, 2], [1, 0, 2, 0], [0, 0, 0, 1]]))
    array([[1, 0, 3, 3],
           [1, 0, 3, 0],
           [0, 0, 0, 2]], dtype=int32)
    """
    mask = _checked(mask)
    numbers = np.zeros(mask.shape, dtype=np.int32)
    for label in np.unique(mask[mask != 0]):
        parts, _ = ndimage.label(mask == label, structure=_CONNECTED)
        numbers[parts > 0] = parts[parts > 0] + numbers.max()
    return numbers


def object_table(masks, *, names=None, spacing=1.0):
    """Tabulate the objects of masks: their classes, places and sizes.

    Parameters
    ----------
    masks : sequence of ndarray (height, width), (n,)
        Class labels, of one size or of several; 0 is the background.
    names : sequence (n,) or None, default=None
        What stands for each mask in the table, such as its file; None takes its number.
    spacing : float, sequence of float (2,), or sequence (n,) of them, default=1.0
        Size of a pixel along rows and columns, of all masks or of each, as
        :func:`read_spacing` finds it. 1.0 measures in pixels.

    Returns
    -------
    objects : DataFrame
        One row per object, in the order of :func:`label_objects`: `image`, `object` (its number),
        `class`, `pixels`, `area`, `diameter` (of a disk of the same area), the center `row` and
        `column`, the box `top`, `left`, `height` and `width` in pixels, and `at_border`, whether
        the image cuts it off perhaps.

    See Also
    --------
    label_objects : Return a mask whose connected parts have a number each.

    Examples
    --------
    >>> import numpy as np
    >>> from skmedimg.images import object_table
    >>> mask = np.zeros((8, 8), dtype=int)
    >>> mask[:2, :3], mask[4:6, 4:6] = 1, 1
    >>> object_table([mask], spacing=0.5)[["object", "pixels", "area", "row", "at_border"]]
       object  pixels  area  row  at_border
    0       1       6   1.5  0.5       True
    1       2       4   1.0  4.5      False
    """
    import pandas as pd

    names = range(len(masks)) if names is None else list(names)
    if len(names) != len(masks):
        raise ValueError(f"names needs {len(masks)} entries, one per mask, but has {len(names)}.")
    spacings = _spacings(spacing, len(masks))
    rows = [
        {"image": name, **row}
        for name, mask, pixel in zip(names, masks, spacings, strict=True)
        for row in _objects(_checked(mask), pixel)
    ]
    return pd.DataFrame(rows, columns=["image", *_COLUMNS])


_COLUMNS = (
    *("object", "class", "pixels", "area", "diameter", "row", "column"),
    *("top", "left", "height", "width", "at_border"),
)


def _objects(mask, spacing):
    """Yield a dict for each object of a mask."""
    numbers = label_objects(mask)
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        places = np.nonzero(numbers[box] == number)
        top, left = (side.start for side in box)
        pixels, area = len(places[0]), len(places[0]) * spacing[0] * spacing[1]
        edges = zip(box, mask.shape, strict=True)
        yield {
            "object": number,
            "class": mask[top + places[0][0], left + places[1][0]],
            "pixels": pixels,
            "area": area,
            "diameter": 2 * math.sqrt(area / math.pi),
            "row": top + places[0].mean(),
            "column": left + places[1].mean(),
            "top": top,
            "left": left,
            "height": box[0].stop - top,
            "width": box[1].stop - left,
            "at_border": any(side.start == 0 or side.stop == end for side, end in edges),
        }


def _checked(mask):
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype.kind not in "biu":
        raise ValueError(
            "Each mask needs class labels of shape (height, width), but one has shape "
            f"{mask.shape} and dtype {mask.dtype}."
        )
    return mask


def _spacings(spacing, n):
    """Return the spacing (row, column) of each of n masks."""
    given = [spacing] if isinstance(spacing, Real) else list(spacing)
    of_all = len(given) == 1 or (len(given) == 2 and all(isinstance(s, Real) for s in given))
    given = [spacing] * n if of_all else given
    pairs = [tuple(np.broadcast_to(np.asarray(each, dtype=float), 2)) for each in given]
    if len(pairs) != n or not all(side > 0 and math.isfinite(side) for p in pairs for side in p):
        raise ValueError(
            f"spacing needs positive numbers, one, (row, column), or that of each of {n} masks, "
            f"but is {spacing!r}."
        )
    return pairs
