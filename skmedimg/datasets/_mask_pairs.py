"""Find the mask that belongs to each image by its name."""

import os
import re

from skmedimg.datasets._find_images import IMAGE_SUFFIXES, list_images
from skmedimg.datasets._loading_report import LoadReport, first_few

# Endings that mask files add to the name of their image: "lung 7_mask.png".
_MASK_ENDING = re.compile(r"[ _-]?(mask|seg|segmentation|label|annotation)$", re.IGNORECASE)


def find_masks(mask_root, images, report):
    """Return the path of the mask of each image.

    The mask of ``sick/lung 7.png`` is ``sick/lung 7.*`` below `mask_root`; otherwise the only file
    of that name in any folder. An ending such as ``_mask`` is ignored.
    """
    files, _ = list_images(mask_root, LoadReport(mask_root))
    by_place, by_name = _keyed(files, _place_key), _keyed(files, _name_key)
    masks = [_mask_of(image, by_place, by_name) for image in images]
    unused = sorted(set(files) - set(masks))
    if unused:
        report.warnings.append(f"{len(unused)} masks belong to no image: {first_few(unused)}.")
    return [None if mask is None else os.path.join(mask_root, mask) for mask in masks]


def _keyed(files, key):
    found = {}
    for file in files:
        found.setdefault(key(file), []).append(file)
    return found


def _place_key(file):
    folder, _, name = file.rpartition("/")
    return f"{folder}/{_name_key(name)}"


def _name_key(file):
    name = file.rpartition("/")[2]
    suffix = next((s for s in IMAGE_SUFFIXES if name.lower().endswith(s)), "")
    # Not os.path.splitext, which leaves .nii of .nii.gz.
    stem = name[: len(name) - len(suffix)]
    # A file called "mask.png" keeps its name: nothing would be left of it.
    return _MASK_ENDING.sub("", stem) or stem


def _mask_of(image, by_place, by_name):
    # The same folder first: p1/scan.png and p2/scan.png have masks of one name.
    found = by_place.get(_place_key(image)) or by_name.get(_name_key(image)) or []
    if len(found) > 1:
        raise ValueError(
            f"{image!r} has {len(found)} masks: {first_few(found)}. Keep one, in a folder of the "
            "same name as the image's."
        )
    return found[0] if found else None
