"""List the images of a folder with their labels, patients and masks."""

import os
from numbers import Integral
from pathlib import Path

from skmedimg._sklearn import Interval, StrOptions, validate_params
from skmedimg.datasets._bunch import bunch_of
from skmedimg.datasets._find_images import list_images
from skmedimg.datasets._group_patterns import patients
from skmedimg.datasets._loading_report import LoadReport, first_few
from skmedimg.datasets._mask_pairs import find_masks, set_masks_aside
from skmedimg.datasets._mask_pattern import (
    MaskPattern,
    keep_images,
    pair_by_pattern,
    split_off_masks,
)
from skmedimg.datasets._volume_slices import check_slices, cut_volumes
from skmedimg.images._n_jobs import N_JOBS

# Names of folders that are parts of a split, not classes.
_SPLITS = {
    **{"train": "train", "training": "train", "test": "test", "testing": "test"},
    **{"val": "validation", "valid": "validation", "validation": "validation"},
}


@validate_params(
    {
        "root": [str, os.PathLike],
        "group_pattern": [str, None],
        "mask_root": [str, os.PathLike, None],
        "mask_pattern": [str, tuple, list, None],
        "labels_from": [StrOptions({"folder"}), callable, None],
        "slices": [StrOptions({"middle", "all"}), Interval(Integral, 1, None, closed="left"), None],
        "slice_folder": [str, os.PathLike, None],
        "window": [tuple, list, None],
        "merge_validation": ["boolean"],
        "on_error": [StrOptions({"raise", "skip-report"})],
        "verify": ["boolean"],
        "n_jobs": N_JOBS,
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_image_folder(
    root,
    *,
    group_pattern=None,
    mask_root=None,
    mask_pattern=None,
    labels_from="folder",
    slices=None,
    slice_folder=None,
    window=None,
    merge_validation=False,
    on_error="raise",
    verify=True,
    n_jobs=None,
    verbose=0,
):
    r"""List the images of a folder with their labels, patients and masks.

    The images stay in their files: `paths` goes to an :class:`ImageLoader` or straight to an
    estimator. Hidden files and files that are not images are ignored and listed in the report, and
    so are files that look like the mask of an image beside them, with a warning.

    Parameters
    ----------
    root : str or os.PathLike
        ``root/class/.../image``, or ``root/train/class/.../image`` beside ``root/test/class``.
    group_pattern : str or None, default=None
        Regular expression that finds the patient in the path below `root`, such as
        ``r"patient\d+"``. The whole match is the patient, or the part in ``(?P<patient>...)``
        where the pattern has it, joined with ``(?P<patient2>...)``. For public collections the
        name of a pattern: "chest-xray" (pediatric chest X-rays of Kermany), "oct" (his retinas),
        "chestx-ray14" or "chexpert".
    mask_root : str, os.PathLike or None, default=None
        Folder of masks named like the images, or as `mask_pattern` says.
    mask_pattern : str, (str, str) or None, default=None
        How the names of masks without their endings are made of those of the images, ``{}``:
        ``"{}_mask"`` for ``scan.png`` and ``scan_mask.png``. A pair of patterns, of images and of
        masks, where both add to what they share: ``("{}_training", "{}_manual1")``. ``*`` is any
        text, and joins several masks of an image: ``"{}_mask*"``. Patterns with ``/`` are those of
        paths: ``("images/{}", "masks/{}")``. Without `mask_root` masks are looked for in `root`.
    labels_from : {"folder"}, callable or None, default="folder"
        "folder": the folder below `root` is the class. A callable gets the `pathlib.Path` of each
        image and returns its label. None: there are no labels.
    slices : {"middle", "all"}, int or None, default=None
        Which slices of NIfTI volumes and frames of DICOM files become images: the middle one of
        each, all, or one in so many. They are written to `slice_folder`, with those of the masks:
        estimators take paths, and a path names a file. None refuses files that hold several images.
    slice_folder : str, os.PathLike or None, default=None
        Folder beside `root` for the slices, ``volume/slice_0042.png``; it is made if necessary,
        and slices that are there are replaced.
    window : (float, float) or None, default=None
        (center, width) of the values that slices show, such as (40, 400) in HU. None: the
        window of a DICOM file; of a NIfTI volume the range without its 0.5 % lowest and highest.
    merge_validation : bool, default=False
        Whether images of a folder `val`, `valid` or `validation` count as "train" in `split`.
        False keeps them apart, for ``fit(X, y, X_val=, y_val=)``.
    on_error : {"raise", "skip-report"}, default="raise"
        What happens to images that cannot be read or have no class or mask: an error that names
        the first, or they are left out of everything and listed in ``report.skipped``.
    verify : bool, default=True
        Read every file once, JPEGs at an eighth of their size, so that a damaged one is found now
        and not in the middle of a training. False trusts them.
    n_jobs : int or None, default=None
        Threads that read. None: one per usable core.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With, all n of them in one order:

        paths : ndarray (n,) of str objects
            The files.
        target : ndarray (n,) of str, or None
            The classes, by their names.
        target_names : ndarray (n_classes,)
            Names of the classes, sorted.
        groups : ndarray (n,) of str, or None
            The patients.
        masks : ndarray (n,) of str objects, or None
            The files of the masks; a tuple of files where an image has several, which are read
            as one.
        split : ndarray (n,) of str, or None
            "train", "validation" or "test", where the folders say so.
        columns : DataFrame of n rows, or None
            Where volumes were cut, the `volume` and the index of the `slice`. Slices of a volume
            have one patient where `group_pattern` does not say more.
        report : LoadReport
            Files kept, ignored and skipped, and warnings; ``print(data.report)``.

    See Also
    --------
    load_image_table : The same from a table.
    load_dicom_folder : The same from the headers of DICOM files.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skmedimg import load_image_folder
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("normal/p1 a.png", "normal/p1 b.png", "sick/p2 a.png"):
    ...     (root / name).parent.mkdir(exist_ok=True)
    ...     Image.new("L", (32, 32)).save(root / name)
    >>> data = load_image_folder(root, group_pattern=r"p\d+")
    >>> data.target.tolist(), data.groups.tolist()
    (['normal', 'normal', 'sick'], ['p1', 'p1', 'p2'])
    >>> print(data.report)
    /...: 3 images of 2 patients (normal: 2, sick: 1)
    images per patient: median 1.5, at most 2 ('p1')
    """
    root = checked_root(root)
    check_slices(slices, slice_folder, root, window)
    report = LoadReport(root)
    images, folders = list_images(root, report, exclude=mask_root, on_error=on_error)
    images, masks = _with_masks(images, root, mask_root, mask_pattern, report)
    if not images:
        raise ValueError(f"{root!r} holds no images.\n{report}")
    labels, split = _labels_and_splits(
        root, images, folders, labels_from, masks is not None, report
    )
    columns = {
        "paths": [os.path.join(root, *image.split("/")) for image in images],
        "labels": labels,
        "groups": None if group_pattern is None else patients(images, group_pattern, report),
        "masks": masks,
        "split": _merged(split) if split is not None and merge_validation else split,
    }
    frame = None
    if slices is not None:
        import pandas as pd

        columns, origin = cut_volumes(columns, root, slices, slice_folder, window, report, on_error)
        frame = pd.DataFrame(origin)
    return bunch_of(
        columns,
        report,
        on_error=on_error,
        verify=verify,
        n_jobs=n_jobs,
        verbose=verbose,
        frame=frame,
    )


def _with_masks(files, root, mask_root, mask_pattern, report):
    """Return the images among the files of a folder, and their masks or None."""
    mask_root = None if mask_root is None else checked_root(mask_root)
    if mask_pattern is None:
        images = set_masks_aside(files, report)
        return images, None if mask_root is None else find_masks(mask_root, images, report)
    pattern = MaskPattern(mask_pattern)
    if mask_root is None:
        images, masks = split_off_masks(files, pattern, report)
    else:
        images = keep_images(files, pattern, report)
        masks, _ = list_images(mask_root, LoadReport(mask_root))
    apart = mask_root is not None
    place = mask_root if apart else root
    paired = pair_by_pattern(images, masks, pattern, root=place, apart=apart, report=report)
    return images, paired


def checked_root(root):
    root = os.fspath(root)
    if not os.path.isdir(root):
        raise NotADirectoryError(f"{root!r} is not a folder; pass the folder of the images.")
    return root


# From folder names to classes and splits.


def _labels_and_splits(root, images, folders, labels_from, has_masks, report):
    """Return the label of every image, and its part of the split; None where there are none."""
    splits = _splits(root, images)
    # The class is the first folder, or the second where the first is train, test or validation.
    depth = 0 if splits is None else 1
    if labels_from is None:
        return None, splits
    if callable(labels_from):
        return [labels_from(Path(root, image)) for image in images], splits
    parts = [image.split("/")[depth:] for image in images]
    if all(len(part) == 1 for part in parts):
        # Segmentation needs no classes: images directly in the folder are fine then.
        if has_masks:
            return None, splits
        raise ValueError(_no_class_folders(root, images))
    # An image beside the class folders has no class, which `on_error` deals with.
    labels = [part[0] if len(part) > 1 else None for part in parts]
    _refuse_look_alikes(labels)
    _warn_of_missing_classes(labels, splits, folders, depth, report)
    return labels, splits


def _splits(root, images):
    """Return the part of the split of every image, or None where the folders are not a split."""
    tops = sorted({image.split("/")[0] for image in images if "/" in image})
    known = [top for top in tops if top.lower() in _SPLITS]
    if not known or any("/" not in image for image in images):
        return None
    # train/ beside normal/: either could be a class, and a guess would be wrong in silence.
    if len(known) < len(tops):
        raise ValueError(
            f"{root!r} holds {first_few(known)} beside {first_few([*{*tops} - {*known}])}: it is "
            "unclear which are classes. Pass one of the folders, or labels_from=callable."
        )
    return [_SPLITS[image.split("/")[0].lower()] for image in images]


def _merged(splits):
    return ["train" if part == "validation" else part for part in splits]


def _no_class_folders(root, images):
    return (
        f"{root!r} has no folder per class: {first_few(images)} lie directly in it. Sort them into "
        "root/class/, pass labels_from=callable, or labels_from=None to do without labels."
    )


def _refuse_look_alikes(labels):
    """Raise where "Normal" and "normal " would become two classes."""
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
    """Warn of class folders without images, and of classes that a part of the split lacks."""
    names = {label for label in labels if label is not None}
    empty = sorted({f.split("/")[depth] for f in folders if f.count("/") >= depth} - names)
    if empty:
        report.warn(f"The folders {first_few(empty)} hold no images and make no class.")
    for part in sorted({*(splits or ())}):
        here = {label for label, split in zip(labels, splits, strict=True) if split == part}
        if missing := sorted(names - here):
            report.warn(f"The classes {first_few(missing)} have no image in {part!r}.")
