"""Cut volumes and files of several frames into images, which are written as PNG files."""

import os
from numbers import Integral

import numpy as np
from PIL import Image

from skmedimg._files import whole_file
from skmedimg.datasets._find_images import stem_of
from skmedimg.images._limits import ImageReadError
from skmedimg.images._save_mask import save_mask
from skmedimg.images._volumes import open_images

_MOST_IMAGES = 100_000  # in one file; a damaged header may name billions


def check_slices(slices, folder, root, window):
    """Raise where the rule, the folder to write to or the window cannot be used."""
    step = isinstance(slices, Integral) and not isinstance(slices, bool) and slices >= 1
    if not (slices in (None, "middle", "all") or step):
        raise ValueError(
            f'slices={slices!r} needs to be "middle", "all", or every how many (an int from 1).'
        )
    if (slices is None) != (folder is None):
        raise ValueError(
            f"slices={slices!r} and slice_folder={folder!r} belong together: slices are written "
            'as PNG files, as in slices="middle", slice_folder="slices".'
        )
    if window is not None and (np.shape(window) != (2,) or not window[1] > 0):
        raise ValueError(f"window={window!r} needs to be (center, width), the width above 0.")
    if folder is not None:
        home = os.path.join(os.path.realpath(root), "")
        if os.path.join(os.path.realpath(folder), "").startswith(home):
            raise ValueError(
                f"slice_folder={os.fspath(folder)!r} lies in {root!r}, where the slices would be "
                "found as further images. Name a folder beside it."
            )


def chosen_images(slices, count):
    """Return the indices that a rule takes of `count` images, in their order.

    Examples
    --------
    >>> from skmedimg.datasets._volume_slices import chosen_images
    >>> chosen_images("middle", 7), chosen_images(3, 8), len(chosen_images("all", 8))
    ([3], [0, 3, 6], 8)
    """
    if slices == "middle":
        return [(count - 1) // 2]
    step = 1 if slices == "all" else int(slices)
    # As far from the first as from the last image: both ends of a scan show little.
    return list(range((count - 1) % step // 2, count, step))


def cut_volumes(columns, root, slices, folder, window, report, on_error):
    """Return columns with a row per slice, and a list of dicts: volume and slice of each row.

    Files of one image stay as they are. Slices of a volume are one patient where none is known.
    """
    if columns["groups"] is None:
        columns = columns | {"groups": [_name(path, root) for path in columns["paths"]]}
    rows, origin = [], []
    names = [name for name, column in columns.items() if column is not None]
    for row, path in enumerate(columns["paths"]):
        mask = None if columns["masks"] is None else columns["masks"][row]
        target = os.path.join(os.fspath(folder), stem_of(_name(path, root)))
        try:
            cut = _cut(path, mask, target, slices, window)
        except (ImageReadError, OSError) as error:
            if on_error == "raise":
                raise
            report.skipped.append((path, str(error).removeprefix(f"{path!r} ")))
            continue
        for index, image_path, mask_path in cut:
            values = {name: columns[name][row] for name in names}
            rows.append(values | {"paths": image_path, "masks": mask_path})
            origin.append({"volume": _name(path, root), "slice": index})
    cut = {name: [row[name] for row in rows] if name in names else None for name in columns}
    return cut, origin


def _cut(path, mask, target, slices, window):
    """Write the chosen slices of a file; return (index, path, mask path) of each."""
    with open_images(path) as images:
        count = len(images)
        if count == 1:
            return [(0, path, mask)]
        if count > _MOST_IMAGES:
            raise ImageReadError(f"{path!r} says that it holds {count} images, which is no scan.")
        if isinstance(mask, tuple):
            raise ImageReadError(f"{path!r} has several masks; a volume needs one volume of them.")
        os.makedirs(target, exist_ok=True)
        chosen = chosen_images(slices, count)
        names = [os.path.join(target, f"slice_{index:04d}") for index in chosen]
        for index, name in zip(chosen, names, strict=True):
            _save(f"{name}.png", images.read(index, window))
    masks = [None if mask is None else f"{name}_mask.png" for name in names]
    if mask is not None:
        with open_images(mask) as labels:
            if len(labels) != count:
                raise ImageReadError(f"{mask!r} has {len(labels)} slices, but {path!r} {count}.")
            for index, name in zip(chosen, masks, strict=True):
                save_mask(name, _labels(mask, labels.labels(index)))
    return list(zip(chosen, [f"{name}.png" for name in names], masks, strict=True))


def _labels(path, values):
    """Return the labels of a slice of a mask, which programs often store as floats."""
    whole = np.rint(values)
    if not (whole == values).all() or whole.min() < 0 or whole.max() > 255:
        raise ImageReadError(
            f"{path!r} holds values from {values.min()} to {values.max()}; masks need whole "
            "numbers from 0 to 255."
        )
    return whole.astype(np.uint8)


def _save(path, pixels):
    with whole_file(path) as file:
        Image.fromarray(pixels).save(file, format="PNG")


def _name(path, root):
    return os.path.relpath(path, root).replace(os.sep, "/")
