"""Pair masks with images by a pattern of their names, such as "{}_mask" for "lung 7_mask.png"."""

import os
import re

from skmedimg.datasets._find_images import stem_of
from skmedimg.datasets._loading_report import first_few


class MaskPattern:
    """Tells masks from images by their names, and which masks belong to which image.

    `pattern` is that of the masks, or a pair of patterns, of the images and of the masks. "{}" is
    what the names of both have in common, "*" any text. With "/" it is a pattern of paths.
    """

    def __init__(self, pattern):
        parts = ("{}", pattern) if isinstance(pattern, str) else tuple(pattern)
        if len(parts) != 2 or any(not isinstance(p, str) or p.count("{}") != 1 for p in parts):
            raise ValueError(
                f"mask_pattern={pattern!r} needs one {{}} for what the names of an image and its "
                'mask share: "{}_mask*", or a pattern of each, ("{}_training", "{}_manual1").'
            )
        self.text = repr(pattern)
        self.every_file = parts[0] == "{}"  # is an image, unless it is a mask
        self.joins = "*" in parts[1]
        self._image, self._mask = ((_compiled(part), "/" in part) for part in parts)
        # Names repeat in other folders; a pattern of paths says itself which folders belong.
        self._of_paths = "/" in "".join(parts)

    def image_key(self, file):
        """Return what an image shares with its masks, (folder, text); None for other files."""
        return self._key(self._image, file)

    def mask_key(self, file):
        """Return what a mask shares with its image, (folder, text); None for other files."""
        return self._key(self._mask, file)

    def _key(self, part, file):
        regex, of_path = part
        folder, _, name = file.rpartition("/")
        name = stem_of(name)
        found = regex.fullmatch(f"{folder}/{name}" if of_path else name)
        return None if found is None else ("" if self._of_paths else folder, found[1])


def split_off_masks(files, pattern, report):
    """Return the images and the masks among files of one folder; note other files and leave them.

    All are paths relative to the folder of the report.
    """
    masks = {file for file in files if pattern.mask_key(file) is not None}
    if not pattern.every_file:
        masks = {file for file in masks if pattern.image_key(file) is None}
    images = [file for file in files if file not in masks]
    return keep_images(images, pattern, report), sorted(masks)


def keep_images(files, pattern, report):
    """Return the files that the pattern of images fits; note the others."""
    others = [file for file in files if pattern.image_key(file) is None]
    if others:
        report.warn(
            f"{len(others)} files fit neither pattern of mask_pattern={pattern.text} and are left "
            f"out: {first_few(others)}."
        )
        why = "fits neither pattern of mask_pattern"
        report.ignored += [(os.path.join(report.root, *f.split("/")), why) for f in others]
    return [file for file in files if pattern.image_key(file) is not None]


def pair_by_pattern(images, masks, pattern, *, root, apart, report):
    """Return for each image the path of its mask, a tuple of several, or None.

    `apart` says that the masks have a folder of their own, which need not repeat those of the
    images.
    """
    by_place, by_name = {}, {}
    for mask in masks:
        if (key := pattern.mask_key(mask)) is not None:
            by_place.setdefault(key, []).append(mask)
            by_name.setdefault(key[1], []).append(mask)
    paired = []
    for image in images:
        key = pattern.image_key(image)
        found = by_place.get(key) or (by_name.get(key[1]) if apart else None) or []
        _check_several(image, found, pattern)
        paired.append(tuple(found))
    unused = sorted({*masks}.difference(*paired))
    if unused:
        report.warnings.append(f"{len(unused)} masks belong to no image: {first_few(unused)}.")
    paths = [tuple(os.path.join(root, *mask.split("/")) for mask in found) for found in paired]
    return [found if len(found) > 1 else (found or (None,))[0] for found in paths]


def _check_several(image, found, pattern):
    """Raise where an image has several masks that the pattern does not join."""
    folders = {mask.rpartition("/")[0] for mask in found}
    if len(found) > 1 and (not pattern.joins or len(folders) > 1):
        raise ValueError(
            f"{image!r} has {len(found)} masks: {first_few(found)}. Keep one in the folder of the "
            f"same name as the image's; a * in mask_pattern={pattern.text} joins those of one "
            "folder."
        )


def _compiled(pattern):
    """Return the regular expression of a pattern: {} takes text within a name, * any text."""
    # {} may hold folders where the pattern names some: "images/{}" fits "images/p1/scan".
    shared = "(.+)" if "/" in pattern else "([^/]+)"
    pieces = re.split(r"(\{\}|\*)", pattern)
    return re.compile(
        "".join({"{}": shared, "*": "[^/]*"}.get(piece) or re.escape(piece) for piece in pieces)
    )
