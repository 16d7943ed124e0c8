"""Which folder names are classes, and which are the parts of a split."""

from pathlib import Path

from skmedimg.datasets._loading_report import first_few

SPLITS = {
    **{"train": "train", "training": "train", "test": "test", "testing": "test"},
    **{"val": "validation", "valid": "validation", "validation": "validation"},
}


def labels_and_splits(root, images, folders, labels_from, has_masks, report):
    """Return the label of every image, and the part of the split it lies in.

    Parameters
    ----------
    root : str
    images, folders : list of str
        Relative to `root`, with "/" between folders.
    labels_from : {"folder"}, callable or None
    has_masks : bool
        Images with masks may do without labels.
    report : LoadReport
        Gets warnings.

    Returns
    -------
    labels : list or None
        None for an image without a label.
    splits : list of str or None
    """
    splits = _splits(root, images)
    depth = 0 if splits is None else 1
    if labels_from is None:
        return None, splits
    if callable(labels_from):
        return [labels_from(Path(root, image)) for image in images], splits
    parts = [image.split("/")[depth:] for image in images]
    if all(len(part) == 1 for part in parts):
        if has_masks:
            return None, splits
        raise ValueError(_no_class_folders(root, images))
    labels = [part[0] if len(part) > 1 else None for part in parts]
    _refuse_look_alikes(labels)
    _warn_of_missing_classes(labels, splits, folders, depth, report)
    return labels, splits


def _splits(root, images):
    """Return the part of the split of every image, or None where the folders are no split."""
    tops = sorted({image.split("/")[0] for image in images if "/" in image})
    known = [top for top in tops if top.lower() in SPLITS]
    if not known or any("/" not in image for image in images):
        return None
    if len(known) < len(tops):
        raise ValueError(
            f"{root!r} holds {first_few(known)} beside {first_few([*{*tops} - {*known}])}: it is "
            "unclear which are classes. Pass one of the folders, or labels_from=callable."
        )
    return [SPLITS[image.split("/")[0].lower()] for image in images]


def _no_class_folders(root, images):
    return (
        f"{root!r} has no folder per class: {first_few(images)} lie directly in it. Sort them into "
        "root/class/, pass labels_from=callable, or labels_from=None to do without labels."
    )


def _refuse_look_alikes(labels):
    names = sorted({label for label in labels if label is not None})
    by_lower = {}
    for name in names:
        by_lower.setdefault(name.strip().lower(), []).append(name)
    alike = [group for group in by_lower.values() if len(group) > 1]
    if alike:
        raise ValueError(
            f"The class folders {first_few(alike[0])} differ only in case or spaces. Rename them "
            "alike, or apart."
        )


def _warn_of_missing_classes(labels, splits, folders, depth, report):
    names = {label for label in labels if label is not None}
    empty = sorted({f.split("/")[depth] for f in folders if f.count("/") >= depth} - names)
    if empty:
        report.warn(f"The folders {first_few(empty)} hold no images and make no class.")
    for part in sorted({*(splits or ())}):
        here = {label for label, split in zip(labels, splits, strict=True) if split == part}
        if missing := sorted(names - here):
            report.warn(f"The classes {first_few(missing)} have no image in {part!r}.")
