"""Read masks from files: class labels, never colors."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from skmedimg.images._image_file import ImageFile
from skmedimg.images._limits import MAX_PIXELS, ImageReadError
from skmedimg.images._paths import list_paths
from skmedimg.images._pillow_formats import open_picture, signature_of
from skmedimg.images._read_image import read_image
from skmedimg.images._resize import check_size, resize_image

# More than the cores of a small machine: reading waits for the disk as much as for the processor.
_THREADS = 4


def load_masks(paths, size=None, *, regions=None, ignore_label=255):
    """Read mask files into one array of class labels.

    Parameters
    ----------
    paths : sequence of str or os.PathLike, or of tuples of them, (n,)
        One file per mask, or a tuple of files that are read as one. A palette PNG gives its
        indices, other files their gray values; colored files are refused.
    size : tuple of int or None, default=None
        (height, width) to resize to, by nearest neighbors; None asks for masks of one size.
    regions : sequence of str or os.PathLike (n,) or None, default=None
        Files of the regions that count, such as fields of view: their zeros are pixels to ignore.
    ignore_label : int, default=255
        Label of pixels outside of a region, for `ignore_label` of a segmenter. With 255 masks of
        0 and 255 become those of 0 and 1.

    Returns
    -------
    masks : ndarray (n, height, width)
        In the files' own dtype.

    See Also
    --------
    save_mask : Write one mask as a PNG file whose palette gives every class a color.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skmedimg.images import load_masks
    >>> path = Path(tempfile.mkdtemp()) / "mask.png"
    >>> Image.fromarray(np.array([[0, 255, 255]], dtype=np.uint8)).save(path)
    >>> load_masks([path])
    array([[[  0, 255, 255]]], dtype=uint8)
    """
    if isinstance(paths, (str, os.PathLike)):
        raise TypeError(f"paths needs a list of paths, but is one path: {paths!r}. Pass [path].")
    paths = list(paths)
    if not paths:
        raise ValueError("paths is empty; it needs the path of at least one mask.")
    if (files := list_mask_paths(paths)) is None:
        raise TypeError(f"paths needs the paths of masks, but the first is {paths[0]!r}.")
    size = check_size(size)
    masks = read_masks(files)
    if regions is not None:
        masks = _within_regions(masks, files, regions, ignore_label)
    if size is not None:
        masks = [resize_image(mask, size, interpolation="nearest") for mask in masks]
    return stack_masks(masks, files)


def list_mask_paths(y):
    """Return the mask files in y, a str or for several a tuple of str; None where y holds none."""
    if not isinstance(y, (list, tuple)) and _kind(y) != "O":
        return list_paths(y)
    items = [_as_path(item) for item in y]
    firsts = [item[0] if isinstance(item, tuple) else item for item in items]
    paths = list_paths(firsts)
    if paths is None:
        return None
    return [i if isinstance(i, tuple) else p for i, p in zip(items, paths, strict=True)]


def _within_regions(masks, names, regions, ignore_label):
    """Return masks with `ignore_label` where the file of a region holds 0."""
    if len(regions) != len(masks):
        raise ValueError(
            f"regions needs one file per mask, but there are {len(regions)} regions for "
            f"{len(masks)} masks."
        )
    if ignore_label == 255 and all(np.isin(mask, (0, 255)).all() for mask in masks):
        masks = [(mask != 0).astype(np.uint8) for mask in masks]  # 0/255 is 0/1, as everywhere
    marked = []
    for mask, name, region_name in zip(masks, names, regions, strict=True):
        region = read_mask(os.fspath(region_name))
        stack_masks([mask, region], [name, region_name])  # refuses another size
        if np.isin(ignore_label, mask[region != 0]):
            raise ValueError(
                f"ignore_label={ignore_label} is a label of {name!r} within its region: take "
                "another one."
            )
        dtype = np.result_type(mask, np.min_scalar_type(ignore_label))
        marked.append(np.where(region != 0, mask, np.asarray(ignore_label, dtype)).astype(dtype))
    return marked


def _kind(array):
    return getattr(getattr(array, "dtype", None), "kind", "")


def _as_path(item):
    """Return several paths as a tuple of str, one of them as the path, anything else as it is."""
    if isinstance(item, tuple) and item and all(isinstance(p, (str, os.PathLike)) for p in item):
        return item[0] if len(item) == 1 else tuple(map(os.fspath, item))
    return item


def read_masks(paths):
    """Return the masks in files of any sizes, in the order of the paths."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(read_mask, paths))


def read_mask(path):
    """Return the class labels in one file, or in a tuple of files together, (height, width)."""
    if isinstance(path, tuple):
        return _joined([read_mask(each) for each in path], path)
    # A palette maps labels to colors: its indices are the labels.
    indices = _header(path, lambda picture: np.array(picture) if picture.mode == "P" else None)
    mask = read_image(path) if indices is None else indices
    if mask.ndim == 3:
        # Gray stored as RGB is fine: three equal channels.
        if (mask != mask[..., :1]).any():
            raise ImageReadError(
                f"{path!r} is colored, and colors do not say which class is meant. Store "
                "masks as class labels: a gray or palette PNG."
            )
        mask = mask[..., 0]
    return mask


def _joined(masks, paths):
    """Return several masks of one image as one."""
    masks = stack_masks(masks, paths)
    joined = masks.max(axis=0)
    if ((masks != 0) & (masks != joined)).any():
        raise ImageReadError(
            f"The masks {', '.join(map(repr, paths))} give some pixels different classes. Join "
            "them yourself, into one file."
        )
    return joined


def stored_size(path):
    """Return (height, width) of the image in a file, from its header if possible."""
    header = _header(path, lambda picture: picture.size)
    # An EXIF orientation may swap the sides, so the image is read; 0x0112 is its tag.
    turned = _header(path, lambda picture: picture.getexif().get(0x0112, 1) != 1)
    return read_image(path).shape[:2] if header is None or turned else header[::-1]


def stack_masks(masks, names):
    """Return masks of one size as a stack; raise with the name of the first that differs."""
    for mask, name in zip(masks, names, strict=True):
        if mask.shape != masks[0].shape:
            wanted, got = ("x".join(map(str, m.shape)) for m in (masks[0], mask))
            raise ValueError(
                f"{name} is {got}, but {names[0]} is {wanted}; masks need one size. "
                "Read files with load_masks(paths, size=(height, width))."
            )
    return np.stack(masks)


def _header(path, ask):
    """Return `ask(picture)` of a picture that is opened but not decoded; None for other files."""
    with ImageFile(path) as file:
        head = file.read(32)
        if signature_of(head) is None:
            return None
        file.seek(0)
        try:
            with open_picture(path, file, head, MAX_PIXELS) as picture:
                return ask(picture)
        except Exception:  # decoders raise all kinds of errors; read_image has the message
            return None
