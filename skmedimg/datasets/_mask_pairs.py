"""Find the mask that belongs to each image by its name."""

import os
import re

from skmedimg.datasets._find_images import list_images, stem_of
from skmedimg.datasets._loading_report import LoadReport, first_few

# Endings that mask files add to the name of their image: "lung 7_mask.png".
_MASK_ENDING = re.compile(r"[ _-]?(mask|seg|segmentation|label|annotation)$", re.IGNORECASE)

# With a number after it: "benign (4)_mask_1.png" is the second mask of "benign (4).png".
_BESIDE = re.compile(r"[ _-](mask|seg|segmentation|label|annotation)[ _-]?\d*$", re.IGNORECASE)


def set_masks_aside(images, report):
    """Return the images without those that look like the mask of another one in their folder."""
    stems = {_place(image) for image in images}
    masks = [image for image in images if _image_of(image) in stems]
    if masks:
        report.warn(
            f"{len(masks)} files look like masks of images beside them and are no images: "
            f'{first_few(masks)}. Pair them by mask_pattern="{{}}_mask*", or move them to a folder '
            "of their own, mask_root=."
        )
        why = "looks like the mask of an image beside it"
        report.ignored += [(os.path.join(report.root, *mask.split("/")), why) for mask in masks]
    return sorted(set(images) - set(masks))


def _place(file):
    folder, _, name = file.rpartition("/")
    return f"{folder}/{stem_of(name)}"


def _image_of(file):
    """Return the place of the image whose mask a file may be; None for other names."""
    place = _place(file)
    image = _BESIDE.sub("", place)
    return None if image == place else image


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
    stem = stem_of(file.rpartition("/")[2])
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
