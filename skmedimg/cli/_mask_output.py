"""What `skmedimg predict` does with a segmenter: mask files, and a table of what they hold."""

import os
from collections import Counter

from skmedimg.cli._exit_codes import DataError


def segmented_rows(model, files, folder, cell):
    """Return the head of a table and a row per file; write its mask to `folder` unless None.

    `cell` makes a path a cell of the table. Of each class but the first, the background, the table
    has the pixels and the objects.
    """
    from skmedimg.images import object_table, save_mask
    from skmedimg.neural import segment_files

    masks = [None] * len(files) if folder is None else _mask_files(files, folder)
    foreground = model.classes_[1:]
    head = ["file", *([] if folder is None else ["mask"])]
    rows = [head + [f"{what}({c})" for c in foreground for what in ("pixels", "objects")]]
    for path, mask_path in zip(files, masks, strict=True):
        # One by one: masks of large files would fill the memory.
        (mask,) = segment_files(model, [path])
        found = object_table([mask])
        row = [cell(path)]
        if mask_path is not None:
            save_mask(mask_path, mask)
            row.append(cell(mask_path))
        for label in foreground:
            objects = found[found["class"] == label]
            row += [objects["pixels"].sum(), len(objects)]
        rows.append(row)
    return rows


def _mask_files(files, folder):
    """Return the path of the mask of each file; the folder is made."""
    from skmedimg.images._save_mask import mask_name

    names = [mask_name(os.path.basename(path)) for path in files]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"--masks: {repeated[0]!r} would be the mask of several files. Predict the folders one "
            "by one, with a folder of masks for each."
        )
    paths = [os.path.join(folder, name) for name in names]
    present = [path for path in paths if os.path.exists(path)]
    if present:
        raise DataError(
            f"--masks: {present[0]!r} exists already, and nothing is replaced. Name another folder."
        )
    os.makedirs(folder, exist_ok=True)
    return paths
